//! `cargo xtask book`: the book of docs/ is built, and the commands that it shows are run.
//!
//! A command that nobody runs is wrong after the next change of an option, and its reader is the one who finds out. So every block
//! marked `sh` runs, all of a chapter in one shell and one empty directory, where `crates` and `docs` are those of the repository: as
//! from a clone. Blocks of Rust are documentation tests of the crate in benches/, links are checked by `tidy`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::{Shell, cmd};

use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The version of mdBook that was tried. Without its server it takes 141 s of processor time to build, some 75 s on two cores.
const MDBOOK: &str = "0.5.4";

/// Where the chapters are.
const SOURCE: &str = "docs";

/// What includes the chapters that have Rust.
const TESTED: &str = "benches/src/lib.rs";

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Take this `tsne` and build none.
    #[arg(long, value_name = "PROGRAM")]
    tsne: Option<PathBuf>,
    /// Run the commands of these chapters only (a part of the name).
    #[arg(long, value_name = "NAME")]
    chapter: Vec<String>,
    /// Put the pictures that the commands have drawn in place of those of the same names in docs/images.
    #[arg(long)]
    pictures: bool,
}

/// Runs `cargo xtask book`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let shell = Shell::new()?;
    let book = Book::open(&shell)?;
    book.run_commands(&shell, options)?;
    book.build(&shell, &book.tool(&shell)?)
}

/// The step of `cargo xtask ci`: commands must run; where mdBook cannot be had, it says so and passes.
pub(crate) fn check(shell: &Shell) -> Result<Outcome> {
    let book = Book::open(shell)?;
    book.run_commands(shell, &Options { tsne: None, chapter: Vec::new(), pictures: false })?;
    match book.tool(shell) {
        Ok(tool) => book.build(shell, &tool).map(|()| Outcome::Passed),
        Err(error) => Ok(Outcome::Skipped(format!("the commands ran, the book was not built: {error:#}"))),
    }
}

/// The chapters, and where things go.
struct Book {
    target: PathBuf,
    chapters: Vec<Chapter>,
}

struct Chapter {
    /// Relative to the source.
    path: String,
    blocks: Vec<Block>,
}

impl Book {
    /// Reads all chapters. A file that is in no list, and Rust that nobody compiles, are errors.
    fn open(shell: &Shell) -> Result<Self> {
        let summary = fs::read_to_string(Path::new(SOURCE).join("SUMMARY.md"))?;
        let listed: BTreeSet<&str> =
            summary.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
        let tested = fs::read_to_string(TESTED)?;
        let mut chapters = Vec::new();
        for directory in ["", "guide/"] {
            for entry in fs::read_dir(Path::new(SOURCE).join(directory))? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                let path = format!("{directory}{name}");
                if !name.ends_with(".md") || name == "SUMMARY.md" {
                    continue;
                }
                ensure!(listed.contains(path.as_str()), "{SOURCE}/SUMMARY.md does not list {path}");
                let text = fs::read_to_string(Path::new(SOURCE).join(&path))?;
                let blocks = blocks(&text).with_context(|| format!("{SOURCE}/{path}"))?;
                let is_tested = tested.contains(&format!("../../{SOURCE}/{path}"));
                ensure!(is_tested || !text.contains("```rust"), "{path} has Rust: {TESTED} must include it");
                chapters.push(Chapter { path, blocks });
            }
        }
        chapters.sort_by(|a, b| a.path.cmp(&b.path));
        let target = PathBuf::from(Workspace::load(shell)?.target_directory);
        Ok(Self { target, chapters })
    }

    fn run_commands(&self, shell: &Shell, options: &Options) -> Result<()> {
        let program = match &options.tsne {
            Some(program) => fs::canonicalize(program).with_context(|| format!("no {}", program.display()))?,
            None => Workspace::command(shell, &self.target)?,
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let first = program.parent().map(Path::to_path_buf);
        let path = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&path)))?;
        let _path = shell.push_env("PATH", path);
        let root = std::env::current_dir()?;
        let is_chosen = |chapter: &&Chapter| {
            let names = &options.chapter;
            names.is_empty() || names.iter().any(|name| chapter.path.contains(name.as_str()))
        };
        for chapter in self.chapters.iter().filter(is_chosen).filter(|chapter| chapter.has_commands()) {
            let start = Instant::now();
            let directory = self.target.join("book-commands").join(chapter.path.replace(['/', '.'], "-"));
            if directory.exists() {
                fs::remove_dir_all(&directory).with_context(|| format!("cannot empty {}", directory.display()))?;
            }
            fs::create_dir_all(&directory)?;
            fs::write(directory.join("commands.sh"), chapter.script(&root))?;
            let _directory = shell.push_dir(&directory);
            let output = cmd!(shell, "sh commands.sh").quiet().ignore_status().output()?;
            let (run, ignored) = chapter.counts();
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
                bail!("a command of {SOURCE}/{} fails:\n{said}", chapter.path);
            }
            let seconds = start.elapsed().as_secs_f64();
            println!("{:<28}{run:>3} blocks run, {ignored} not {seconds:>8.1} s", chapter.path);
            if options.pictures {
                take_pictures(&directory)?;
            }
        }
        Ok(())
    }

    /// mdBook, installed into the target directory where it is not.
    fn tool(&self, shell: &Shell) -> Result<PathBuf> {
        let home = self.target.join("tools");
        let tool = home.join("bin/mdbook").with_extension(std::env::consts::EXE_EXTENSION);
        let version = cmd!(shell, "{tool} --version").quiet().ignore_stderr().read();
        if !version.is_ok_and(|version| version.ends_with(MDBOOK)) {
            // It runs for a second: to optimize it takes longer than that, and so do symbols that nobody reads.
            let _no_symbols = shell.push_env("CARGO_PROFILE_DEV_DEBUG", "0");
            cmd!(
                shell,
                "cargo install mdbook --version {MDBOOK} --debug --locked --no-default-features --features search --root {home}"
            )
            .run()
            .context("mdBook cannot be installed: is there a network?")?;
        }
        Ok(tool)
    }

    fn build(&self, shell: &Shell, tool: &Path) -> Result<()> {
        let directory = self.target.join("book");
        cmd!(shell, "{tool} build {SOURCE} --dest-dir {directory}").run()?;
        println!("the book: {}", directory.join("index.html").display());
        Ok(())
    }
}

impl Chapter {
    fn has_commands(&self) -> bool {
        self.counts().0 > 0
    }

    /// How many blocks run, and how many do not.
    fn counts(&self) -> (usize, usize) {
        let run = self.blocks.iter().filter(|block| block.runs).count();
        (run, self.blocks.len() - run)
    }

    /// All commands. What fails is in the block that was named last.
    fn script(&self, root: &Path) -> String {
        let root = root.display();
        let mut script = format!("set -eu\nln -s '{root}/crates' '{root}/{SOURCE}' .\n");
        for block in self.blocks.iter().filter(|block| block.runs) {
            script += &format!("echo 'the block at line {}' >&2\n{}", block.line, block.code);
        }
        script
    }
}

/// Commands of a chapter.
#[derive(Debug, PartialEq)]
struct Block {
    line: usize,
    runs: bool,
    code: String,
}

/// The blocks marked `sh`, and those marked `sh,ignore (REASON)`, which do not run.
fn blocks(markdown: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    // The indentation of the open block, and whether it is one of commands.
    let mut open: Option<(usize, bool)> = None;
    for (at, line) in markdown.lines().enumerate() {
        let text = line.trim_start();
        let Some(mark) = text.strip_prefix("```") else {
            if let (Some((indentation, true)), Some(block)) = (open, blocks.last_mut()) {
                let block: &mut Block = block;
                block.code += line.get(indentation..).unwrap_or_default();
                block.code.push('\n');
            }
            continue;
        };
        if open.take().is_some() {
            continue;
        }
        let (language, reason) = mark.split_once(' ').unwrap_or((mark, ""));
        let is_shell = language == "sh" || language.starts_with("sh,");
        ensure!(
            !is_shell || language == "sh" || (language == "sh,ignore" && reason.len() > "()".len()),
            "line {}: a block of commands is marked `sh`, or `sh,ignore (REASON)` where it cannot run",
            at + 1
        );
        open = Some((line.len() - text.len(), is_shell));
        if is_shell {
            blocks.push(Block { line: at + 1, runs: language == "sh", code: String::new() });
        }
    }
    ensure!(open.is_none(), "the last block has no end");
    Ok(blocks)
}

/// Copies what was drawn in `directory` over the pictures of the book that have the same names.
fn take_pictures(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let drawn = entry?.path();
        let Some(name) = drawn.file_name().filter(|_| drawn.extension().is_some_and(|end| end == "png")) else {
            continue;
        };
        let place = Path::new(SOURCE).join("images").join(name);
        if place.is_file() {
            fs::copy(&drawn, &place).with_context(|| format!("cannot write {}", place.display()))?;
            println!("{} is drawn anew", place.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_commands_are_found_and_no_others() {
        let text = "a\n```sh\nx \\\n    y\n```\n```text\nz\n```\n- b\n\n  ```sh,ignore (no network)\n  u\n\n  v\n  ```\n```\nw\n```\n";
        let found = blocks(text).unwrap();
        let block = |line, runs, code: &str| Block { line, runs, code: code.to_owned() };
        assert_eq!(found, [block(2, true, "x \\\n    y\n"), block(11, false, "u\n\nv\n")]);
        let chapter = Chapter { path: "a.md".to_owned(), blocks: found };
        assert_eq!(chapter.counts(), (1, 1));
        let script = chapter.script(Path::new("/r"));
        assert!(script.ends_with("line 2' >&2\nx \\\n    y\n") && !script.contains("\nu\n"), "{script}");
    }

    #[test]
    fn a_block_that_does_not_run_has_a_reason() {
        assert!(blocks("```sh,ignore\nx\n```\n").is_err());
        assert!(blocks("```sh,ignore ()\nx\n```\n").is_err());
        assert!(blocks("```sh\nx\n").is_err());
        assert_eq!(blocks("```shell\nx\n```\n").unwrap(), []);
    }
}
