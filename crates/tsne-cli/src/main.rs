//! The `tsne` command.

mod demo;
mod embed;
mod method;
mod progress;
mod run;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use tsne_cli::args::{Cli, Command};

fn main() -> ExitCode {
    let done = match &Cli::parse().command {
        Command::Embed(args) => embed::embed(args),
        Command::Demo(args) => demo::demo(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the messages below contain. Where it cannot be written, the exit code remains.
            let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(std::io::stderr(), "error: {line}");
            ExitCode::FAILURE
        }
    }
}
