//! `cargo xtask faults`: what ends or hinders runs of the command, and what is left then.
//!
//! Small runs of all kinds are killed at random moments, at every call of the system that changes a file, and hindered by full disks,
//! places that cannot be written, streams that nobody reads, inputs that change and clocks that jump. Each time, every file must be the
//! old one or the new one, no other file may be left, what was interrupted must come to the bits of a run that was not, and the run
//! itself must end in order. The seed, which is printed, repeats signals and moments; what the system is doing meanwhile it does not.

mod calls;
mod chance;
mod kills;
mod place;
mod process;
mod scenario;
mod system;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

use self::chance::Chance;
use self::process::Tool;
use self::system::Trial;

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many runs are ended by signals at random moments.
    #[arg(long, value_name = "N", default_value_t = 300)]
    kills: usize,
    /// What signals and moments are drawn from [default: another one each time].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Calls of the system at which each kind of run is killed, and refused something, where there is strace.
    #[arg(long, value_name = "N", default_value_t = 60)]
    calls: usize,
    /// Leave out full disks, streams, inputs and clocks.
    #[arg(long)]
    no_system: bool,
    /// Try this `tsne`, and build none.
    #[arg(long, value_name = "PROGRAM")]
    tsne: Option<PathBuf>,
}

/// Runs `cargo xtask faults`.
pub(crate) fn run(options: &Options) -> Result<()> {
    if cfg!(not(unix)) {
        bail!("signals, modes and shells of a Unix are needed");
    }
    let shell = Shell::new()?;
    let target = PathBuf::from(Workspace::load(&shell)?.target_directory);
    let program = match &options.tsne {
        Some(program) => std::fs::canonicalize(program).with_context(|| format!("no {}", program.display()))?,
        None => {
            cmd!(shell, "cargo build --package tsne-cli --all-features").run()?;
            target.join("debug/tsne")
        }
    };
    let tool = Tool { program };
    let home = place::empty(&target, "faults")?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seed = options.seed.unwrap_or(now.as_secs() % 1_000_000);
    println!(
        "seed {seed}: `cargo xtask faults --kills {} --seed {seed}` repeats its signals and moments",
        options.kills
    );
    let mut chance = Chance::new(seed);
    let data = scenario::data(&shell)?;
    let start = Instant::now();
    let took = |what: &str| println!("{what}: {:.0} s so far", start.elapsed().as_secs_f64());
    kills::run(&tool, &data, &home, options.kills, &mut chance)?;
    took("signals");
    if options.calls > 0 {
        calls::run(&tool, &data, &home, options.calls)?;
        took("calls of the system");
    }
    if !options.no_system {
        system::run(&Trial { shell: &shell, tool: &tool, data: &data, home: &home }, &mut chance)?;
        took("faults of the system");
    }
    println!("no file was lost, none was half a file, and nothing was left behind");
    Ok(())
}
