//! `cargo xtask fuzz`: the targets in `fuzz/` are given any bytes by libFuzzer, through cargo-fuzz.
//!
//! `fuzz` is a workspace of its own, so that no other step needs libFuzzer. Its corpora are replayed in CI without it, by the same
//! functions, from the same build directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::{Shell, cmd};

use crate::outcome::Outcome;
use crate::table;
use crate::workspace::Workspace;

/// The targets, their corpora, and the programs around them.
const HOME: &str = "fuzz";

/// Seconds after which one input counts as endless.
const ENDLESS: u64 = 20;

/// Megabytes beyond which the process counts as one without bounds; grids of the largest size take a few hundred.
const MEMORY: u64 = 4096;

/// The longest input: what a target makes of more is nothing else.
const LONGEST: u64 = 4096;

/// The inputs of a target that are kept, at most, and their bytes together: all of them stay below 1 MiB.
const KEPT: usize = 64;
const KEPT_BYTES: u64 = 48 << 10;

/// What makes a stable compiler take the options of a nightly one.
const BOOTSTRAP: &str = "1";

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The targets, by their names in fuzz/src/lib.rs; all of them unless some are named.
    target: Vec<String>,
    /// How long each of them runs.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Let AddressSanitizer look for errors of memory too, at half the speed; it needs the nightly toolchain, or what stands for it.
    #[arg(long)]
    address: bool,
    /// Then take few inputs that reach the same code, of all that was found, for the corpora of the repository.
    #[arg(long)]
    minimize: bool,
}

/// Runs `cargo xtask fuzz`.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.minutes > 0.0, "--minutes must be positive");
    let all = targets()?;
    if let Some(unknown) = options.target.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown:?}: there are {}", all.join(", "));
    }
    let chosen = if options.target.is_empty() { &all } else { &options.target };
    let shell = Shell::new()?;
    let fuzzer = Fuzzer::find(&shell, options.address)?;
    let programs = fuzzer.build(&shell, chosen)?;
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for (target, program) in chosen.iter().zip(&programs) {
        let start = Instant::now();
        let outcome = fuzzer.run(target, program, options.minutes)?;
        let seconds = start.elapsed().as_secs_f64();
        let Progress { executions, edges, inputs } = outcome.progress;
        let rate = executions as f64 / seconds;
        let cells = [executions.to_string(), format!("{seconds:.0}"), format!("{rate:.0}"), edges, inputs];
        rows.push(std::iter::once(target.clone()).chain(cells).collect());
        if outcome.failed {
            failed.push(target.as_str());
        } else if options.minimize {
            fuzzer.minimize(target, program)?;
        }
    }
    println!("\n{}", table::aligned(&["target", "executions", "seconds", "a second", "edges", "inputs"], rows));
    ensure!(
        failed.is_empty(),
        "{} failed: the inputs are in {HOME}/artifacts; mend the root, and keep each as a test and in {HOME}/corpus",
        failed.join(", ")
    );
    Ok(())
}

/// The step of `cargo xtask ci`: all targets on the inputs that are kept, without libFuzzer.
pub(crate) fn check(shell: &Shell) -> Result<Outcome> {
    let manifest = format!("{HOME}/Cargo.toml");
    cmd!(shell, "cargo fmt --manifest-path {manifest} --check").run()?;
    let target = Workspace::load(shell)?.target_directory;
    let outdated =
        || format!("where the lock file is not up to date, `cargo metadata --manifest-path {manifest}` makes it so");
    cmd!(shell, "cargo clippy --manifest-path {manifest} --target-dir {target} --locked --lib --tests -- -D warnings")
        .run()
        .with_context(outdated)?;
    cmd!(shell, "cargo test --manifest-path {manifest} --target-dir {target} --locked").run()?;
    Ok(Outcome::Passed)
}

/// The names of all targets, those of the programs.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for path in files(&Path::new(HOME).join("fuzz_targets"))? {
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    Ok(names)
}

/// cargo-fuzz, and how it is called.
struct Fuzzer {
    /// Where it builds, and where what it has found is.
    home: PathBuf,
    toolchain: Option<&'static str>,
    sanitizer: &'static str,
}

impl Fuzzer {
    /// Looks for what is needed; nothing is installed.
    fn find(shell: &Shell, address: bool) -> Result<Self> {
        let is_there = |toolchain: Option<&str>| {
            cmd!(shell, "cargo {toolchain...} fuzz --version").quiet().ignore_stdout().ignore_stderr().run().is_ok()
        };
        let nightly = Some("+nightly").filter(|nightly| is_there(Some(nightly)));
        ensure!(
            nightly.is_some() || is_there(None),
            "there is no cargo-fuzz: `cargo install cargo-fuzz` installs it (and `rustup toolchain install nightly` the toolchain \
             that it is made for; without it, this one is told to be one)"
        );
        let home = PathBuf::from(Workspace::load(shell)?.target_directory).join("fuzz");
        Ok(Self { home, toolchain: nightly, sanitizer: if address { "address" } else { "none" } })
    }

    /// Where the inputs of a target are that no commit has.
    fn found(&self, target: &str) -> PathBuf {
        self.home.join("corpus").join(target)
    }

    /// Builds targets, and copies their programs to where no later build changes them: whoever goes on editing would have each target
    /// built anew.
    fn build(&self, shell: &Shell, targets: &[String]) -> Result<Vec<PathBuf>> {
        let version = cmd!(shell, "rustc --version --verbose").quiet().read()?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
        let kept = self.home.join("programs");
        fs::create_dir_all(&kept)?;
        let mut programs = Vec::new();
        for target in targets {
            let arguments = self.arguments("build");
            cmd!(shell, "cargo {arguments...} {target}").env("RUSTC_BOOTSTRAP", BOOTSTRAP).run()?;
            let built = self.home.join(host).join("release").join(target);
            let program = kept.join(target);
            fs::copy(&built, &program).with_context(|| format!("cannot copy {}", built.display()))?;
            programs.push(program);
        }
        Ok(programs)
    }

    /// Runs a target for some minutes, on what was found before and on the inputs that are kept.
    fn run(&self, target: &str, program: &Path, minutes: f64) -> Result<Ran> {
        let (found, kept) = (self.found(target), corpus(target));
        fs::create_dir_all(&found)?;
        let log = self.home.join(format!("{target}.log"));
        let seconds = (60.0 * minutes).ceil() as u64;
        let artifacts = Path::new(HOME).join("artifacts").join(target);
        fs::create_dir_all(&artifacts)?;
        println!("{target}: {seconds} s, {}", log.display());
        // Of the log, a person wants the end; a progress of hours is for no screen.
        let status = Command::new(program)
            .args([&found, &kept])
            .args([format!("-max_total_time={seconds}"), format!("-timeout={ENDLESS}")])
            .args([format!("-rss_limit_mb={MEMORY}"), format!("-max_len={LONGEST}"), "-print_final_stats=1".to_owned()])
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .stderr(fs::File::create(&log)?)
            .status()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        if !status.success() {
            let tail: Vec<&str> = text.lines().rev().take(30).collect();
            println!("{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        let progress = Progress::of(&text);
        ensure!(status.success() || progress.executions > 0, "{target} did not run: see {}", log.display());
        Ok(Ran { progress, failed: !status.success() })
    }

    /// Puts few inputs that reach all that is reached in the place of what was found, and the smallest of them into the corpus that is
    /// kept. What has another name than libFuzzer gives stays there: it was put there by hand.
    fn minimize(&self, target: &str, program: &Path) -> Result<()> {
        let (found, kept) = (self.found(target), corpus(target));
        let named: Vec<PathBuf> = files(&kept)?.into_iter().filter(|path| is_named_by_libfuzzer(path)).collect();
        for path in &named {
            fs::copy(path, found.join(path.file_name().context("it is named by its content")?))?;
        }
        let few = self.home.join("few").join(target);
        if few.exists() {
            fs::remove_dir_all(&few)?;
        }
        fs::create_dir_all(&few)?;
        let status = Command::new(program)
            .args(["-merge=1".to_owned(), format!("-max_len={LONGEST}")])
            .args([format!("-timeout={ENDLESS}"), format!("-rss_limit_mb={MEMORY}")])
            .args([&few, &found])
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "{} cannot choose among {}", program.display(), found.display());
        fs::remove_dir_all(&found)?;
        fs::rename(&few, &found)?;
        named.iter().try_for_each(fs::remove_file)?;
        let mut inputs: Vec<(u64, PathBuf)> = Vec::new();
        for path in files(&found)? {
            inputs.push((path.metadata()?.len(), path));
        }
        inputs.sort();
        let mut bytes = 0;
        for (length, path) in inputs.into_iter().take(KEPT) {
            bytes += length;
            if let Some(name) = path.file_name().filter(|_| bytes <= KEPT_BYTES) {
                fs::copy(&path, kept.join(name))?;
            }
        }
        Ok(())
    }

    /// `cargo fuzz COMMAND` as it is called for all.
    fn arguments(&self, command: &str) -> Vec<String> {
        let mut arguments: Vec<String> = self.toolchain.into_iter().map(str::to_owned).collect();
        arguments.extend(["fuzz", command, "--fuzz-dir", HOME, "--features", "libfuzzer"].map(str::to_owned));
        arguments.extend(["--sanitizer".to_owned(), self.sanitizer.to_owned()]);
        arguments.extend(["--target-dir".to_owned(), self.home.display().to_string()]);
        arguments
    }
}

/// The inputs of a target that are kept.
fn corpus(target: &str) -> PathBuf {
    Path::new(HOME).join("corpus").join(target)
}

/// The files of a directory, in the order of their names.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Whether a file has the name that libFuzzer gives by its content.
fn is_named_by_libfuzzer(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What became of a target.
struct Ran {
    progress: Progress,
    failed: bool,
}

/// How far libFuzzer came.
#[derive(Debug, Default, PartialEq)]
struct Progress {
    executions: u64,
    /// Places of the code that were reached, and inputs that reach them, as its last line has them.
    edges: String,
    inputs: String,
}

impl Progress {
    /// Reads what libFuzzer prints: `#123 NEW cov: 45 ft: 67 corp: 8/90b ...`, and its statistics in the end.
    fn of(log: &str) -> Self {
        let mut progress = Self::default();
        for line in log.lines() {
            if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
                progress.executions = number.trim().parse().unwrap_or(progress.executions);
                continue;
            }
            let Some(rest) = line.strip_prefix('#') else { continue };
            let mut words = rest.split_whitespace();
            let Some(executions) = words.next().and_then(|word| word.parse().ok()) else { continue };
            progress.executions = executions;
            let words: Vec<&str> = words.collect();
            for pair in words.windows(2) {
                match pair[0] {
                    "cov:" => pair[1].clone_into(&mut progress.edges),
                    "corp:" => pair[1].clone_into(&mut progress.inputs),
                    _ => {}
                }
            }
        }
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_libfuzzer_is_read() {
        let log = "INFO: Running\n#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0\n#4096\tpulse  cov: 45 ft: 67 corp: 8/90b lim: 4\n";
        let progress = Progress::of(log);
        assert_eq!((progress.executions, progress.edges.as_str(), progress.inputs.as_str()), (4096, "45", "8/90b"));
        let ended = format!("{log}stat::number_of_executed_units: 5000\nstat::average_exec_per_sec: 7\n");
        assert_eq!(Progress::of(&ended).executions, 5000);
        assert_eq!(Progress::of("thread panicked"), Progress::default());
    }
}
