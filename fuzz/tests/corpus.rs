//! The corpora of all targets hold what must hold for any bytes: what a fuzzer has found stays found.

use std::fs;
use std::path::{Path, PathBuf};
use tsne_fuzz::TARGETS;

/// A file of a corpus is small, so that it can be read, and all of them, so that they can be kept.
const LARGEST: usize = 4 << 10;
const ALL: usize = 1 << 20;

fn files(target: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// One after the other: what they allocate is counted for the whole process.
#[test]
fn every_target_holds_on_its_corpus() {
    let mut all = 0;
    for (name, target) in TARGETS {
        target(b"");
        for file in files(name) {
            let bytes = fs::read(&file).unwrap();
            all += bytes.len();
            assert!(bytes.len() <= LARGEST, "{}: {} bytes, more than {LARGEST}", file.display(), bytes.len());
            // Whoever reads of a failure has to know where.
            println!("{name}: {}", file.display());
            target(&bytes);
        }
    }
    assert!(all <= ALL, "the corpora have {all} bytes, more than {ALL}");
}
