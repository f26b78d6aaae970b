//! The crates as others get them: packed, unpacked, built and tested from their archives, and each leaf used alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::workspace::{Package, Workspace};

/// One manifest for each leaf crate, with this crate as its only dependency.
pub(crate) const CONSUMERS: &str = "xtask/consumers";

/// The step `package` of `cargo xtask ci`: every member can be packed, and what is published compiles from the archives
/// alone with all its tests, benchmarks and examples, each crate finding the others where a registry would have them. What a
/// file outside of its directory would break shows in that.
///
/// Tests are compiled and not run: no crate reads a file at run time that it does not make (what tests need is `include_bytes!`d), and
/// to build and run the tests of three crates a second time took two and a half minutes.
pub(crate) fn package(shell: &Shell) -> Result<()> {
    let archives = Archives::unpack(shell)?;
    let (manifest, target) = (archives.manifest(), &archives.target);
    let all: Vec<&str> = archives.packages.iter().flat_map(|package| ["--package", &package.name]).collect();
    cmd!(shell, "cargo check --offline --manifest-path {manifest} --target-dir {target} {all...} --all-targets")
        .run()
        .context("a packed crate fails where its sources pass: does it name a file outside of its directory?")
}

/// The step `consumers`: with one line in a manifest, the first example of each leaf's README compiles.
///
/// It runs as a documentation test of its crate, in the step `test`: to build a program of each took three and a half minutes.
pub(crate) fn consumers(shell: &Shell) -> Result<()> {
    let archives = Archives::unpack(shell)?;
    let (manifest, target) = (archives.manifest(), &archives.target);
    if let Some(name) = archives.without_example.first() {
        bail!("the first block of Rust in the README of {name} is no whole program: tidy says what it should be");
    }
    // One by one: together they would share their features.
    for name in archives.consumers {
        cmd!(shell, "cargo check --quiet --offline --manifest-path {manifest} --target-dir {target} --package {name}")
            .run()
            .with_context(|| format!("the first example of a README does not compile in {CONSUMERS}/{name}"))?;
    }
    Ok(())
}

/// The unpacked archives, as a workspace in the target directory together with the consumers.
struct Archives {
    home: PathBuf,
    target: PathBuf,
    packages: Vec<Package>,
    consumers: Vec<String>,
    /// Crates that have a consumer and no program for it.
    without_example: Vec<String>,
}

impl Archives {
    /// Packs all members and unpacks those that are published.
    fn unpack(shell: &Shell) -> Result<Self> {
        cmd!(shell, "cargo package --workspace --offline --no-verify --allow-dirty --quiet").run()?;
        let workspace = Workspace::load(shell)?;
        let target = PathBuf::from(&workspace.target_directory);
        let home = target.join("packed");
        if home.exists() {
            fs::remove_dir_all(&home).with_context(|| format!("cannot empty {}", home.display()))?;
        }
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap_or(&home))
                .and_then(|()| fs::write(&path, text))
                .with_context(|| format!("cannot write {}", path.display()))
        };
        let packages: Vec<Package> = workspace.members.into_iter().filter(|package| package.is_published).collect();
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        for package in &packages {
            let archive = target.join("package").join(format!("{}.crate", directory(package)));
            // With the time of now: that of an archive is the same for all, and Cargo would take what it built before for built.
            cmd!(shell, "tar -xzmf {archive} -C {home}").quiet().run()?;
        }
        let (mut consumers, mut without_example) = (Vec::new(), Vec::new());
        for package in &packages {
            let manifest = Path::new(CONSUMERS).join(&package.name).join("Cargo.toml");
            if !manifest.is_file() {
                continue;
            }
            let inside = home.join("consumers").join(&package.name);
            let readme = fs::read_to_string(home.join(directory(package)).join("README.md"))?;
            let Some(program) = first_example(&readme) else {
                without_example.push(package.name.clone());
                continue;
            };
            write(inside.join("Cargo.toml"), &fs::read_to_string(&manifest)?)?;
            write(inside.join("src/main.rs"), program)?;
            consumers.push(format!("consumer-of-{}", package.name));
        }
        write(home.join("Cargo.toml"), &manifest(&packages, &fs::read_to_string("Cargo.toml")?))?;
        // The same versions as in the repository; what the consumers add to it stays here.
        fs::copy("Cargo.lock", home.join("Cargo.lock")).context("cannot copy Cargo.lock")?;
        Ok(Self { home, target, packages, consumers, without_example })
    }

    fn manifest(&self) -> PathBuf {
        self.home.join("Cargo.toml")
    }
}

/// The directory in an archive.
fn directory(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

/// A workspace of the archives and their consumers. The profiles are those of the repository, so that the dependencies
/// built for it serve here, too.
fn manifest(packages: &[Package], root: &str) -> String {
    let patches =
        packages.iter().map(|package| format!("{} = {{ path = \"{}\" }}\n", package.name, directory(package)));
    let mut inside = false;
    let profiles = root.lines().filter(|line| {
        if line.starts_with('[') {
            inside = line.starts_with("[profile.");
        }
        inside
    });
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"tsne*\", \"consumers/*\"]\n\n[patch.crates-io]\n{}\n{}\n",
        patches.collect::<String>(),
        profiles.collect::<Vec<_>>().join("\n")
    )
}

/// The first example of a README, if it is a whole program.
pub(crate) fn first_example(readme: &str) -> Option<&str> {
    let (_, rest) = readme.split_once("```rust\n")?;
    let (program, _) = rest.split_once("```")?;
    program.contains("fn main()").then_some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_is_a_whole_program() {
        let program = "fn main() {\n    f();\n}\n";
        let readme = format!("# a\n\n```text\nx\n```\n\n```rust\n{program}```\n\n```rust\nfn main() {{}}\n```\n");
        assert_eq!(first_example(&readme), Some(program));
        assert_eq!(first_example("```rust\nf();\n```\n```rust\nfn main() {}\n```\n"), None);
        assert_eq!(first_example("no code"), None);
    }

    #[test]
    fn the_archives_find_each_other_and_keep_the_profiles() {
        let package = |name: &str| Package { name: name.to_owned(), version: "0.1.0".to_owned(), ..Package::default() };
        let root = "[workspace]\nmembers = []\n\n[profile.dev]\nopt-level = 1\n\n[lints]\nx = 1\n[profile.release]\nlto = false\n";
        let text = manifest(&[package("a"), package("b")], root);
        assert!(text.contains("[patch.crates-io]\na = { path = \"a-0.1.0\" }\nb = { path = \"b-0.1.0\" }\n"), "{text}");
        assert!(text.ends_with("[profile.dev]\nopt-level = 1\n\n[profile.release]\nlto = false\n"), "{text}");
        assert!(!text.contains("x = 1"), "{text}");
    }
}
