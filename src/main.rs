//! The chipwire program.

fn main() {}
