//! The `chatauth` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    chatauth::cli::main()
}
