//! The text of a unit drop-in: read as systemd reads it, changed without touching another byte.

mod damage;
mod document;
mod merge;

/// The names of our drop-in that systemd reads last, and of the file of variables that it names: for
/// what `override.conf` cannot do.
pub const LAST: [&str; 2] = ["zz-openclaw-setup.conf", "zz-openclaw-setup.env"];

pub use damage::repaired;
pub use merge::{Assigned, assigned, line_of, merged, values_of, variables, without_bypass};
