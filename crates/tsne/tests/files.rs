//! Files that appear whole or not at all: what is kept, what is refused, and what is left behind.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use tempfile::TempDir;
use tsne::files::{AtomicFile, check_target, same_file, write};

struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Neither dropped, nor after a panic or a write that fails, does a file in the making leave anything; the old one stays.
#[test]
fn what_is_not_committed_leaves_the_old_file_alone() {
    let directory = Directory::new();
    let path = directory.path("map.csv");
    write(&path, b"old").unwrap();
    let mut dropped = AtomicFile::create(&path).unwrap();
    dropped.write_all(b"new").unwrap();
    dropped.flush().unwrap();
    drop(dropped);
    let panicked = std::panic::catch_unwind(|| {
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"ne").unwrap();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(panicked.is_err());
    check_target(&path).unwrap();
    check_target(directory.path("other.csv")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(directory.names(), ["map.csv"]);
}

/// On Linux a process that is killed while it writes leaves nothing, for what it writes has no name.
#[cfg(target_os = "linux")]
#[test]
fn a_file_in_the_making_has_no_name() {
    use std::os::unix::fs::OpenOptionsExt;
    let directory = Directory::new();
    let path = directory.path("map.csv");
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(&[7; 100_000]).unwrap();
    file.flush().unwrap();
    // The test's own question: O_TMPFILE.
    let unnamed = fs::OpenOptions::new().write(true).custom_flags(0o20_200_000).open(directory.0.path()).is_ok();
    let names = directory.names();
    if unnamed {
        assert!(names.is_empty(), "{names:?}");
    } else {
        assert!(matches!(names.as_slice(), [name] if name.starts_with(".tsne-")), "{names:?}");
    }
    file.commit().unwrap();
    assert_eq!(directory.names(), ["map.csv"]);
    assert_eq!(fs::metadata(&path).unwrap().len(), 100_000);
}

/// What a killed process left, even of this process's number, is in nobody's way.
#[test]
fn stale_files_are_not_in_the_way() {
    let directory = Directory::new();
    let process = std::process::id();
    let mut stale = vec![format!(".map.csv.{process}.tmp")];
    stale.extend((0..300).map(|number| format!(".tsne-{process}-{number}.tmp")));
    for name in &stale {
        fs::write(directory.path(name), "stale").unwrap();
    }
    for content in [b"one", b"two"] {
        write(directory.path("map.csv"), content).unwrap();
    }
    assert_eq!(fs::read(directory.path("map.csv")).unwrap(), b"two");
    assert!(stale.iter().all(|name| fs::read(directory.path(name)).unwrap() == b"stale"));
    assert_eq!(directory.names().len(), stale.len() + 1);
}

/// Names up to the 255 bytes that file systems allow; beyond, the check says so, and no run begins.
#[test]
fn every_name_that_the_file_system_takes_is_fine() {
    let directory = Directory::new();
    for length in [249, 252, 255] {
        let path = directory.path(&"n".repeat(length));
        check_target(&path).unwrap();
        write(&path, b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x", "{length} bytes");
    }
    assert!(check_target(directory.path(&"n".repeat(256))).is_err());
}

#[test]
fn what_cannot_be_written_is_refused_before() {
    let directory = Directory::new();
    fs::create_dir(directory.path("folder")).unwrap();
    write(directory.path("file"), b"x").unwrap();
    let read_only = directory.path("read-only");
    write(&read_only, b"kept").unwrap();
    let mut permissions = fs::metadata(&read_only).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).unwrap();
    let before = directory.names();
    for (name, kind) in [
        ("folder", ErrorKind::InvalidInput),
        ("folder/..", ErrorKind::InvalidInput),
        ("new/", ErrorKind::InvalidInput),
        ("missing/file", ErrorKind::NotFound),
        ("file/file", ErrorKind::NotADirectory),
        ("read-only", ErrorKind::PermissionDenied),
    ] {
        let error = check_target(directory.path(name)).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(write(directory.path(name), b"new").unwrap_err().kind(), kind, "{name}");
        assert_eq!(directory.names(), before, "{name}");
    }
    assert_eq!(fs::read(&read_only).unwrap(), b"kept");
}

#[cfg(unix)]
#[test]
fn modes_are_kept_and_special_files_refused() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let directory = Directory::new();
    let mode = |name: &str| fs::metadata(directory.path(name)).unwrap().permissions().mode() & 0o777;
    for wanted in [0o600, 0o640, 0o666, 0o755] {
        let path = directory.path("map.csv");
        write(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!((mode("map.csv"), fs::read(&path).unwrap().as_slice()), (wanted, &b"new"[..]));
    }
    // A new file is as the process makes any.
    fs::write(directory.path("plain"), "x").unwrap();
    write(directory.path("new"), b"x").unwrap();
    assert_eq!(mode("new"), mode("plain"));

    let (pipe, link) = (directory.path("pipe"), directory.path("link"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/null", &link).unwrap();
    for path in [&pipe, &link] {
        assert!(check_target(path).unwrap_err().to_string().contains("not a regular file"));
        assert!(write(path, b"x").is_err());
    }
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn one_file_by_two_names_is_one() {
    let directory = Directory::new();
    // Not there yet: the name alone tells.
    assert!(same_file(directory.path("same"), directory.path("./same")));
    assert!(same_file(directory.path("same"), directory.path("../").join(directory.0.path()).join("same")));
    assert!(!same_file(directory.path("same"), directory.path("other")));
    assert!(same_file("same", "./same"));
    write(directory.path("map.csv"), b"x").unwrap();
    write(directory.path("copy.csv"), b"x").unwrap();
    assert!(!same_file(directory.path("map.csv"), directory.path("copy.csv")));
    fs::hard_link(directory.path("map.csv"), directory.path("hard.csv")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("map.csv", directory.path("link.csv")).unwrap();
        std::os::unix::fs::symlink(directory.0.path(), directory.path("folder")).unwrap();
        assert!(same_file(directory.path("map.csv"), directory.path("link.csv")));
        assert!(same_file(directory.path("map.csv"), directory.path("hard.csv")));
        assert!(same_file(directory.path("new"), directory.path("folder/new")));
    }
}
