//! `cargo xtask ci`: every check of the repository, in order, up to the first that fails.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use xshell::{Shell, cmd};

use crate::book;
use crate::browser;
use crate::fuzz;
use crate::icount;
use crate::mpi;
use crate::outcome::Outcome;
use crate::packages;
use crate::python;
use crate::span;
use crate::tidy;
use crate::toolchains;
use crate::workspace::Workspace;

/// One check.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Shell) -> Result<Outcome>,
}

/// The checks, cheap ones first where they do not build on another.
const STEPS: [Step; 20] = [
    Step { name: "fmt", what: "the sources are formatted", run: fmt },
    Step { name: "tidy", what: "the rules of the repository are kept", run: |_| passed(tidy::run()) },
    Step { name: "clippy", what: "no lint speaks up, in any target and with all features", run: clippy },
    Step { name: "features", what: "each library builds alone, with each of its features off and on", run: features },
    Step { name: "doc", what: "the documentation builds without a warning", run: doc },
    Step { name: "test", what: "unit, integration and documentation tests pass", run: test },
    Step { name: "examples", what: "the examples of the seams run", run: examples },
    Step { name: "fuzz", what: "all targets of the fuzzer hold on their corpora", run: fuzz::check },
    Step { name: "book", what: "the commands of the book run, and it builds", run: book::check },
    Step {
        name: "package",
        what: "the crates build from their archives",
        run: |shell| passed(packages::package(shell)),
    },
    Step {
        name: "consumers",
        what: "each leaf crate compiles as the only dependency",
        run: |shell| passed(packages::consumers(shell)),
    },
    Step { name: "browser", what: "the page of a map works in a real browser", run: browser::check },
    Step { name: "python", what: "the Python package builds, and passes its tests", run: python::check },
    Step { name: "mpi", what: "processes over MPI make the maps of one, byte for byte", run: mpi::check },
    Step { name: "i686", what: "a target of 32 bits builds", run: toolchains::i686 },
    Step { name: "msrv", what: "the oldest compiler that is promised builds it", run: toolchains::msrv },
    Step { name: "miri", what: "Miri sees no undefined behavior", run: toolchains::miri },
    Step { name: "deny", what: "licenses and sources of all dependencies are allowed", run: toolchains::deny },
    Step { name: "icount", what: "the workloads take no more instructions than before", run: icount::check },
    Step { name: "span", what: "no part is far less parallel than before", run: span::check },
];

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run this step, and others named like this.
    #[arg(long, value_name = "STEP", value_parser = STEPS.map(|step| step.name))]
    only: Vec<String>,
    /// Leave this step out.
    #[arg(long, value_name = "STEP", value_parser = STEPS.map(|step| step.name))]
    skip: Vec<String>,
}

/// Runs `cargo xtask ci`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen = chosen(&options.only, &options.skip)?;
    let shell = Shell::new()?;
    // Every step starts from what the last one left, not from a change of one file: increments would only cost.
    let _incremental = shell.push_env("CARGO_INCREMENTAL", "0");
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for step in chosen {
        println!("\n=== {}: {}", step.name, step.what);
        let start = Instant::now();
        let ended = (step.run)(&shell)
            .with_context(|| format!("ci stopped at `{0}`; alone it runs as `cargo xtask ci --only {0}`", step.name));
        if let Ok(Outcome::Skipped(reason)) = &ended {
            println!("SKIPPED, nothing was checked: {reason}");
        }
        let word = match &ended {
            Ok(Outcome::Passed) => "ok",
            Ok(Outcome::Skipped(_)) => "SKIPPED",
            Err(_) => "FAILED",
        };
        times.push((step.name, start.elapsed(), word));
        if let Err(error) = ended {
            outcome = Err(error);
            break;
        }
    }
    println!("\n{}", summary(&times));
    outcome
}

/// The steps to run.
fn chosen(only: &[String], skip: &[String]) -> Result<Vec<&'static Step>> {
    let is_in = |names: &[String], step: &Step| names.iter().any(|name| name == step.name);
    let steps: Vec<&Step> =
        STEPS.iter().filter(|step| (only.is_empty() || is_in(only, step)) && !is_in(skip, step)).collect();
    if steps.is_empty() {
        bail!("--only and --skip leave no step to run");
    }
    Ok(steps)
}

fn summary(times: &[(&str, Duration, &str)]) -> String {
    let line = |name: &str, time: Duration, word: &str| format!("{name:<10}{:>8.1} s  {word}", time.as_secs_f64());
    let mut lines: Vec<String> = times.iter().map(|(name, time, word)| line(name, *time, word)).collect();
    lines.push(line("total", times.iter().map(|step| step.1).sum(), ""));
    lines.join("\n")
}

fn fmt(shell: &Shell) -> Result<Outcome> {
    component(shell, "rustfmt", "fmt")?;
    cmd!(shell, "cargo fmt --all --check").run().context("`cargo fmt --all` formats the sources")?;
    Ok(Outcome::Passed)
}

/// Benchmarks and examples are among the targets: they are compiled as far as errors can appear.
fn clippy(shell: &Shell) -> Result<Outcome> {
    component(shell, "clippy", "clippy")?;
    cmd!(shell, "cargo clippy --workspace --all-targets --all-features -- -D warnings").run()?;
    Ok(Outcome::Passed)
}

/// Alone, a crate sees only the features it asks for itself.
fn features(shell: &Shell) -> Result<Outcome> {
    let workspace = Workspace::load(shell)?;
    for package in workspace.members.iter().filter(|package| package.is_library()) {
        let name = &package.name;
        cmd!(shell, "cargo check --package {name}")
            .run()
            .with_context(|| format!("{name} does not build alone: it may use a feature another crate turns on"))?;
        if package.has_default_features {
            cmd!(shell, "cargo check --package {name} --no-default-features")
                .run()
                .with_context(|| format!("{name} does not build without its features"))?;
        }
        for feature in &package.features {
            cmd!(shell, "cargo check --package {name} --features {feature}")
                .run()
                .with_context(|| format!("{name} does not build with the feature {feature} alone"))?;
        }
    }
    Ok(Outcome::Passed)
}

/// With all features, which only add to what there is; without them, the tests are compiled in the step `package`.
fn test(shell: &Shell) -> Result<Outcome> {
    cmd!(shell, "cargo test --workspace --all-features").run()?;
    Ok(Outcome::Passed)
}

fn doc(shell: &Shell) -> Result<Outcome> {
    let _flags = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    cmd!(shell, "cargo doc --workspace --no-deps --all-features").run()?;
    Ok(Outcome::Passed)
}

/// Runs the examples of the facade that need no data: one for each seam, and the way through the whole API. The tests
/// have built them.
fn examples(shell: &Shell) -> Result<Outcome> {
    let workspace = Workspace::load(shell)?;
    let all = workspace.members.iter().filter(|package| package.name == "tsne").flat_map(|package| &package.examples);
    for example in all.filter(|example| example.starts_with("own_") || *example == "steps") {
        // Not of one package: its own features would compile it again.
        cmd!(shell, "cargo run --quiet --all-features --example {example}").run()?;
    }
    Ok(Outcome::Passed)
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
    fn no_step_is_an_error() {
        assert!(names(&["fmt"], &["fmt"]).unwrap_err().to_string().contains("no step to run"));
    }

    #[test]
    fn the_summary_names_what_failed() {
        let text = summary(&[("fmt", Duration::from_millis(1500), "ok"), ("test", Duration::from_secs(2), "FAILED")]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("fmt") && lines[0].contains("1.5 s") && lines[0].ends_with("ok"));
        assert!(lines[1].starts_with("test") && lines[1].ends_with("FAILED"));
        assert!(lines[2].starts_with("total") && lines[2].contains("3.5 s"));
    }
}
