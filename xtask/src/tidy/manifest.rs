//! What every crate has: an inherited manifest, a README, tests and a benchmark.

use crate::packages::{CONSUMERS, first_example};
use crate::workspace::{Package, Workspace};

use super::rule::{TrackedFile, Violation};

/// Keys a manifest takes from the workspace.
const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "license"];

/// What a registry shows of a package.
const SHOWN: [&str; 4] = ["repository", "readme", "keywords", "categories"];

/// The texts of the licenses, which the package of each crate has to contain.
const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// All rules of this file.
pub(super) fn check(workspace: &Workspace, files: &[TrackedFile]) -> Vec<Violation> {
    let text = |path: &str| files.iter().find(|file| file.path == path).and_then(|file| file.text.as_deref());
    let mut violations = denies_missing_docs(text("Cargo.toml").unwrap_or_default());
    for package in &workspace.members {
        let path = format!("{}/Cargo.toml", package.directory);
        let Some(manifest) = text(&path) else {
            violations.push(Violation::new(path, "manifest", "git does not track this manifest: add it"));
            continue;
        };
        violations.extend(inherits(&path, manifest));
        violations.extend(description(package, &path));
        if package.is_published {
            violations.extend(shown(&path, manifest));
            violations.extend(licenses(&package.directory, &text));
        }
        if package.directory.starts_with("crates/") {
            violations.extend(inherits_lints(&path, manifest));
            violations.extend(has_benchmark(package, &path, manifest));
            violations.extend(has_tests(package, files));
            let readme = format!("{}/README.md", package.directory);
            violations.extend(has_readme(package, &readme, text(&readme)));
            let consumer = format!("{CONSUMERS}/{}/Cargo.toml", package.name);
            if let Some(manifest) = text(&consumer) {
                violations.extend(is_consumer(package, &consumer, manifest));
                violations.extend(has_example(&readme, text(&readme).unwrap_or_default()));
            }
        }
    }
    violations
}

/// The lines of every section `header` of a manifest, without spaces.
fn sections(manifest: &str, header: &str) -> Vec<Vec<String>> {
    let mut sections: Vec<Vec<String>> = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        let line: String = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        if line.starts_with('[') && line.ends_with(']') {
            inside = line == header;
            if inside {
                sections.push(Vec::new());
            }
        } else if inside && let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    sections
}

fn contains(manifest: &str, header: &str, lines: &[&str]) -> bool {
    sections(manifest, header).concat().iter().any(|line| lines.contains(&line.as_str()))
}

fn denies_missing_docs(manifest: &str) -> Vec<Violation> {
    let lines = ["missing_docs=\"deny\"", "missing_docs=\"forbid\""];
    if contains(manifest, "[workspace.lints.rust]", &lines) {
        return Vec::new();
    }
    let message =
        "the workspace does not deny `missing_docs`: write missing_docs = \"deny\" into [workspace.lints.rust]";
    vec![Violation::new("Cargo.toml", "missing-docs", message)]
}

fn inherits(path: &str, manifest: &str) -> Vec<Violation> {
    let inherited = |key: &&&str| {
        let lines = [format!("{key}.workspace=true"), format!("{key}={{workspace=true}}")];
        contains(manifest, "[package]", &[&lines[0], &lines[1]])
    };
    let violation = |key: &&str| {
        let message = format!("`{key}` is not the workspace's: write `{key}.workspace = true` into [package]");
        Violation::new(path, "inherited", message)
    };
    INHERITED.iter().filter(|key| !inherited(key)).map(violation).collect()
}

fn description(package: &Package, path: &str) -> Option<Violation> {
    let described = package.description.as_deref().is_some_and(|text| !text.trim().is_empty());
    let message = "there is no description: say in one sentence what the crate is for";
    (!described).then(|| Violation::new(path, "description", message))
}

fn shown(path: &str, manifest: &str) -> Vec<Violation> {
    let lines = sections(manifest, "[package]").concat();
    let has = |key: &&str| {
        lines.iter().any(|line| line.starts_with(&format!("{key}=")) || line.starts_with(&format!("{key}.")))
    };
    let violation =
        |key: &&str| Violation::new(path, "package", format!("`{key}` is missing in [package]: a registry shows it"));
    SHOWN.iter().filter(|key| !has(key)).map(violation).collect()
}

fn licenses<'a>(directory: &str, text: &impl Fn(&str) -> Option<&'a str>) -> Vec<Violation> {
    let path = |name: &str| format!("{directory}/{name}");
    let differs = |name: &&str| text(name).is_none() || text(&path(name)) != text(name);
    let violation = |name: &str| {
        let message = format!("the package would not contain it: `ln -s ../../{name} {}`", path(name));
        Violation::new(path(name), "license", message)
    };
    LICENSES.into_iter().filter(differs).map(violation).collect()
}

/// A consumer shows that one line in a manifest is enough.
fn is_consumer(package: &Package, path: &str, manifest: &str) -> Option<Violation> {
    let lines: Vec<String> =
        sections(manifest, "[dependencies]").concat().into_iter().filter(|l| !l.is_empty()).collect();
    let (version, name) = (&package.version, &package.name);
    let minor = version.rsplit_once('.').map_or(version.as_str(), |parts| parts.0);
    let wanted = format!("{name}=\"{minor}\"");
    let named = contains(manifest, "[package]", &[&format!("name=\"consumer-of-{name}\"")]);
    let message = format!("write `{name} = \"{minor}\"` as its only dependency, and the name consumer-of-{name}");
    (lines != [wanted] || !named).then(|| Violation::new(path, "consumer", message))
}

fn has_example(path: &str, readme: &str) -> Option<Violation> {
    let message =
        "its first block of Rust is no whole program: begin with the ten lines that one line in a manifest allows";
    first_example(readme).is_none().then(|| Violation::new(path, "example", message))
}

fn inherits_lints(path: &str, manifest: &str) -> Option<Violation> {
    let message = "the lints are not the workspace's: write `workspace = true` into [lints]";
    (!contains(manifest, "[lints]", &["workspace=true"])).then(|| Violation::new(path, "lints", message))
}

/// Criterion brings its own main function, so each benchmark must switch the built-in harness off.
fn has_benchmark(package: &Package, path: &str, manifest: &str) -> Option<Violation> {
    let benches = sections(manifest, "[[bench]]");
    let message = if benches.is_empty() || !package.target_kinds.contains("bench") {
        "there is no benchmark: register one as [[bench]] with a name and `harness = false`"
    } else if !benches.iter().all(|bench| bench.iter().any(|line| line == "harness=false")) {
        "a [[bench]] lacks `harness = false`, which criterion needs"
    } else if !package.dev_dependencies.contains("criterion") {
        "criterion is no dev-dependency: the benchmarks are criterion's"
    } else {
        return None;
    };
    Some(Violation::new(path, "benchmark", message))
}

fn has_tests(package: &Package, files: &[TrackedFile]) -> Option<Violation> {
    let directory = format!("{}/tests/", package.directory);
    let some = files.iter().any(|file| file.path.starts_with(&directory) && file.is_rust());
    let message = "there are no black-box tests: add a .rs file that uses the public interface";
    (!some).then(|| Violation::new(directory, "tests", message))
}

fn has_readme(package: &Package, path: &str, readme: Option<&str>) -> Option<Violation> {
    let Some(readme) = readme else {
        return Some(Violation::new(path, "readme", "it is missing: say what the crate is for and show it used alone"));
    };
    let heading = readme.lines().find_map(|line| line.strip_prefix("# ")).map(|line| line.replace('`', ""));
    if heading.as_deref().map(str::trim) == Some(package.name.as_str()) {
        return None;
    }
    let message = format!("its first heading is {heading:?}: write `# {}`", package.name);
    Some(Violation::new(path, "readme", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::{check as expect, file};
    use crate::workspace::tests::workspace;

    const ROOT: &str = "[workspace.lints.rust]\nmissing_docs = \"deny\"\n";
    const MANIFEST: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition = { workspace = true }\n\
        rust-version.workspace = true # why\nlicense.workspace = true\nrepository.workspace = true\nreadme = \"r\"\n\
        keywords = []\ncategories = []\n[lints]\nworkspace = true\n\
        [[bench]]\nname = \"b\"\nharness = false\n";

    fn found(change: impl Fn(&mut Vec<TrackedFile>)) -> Vec<Violation> {
        let workspace = workspace(&[("a", "crates/a", &[("criterion", "dev")])], &[("criterion", &[])]);
        let mut files = vec![
            file("Cargo.toml", ROOT),
            file("crates/a/Cargo.toml", MANIFEST),
            file("crates/a/README.md", "[badge]\n\n# `a`\n"),
            file("crates/a/tests/black_box.rs", ""),
            file("LICENSE-MIT", "mit"),
            file("LICENSE-APACHE", "apache"),
            file("crates/a/LICENSE-MIT", "mit"),
            file("crates/a/LICENSE-APACHE", "apache"),
        ];
        change(&mut files);
        check(&workspace, &files)
    }

    #[test]
    fn a_whole_crate_passes() {
        expect(&found(|_| {}), &[]);
    }

    #[test]
    fn each_missing_piece_is_found() {
        let replaced = |from: &'static str, to: &'static str| {
            move |files: &mut Vec<TrackedFile>| files[1] = file("crates/a/Cargo.toml", &MANIFEST.replace(from, to))
        };
        let manifest = "crates/a/Cargo.toml";
        expect(&found(replaced("version.workspace = true\ne", "version = \"1.0.0\"\ne")), &[(manifest, "inherited")]);
        expect(&found(replaced("{ workspace = true }", "\"2024\"")), &[(manifest, "inherited")]);
        expect(&found(replaced("[lints]", "[lint]")), &[(manifest, "lints")]);
        expect(&found(replaced("harness = false", "harness = true")), &[(manifest, "benchmark")]);
        expect(&found(replaced("[[bench]]", "[bench]")), &[(manifest, "benchmark")]);
        expect(&found(|files| files[0] = file("Cargo.toml", "[workspace]\n")), &[("Cargo.toml", "missing-docs")]);
        expect(&found(replaced("keywords = []\n", "")), &[(manifest, "package")]);
        expect(&found(|files| drop(files.pop())), &[("crates/a/LICENSE-APACHE", "license")]);
        expect(
            &found(|files| files[6] = file("crates/a/LICENSE-MIT", "../../x")),
            &[("crates/a/LICENSE-MIT", "license")],
        );
        expect(&found(|files| drop(files.remove(1))), &[(manifest, "manifest")]);
        expect(&found(|files| drop(files.remove(2))), &[("crates/a/README.md", "readme")]);
        expect(&found(|files| files[2].text = Some("# b\n# a\n".to_owned())), &[("crates/a/README.md", "readme")]);
        expect(&found(|files| files[3].path = "crates/a/tests/data.csv".to_owned()), &[("crates/a/tests/", "tests")]);
    }

    #[test]
    fn a_consumer_has_one_dependency_and_an_example() {
        let consumer = |dependencies: &'static str, readme: &'static str| {
            found(move |files| {
                let manifest = format!("[package]\nname = \"consumer-of-a\"\n[dependencies]\n{dependencies}\n");
                files.push(file("xtask/consumers/a/Cargo.toml", &manifest));
                files[2] = file("crates/a/README.md", readme);
            })
        };
        let program = "# a\n```rust\nfn main() {}\n```\n";
        let place = "xtask/consumers/a/Cargo.toml";
        expect(&consumer("a = \"0.1\"", program), &[]);
        expect(&consumer("a = \"0.1\"\nb = \"1\"", program), &[(place, "consumer")]);
        expect(&consumer("a = \"0.2\"", program), &[(place, "consumer")]);
        expect(&consumer("a = \"0.1\"", "# a\n```rust\nf();\n```\n"), &[("crates/a/README.md", "example")]);
    }

    #[test]
    fn a_missing_description_or_criterion_is_found() {
        let mut package = workspace(&[("a", "crates/a", &[])], &[]).members.remove(0);
        assert!(description(&package, "m").is_none());
        package.description = Some(" ".to_owned());
        assert!(description(&package, "m").is_some());
        assert!(has_benchmark(&package, "m", MANIFEST).is_some(), "no criterion");
        package.dev_dependencies.insert("criterion".to_owned());
        assert!(has_benchmark(&package, "m", MANIFEST).is_none());
        package.target_kinds.remove("bench");
        assert!(has_benchmark(&package, "m", MANIFEST).is_some(), "no target");
    }
}
