//! Files for readers that take paths, in memory where the system has such a place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the names of the directories begin with.
const PREFIX: &str = "tsne-fuzz-";

/// A directory of this process, made once.
///
/// A fuzzer ends without destructors, so each process removes what those before it have left.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        for entry in fs::read_dir(&base).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
            // Where there is no list of processes, none is known to have ended.
            if process.is_some_and(|id| Path::new("/proc/self").exists() && !Path::new("/proc").join(id).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = base.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&path).expect("there is a place for files");
        path
    })
}

/// The path of a file of that name.
pub(crate) fn path(name: &str) -> PathBuf {
    directory().join(name)
}

/// Writes a file and returns its path.
pub(crate) fn file(name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = path(name);
    fs::write(&path, bytes).expect("a file of a few kilobytes can be written");
    path
}
