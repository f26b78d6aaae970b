//! What maps beside each other are called.

use anyhow::{Result, bail};
use std::collections::HashSet;
use std::path::Path;

/// The names of files, as short as they can be told from each other: without folders and extensions, with extensions, or with as
/// many folders as it takes.
///
/// # Errors
///
/// If a file is given twice.
pub(super) fn short_names(paths: &[&Path]) -> Result<Vec<String>> {
    let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    let stems: Vec<String> = paths.iter().map(|path| path.file_stem().map(text).unwrap_or_default()).collect();
    if are_distinct(&stems) {
        return Ok(stems);
    }
    let parts: Vec<Vec<String>> =
        paths.iter().map(|path| path.components().map(|part| text(part.as_os_str())).collect()).collect();
    let most = parts.iter().map(Vec::len).max().unwrap_or(0);
    for count in 1..=most {
        let names: Vec<String> =
            parts.iter().map(|parts| parts[parts.len().saturating_sub(count)..].join("/")).collect();
        if are_distinct(&names) {
            return Ok(names);
        }
    }
    bail!("a map is given twice: give each one once")
}

fn are_distinct(names: &[String]) -> bool {
    let mut seen = HashSet::new();
    names.iter().all(|name| seen.insert(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Result<Vec<String>> {
        short_names(&paths.iter().map(Path::new).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        assert_eq!(names(&["a/p30.npy", "b/p100.npy"]).unwrap(), ["p30", "p100"]);
        assert_eq!(names(&["p30.npy", "p30.csv"]).unwrap(), ["p30.npy", "p30.csv"]);
        assert_eq!(names(&["x/one/map.npy", "x/two/map.npy"]).unwrap(), ["one/map.npy", "two/map.npy"]);
        assert_eq!(names(&["map.npy", "two/map.npy"]).unwrap(), ["map.npy", "two/map.npy"]);
        assert_eq!(names(&["two/map.npy"]).unwrap(), ["map"]);
        assert!(names(&["map.npy", "map.npy"]).is_err());
    }
}
