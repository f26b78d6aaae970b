//! Circles of files within a crate, and names that a file takes from elsewhere than the file that defines them.
//!
//! An arrow goes from a file to the file that defines what it names. A re-export (`pub use`) is no arrow of its own: it
//! only gives a name a second place, and who takes it there is pointed to where it comes from. Code of tests is left
//! out: it may look at everything.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::workspace::Workspace;

use super::rule::{TrackedFile, Violation};

/// The names from the root of a crate down to a module or an item.
type Names = Vec<String>;

/// All rules of this file for all members.
pub(super) fn check(workspace: &Workspace, files: &[TrackedFile]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.members {
        match Modules::read(&format!("{}/src/", package.directory), files) {
            Ok(modules) => violations.extend(modules.check()),
            Err(violation) => violations.push(violation),
        }
    }
    violations
}

/// A file, and the names in it.
#[derive(Debug, Default)]
struct Module {
    path: String,
    /// What it uses, from the root.
    uses: BTreeSet<Names>,
    /// What it brings in by `use`: the name there, and the names from the root.
    brought: BTreeMap<String, Names>,
}

/// The files of a crate by the names of their modules.
#[derive(Debug, Default)]
struct Modules {
    modules: BTreeMap<Names, Module>,
}

impl Modules {
    fn read(source: &str, files: &[TrackedFile]) -> Result<Self, Violation> {
        let has_library = files.iter().any(|file| file.path == format!("{source}lib.rs"));
        let mut parsed = Vec::new();
        for file in files.iter().filter(|file| file.is_rust()) {
            let Some(inside) = file.path.strip_prefix(source) else { continue };
            // A program beside a library is a crate of its own.
            if (has_library && inside == "main.rs") || inside.starts_with("bin/") {
                continue;
            }
            let tokens: TokenStream = file.text.as_deref().unwrap_or_default().parse().map_err(|_| {
                Violation::new(&file.path, "circle", "this is no Rust that its arrows could be read from")
            })?;
            parsed.push((names(inside), &file.path, tokens));
        }
        if !parsed.iter().any(|(name, ..)| name.is_empty()) {
            return Ok(Self::default());
        }
        let known: BTreeSet<Names> = parsed.iter().map(|(name, ..)| name.clone()).collect();
        let mut modules = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for (name, path, tokens) in parsed {
            let mut reader =
                Reader { known: &known, module: Module { path: path.clone(), ..Module::default() }, tests: &mut tests };
            reader.items(tokens, &name);
            let module = reader.module;
            modules.insert(name, module);
        }
        modules.retain(|name, _| !tests.iter().any(|test: &Names| name.starts_with(test)));
        Ok(Self { modules })
    }

    fn check(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut arrows: BTreeMap<&Names, BTreeSet<&Names>> = BTreeMap::new();
        for (name, module) in &self.modules {
            let mut through_root = Vec::new();
            for used in &module.uses {
                let (target, own_name) = self.definer(used);
                if let Some(own_name) = own_name.filter(|_| !name.is_empty()) {
                    through_root.push(format!("crate::{}", own_name.join("::")));
                }
                if target != name {
                    arrows.entry(name).or_default().insert(target);
                }
            }
            if !through_root.is_empty() {
                let message =
                    format!("names are taken through the root of the crate: write {}", through_root.join(", "));
                violations.push(Violation::new(&module.path, "through-root", message));
            }
        }
        let path = |name: &Names| self.modules[name].path.as_str();
        for circle in circles(&arrows) {
            let way: Vec<&str> = circle.iter().chain(circle.first()).map(|name| path(name)).collect();
            let message = format!("{}: move what both need into a file below both", way.join(" -> "));
            violations.push(Violation::new(way[0], "circle", message));
        }
        violations
    }

    /// The module that defines what `used` names, and the name there where `used` goes through the root of the crate,
    /// which only passes it on.
    fn definer(&self, used: &[String]) -> (&Names, Option<Names>) {
        let mut used = used.to_vec();
        let mut through_root = false;
        // A chain of re-exports is no longer than there are files.
        for _ in 0..self.modules.len() {
            let (at, module) = self.owner(&used);
            let Some(next) = used.get(at.len()).and_then(|name| module.brought.get(name)) else { break };
            through_root |= at.is_empty();
            used = next.iter().chain(&used[at.len() + 1..]).cloned().collect();
        }
        (self.owner(&used).0, through_root.then_some(used))
    }

    /// The file in which `used` is looked up: that of the longest beginning that is one.
    fn owner(&self, used: &[String]) -> (&Names, &Module) {
        let mut at = used.len();
        loop {
            match self.modules.get_key_value(&used[..at]) {
                Some(found) => return found,
                None => at -= 1,
            }
        }
    }
}

/// The names of the module that the file `inside` of a source directory is.
fn names(inside: &str) -> Names {
    let mut names: Names = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|last| last == "mod") || inside == "lib.rs" || inside == "main.rs" {
        names.pop();
    }
    names
}

/// Reads the paths of one file out of its tokens: in code, and in the arguments of macros.
struct Reader<'a> {
    /// All modules of the crate that are files.
    known: &'a BTreeSet<Names>,
    module: Module,
    /// Modules for tests only, of all files.
    tests: &'a mut BTreeSet<Names>,
}

impl Reader<'_> {
    /// The tokens of a module, or of any part of it: what lies in `scope`.
    fn items(&mut self, tokens: TokenStream, scope: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at = self.skip_item(&tokens, at + 2, scope);
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let end = (at..tokens.len()).find(|&i| is_punct(tokens.get(i), ';')).unwrap_or(tokens.len());
                    let visible = at > 0 && is_visibility(&tokens[..at]);
                    for (name, path) in self.tree(&tokens[at + 1..end], scope, &[]) {
                        if !visible {
                            self.module.uses.insert(path.clone());
                        }
                        if !name.is_empty() {
                            self.module.brought.insert(name, path);
                        }
                    }
                    at = end;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    {
                        let inner: Names = scope.iter().cloned().chain([name.to_string()]).collect();
                        self.items(body.stream(), &inner);
                        at += 2;
                    }
                }
                TokenTree::Ident(_) if is_path(&tokens[at..]) && !follows_path(&tokens[..at]) => {
                    let mut end = at + 1;
                    while is_path(&tokens[end - 1..]) && matches!(tokens.get(end + 2), Some(TokenTree::Ident(_))) {
                        end += 3;
                    }
                    for (_, path) in self.tree(&tokens[at..end], scope, &[]) {
                        self.module.uses.insert(path);
                    }
                    at = end - 1;
                }
                TokenTree::Group(group) => self.items(group.stream(), scope),
                _ => {}
            }
            at += 1;
        }
    }

    /// The leaves of a `use` tree, or the one path that it is: the name brought in, and the names from the root. Paths
    /// to other crates have none.
    fn tree(&self, tokens: &[TokenTree], scope: &[String], before: &[String]) -> Vec<(String, Names)> {
        let mut found = Vec::new();
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            let mut path = before.to_vec();
            let mut name = String::new();
            let mut group = None;
            let mut words = branch.iter().peekable();
            while let Some(token) = words.next() {
                match token {
                    TokenTree::Ident(word) if word == "as" => {
                        name = words.next().map(ToString::to_string).unwrap_or_default();
                    }
                    TokenTree::Ident(word) => {
                        name = word.to_string();
                        path.push(name.clone());
                    }
                    TokenTree::Punct(punct) if punct.as_char() == '*' => name = String::new(),
                    TokenTree::Group(inner) if inner.delimiter() == Delimiter::Brace => group = Some(inner.stream()),
                    _ => {}
                }
            }
            if let Some(group) = group {
                found.extend(self.tree(&group.into_iter().collect::<Vec<_>>(), scope, &path));
            } else if let Some(path) = self.absolute(&path, scope) {
                found.push((name, path));
            }
        }
        found
    }

    /// The names from the root, of a path written in `scope`; none for other crates and for what stands in the file.
    fn absolute(&self, path: &[String], scope: &[String]) -> Option<Names> {
        let mut at = match path.first()?.as_str() {
            "crate" => Names::new(),
            "self" | "super" => scope.to_vec(),
            child => {
                let child: Names = scope.iter().cloned().chain([child.to_owned()]).collect();
                return self.known.contains(&child).then(|| [scope, path].concat());
            }
        };
        for word in path {
            match word.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                word => at.push(word.to_owned()),
            }
        }
        Some(at)
    }

    /// The place after the item that begins at `at`, attributes included; a module for tests is noted.
    fn skip_item(&mut self, tokens: &[TokenTree], mut at: usize, scope: &[String]) -> usize {
        let mut is_use = false;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Ident(word) if word == "use" => is_use = true,
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(TokenTree::Ident(name)) = tokens.get(at) {
                        self.tests.insert(scope.iter().cloned().chain([name.to_string()]).collect());
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !is_use => break,
                _ => {}
            }
        }
        at
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Whether a word and `::` stand here.
fn is_path(tokens: &[TokenTree]) -> bool {
    is_punct(tokens.get(1), ':') && is_punct(tokens.get(2), ':')
}

/// Whether what comes next goes on with a path.
fn follows_path(before: &[TokenTree]) -> bool {
    is_punct(before.last(), ':') && before.len() > 1 && is_punct(before.get(before.len() - 2), ':')
}

/// Whether `pub` or `pub(...)` ends here.
fn is_visibility(before: &[TokenTree]) -> bool {
    let is_pub = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if word == "pub");
    let is_group =
        matches!(before.last(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    is_pub(before.last()) || (is_group && before.len() > 1 && is_pub(before.get(before.len() - 2)))
}

/// Whether `#[cfg(test)]` stands here.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(attribute), ..] if is_punct(Some(hash), '#') => {
            let text: String = attribute.to_string().split_whitespace().collect();
            text == "[cfg(test)]" || text.starts_with("[cfg(all(test,")
        }
        _ => false,
    }
}

/// One circle of each knot of arrows: the shortest way from the knot's first file back to it.
fn circles<'a>(arrows: &BTreeMap<&'a Names, BTreeSet<&'a Names>>) -> Vec<Vec<&'a Names>> {
    let mut found: Vec<Vec<&Names>> = Vec::new();
    let mut known: BTreeSet<&Names> = BTreeSet::new();
    for &start in arrows.keys() {
        let from = reached(arrows, start);
        if known.contains(start) || !from.contains_key(start) {
            continue;
        }
        known.extend(from.keys().copied().filter(|name| reached(arrows, name).contains_key(start)));
        let mut circle = vec![from[start]];
        while circle[circle.len() - 1] != start {
            circle.push(from[circle[circle.len() - 1]]);
        }
        circle.reverse();
        found.push(circle);
    }
    found
}

/// What the arrows lead to from `start`, each with the file before it on a shortest way.
fn reached<'a>(arrows: &BTreeMap<&'a Names, BTreeSet<&'a Names>>, start: &'a Names) -> BTreeMap<&'a Names, &'a Names> {
    let mut from: BTreeMap<&Names, &Names> = BTreeMap::new();
    let mut open = vec![start];
    let mut at = 0;
    while let Some(&name) = open.get(at) {
        at += 1;
        for &next in arrows.get(name).into_iter().flatten() {
            if from.insert(next, from.get(next).copied().unwrap_or(name)).is_none() {
                open.push(next);
            }
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::{check as expect, file};

    fn found(files: &[(&str, &str)]) -> Vec<Violation> {
        let files: Vec<TrackedFile> =
            files.iter().map(|(name, text)| file(&format!("crates/a/src/{name}"), text)).collect();
        Modules::read("crates/a/src/", &files).unwrap().check()
    }

    #[test]
    fn a_circle_is_found_in_uses_paths_and_macros() {
        for there in [
            "use crate::b::f;",
            "use crate::{b::{f, g as h}};",
            "fn x() { crate::b::f() }",
            "fn x() { assert!(crate::b::f()) }",
            "use super::b::*;",
        ] {
            for back in ["use crate::a;", "use super::a::{self, X};", "fn y(x: super::a::X) {}"] {
                let violations = found(&[("lib.rs", "mod a; mod b;"), ("a.rs", there), ("b.rs", back)]);
                expect(&violations, &[("crates/a/src/a.rs", "circle")]);
                assert!(
                    violations[0].message.contains("a.rs -> crates/a/src/b.rs -> crates/a/src/a.rs"),
                    "{violations:?}"
                );
            }
        }
        expect(
            &found(&[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::f;"),
                ("b.rs", "// use crate::a\nconst C: &str = \"crate::a\";"),
            ]),
            &[],
        );
    }

    #[test]
    fn a_file_and_its_parent_are_a_circle_where_both_use_each_other() {
        let child = ("a/c.rs", "use super::X;");
        expect(&found(&[("lib.rs", ""), ("a/mod.rs", "mod c; pub use c::Y; pub struct X;"), child]), &[]);
        expect(
            &found(&[("lib.rs", ""), ("a/mod.rs", "mod c; fn f() { c::g() } pub struct X;"), child]),
            &[("crates/a/src/a/mod.rs", "circle")],
        );
        expect(
            &found(&[("lib.rs", ""), ("a.rs", "mod c; use self::c::g; pub struct X;"), child]),
            &[("crates/a/src/a.rs", "circle")],
        );
    }

    #[test]
    fn a_name_brought_in_points_to_its_definition() {
        let files = |b| {
            [
                ("lib.rs", "mod a; mod b;"),
                ("a/mod.rs", "mod x; mod y; pub use x::X; use y::Y;"),
                ("a/x.rs", b),
                ("a/y.rs", "use super::X;"),
            ]
        };
        expect(&found(&files("")), &[]);
        expect(&found(&files("use super::Y;")), &[("crates/a/src/a/x.rs", "circle")]);
    }

    #[test]
    fn a_name_taken_through_the_root_is_found() {
        let root = ("lib.rs", "mod a; mod b; pub use b::B; pub struct Own;");
        let violations = found(&[root, ("a.rs", "use crate::B;"), ("b.rs", "")]);
        expect(&violations, &[("crates/a/src/a.rs", "through-root")]);
        assert!(violations[0].message.ends_with("write crate::b::B"), "{violations:?}");
        expect(&found(&[root, ("a.rs", "use crate::{Own, b::B};"), ("b.rs", "")]), &[]);
    }

    #[test]
    fn tests_may_look_at_everything() {
        let a = "#[cfg(test)] mod tests { use crate::b::f; }\n#[cfg(test)] use crate::b::{f, g};\n#[cfg(test)] mod more;\nfn x() {}";
        expect(&found(&[("lib.rs", ""), ("a.rs", a), ("b.rs", "use crate::a;"), ("a/more.rs", "use crate::b;")]), &[]);
    }
}
