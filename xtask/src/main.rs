//! Automation of this repository: `cargo xtask help` lists the commands, `cargo xtask COMMAND --help` explains one.

mod bench;
mod book;
mod browser;
mod ci;
mod compare;
mod data;
mod debian;
mod faults;
mod fuzz;
mod icount;
mod mpi;
mod outcome;
mod packages;
mod python;
mod reproduce;
mod span;
mod table;
mod tidy;
mod toolchains;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Automation of this repository. Paths are relative to its root.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every check of the repository, up to the first that fails.
    Ci(ci::Options),
    /// The rules no compiler knows: who may depend on whom, what every crate has, what no file contains.
    Tidy,
    /// Run the benchmarks and print medians with their confidence intervals.
    Bench(bench::Options),
    /// Count the instructions of small workloads under valgrind, against benches/icount/baseline.json.
    Icount(icount::Options),
    /// Work and span of the parts of a fit: what does not get faster with more threads, told by one.
    Span(span::Options),
    /// Build the book of docs/ and run the commands that it shows.
    Book(book::Options),
    /// Test the page that `tsne explore` writes in a real browser.
    Browser,
    /// Build the Python package, install it into an environment of its own, and test it there.
    Python(python::Options),
    /// Compute maps with several processes over MPI and compare them with those of one.
    Mpi(mpi::Options),
    /// Kill and hinder runs of the command, and check what is left.
    Faults(faults::Options),
    /// Feed the fuzzing targets any bytes until something that must hold does not.
    Fuzz(fuzz::Options),
    /// Build the command twice and compare the bytes.
    Reproduce,
    /// Run this toolkit and its peers one after another and judge all maps alike.
    Compare(compare::Options),
    /// Make the data of the benchmarks as .npy files.
    #[command(subcommand)]
    Data(data::Set),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes; a backtrace of this program tells a developer nothing more.
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the root of the repository")?;
    std::env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))?;
    match command {
        Command::Ci(options) => ci::run(&options),
        Command::Tidy => tidy::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Icount(options) => icount::run(&options),
        Command::Span(options) => span::run(&options),
        Command::Book(options) => book::run(&options),
        Command::Browser => browser::run(),
        Command::Python(options) => python::run(&options),
        Command::Mpi(options) => mpi::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Reproduce => reproduce::run(),
        Command::Compare(options) => compare::run(&options),
        Command::Data(set) => data::run(&set),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_of_a_command_is_its_own_and_the_rest_is_passed_on() {
        let help = Arguments::try_parse_from(["xtask", "bench", "--help"]).unwrap_err().to_string();
        assert!(help.contains("Usage: cargo xtask bench") && help.contains("--against"), "{help}");
        let bench = Arguments::try_parse_from(["xtask", "bench", "-p", "tsne-bh", "--", "tree", "--help"]).unwrap();
        let Command::Bench(options) = bench.command else { unreachable!("it was `bench`") };
        assert_eq!(options.filter, ["tree", "--help"]);
    }
}
