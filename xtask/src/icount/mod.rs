//! `cargo xtask icount`: instructions of small fixed workloads, counted by valgrind, against a baseline.
//!
//! Times on a shared machine differ by tens of percent, counts hardly at all: a change that makes code slower by a few
//! percent shows here at once. What instructions do not tell (misses of the cache, waiting, threads), benchmarks do.

mod baseline;
mod compare;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use xshell::{Shell, cmd};

use crate::debian;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

use self::baseline::{Baseline, Counts, Machine};
use self::compare::Comparison;

/// The baseline, relative to the root of the repository.
const BASELINE: &str = "benches/icount/baseline.json";

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The change is meant: write the counts to the baseline.
    #[arg(long, conflicts_with = "filter")]
    save: bool,
    /// Only the workloads whose name contains one of these.
    #[arg(last = true)]
    filter: Vec<String>,
}

/// Runs `cargo xtask icount`.
pub(crate) fn run(Options { save, filter }: &Options) -> Result<()> {
    let shell = Shell::new()?;
    valgrind(&shell)?;
    let program = Program::build(&shell)?;
    if *save {
        let baseline = Baseline { machine: program.machine(&shell)?, counts: program.count(&shell, filter)? };
        baseline.save(Path::new(BASELINE))?;
        println!("saved {} counts to {BASELINE}", baseline.counts.len());
        return Ok(());
    }
    judge(&shell, &program, filter)
}

/// The step of `cargo xtask ci`: like the command, but where valgrind cannot be had (another system than Debian, no
/// root, no network) it says so and passes.
pub(crate) fn check(shell: &Shell) -> Result<Outcome> {
    if let Err(error) = valgrind(shell) {
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    judge(shell, &Program::build(shell)?, &[])?;
    Ok(Outcome::Passed)
}

/// Counts and compares.
fn judge(shell: &Shell, program: &Program, filter: &[String]) -> Result<()> {
    // Read before the long run.
    let baseline = Baseline::load(Path::new(BASELINE))?;
    let machine = program.machine(shell)?;
    let counts = program.count(shell, filter)?;
    let comparison = Comparison::new(&baseline.counts, &counts, filter.is_empty());
    print!("\n{comparison}");
    if machine != baseline.machine {
        println!(
            "\nNOT COMPARABLE, so nothing fails: the baseline was counted with\n  {}\nthis is\n  {machine}\n\
             Compare two commits here: `cargo xtask icount --save` at the first, without committing it.",
            baseline.machine
        );
        return Ok(());
    }
    let profiles = program.profiles.display();
    comparison.verdict().with_context(|| {
        format!(
            "if the change is meant, run `cargo xtask icount --save` and commit {BASELINE}; if not, \
             `callgrind_annotate` on a file in {profiles} shows the functions"
        )
    })
}

/// Makes sure valgrind is there.
fn valgrind(shell: &Shell) -> Result<()> {
    let present = || cmd!(shell, "valgrind --version").quiet().ignore_stdout().ignore_stderr().run().is_ok();
    if present() {
        return Ok(());
    }
    debian::install(shell, "valgrind", "valgrind")?;
    if !present() {
        bail!(
            "the package `valgrind` is installed but `valgrind --version` fails: `dpkg -L valgrind` tells what it has"
        );
    }
    Ok(())
}

/// The program that has the workloads (`benches/icount/`).
struct Program {
    binary: PathBuf,
    /// Where callgrind's profiles are kept for a closer look.
    profiles: PathBuf,
}

impl Program {
    fn build(shell: &Shell) -> Result<Self> {
        cmd!(shell, "cargo build --profile icount --package tsne-benches --bin icount").run()?;
        let directory = PathBuf::from(Workspace::load(shell)?.target_directory).join("icount");
        let program = Self {
            binary: directory.join("icount").with_extension(std::env::consts::EXE_EXTENSION),
            profiles: directory.join("callgrind"),
        };
        fs::create_dir_all(&program.profiles)
            .with_context(|| format!("cannot make the directory {}", program.profiles.display()))?;
        Ok(program)
    }

    /// What the counts depend on besides the sources: valgrind shows a processor of its own, no wider than the real one.
    fn machine(&self, shell: &Shell) -> Result<Machine> {
        let binary = &self.binary;
        let cpu = cmd!(shell, "valgrind --tool=none --quiet {binary} cpu").quiet().read()?;
        Ok(Machine { cpu, rustc: cmd!(shell, "rustc --version").quiet().read()? })
    }

    /// The instructions of each workload whose name contains one of `filter` (of all without one).
    fn count(&self, shell: &Shell, filter: &[String]) -> Result<Counts> {
        let binary = &self.binary;
        let names = cmd!(shell, "{binary} list").quiet().read()?;
        let wanted = |name: &&str| filter.is_empty() || filter.iter().any(|part| name.contains(part));
        let mut counts = Counts::new();
        for name in names.lines().filter(wanted) {
            println!("counting {name}");
            let (set_up, with_work) = (self.total(shell, name, 0)?, self.total(shell, name, 1)?);
            let count = with_work.checked_sub(set_up).filter(|&count| count > 0);
            let count = count.with_context(|| {
                format!("`{name}` takes {set_up} instructions without its work, {with_work} with it")
            })?;
            counts.insert(name.to_owned(), count);
        }
        if counts.is_empty() {
            bail!("the filter {filter:?} matches no workload; there are {}", names.replace('\n', ", "));
        }
        Ok(counts)
    }

    /// All instructions of the process that sets a workload up and runs it `repetitions` times.
    ///
    /// glibc fills and copies large arrays by one instruction that is counted once for each byte: told that no array is large,
    /// it uses vectors. (The tree's build, whose nodes are filled with zeros, counted 18 % more than without.)
    fn total(&self, shell: &Shell, name: &str, repetitions: usize) -> Result<u64> {
        let profile = self.profiles.join(format!("{}.{repetitions}", name.replace('/', "-")));
        let (binary, repetitions) = (&self.binary, repetitions.to_string());
        let output =
            cmd!(shell, "valgrind --tool=callgrind --callgrind-out-file={profile} {binary} run {name} {repetitions}");
        let output = output.env("GLIBC_TUNABLES", NO_STRING_INSTRUCTIONS);
        let output = output.quiet().ignore_status().output()?;
        if !output.status.success() {
            bail!("`{name}` failed under valgrind ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        let text = fs::read_to_string(&profile).with_context(|| format!("cannot read {}", profile.display()))?;
        parse_total(&text).with_context(|| format!("{} is not what callgrind writes", profile.display()))
    }
}

/// From how many bytes on glibc's `memset` and `memcpy` use instructions for strings: 1 GiB.
const NO_STRING_INSTRUCTIONS: &str =
    "glibc.cpu.x86_rep_stosb_threshold=0x40000000:glibc.cpu.x86_rep_movsb_threshold=0x40000000";

/// The number of instructions in a profile of callgrind: the first event, `Ir`, of the totals.
fn parse_total(profile: &str) -> Result<u64> {
    let field = |key: &str| profile.lines().find_map(|line| line.strip_prefix(key));
    let event = field("events:").and_then(|events| events.split_whitespace().next());
    if event != Some("Ir") {
        bail!("its first event is {event:?}, not the instructions `Ir`");
    }
    let total = field("totals:").and_then(|totals| totals.split_whitespace().next()).context("there are no totals")?;
    total.parse().with_context(|| format!("its total is `{total}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_profile_is_read() {
        let profile = "# callgrind format\nversion: 1\npid: 7\ncmd:  icount run core/sum 1\npart: 1\n\n\
            desc: Trigger: Program termination\n\npositions: line\nevents: Ir\nsummary: 23101746\n\n\
            ob=(6) /lib/libc.so.6\nfl=(151) ???\nfn=(572) main\n0 14\n+14 1\n\ntotals: 23101745\n";
        assert_eq!(parse_total(profile).unwrap(), 23_101_745);
        assert_eq!(parse_total("events: Ir Dr\ntotals: 5 7\n").unwrap(), 5);
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let error = |text: &str| parse_total(text).unwrap_err().to_string();
        assert!(error("").contains("Ir"));
        assert!(error("events: Dr Ir\ntotals: 5 6\n").contains("Dr"));
        assert!(error("events: Ir\nsummary: 5\n").contains("no totals"));
        assert!(error("events: Ir\ntotals: many\n").contains("`many`"));
    }
}
