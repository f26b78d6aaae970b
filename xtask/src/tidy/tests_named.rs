//! Tests that documents name, as `crate · file::test`: a promise whose test is gone is no promise.

use super::rule::{TrackedFile, Violation};

/// All rules of this file.
pub(super) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, line) in file.lines() {
            violations.extend(named(line).filter(|test| !test.is_in(files)).map(|test| {
                Violation::new(
                    format!("{}:{number}", file.path),
                    "test",
                    format!("there is no {} in a file {}.rs of {}", test.what(), test.module, test.package),
                )
            }));
        }
    }
    violations
}

/// A test, or all tests of a file.
#[derive(Debug, PartialEq)]
struct Named<'a> {
    package: &'a str,
    module: &'a str,
    test: Option<&'a str>,
}

impl Named<'_> {
    fn what(&self) -> String {
        self.test.map_or_else(|| "test".to_owned(), |test| format!("test {test}"))
    }

    fn is_in(&self, files: &[TrackedFile]) -> bool {
        let home = format!("crates/{}/", self.package);
        let names = [format!("/{}.rs", self.module), format!("/{}/mod.rs", self.module)];
        let is_there = |text: &str| match self.test {
            Some(test) => text.contains(&format!("fn {test}(")),
            None => text.contains("#[test]"),
        };
        files
            .iter()
            .filter(|file| file.path.starts_with(&home) && names.iter().any(|name| file.path.ends_with(name)))
            .any(|file| file.text.as_deref().is_some_and(is_there))
    }
}

/// What stands around each ` · ` of a line, where it names a crate and a file.
fn named(line: &str) -> impl Iterator<Item = Named<'_>> {
    line.match_indices(" · ").filter_map(|(at, dot)| {
        let before = &line[..at];
        let package = &before[before.rfind(|c: char| !is_of_package(c)).map_or(0, |last| last + 1)..];
        // The separator may be longer than a byte.
        let package = package.trim_start_matches(|c: char| !c.is_ascii());
        let rest = &line[at + dot.len()..];
        let path = &rest[..rest.find(|c: char| !is_of_path(c)).unwrap_or(rest.len())];
        let (module, test) = match path.split_once("::") {
            Some((module, test)) => (module, Some(test)),
            None => (path, None),
        };
        (package.starts_with("tsne") && !module.is_empty()).then_some(Named { package, module, test })
    })
}

fn is_of_package(c: char) -> bool {
    c.is_ascii_lowercase() || c == '-'
}

fn is_of_path(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == ':'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::{check as expect, file};

    #[test]
    fn names_stand_around_a_dot() {
        let line = "| a | tsne-core · graph::what_goes_in, tsne · fit | p · q | x · y::z |";
        let found: Vec<Named<'_>> = named(line).collect();
        assert_eq!(
            found,
            [
                Named { package: "tsne-core", module: "graph", test: Some("what_goes_in") },
                Named { package: "tsne", module: "fit", test: None },
            ]
        );
    }

    #[test]
    fn tests_that_are_gone_are_found() {
        let text =
            "| tsne · fit::works |\n| tsne · fit::is_gone |\n| tsne · nowhere |\n| tsne · fit, tsne-bh · tree |\n";
        let files = [
            file("docs/a.md", text),
            file("crates/tsne/tests/suite/fit.rs", "#[test]\nfn works() {}\n"),
            file("crates/tsne-bh/src/tree/mod.rs", "#[test]\nfn builds() {}\n"),
        ];
        expect(&check(&files), &[("docs/a.md:2", "test"), ("docs/a.md:3", "test")]);
    }
}
