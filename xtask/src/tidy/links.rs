//! Links in Markdown that lead to files of this repository.

use std::collections::BTreeSet;

use super::rule::{TrackedFile, Violation};

/// All rules of this file.
pub(super) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    // A link may lead to a directory, too.
    let mut known = BTreeSet::new();
    for file in files {
        known.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]).chain([file.path.as_str()]));
    }
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let mut in_code = false;
        for (number, line) in file.lines() {
            in_code ^= line.trim_start().starts_with("```");
            let broken = |link: &&str| !in_code && leads_nowhere(&file.path, link, &known);
            violations.extend(links(line).filter(broken).map(|link| {
                Violation::new(
                    format!("{}:{number}", file.path),
                    "link",
                    format!("{link} leads to no file of this repository"),
                )
            }));
        }
    }
    violations
}

/// What stands in `](...)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// Whether `link` in the file `from` names a path that nobody knows; anchors and other sites are not looked at.
fn leads_nowhere(from: &str, link: &str, known: &BTreeSet<&str>) -> bool {
    let path = link.split('#').next().unwrap_or_default().trim_end_matches('/');
    if path.is_empty() || link.contains("://") || link.starts_with("mailto:") {
        return false;
    }
    let mut at: Vec<&str> = from.split('/').collect();
    at.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if at.pop().is_none() => return true,
            ".." => {}
            part => at.push(part),
        }
    }
    !at.is_empty() && !known.contains(at.join("/").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::{check as expect, file};

    #[test]
    fn links_to_nothing_are_found() {
        let text = "[a](b.md#x) [w](https://a.org/x) [d](../src)\n![p](images/p.png)\n[r](../README.md)\n[o](../../o)\n\
            ```\n[c](code)\n```\n[here](#there) [root](..)\n";
        let files =
            [file("docs/a.md", text), file("docs/b.md", ""), file("src/lib.rs", "// [x](y)"), file("README.md", "")];
        expect(&check(&files), &[("docs/a.md:2", "link"), ("docs/a.md:4", "link")]);
    }
}
