//! The `tsne` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tsne_cli::main()
}
