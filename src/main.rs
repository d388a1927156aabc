//! The `chatauth` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    chatauth::cli::main()
}
