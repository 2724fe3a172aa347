//! Rules that execute.
fn main() {}
