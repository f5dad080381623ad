//! Start and exit code; everything else lives in the library.

fn main() {}
