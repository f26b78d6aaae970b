//! The `tsne` command.
//!
//! In the library, so that it is compiled beside the crates below it, whose types are all that a library waits for, and not when
//! they are done, as a program is: this is all of the method for six combinations of number type and dimension. Without it the
//! tests of the library are compiled in less than half of the time; it has none of its own.

mod descent;
mod embed;
mod interrupt;
mod maps;
mod method;
mod outcome;
mod pause;
mod plot;
mod progress;
mod resume;
mod run;
mod saved;
mod score;
mod targets;
mod transform;

use crate::args::{Cli, Command};
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Runs the command that the arguments of this process name: the program `tsne`.
///
/// # Examples
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     tsne_cli::main()
/// }
/// ```
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let done = match &cli.command {
        Command::Embed(args) => embed::embed(args),
        Command::Resume(args) => resume::resume(args),
        Command::Transform(args) => transform::transform(args),
        Command::Score(args) => score::score(args),
        Command::Plot(args) => plot::plot(args),
        Command::Demo(args) => embed::demo(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the messages below contain. Where it cannot be written, the exit code remains.
            let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            let interrupted = interrupt::Interrupt::of_this_process();
            let _ = writeln!(std::io::stderr(), "{}{line}", if interrupted { "" } else { "error: " });
            if interrupted { ExitCode::from(interrupt::CODE) } else { ExitCode::FAILURE }
        }
    }
}

/// Prints help and version as they are, and what is wrong with the arguments in one line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("Usage:"));
    let line = lines.take_while(|line| !line.starts_with("For more information")).collect::<Vec<_>>().join(" ");
    let _ = writeln!(std::io::stderr(), "{line} (`tsne --help` lists the options)");
    ExitCode::from(2)
}
