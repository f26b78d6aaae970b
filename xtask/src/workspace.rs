//! What `cargo metadata` knows about the workspace, reduced to what the commands ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use xshell::{Shell, cmd};

/// The packages of the workspace and the graph of everything they depend on.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The members, by name.
    pub(crate) members: Vec<Package>,
    /// Where cargo builds.
    pub(crate) target_directory: String,
    /// Name by package id.
    names: BTreeMap<String, String>,
    /// Ids of the normal and build dependencies by package id.
    edges: BTreeMap<String, Vec<String>>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// Relative to the root, with forward slashes.
    pub(crate) directory: String,
    pub(crate) description: Option<String>,
    /// Normal and build dependencies, as declared.
    pub(crate) dependencies: BTreeSet<String>,
    pub(crate) dev_dependencies: BTreeSet<String>,
    /// The kinds of its targets: `lib`, `bin`, `bench`, `test`, `example`.
    pub(crate) target_kinds: BTreeSet<String>,
    /// The names of its examples.
    pub(crate) examples: BTreeSet<String>,
    /// The features that can be asked for, `default` not among them.
    pub(crate) features: BTreeSet<String>,
    /// Whether some of them are there unasked.
    pub(crate) has_default_features: bool,
    /// Whether it may go to a registry.
    pub(crate) is_published: bool,
    /// The oldest compiler that is promised to build it.
    pub(crate) rust_version: Option<String>,
}

impl Package {
    /// Whether it is a library of the toolkit.
    pub(crate) fn is_library(&self) -> bool {
        self.directory.starts_with("crates/") && self.target_kinds.contains("lib")
    }
}

impl Workspace {
    /// Builds the command as the step `test` does, whose build serves then: with all features, and those that tests ask of its
    /// dependencies. Alone it would be compiled again.
    pub(crate) fn command(shell: &Shell, target: &Path) -> Result<PathBuf> {
        cmd!(shell, "cargo test --workspace --all-features --no-run").run()?;
        Ok(target.join("debug/tsne").with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// Asks cargo, for the platform this runs on: other platforms would need crates nothing here builds.
    pub(crate) fn load(shell: &Shell) -> Result<Self> {
        let version = cmd!(shell, "rustc -vV").quiet().read()?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
        let text = cmd!(shell, "cargo metadata --format-version 1 --filter-platform {host}").quiet().read()?;
        Self::parse(&serde_json::from_str(&text).context("`cargo metadata` did not print JSON")?)
    }

    /// Reads the output of `cargo metadata`.
    pub(crate) fn parse(metadata: &Value) -> Result<Self> {
        let root = string(metadata, "workspace_root")?.replace('\\', "/");
        let member_ids: BTreeSet<&str> =
            array(metadata, "workspace_members")?.iter().filter_map(Value::as_str).collect();
        let (mut members, mut names) = (Vec::new(), BTreeMap::new());
        for package in array(metadata, "packages")? {
            let (id, name) = (string(package, "id")?, string(package, "name")?);
            names.insert(id.to_owned(), name.to_owned());
            if member_ids.contains(id) {
                members.push(member(package, &root)?);
            }
        }
        members.sort_by(|a: &Package, b: &Package| a.name.cmp(&b.name));
        let mut edges = BTreeMap::new();
        for node in array(&metadata["resolve"], "nodes")? {
            let mut to = Vec::new();
            for edge in array(node, "deps")? {
                if array(edge, "dep_kinds")?.iter().any(|kind| kind["kind"] != "dev") {
                    to.push(string(edge, "pkg")?.to_owned());
                }
            }
            edges.insert(string(node, "id")?.to_owned(), to);
        }
        Ok(Self { members, target_directory: string(metadata, "target_directory")?.to_owned(), names, edges })
    }

    /// Whether `name` is a member.
    pub(crate) fn is_member(&self, name: &str) -> bool {
        self.members.iter().any(|package| package.name == name)
    }

    /// The names of all that `package` needs to be built: its normal and build dependencies and theirs.
    pub(crate) fn closure(&self, package: &Package) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![&package.id];
        while let Some(id) = open.pop() {
            open.extend(self.edges.get(id).into_iter().flatten().filter(|next| seen.insert(*next)));
        }
        seen.into_iter().filter_map(|id| self.names.get(id)).map(String::as_str).collect()
    }
}

fn member(package: &Value, root: &str) -> Result<Package> {
    let manifest = string(package, "manifest_path")?.replace('\\', "/");
    let Some(directory) = manifest
        .strip_prefix(root)
        .and_then(|path| path.strip_suffix("/Cargo.toml"))
        .map(|path| path.trim_matches('/'))
    else {
        bail!("the manifest {manifest} lies outside the workspace {root}");
    };
    let mut member = Package {
        id: string(package, "id")?.to_owned(),
        name: string(package, "name")?.to_owned(),
        version: string(package, "version")?.to_owned(),
        directory: directory.to_owned(),
        description: package["description"].as_str().map(str::to_owned),
        // `publish = false` is an empty list of registries.
        is_published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        rust_version: package["rust_version"].as_str().map(str::to_owned),
        ..Package::default()
    };
    for dependency in array(package, "dependencies")? {
        let name = string(dependency, "name")?.to_owned();
        if dependency["kind"] == "dev" {
            member.dev_dependencies.insert(name);
        } else {
            member.dependencies.insert(name);
        }
    }
    if let Some(features) = package["features"].as_object() {
        member.features = features.keys().filter(|name| *name != "default").cloned().collect();
        member.has_default_features =
            features.get("default").and_then(Value::as_array).is_some_and(|on| !on.is_empty());
    }
    for target in array(package, "targets")? {
        let kinds = array(target, "kind")?;
        member.target_kinds.extend(kinds.iter().filter_map(Value::as_str).map(str::to_owned));
        if kinds.iter().any(|kind| kind == "example") {
            member.examples.insert(string(target, "name")?.to_owned());
        }
    }
    Ok(member)
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("`cargo metadata` has no list `{key}`"))
}

fn string<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("`cargo metadata` has no text `{key}`"))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// Name, directory, dependencies with their kind (`normal`, `dev`, `build`).
    type Member<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);
    /// Name, normal dependencies.
    type External<'a> = (&'a str, &'a [&'a str]);

    /// A workspace as cargo would tell it.
    pub(crate) fn workspace(members: &[Member<'_>], external: &[External<'_>]) -> Workspace {
        let id = |name: &str| format!("path+{name}");
        let kind = |kind: &str| if kind == "normal" { Value::Null } else { json!(kind) };
        let mut packages = Vec::new();
        let mut nodes = Vec::new();
        for (name, directory, dependencies) in members {
            let declared: Vec<Value> =
                dependencies.iter().map(|(name, k)| json!({ "name": name, "kind": kind(k) })).collect();
            let edges: Vec<Value> = dependencies
                .iter()
                .map(|(name, k)| json!({ "pkg": id(name), "dep_kinds": [{ "kind": kind(k) }] }))
                .collect();
            packages.push(json!({
                "id": id(name), "name": name, "version": "0.1.0", "description": "text", "publish": null,
                "rust_version": "1.89", "features": { "default": [], "serde": [] }, "manifest_path": format!("/r/{directory}/Cargo.toml"),
                "dependencies": declared, "targets": [
                    { "kind": ["lib"], "name": name }, { "kind": ["bench"], "name": "b" },
                    { "kind": ["example"], "name": "e" },
                ],
            }));
            nodes.push(json!({ "id": id(name), "deps": edges }));
        }
        for (name, dependencies) in external {
            let edges: Vec<Value> =
                dependencies.iter().map(|name| json!({ "pkg": id(name), "dep_kinds": [{ "kind": null }] })).collect();
            packages.push(json!({ "id": id(name), "name": name }));
            nodes.push(json!({ "id": id(name), "deps": edges }));
        }
        let ids: Vec<String> = members.iter().map(|member| id(member.0)).collect();
        Workspace::parse(&json!({
            "workspace_root": "/r", "target_directory": "/r/target", "workspace_members": ids,
            "packages": packages, "resolve": { "nodes": nodes },
        }))
        .unwrap()
    }

    #[test]
    fn members_and_closures_are_read() {
        let workspace = workspace(
            &[
                ("b", "crates/b", &[("a", "normal"), ("t", "dev")]),
                ("a", "crates/a", &[("x", "normal"), ("g", "build")]),
            ],
            &[("x", &["y"]), ("y", &["x"]), ("t", &["u"]), ("u", &[]), ("g", &[])],
        );
        let names: Vec<&str> = workspace.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let b = &workspace.members[1];
        assert_eq!(b.directory, "crates/b");
        assert!(b.dependencies.contains("a") && b.dev_dependencies.contains("t") && b.target_kinds.contains("bench"));
        assert!(b.is_library() && b.is_published && b.rust_version.as_deref() == Some("1.89"));
        assert!(b.features.iter().eq(["serde"]) && b.examples.iter().eq(["e"]));
        let closure: Vec<&str> = workspace.closure(b).into_iter().collect();
        assert_eq!(closure, ["a", "g", "x", "y"], "dev-dependencies are no part, cycles end");
        assert!(workspace.is_member("a") && !workspace.is_member("x"));
        assert!(Workspace::parse(&json!({})).is_err());
    }
}
