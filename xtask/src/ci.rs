//! `cargo xtask ci`: every check of the repository, in order, up to the first that fails.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::args::Args;
use crate::icount;
use crate::tidy;
use crate::workspace::Workspace;

/// One check.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Shell) -> Result<()>,
}

/// The checks, cheap ones first where they do not build on another.
const STEPS: [Step; 9] = [
    Step { name: "fmt", what: "the sources are formatted", run: fmt },
    Step { name: "clippy", what: "no lint speaks up", run: clippy },
    Step { name: "crates", what: "each library builds alone", run: crates },
    Step { name: "test", what: "unit, integration and documentation tests pass", run: test },
    Step { name: "doc", what: "the documentation builds without a warning", run: doc },
    Step { name: "tidy", what: "the rules of the repository are kept", run: |_| tidy::run() },
    Step { name: "bench", what: "the benchmarks compile", run: bench },
    Step { name: "examples", what: "the examples compile, and those of the seams run", run: examples },
    Step { name: "icount", what: "the workloads take no more instructions than before", run: icount::check },
];

/// Runs `cargo xtask ci`.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let only = args.values("--only")?;
    let skip = args.values("--skip")?;
    args.finish()?;
    let chosen = chosen(&only, &skip)?;
    let shell = Shell::new()?;
    // Every step starts from what the last one left, not from a change of one file: increments would only cost.
    let _incremental = shell.push_env("CARGO_INCREMENTAL", "0");
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for step in chosen {
        println!("\n=== {}: {}", step.name, step.what);
        let start = Instant::now();
        outcome = (step.run)(&shell)
            .with_context(|| format!("ci stopped at `{0}`; alone it runs as `cargo xtask ci --only {0}`", step.name));
        times.push((step.name, start.elapsed(), outcome.is_ok()));
        if outcome.is_err() {
            break;
        }
    }
    println!("\n{}", summary(&times));
    outcome
}

/// The steps to run; a name that is no step is an error, not a check silently left out.
fn chosen(only: &[String], skip: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(name) = only.iter().chain(skip).find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        bail!("no step `{name}`: there are {}", STEPS.map(|step| step.name).join(", "));
    }
    let is_in = |names: &[String], step: &Step| names.iter().any(|name| name == step.name);
    let steps: Vec<&Step> =
        STEPS.iter().filter(|step| (only.is_empty() || is_in(only, step)) && !is_in(skip, step)).collect();
    if steps.is_empty() {
        bail!("--only and --skip leave no step to run");
    }
    Ok(steps)
}

fn summary(times: &[(&str, Duration, bool)]) -> String {
    let mut lines: Vec<String> = times
        .iter()
        .map(|(name, time, passed)| {
            format!("{name:<10}{:>8.1} s  {}", time.as_secs_f64(), if *passed { "ok" } else { "FAILED" })
        })
        .collect();
    let total: Duration = times.iter().map(|step| step.1).sum();
    lines.push(format!("{:<10}{:>8.1} s", "total", total.as_secs_f64()));
    lines.join("\n")
}

fn fmt(shell: &Shell) -> Result<()> {
    component(shell, "rustfmt", "fmt")?;
    cmd!(shell, "cargo fmt --all --check").run().context("`cargo fmt --all` formats the sources")
}

fn clippy(shell: &Shell) -> Result<()> {
    component(shell, "clippy", "clippy")?;
    cmd!(shell, "cargo clippy --workspace --all-targets -- -D warnings").run()?;
    Ok(())
}

/// Alone, a crate sees only the features it asks for itself.
fn crates(shell: &Shell) -> Result<()> {
    let workspace = Workspace::load(shell)?;
    for package in &workspace.members {
        if package.directory.starts_with("crates/") && package.target_kinds.contains("lib") {
            let name = &package.name;
            cmd!(shell, "cargo check --package {name}")
                .run()
                .with_context(|| format!("{name} does not build alone: it may use a feature another crate turns on"))?;
        }
    }
    Ok(())
}

fn test(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo test --workspace").run()?;
    Ok(())
}

fn doc(shell: &Shell) -> Result<()> {
    let _flags = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    cmd!(shell, "cargo doc --workspace --no-deps").run()?;
    Ok(())
}

/// Compiled as far as errors can appear: machine code in the release profile would take longer than all other steps.
fn bench(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo check --workspace --benches").run()?;
    Ok(())
}

/// The examples that need no data: one for each seam, and the way through the whole API.
const EXAMPLES: [&str; 5] = ["own_affinity", "own_neighbors", "own_optimizer", "own_repulsion", "steps"];

fn examples(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo build --workspace --examples").run()?;
    for example in EXAMPLES {
        // Not of one package: its own features would compile it again.
        cmd!(shell, "cargo run --quiet --example {example}").run()?;
    }
    Ok(())
}

/// Makes sure a component of the toolchain is there, through rustup where there is one.
fn component(shell: &Shell, component: &str, command: &str) -> Result<()> {
    let present = || cmd!(shell, "cargo {command} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok();
    if present() {
        return Ok(());
    }
    let added = cmd!(shell, "rustup component add {component}").run();
    if added.is_err() || !present() {
        bail!(
            "`cargo {command}` is missing: install it with `rustup component add {component}`, or with the package \
               your system has for it"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], skip: &[&str]) -> Result<Vec<&'static str>> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Ok(chosen(&owned(only), &owned(skip))?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_in_their_order() {
        assert_eq!(names(&[], &[]).unwrap().len(), STEPS.len());
        assert_eq!(names(&["tidy", "fmt"], &[]).unwrap(), ["fmt", "tidy"]);
        assert_eq!(names(&["tidy", "fmt"], &["fmt"]).unwrap(), ["tidy"]);
        assert!(!names(&[], &["test"]).unwrap().contains(&"test"));
    }

    #[test]
    fn a_wrong_step_is_an_error() {
        assert!(names(&["tests"], &[]).unwrap_err().to_string().contains("no step `tests`"));
        assert!(names(&[], &["lint"]).unwrap_err().to_string().contains("no step `lint`"));
        assert!(names(&["fmt"], &["fmt"]).unwrap_err().to_string().contains("no step to run"));
    }

    #[test]
    fn the_summary_names_what_failed() {
        let text = summary(&[("fmt", Duration::from_millis(1500), true), ("test", Duration::from_secs(2), false)]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("fmt") && lines[0].contains("1.5 s") && lines[0].ends_with("ok"));
        assert!(lines[1].starts_with("test") && lines[1].ends_with("FAILED"));
        assert!(lines[2].starts_with("total") && lines[2].contains("3.5 s"));
    }
}
