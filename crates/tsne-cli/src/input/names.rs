//! Columns by name, number, range and pattern; of a name that is none, the nearest ones.
//!
//! A whole text is a name before it is anything else, so that a column named `a,b` or `x*` can be chosen as any other.

use anyhow::{Context, Result, bail, ensure};

/// Names that a message shows at most.
const SHOWN: usize = 3;

/// Characters of the longest names that are compared for being near: a slip of the pen is found in all that people type.
const LONGEST: usize = 100;

/// What names are of, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) one: &'static str,
}

/// Columns of a table.
pub(crate) const COLUMN: Kind = Kind { one: "column" };

/// The names of columns in their order; those without a name have only a number.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    names: Vec<Option<&'a str>>,
    kind: Kind,
}

/// Columns that a text chooses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) columns: Vec<usize>,
    /// Whether the text is the name or number of the only one.
    pub(crate) exact: bool,
}

impl<'a> Names<'a> {
    pub(crate) fn new(names: impl IntoIterator<Item = Option<&'a str>>, kind: Kind) -> Self {
        Self { names: names.into_iter().collect(), kind }
    }

    /// The column of this name or number.
    pub(crate) fn find(&self, wanted: &str) -> Result<usize> {
        if let Some(column) = wanted.strip_prefix('#').and_then(|text| self.number(text)) {
            return Ok(column);
        }
        let mut named = (0..self.names.len()).filter(|&column| self.names[column] == Some(wanted));
        match (named.next(), named.next(), self.number(wanted)) {
            (Some(column), None, None) => Ok(column),
            (Some(named), None, Some(counted)) if named == counted => Ok(named),
            (Some(named), None, Some(counted)) => bail!(
                "{wanted:?} is the name of {} {} and the number of another: write '#{}' for the one of this name, '#{}' for the \
                 one with this number",
                self.kind.one,
                named + 1,
                named + 1,
                counted + 1
            ),
            (None, _, Some(counted)) => Ok(counted),
            (None, _, None) => {
                let (one, count) = (self.kind.one, self.names.len());
                bail!("there is no {one} {wanted:?}: give a number from 1 to {count}{}", self.known(wanted))
            }
            (Some(first), Some(second), _) => bail!(
                "{wanted:?} is the name of several {}s: write '#{}' or '#{}' for the one that is meant",
                self.kind.one,
                first + 1,
                second + 1
            ),
        }
    }

    /// Whether a text is the name or the number of a column.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        let numbered = wanted.strip_prefix('#').or(Some(wanted)).and_then(|text| self.number(text)).is_some();
        numbered || self.names.contains(&Some(wanted))
    }

    /// The columns that a text chooses: a name, `#` and a number, `A..B` from one to another, a pattern with `*` and `?`, or
    /// several of these between commas.
    pub(crate) fn choose(&self, wanted: &str) -> Result<Chosen> {
        if self.has(wanted) {
            return Ok(Chosen { columns: vec![self.find(wanted)?], exact: true });
        }
        if wanted.contains(',') {
            let mut columns = Vec::new();
            for part in wanted.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                columns.extend(self.choose(part)?.columns);
            }
            ensure!(!columns.is_empty(), "{wanted:?} names no {}", self.kind.one);
            return Ok(Chosen { columns, exact: false });
        }
        if let Some((from, to)) = wanted.split_once("..") {
            let (first, last) = (self.find(from)?, self.find(to)?);
            ensure!(
                first <= last,
                "{wanted:?} runs backwards, from {} {} to {}: write {to}..{from}",
                self.kind.one,
                first + 1,
                last + 1
            );
            return Ok(Chosen { columns: (first..=last).collect(), exact: false });
        }
        if wanted.contains(['*', '?']) {
            let matches = |column: &usize| self.names[*column].is_some_and(|name| is_match(wanted, name));
            let columns: Vec<usize> = (0..self.names.len()).filter(matches).collect();
            ensure!(!columns.is_empty(), "no {} matches {wanted:?}{}", self.kind.one, self.known(wanted));
            return Ok(Chosen { columns, exact: false });
        }
        self.find(wanted).map(|column| Chosen { columns: vec![column], exact: true })
    }

    fn number(&self, text: &str) -> Option<usize> {
        text.parse().ok().filter(|n| (1..=self.names.len()).contains(n)).map(|n: usize| n - 1)
    }

    fn named(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().flatten().copied().filter(|name| !name.is_empty())
    }

    /// The names nearest to one, for the end of a message; nothing where none is near.
    pub(super) fn near(&self, wanted: &str) -> String {
        let near: Vec<String> = nearest(wanted, self.named()).iter().map(|name| format!("{name:?}")).collect();
        if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
    }

    /// The names nearest to one, or the first few, for the end of a message.
    fn known(&self, wanted: &str) -> String {
        let near = self.near(wanted);
        if !near.is_empty() {
            return near;
        }
        let named = || self.named();
        let shown: Vec<String> = named().take(SHOWN).map(|name| format!("{name:?}")).collect();
        match (shown.is_empty(), named().nth(SHOWN).is_some()) {
            (true, _) => String::new(),
            (false, more) => format!(", or a name like {}{}", shown.join(", "), if more { ", ..." } else { "" }),
        }
    }
}

/// The names that differ from one by little, the nearest first.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().collect();
    if wanted.is_empty() || wanted.len() > LONGEST {
        return Vec::new();
    }
    // A third of the characters may be wrong, and what is part of a name is near to it.
    let most = (wanted.len() / 3).max(1);
    let text: String = wanted.iter().collect();
    let mut found: Vec<(usize, usize, &str)> = Vec::new();
    let mut work = Distance::default();
    for (place, name) in names.enumerate() {
        if name.len() > 4 * LONGEST {
            continue;
        }
        let lower = name.to_lowercase();
        let characters: Vec<char> = lower.chars().collect();
        let distance = match characters.len().abs_diff(wanted.len()) <= most {
            true => work.between(&wanted, &characters),
            false => usize::MAX,
        };
        let is_part = wanted.len() >= 3 && lower.contains(&text);
        if distance <= most || is_part {
            found.push((distance.min(most), place, name));
        }
    }
    found.sort_unstable_by_key(|&(distance, place, _)| (distance, place));
    found.into_iter().take(SHOWN).map(|(_, _, name)| name).collect()
}

/// The number of insertions, deletions, replacements and exchanges of neighbors from one text to another (Damerau 1964), in the
/// form that changes nothing twice.
#[derive(Debug, Default)]
struct Distance {
    rows: [Vec<usize>; 3],
}

impl Distance {
    fn between(&mut self, a: &[char], b: &[char]) -> usize {
        let [before, last, row] = &mut self.rows;
        last.clear();
        last.extend(0..=b.len());
        before.clone_from(last);
        for (i, x) in a.iter().enumerate() {
            row.clear();
            row.push(i + 1);
            for (j, y) in b.iter().enumerate() {
                let mut least = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
                if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                    least = least.min(before[j - 1] + 1);
                }
                row.push(least);
            }
            std::mem::swap(before, last);
            std::mem::swap(last, row);
        }
        last.last().copied().unwrap_or_default()
    }
}

/// Whether a name is of a pattern, in which `*` stands for any characters and `?` for one.
fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and what it stands for so far: to this place it is gone back, never to an earlier star.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, n) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// The place of one of several things that a file has, or an error that lists some of them.
pub(crate) fn one_of<'a>(what: &str, wanted: &str, names: &'a [String]) -> Result<&'a String> {
    names.iter().find(|name| *name == wanted).with_context(|| {
        let near = nearest(wanted, names.iter().map(String::as_str));
        let near = if near.is_empty() { names.iter().take(10).map(String::as_str).collect() } else { near };
        match near.as_slice() {
            [] => format!("there is no {what} {wanted:?}, nor any other"),
            near => format!("there is no {what} {wanted:?}: give one of {near:?}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(names: &[&'a str]) -> Names<'a> {
        Names::new(names.iter().map(|name| Some(*name)), COLUMN)
    }

    #[track_caller]
    fn check(of: &Names<'_>, wanted: &str, columns: &[usize]) {
        assert_eq!(of.choose(wanted).unwrap().columns, columns, "{wanted}");
    }

    #[test]
    fn names_numbers_ranges_and_patterns() {
        let of = names(&["a", "b", "gene1", "gene2", "gene10", "x,y", "k*"]);
        check(&of, "b", &[1]);
        check(&of, "#3", &[2]);
        check(&of, "gene1..gene10", &[2, 3, 4]);
        check(&of, "#2..#4", &[1, 2, 3]);
        check(&of, "gene*", &[2, 3, 4]);
        check(&of, "*1*", &[2, 4]);
        check(&of, "gene?", &[2, 3]);
        check(&of, "a, gene1..gene2 ,#7", &[0, 2, 3, 6]);
        // A whole name comes first.
        check(&of, "x,y", &[5]);
        check(&of, "k*", &[6]);
        let error = |wanted: &str| of.choose(wanted).unwrap_err().to_string();
        assert!(error("gene10..gene1").contains("write gene1..gene10"));
        assert!(error("z*").contains("no column matches \"z*\""));
        assert!(error("gene33").contains("did you mean \"gene1\" or \"gene2\" or \"gene10\"?"), "{}", error("gene33"));
        assert!(error(",").contains("names no column"));
    }

    #[test]
    fn the_nearest_names() {
        let near = |wanted: &str, names: &[&'static str]| nearest(wanted, names.iter().copied());
        assert_eq!(near("cel_type", &["batch", "cell_type", "cell_tpye"]), ["cell_type", "cell_tpye"]);
        assert_eq!(near("CD4", &["cd4", "CD8", "ACTB"]), ["cd4", "CD8"]);
        assert_eq!(near("type", &["cell_type", "batch"]), ["cell_type"]);
        assert!(near("zzz", &["cell_type"]).is_empty() && near("", &["a"]).is_empty());
        assert!(near(&"x".repeat(1000), &["x"]).is_empty());
        let mut distance = Distance::default();
        let mut between =
            |a: &str, b: &str| distance.between(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(
            (between("kitten", "sitting"), between("ab", "ba"), between("", "abc"), between("abc", "")),
            (3, 1, 3, 3)
        );
    }
}
