//! Files that a run writes: checked before any work, whole or not at all, and never in each other's way.

use crate::common::{Directory, clusters, text};
use std::fs;

const FLAGS: &str = "--perplexity 5 --n-iter 3 --early-exaggeration-iter 3 -q";

fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 3), 3, ","));
    directory
}

/// Runs `embed` with outputs that cannot be written, and finds that it says so before it reads anything.
#[track_caller]
fn refused(directory: &Directory, outputs: &str, words: &[&str]) {
    let before = directory.files();
    // The input does not exist: whoever complains about it has begun to work.
    let output = directory.tsne(&format!("embed none.csv {outputs} {FLAGS}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("none.csv"), "{stderr}");
    words.iter().for_each(|word| assert!(stderr.contains(word), "{word}: {stderr}"));
    assert_eq!(directory.files(), before);
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work() {
    let directory = directory();
    fs::create_dir(directory.path("d.npy")).unwrap();
    for outputs in ["-o d.npy", "--save d.npy", "-o nowhere/y.npy", "--save nowhere/m", "-o y.npy --plot nowhere/y.png"]
    {
        refused(&directory, outputs, &[]);
    }
    refused(&directory, "-o same.npy --save ./same.npy", &["same.npy", "two outputs"]);
    directory.write("old.npy", "old");
    let mut permissions = fs::metadata(directory.path("old.npy")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(directory.path("old.npy"), permissions).unwrap();
    for flag in ["-o", "--save"] {
        refused(&directory, &format!("{flag} old.npy"), &["old.npy", "read-only"]);
    }
    assert_eq!(directory.read("old.npy"), b"old");
}

#[cfg(unix)]
#[test]
fn modes_are_kept_and_long_names_written() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let names = ["y.npy", "y.png", "m.tsne"];
    for name in names {
        directory.write(name, "old");
        fs::set_permissions(directory.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    directory.succeed(&format!("embed x.csv -o y.npy --plot y.png --save m.tsne {FLAGS}"));
    for name in names {
        assert_eq!(fs::metadata(directory.path(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(directory.read(name) != b"old", "{name}");
    }
    let long = format!("{}.npy", "n".repeat(245));
    directory.succeed(&format!("embed x.csv -o {long} {FLAGS}"));
    assert_eq!(directory.files().len(), 5);
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_no_target() {
    let directory = directory();
    let made = std::process::Command::new("mkfifo").arg(directory.path("p.npy")).status().unwrap();
    assert!(made.success());
    refused(&directory, "-o p.npy", &["p.npy", "not a regular file"]);
    refused(&directory, "--save p.npy", &["p.npy", "not a regular file"]);
}

/// A column that outweighs all others is worth a warning; where it cannot be printed, the map is written all the same.
#[cfg(target_os = "linux")]
#[test]
fn no_map_is_lost_because_nobody_reads_the_warnings() {
    let directory = directory();
    let wide: String = (0..60).map(|i| format!("{},{},{}\n", i % 5, 1000 * (i % 7), i % 3)).collect();
    directory.write("wide.csv", wide);
    let flags = FLAGS.trim_end_matches(" -q");
    let warned = directory.tsne(&format!("embed wide.csv -o known.npy {flags}"));
    assert!(String::from_utf8(warned.stderr).unwrap().contains("warning: "));
    for stream in ["/dev/full", "&-"] {
        let program = env!("CARGO_BIN_EXE_tsne");
        let script = format!("{program} embed wide.csv -o y.npy --save m.tsne {flags} >/dev/null 2>{stream}");
        let run = std::process::Command::new("sh").args(["-c", &script]).current_dir(directory.path("")).status();
        assert_eq!(run.unwrap().code(), Some(0), "{stream}");
        assert!(directory.read("y.npy") == directory.read("known.npy"));
        let script = format!("{program} transform m.tsne wide.csv -o z.npy >/dev/null 2>{stream}");
        let run = std::process::Command::new("sh").args(["-c", &script]).current_dir(directory.path("")).status();
        assert_eq!(run.unwrap().code(), Some(0), "{stream}");
        std::fs::remove_file(directory.path("y.npy")).unwrap();
        std::fs::remove_file(directory.path("z.npy")).unwrap();
    }
}
