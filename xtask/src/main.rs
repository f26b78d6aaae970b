//! Automation of this repository: `cargo xtask help` lists the commands.

mod args;
mod bench;
mod ci;
mod compare;
mod data;
mod debian;
mod icount;
mod packages;
mod table;
mod tidy;
mod toolchains;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::args::Args;

const HELP: &str = "\
usage: cargo xtask COMMAND [OPTIONS]

  ci [--only STEP]... [--skip STEP]...
        every check of the repository, up to the first that fails; the steps are fmt, tidy, clippy, features, doc,
        test, examples, package, consumers, i686, msrv, miri, deny, icount
  tidy  the rules no compiler knows: who may depend on whom, what every crate has, what no file contains
  bench [-p CRATE]... [--save NAME] [--against NAME] [--fail-over 5%] [-- FILTER]
        run the benchmarks and print medians with their confidence intervals
        --save       write them to benches/baselines/NAME.json
        --against    compare with benches/baselines/NAME.json; fails where the intervals separate and the
                     median is slower by more than --fail-over
        Either appends a line to benches/history: machine, commit, figures
  icount [--save] [-- FILTER]
        count the instructions of small workloads under valgrind and compare with benches/icount/baseline.json;
        fails where one takes over 2 % more
        --save       write them to that file instead
  compare [--data NAME]... [--peer NAME]... [--task embed|transform] [--threads N] [--iterations 250+500]
          [--limit SECONDS] [--out DIR] [--force] [--report]
        run this toolkit and its peers one after another and judge all maps alike; prints a table, writes
        runs.jsonl and plots to data/compare
        --data       digits, fashion-10k, fashion-70k, fashion-784, synthetic-250k, synthetic-1m or a file .npy
        --peer       names, with * for any letters; without, those that take minutes at most
        --force      repeat what was measured before; --report: measure nothing, only print and draw
  data fashion-mnist [--out DIR] [--force]
        Fashion-MNIST as .npy: pixels, labels, 50 principal components; to data/fashion-mnist
  data synthetic [--n 1000000] [--out DIR] [--force]
        a hierarchical Gaussian mixture in 50 dimensions as .npy; to data/synthetic
  help  this text

Paths are relative to the root of the repository.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes; a backtrace of this program tells a developer nothing more.
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = Args::new(std::env::args().skip(1));
    let command = args.word();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the root of the repository")?;
    std::env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))?;
    let command = if args.flag("--help") { Some("help".to_owned()) } else { command };
    match command.as_deref() {
        Some("ci") => ci::run(args),
        Some("tidy") => {
            args.finish()?;
            tidy::run()
        }
        Some("bench") => bench::run(args),
        Some("icount") => icount::run(args),
        Some("compare") => compare::run(args),
        Some("data") => data::run(args),
        Some("help") => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("unknown command `{other}`: `cargo xtask help` lists the commands"),
        None => {
            args.finish()?;
            bail!("which command? `cargo xtask help` lists them")
        }
    }
}
