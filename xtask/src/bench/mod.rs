//! `cargo xtask bench`: runs the criterion benchmarks, prints, keeps and compares their medians.

mod compare;
mod figure;
mod record;
pub(crate) mod stamp;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use clap::Args;
use xshell::{Shell, cmd};

use crate::workspace::{Package, Workspace};

use self::compare::Comparison;
use self::figure::Figures;
use self::record::Baseline;
use self::stamp::Stamp;

/// Times that what seems slower is measured again before it counts as slower: of two runs of one binary on a busy
/// machine some group often differs by more than its intervals tell, of four the quickest hardly does.
const REPEATS: usize = 3;

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this crate, and others named like this.
    #[arg(short = 'p', long = "package", value_name = "CRATE")]
    packages: Vec<String>,
    /// Write the figures to benches/baselines/NAME.json, and a line to benches/history.
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Compare with benches/baselines/NAME.json, and write a line to benches/history. Fails where the intervals separate
    /// and the median is slower by more than --fail-over, also when the group is measured again.
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = compare::parse_percent)]
    fail_over: f64,
    /// Handed to criterion: only the benchmarks whose name matches.
    #[arg(last = true)]
    pub(crate) filter: Vec<String>,
}

/// Runs `cargo xtask bench`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { packages, save, against, fail_over, filter } = options;
    let shell = Shell::new()?;
    let workspace = Workspace::load(&shell)?;
    let packages = chosen(&workspace, packages)?;
    let stamp = Stamp::now(&shell)?;
    // Read before the long run, so that a wrong name fails at once.
    let save = save.as_deref().map(baseline_path).transpose()?;
    let baseline = against.as_deref().map(|name| Baseline::load(&baseline_path(name)?)).transpose()?;
    if let Some(baseline) = &baseline {
        baseline.check_machine(&stamp.machine)?;
    }

    let mut figures = Figures::new();
    for package in &packages {
        figures.extend(measure(&shell, &workspace, package, filter)?);
    }
    if figures.is_empty() {
        bail!("no benchmark ran: the filter {filter:?} matches none of the chosen crates");
    }
    if let Some(baseline) = &baseline {
        for _ in 0..REPEATS {
            let slower = Comparison::new(&baseline.figures(), &figures, *fail_over).groups_too_slow();
            for (name, group) in &slower {
                let package = packages.iter().find(|package| package.name == *name);
                let Some(package) = package else { continue };
                println!("\n{name}/{group} seems slower: measured again");
                let again = measure(&shell, &workspace, package, &[format!("^{group}(/|$)")])?;
                figure::keep_quicker(&mut figures, again);
            }
            if slower.is_empty() {
                break;
            }
        }
    }
    let comparison = baseline.map(|baseline| Comparison::new(&baseline.figures(), &figures, *fail_over));
    match &comparison {
        Some(comparison) => print!("\n{comparison}"),
        None => print!("\n{}", figure::table(&figures)),
    }
    if let Some(path) = &save {
        record::save(path, &stamp, &figures)?;
        println!("\nsaved to {}", path.display());
    }
    // Before the verdict: a run that became slower is history too.
    if save.is_some() || comparison.is_some() {
        println!("\nappended to {}", record::append(&stamp, &figures)?.display());
    }
    match comparison {
        Some(comparison) => comparison.verdict(),
        None => Ok(()),
    }
}

/// The members to run: those asked for, or all that have benchmarks.
fn chosen<'a>(workspace: &'a Workspace, names: &[String]) -> Result<Vec<&'a Package>> {
    let benches = || workspace.members.iter().filter(|package| package.target_kinds.contains("bench"));
    if let Some(name) = names.iter().find(|name| !benches().any(|package| package.name == **name)) {
        let known: Vec<&str> = benches().map(|package| package.name.as_str()).collect();
        bail!("`-p {name}`: no crate of this name has benchmarks; there are {}", known.join(", "));
    }
    Ok(benches().filter(|package| names.is_empty() || names.contains(&package.name)).collect())
}

/// Runs the benchmarks of one crate. Each crate gets its own directory, so that equal names do not meet.
fn measure(shell: &Shell, workspace: &Workspace, package: &Package, filter: &[String]) -> Result<Figures> {
    let name = &package.name;
    println!("\n=== {name}");
    let home = Path::new(&workspace.target_directory).join("criterion").join(name);
    let start = SystemTime::now();
    let _home = shell.push_env("CRITERION_HOME", &home);
    cmd!(shell, "cargo bench --package {name} --bench * -- {filter...}")
        .run()
        .with_context(|| format!("the benchmarks of {name} failed"))?;
    figure::collect(&home, name, start)
}

/// Where the baseline `name` is kept.
fn baseline_path(name: &str) -> Result<PathBuf> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
        bail!("`{name}` is no name for a baseline: use letters, digits, `-`, `_` and `.`, not `.` first");
    }
    Ok(Path::new("benches/baselines").join(format!("{name}.json")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::tests::workspace;

    #[test]
    fn a_baseline_stays_in_its_directory() {
        assert_eq!(baseline_path("v0.1-main").unwrap(), Path::new("benches/baselines/v0.1-main.json"));
        for name in ["", "..", ".hidden", "a/b", "a b", "../x"] {
            assert!(baseline_path(name).is_err(), "{name}");
        }
    }

    #[test]
    fn crates_are_chosen_by_name() {
        let workspace = workspace(&[("a", "crates/a", &[]), ("b", "crates/b", &[])], &[]);
        let names = |of: &[&str]| {
            let of: Vec<String> = of.iter().map(|name| (*name).to_owned()).collect();
            chosen(&workspace, &of).map(|packages| packages.iter().map(|p| p.name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), ["a", "b"]);
        assert_eq!(names(&["b"]).unwrap(), ["b"]);
        assert!(names(&["c"]).unwrap_err().to_string().contains("a, b"));
    }
}
