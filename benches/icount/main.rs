//! Small fixed workloads, one run each, for `cargo xtask icount` to count their instructions.
//!
//! `icount list` prints their names, `icount cpu` the vector units in sight, `icount run NAME REPETITIONS` sets a
//! workload up and runs it so often. With 0 repetitions only the set-up runs: what 1 repetition takes more is the
//! workload.

mod affinity;
mod bh;
mod core;
mod facade;
mod fft;
mod optim;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use tsne_benches::cpu;

/// A workload: what it is called, and how it is set up.
struct Workload {
    /// The crate and what is run, `fft/2d-later-call`.
    name: &'static str,
    set_up: fn() -> tsne::Result<Work>,
}

/// A workload that is set up.
type Work = Box<dyn FnMut() -> tsne::Result<()> + Send>;

/// The workloads by crate, in the order of the layers.
const WORKLOADS: [&[Workload]; 6] =
    [core::WORKLOADS, affinity::WORKLOADS, bh::WORKLOADS, fft::WORKLOADS, optim::WORKLOADS, facade::WORKLOADS];

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code is left.
            let _ = writeln!(std::io::stderr(), "icount: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let all = || WORKLOADS.into_iter().flatten();
    match args[..] {
        ["list"] => all().try_for_each(|workload| writeln!(std::io::stdout(), "{}", workload.name))?,
        ["cpu"] => writeln!(std::io::stdout(), "{}", cpu().join(" "))?,
        ["run", name, repetitions] => {
            let workload = all().find(|workload| workload.name == name);
            let workload = workload.ok_or_else(|| format!("no workload `{name}`: `icount list` prints them"))?;
            run(workload, repetitions.parse()?)?;
        }
        _ => return Err("usage: icount list | icount cpu | icount run NAME REPETITIONS".into()),
    }
    Ok(())
}

/// One thread: how several share the work changes with the machine's mood, and waiting costs instructions too.
fn run(workload: &Workload, repetitions: usize) -> Result<(), Box<dyn Error>> {
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let mut work = (workload.set_up)()?;
    for _ in 0..repetitions {
        work()?;
    }
    Ok(())
}
