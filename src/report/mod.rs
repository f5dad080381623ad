//! What the program says: progress, tables, JSON; results on stdout, everything else on stderr.

pub mod console;
pub mod journald;
pub mod json;
pub mod screen;
pub mod terminal;

pub use console::Console;
pub use terminal::Mark;
