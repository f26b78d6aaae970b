//! Who may depend on whom, inside the workspace and out of it.

use crate::workspace::{Package, Workspace};

use super::rule::Violation;

/// What a member may depend on. Development dependencies on siblings are free.
struct Rule {
    name: &'static str,
    /// Members, normal dependencies: exactly these.
    members: Members,
    /// External crates, normal dependencies: at most these.
    external: &'static [&'static str],
    /// Crates that must not be among all it needs.
    banned: &'static [&'static str],
}

enum Members {
    Exactly(&'static [&'static str]),
    Any,
}

const CORE: Members = Members::Exactly(&["tsne-core"]);

/// One row per member of the workspace.
const RULES: [Rule; 10] = [
    Rule {
        name: "tsne-core",
        members: Members::Exactly(&[]),
        // Matrices and arrays of other crates as rows, and parameters as documents, under features of their names.
        external: &["bytemuck", "faer", "ndarray", "rayon", "serde"],
        banned: &["rustfft", "realfft", "kiddo"],
    },
    Rule {
        name: "tsne-affinity",
        members: CORE,
        external: &["faer", "kiddo", "rayon", "serde"],
        banned: &["rustfft", "realfft"],
    },
    Rule { name: "tsne-bh", members: CORE, external: &["rayon"], banned: &["rustfft", "realfft", "faer", "kiddo"] },
    Rule {
        name: "tsne-fft",
        members: CORE,
        external: &["rayon", "realfft", "rustfft", "serde"],
        banned: &["faer", "kiddo"],
    },
    Rule {
        name: "tsne-optim",
        members: CORE,
        external: &["rayon", "serde"],
        banned: &["rustfft", "realfft", "faer", "kiddo"],
    },
    Rule {
        name: "tsne",
        members: Members::Exactly(&["tsne-affinity", "tsne-bh", "tsne-core", "tsne-fft", "tsne-optim"]),
        // Files that appear whole: `tempfile` for their names, `rustix` for files without one. Arrays in files: `memmap2`.
        external: &["faer", "memmap2", "rand_xoshiro", "rayon", "rustix", "serde", "tempfile"],
        banned: &["clap", "anyhow"],
    },
    Rule {
        name: "tsne-cli",
        members: Members::Exactly(&["tsne"]),
        // `csv-core` and not `csv`: it reads into buffers of ours, so that no line is longer than we allow.
        external: &[
            "anyhow",
            "clap",
            "clap_complete",
            "clap_mangen",
            "csv-core",
            "ctrlc",
            "flate2",
            "arrow-array",
            "arrow-buffer",
            "arrow-ipc",
            "arrow-schema",
            "bytes",
            "hdf5-pure",
            "indicatif",
            "parquet",
            "png",
            "rayon",
            "resvg",
            "ruzstd",
            "serde",
            "serde_json",
            "strsim",
            "ttf-parser",
            "zip",
        ],
        banned: &[],
    },
    Rule { name: "tsne-benches", members: Members::Any, external: &["anyhow", "rayon", "serde_json"], banned: &[] },
    Rule {
        name: "tsne-data",
        members: Members::Exactly(&[]),
        external: &["anyhow", "clap", "faer", "flate2", "npyz"],
        banned: &[],
    },
    Rule {
        name: "xtask",
        members: Members::Exactly(&[]),
        external: &["anyhow", "clap", "proc-macro2", "serde", "serde_json", "xshell"],
        banned: &[],
    },
];

/// External crates any member may use in its tests and benchmarks, besides what it may use normally.
const DEVELOPMENT: [&str; 7] = ["criterion", "csv", "flate2", "npyz", "proptest", "serde_json", "stats_alloc"];

/// All rules of this file for all members.
pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.members {
        match RULES.iter().find(|rule| rule.name == package.name) {
            Some(rule) => {
                violations.extend(member_arrows(workspace, package, rule));
                violations.extend(external_dependencies(workspace, package, rule));
                violations.extend(banned_in_closure(workspace, package, rule));
            }
            None => violations.push(Violation::new(
                &package.name,
                "known-crate",
                "nothing says what this crate may depend on: add a row to RULES in xtask/src/tidy/arrows.rs",
            )),
        }
    }
    violations
}

/// The arrows to other members are exactly the allowed ones.
fn member_arrows(workspace: &Workspace, package: &Package, rule: &Rule) -> Vec<Violation> {
    let Members::Exactly(allowed) = rule.members else { return Vec::new() };
    let surplus =
        package.dependencies.iter().filter(|name| workspace.is_member(name) && !allowed.contains(&name.as_str()));
    let surplus = surplus.map(|name| {
        let message = format!("it must not depend on {name}: move what both need down, or make it a dev-dependency");
        Violation::new(&package.name, "arrow", message)
    });
    let missing = allowed.iter().filter(|name| !package.dependencies.contains(**name)).map(|name| {
        let message = format!("it no longer depends on {name}: take the arrow out of xtask/src/tidy/arrows.rs too");
        Violation::new(&package.name, "arrow", message)
    });
    surplus.chain(missing).collect()
}

/// The external dependencies are on the list.
fn external_dependencies(workspace: &Workspace, package: &Package, rule: &Rule) -> Vec<Violation> {
    let mut violations = Vec::new();
    for name in package.dependencies.iter().filter(|name| !workspace.is_member(name)) {
        if !rule.external.contains(&name.as_str()) {
            let message = format!("{name} is not on its list: do without, or argue for it in xtask/src/tidy/arrows.rs");
            violations.push(Violation::new(&package.name, "external-dependency", message));
        }
    }
    for name in package.dev_dependencies.iter().filter(|name| !workspace.is_member(name)) {
        if !rule.external.contains(&name.as_str()) && !DEVELOPMENT.contains(&name.as_str()) {
            let message = format!("{name} is not on the list DEVELOPMENT in xtask/src/tidy/arrows.rs: do without it");
            violations.push(Violation::new(&package.name, "external-dependency", message));
        }
    }
    violations
}

/// What a user of this crate alone must not be made to build.
fn banned_in_closure(workspace: &Workspace, package: &Package, rule: &Rule) -> Vec<Violation> {
    let closure = workspace.closure(package);
    let found = rule.banned.iter().filter(|name| closure.contains(**name));
    let violation = |name: &&str| {
        let message = format!("it pulls in {name}: `cargo tree -p {} -e normal -i {name}` shows how", package.name);
        Violation::new(&package.name, "closure", message)
    };
    found.map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::check as expect;
    use crate::workspace::tests::workspace;

    const NORMAL: &str = "normal";

    #[test]
    fn the_allowed_arrows_pass() {
        let workspace = workspace(
            &[
                ("tsne-core", "crates/tsne-core", &[("rayon", NORMAL), ("proptest", "dev")]),
                ("tsne-bh", "crates/tsne-bh", &[("tsne-core", NORMAL), ("rayon", NORMAL), ("tsne-fft", "dev")]),
                ("tsne-fft", "crates/tsne-fft", &[("tsne-core", NORMAL), ("rustfft", NORMAL)]),
                ("tsne-benches", "benches", &[("tsne-core", NORMAL), ("tsne-bh", NORMAL)]),
            ],
            &[("rayon", &[]), ("proptest", &[]), ("rustfft", &[])],
        );
        expect(&check(&workspace), &[]);
    }

    #[test]
    fn an_arrow_between_siblings_and_a_lost_arrow_are_found() {
        let workspace = workspace(
            &[
                ("tsne-core", "crates/tsne-core", &[]),
                ("tsne-optim", "crates/tsne-optim", &[("tsne-core", NORMAL)]),
                ("tsne-bh", "crates/tsne-bh", &[("tsne-optim", NORMAL)]),
                ("xtask", "xtask", &[("tsne-core", NORMAL)]),
            ],
            &[],
        );
        expect(&check(&workspace), &[("tsne-bh", "arrow"), ("tsne-bh", "arrow"), ("xtask", "arrow")]);
    }

    #[test]
    fn an_unlisted_dependency_is_found() {
        let workspace = workspace(
            &[("tsne-core", "crates/tsne-core", &[("rand", NORMAL), ("cc", "build"), ("insta", "dev")])],
            &[("rand", &[]), ("cc", &[]), ("insta", &[])],
        );
        expect(&check(&workspace), &[("tsne-core", "external-dependency"); 3]);
    }

    #[test]
    fn a_banned_crate_is_found_behind_another() {
        let workspace = workspace(
            &[("tsne-core", "crates/tsne-core", &[("rayon", NORMAL)])],
            &[("rayon", &["kiddo"]), ("kiddo", &[])],
        );
        expect(&check(&workspace), &[("tsne-core", "closure")]);
    }

    #[test]
    fn an_unknown_crate_is_found() {
        expect(&check(&workspace(&[("tsne-new", "crates/tsne-new", &[])], &[])), &[("tsne-new", "known-crate")]);
    }
}
