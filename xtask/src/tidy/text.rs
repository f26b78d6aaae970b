//! What no file contains: paths of one machine, hosts of registries, unfinished work, `unsafe` outside its module.

use super::rule::{TrackedFile, Violation};

/// These rules name what they look for, so they do not look at themselves.
const RULES_THEMSELVES: &str = "xtask/src/tidy/";

/// Directories that exist on some machines only.
const MACHINE_PATHS: [&str; 5] = ["/home/", "/root/", "/work/", "/tmp/", "/Users/"];

/// Files in which such a directory is no path of a machine: the name in .gitignore is relative to the repository.
const MACHINE_PATHS_ALLOWED: [&str; 1] = [".gitignore"];

/// Hosts from which packages come, and the settings that choose others.
const REGISTRIES: [&str; 10] = [
    "index.crates.io",
    "static.crates.io",
    "registry.npmjs.org",
    "pypi.org/simple",
    "files.pythonhosted.org",
    "proxy.golang.org",
    "deb.debian.org",
    "[registries",
    "[source.",
    "--index-url",
];

/// Words of work that is not done, and tests that do not test.
const UNFINISHED: [&str; 6] = ["TODO", "FIXME", "todo!", "unimplemented!", "#[ignore", "should_panic"];

/// The only files with `unsafe` code: calls of functions compiled for more than the base instruction set, the one loop that
/// is written out for it, arrays in mapped files, a parameter of the C library's allocator, and the allocators of tests.
const UNSAFE_ALLOWED: [&str; 9] = [
    "crates/tsne-core/src/array.rs",
    "crates/tsne-core/src/scratch.rs",
    "crates/tsne-core/src/simd.rs",
    "crates/tsne-mpi/src/allocator.rs",
    "crates/tsne-optim/src/attraction/avx2.rs",
    "crates/tsne-optim/src/attraction/gather.rs",
    "crates/tsne/src/files/scratch_dir.rs",
    "crates/tsne/tests/failing_allocator.rs",
    "crates/tsne/tests/peak_memory.rs",
];

/// Where users are told of them.
const SECURITY: &str = "SECURITY.md";

/// All rules of this file.
pub(super) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| !file.path.starts_with(RULES_THEMSELVES)) {
        violations.extend(machine_paths(file));
        violations.extend(registries(file));
        if file.is_rust() {
            violations.extend(unfinished(file));
            violations.extend(unsafe_code(file));
        }
        if file.path == SECURITY {
            violations.extend(untold_unsafe(file));
        }
    }
    violations
}

/// The violations of the lines in which `wrong` finds something.
fn in_lines<'a>(
    file: &'a TrackedFile,
    rule: &'static str,
    wrong: impl Fn(&'a str) -> Option<&'static str>,
    advice: &str,
) -> Vec<Violation> {
    let violation = |(number, line)| {
        let found = wrong(line)?;
        Some(Violation::new(format!("{}:{number}", file.path), rule, format!("`{found}`: {advice}")))
    };
    file.lines().filter_map(violation).collect()
}

fn machine_paths(file: &TrackedFile) -> Vec<Violation> {
    if MACHINE_PATHS_ALLOWED.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let advice = "a path of one machine: make it relative, or take it from an argument";
    in_lines(file, "machine-path", |line| MACHINE_PATHS.into_iter().find(|path| has_absolute(line, path)), advice)
}

/// Whether `path` begins in `line` where a path can begin: not in the middle of a longer one or of an address.
fn has_absolute(line: &str, path: &str) -> bool {
    let begins = |at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~/}$)*".contains(c))
    };
    line.match_indices(path).any(|(at, _)| begins(at))
}

fn registries(file: &TrackedFile) -> Vec<Violation> {
    let advice = "where packages come from is set on each machine, not here: take it out";
    in_lines(file, "registry", |line| REGISTRIES.into_iter().find(|host| line.contains(host)), advice)
}

fn unfinished(file: &TrackedFile) -> Vec<Violation> {
    let advice = "finish it, or leave it out and write an issue; a test must run and return";
    in_lines(file, "unfinished", |line| UNFINISHED.into_iter().find(|word| has_word(line, word)), advice)
}

fn unsafe_code(file: &TrackedFile) -> Vec<Violation> {
    if UNSAFE_ALLOWED.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let wrong = |line: &str| has_word(line.split("//").next().unwrap_or_default(), "unsafe").then_some("unsafe");
    let advice = format!("write it safely; only {} may call what needs it", UNSAFE_ALLOWED.join(" and "));
    in_lines(file, "unsafe", wrong, &advice)
}

fn untold_unsafe(file: &TrackedFile) -> Vec<Violation> {
    let text = file.text.as_deref().unwrap_or_default();
    let untold = UNSAFE_ALLOWED.iter().filter(|path| !text.contains(*path));
    let violation = |path| format!("`{path}` may have `unsafe` code: say what it is for");
    untold.map(|path| Violation::new(SECURITY, "unsafe-untold", violation(path))).collect()
}

/// Whether `word` stands in `line` as a whole word.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    // A word that ends in punctuation ends there, whatever follows.
    let open_end = !word.ends_with(is_part);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && (open_end || !after.is_some_and(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::{check as expect, file};

    #[test]
    fn paths_of_a_machine_are_found() {
        let text = "see `/home/me/x`\nhttps://a.org/home/x\ncat /tmp/y\na/work/b\n\"/work/x\"\nPATH=/root/bin\n";
        let places = ["a.md:1", "a.md:3", "a.md:5", "a.md:6"];
        expect(&check(&[file("a.md", text)]), &places.map(|place| (place, "machine-path")));
        expect(&check(&[file(".gitignore", "/tmp/\n")]), &[]);
    }

    #[test]
    fn hosts_of_registries_are_found() {
        let text = "[source.crates-io]\ncrates.io is fine\nindex = \"https://index.crates.io/\"\n";
        expect(&check(&[file("c.toml", text)]), &[("c.toml:1", "registry"), ("c.toml:3", "registry")]);
    }

    #[test]
    fn unfinished_work_is_found_in_sources() {
        let text =
            "// TODO later\nlet METODOS = 1;\ntodo!()\n#[ignore = \"slow\"]\n#[should_panic(expected)]\nignore();\n";
        let places = ["a.rs:1", "a.rs:3", "a.rs:4", "a.rs:5"];
        expect(&check(&[file("a.rs", text)]), &places.map(|place| (place, "unfinished")));
        expect(&check(&[file("a.md", text)]), &[]);
    }

    #[test]
    fn unsafe_is_found_outside_its_module() {
        let text = "unsafe { f() }\n// unsafe in prose\n#![deny(unsafe_code)]\n";
        expect(&check(&[file("a.rs", text)]), &[("a.rs:1", "unsafe")]);
        expect(&check(&[file(UNSAFE_ALLOWED[0], text)]), &[]);
    }

    #[test]
    fn users_are_told_of_all_unsafe_code() {
        let all = UNSAFE_ALLOWED.join("\n");
        expect(&check(&[file(SECURITY, &all)]), &[]);
        expect(&check(&[file(SECURITY, &all.replace(UNSAFE_ALLOWED[1], ""))]), &[(SECURITY, "unsafe-untold")]);
    }

    #[test]
    fn the_rules_do_not_look_at_themselves() {
        expect(&check(&[file("xtask/src/tidy/text.rs", "TODO /tmp/ unsafe\n")]), &[]);
    }
}
