//! The text of a unit drop-in: read as systemd reads it, changed without touching another byte.

mod damage;
mod document;
mod merge;

pub use damage::repaired;
pub use merge::{Assigned, Merged, assigned, merged, touches, without_bypass};
