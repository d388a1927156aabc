//! The `chatauth` program.

fn main() {}
