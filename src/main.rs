//! The `termc` command line.

fn main() {}
