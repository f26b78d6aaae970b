//! Saving to paths and streams: the whole new file, or the old one and an error.

use super::written;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne::store::{Reader, StoreError, Writer};

/// A directory of its own for a test, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tsne-store-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of what is in it, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn save(path: &Path, value: u32) -> Result<u64, StoreError> {
    let values = [value];
    Writer::new().array("value", &[], &values)?.save(path)
}

fn load(path: &Path) -> u32 {
    Reader::open(path).unwrap().take::<u32>("value", &[]).unwrap()[0]
}

#[test]
fn saving_replaces_a_file_and_leaves_nothing_else() {
    let directory = Directory::new();
    let path = directory.path("model");
    let length = save(&path, 1).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), length);
    assert_eq!(load(&path), 1);
    save(&path, 2).unwrap();
    assert_eq!(load(&path), 2);
    assert_eq!(directory.names(), ["model"]);
}

#[test]
fn threads_that_save_to_one_path_leave_a_whole_file() {
    let directory = Directory::new();
    let path = directory.path("model");
    std::thread::scope(|scope| {
        for value in 0..8 {
            let path = &path;
            scope.spawn(move || (0..5).for_each(|_| assert!(save(path, value).is_ok())));
        }
    });
    assert!(load(&path) < 8);
    assert_eq!(directory.names(), ["model"]);
}

#[test]
fn a_failure_to_save_leaves_the_old_file() {
    let directory = Directory::new();
    let path = directory.path("model");
    save(&path, 1).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = save(&path, 2).unwrap_err();
    assert!(matches!(&error, StoreError::Io { path: Some(named), .. } if *named == path), "{error:?}");
    assert!(error.to_string().contains("read-only"), "{error}");
    assert_eq!(load(&path), 1);
    assert_eq!(directory.names(), ["model"]);

    // Names at which nothing can be saved: in a directory that is missing, below a file, a directory itself.
    fs::create_dir(directory.path("folder")).unwrap();
    for name in ["missing/model", "model/model", "folder", "folder/..", "new/"] {
        let error = save(&directory.path(name), 2).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{name}: {error:?}");
        assert_eq!(directory.names(), ["folder", "model"], "{name}");
    }
    assert_eq!(load(&path), 1);
}

#[cfg(unix)]
#[test]
fn links_devices_and_permissions_are_respected() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = Directory::new();
    let (target, link, device) = (directory.path("target"), directory.path("link"), directory.path("device"));
    save(&target, 1).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&target, &link).unwrap();
    save(&link, 2).unwrap();
    assert_eq!((load(&target), load(&link)), (1, 2));
    assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());

    save(&target, 3).unwrap();
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);

    symlink("/dev/null", &device).unwrap();
    assert!(save(&device, 4).unwrap_err().to_string().contains("regular file"));
    assert!(fs::symlink_metadata(&device).unwrap().is_symlink());
    assert!(Reader::open(&device).unwrap_err().to_string().contains("regular file"));
    assert!(Reader::open(&directory.0).unwrap_err().to_string().contains("regular file"));
}

#[test]
fn a_stream_that_fails_gives_its_error() {
    let length = written().len();
    let values = [7_u8, 8, 9];
    let mut writer = Writer::new();
    writer.array("positions", &[1, 2], &[1.5_f32, -2.0]).unwrap();
    writer.array::<u64>("empty", &[0], &[]).unwrap().array("raw", &[3], &values).unwrap();
    for room in 0..length {
        let mut buffer = vec![0; room];
        let error = writer.write_to(&mut buffer.as_mut_slice()).unwrap_err();
        assert!(matches!(error, StoreError::Io { path: None, .. }), "room for {room}: {error:?}");
    }
    assert!(writer.write_to(&mut vec![0; length].as_mut_slice()).is_ok());
    // All bytes fit into its buffer, and only then is there no room.
    let mut room = [0; 10];
    let mut buffered = std::io::BufWriter::with_capacity(2 * length, room.as_mut_slice());
    assert!(writer.write_to(&mut buffered).is_err());
}

#[test]
fn a_file_is_checked_on_opening() {
    let directory = Directory::new();
    let path = directory.path("model");
    let error = Reader::open(&path).unwrap_err();
    assert!(matches!(&error, StoreError::Io { path: Some(named), .. } if *named == path), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
    let bytes = written();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    let error = Reader::open(&path).unwrap_err().to_string();
    assert!(error.contains(&(bytes.len() - 9).to_string()) && error.contains(&bytes.len().to_string()), "{error}");
}
