//! Runs that are saved on their way, interrupted and resumed: the bits of those that were not.

use crate::common::{Directory, clusters, text};
use crate::opened::Opened;
use std::path::Path;
use std::process::Command;

const N: usize = 90;
const D: usize = 4;

fn directory() -> Directory {
    let directory = Directory::new();
    let kinds: String = (0..N).map(|i| format!("kind {}\n", i % 3)).collect();
    directory.write("x.csv", text(&clusters(N, D), D, ","));
    directory.write("kinds.txt", kinds);
    directory
}

#[test]
fn a_run_that_is_saved_on_its_way_has_the_same_bits() {
    let directory = directory();
    for preset in ["recommended", "opentsne"] {
        let run = format!("embed x.csv --labels kinds.txt --preset {preset} --n-iter 60 --perplexity 10");
        directory.succeed(&format!("{run} -o whole.npy -q"));
        // At every iteration.
        directory.succeed(&format!("{run} -o y.npy --checkpoint c.tsne --checkpoint-every 0 -q"));
        assert!(directory.read("y.npy") == directory.read("whole.npy"));
        // What was saved last goes on from there, in another directory too, to where the run would have written.
        let elsewhere = Directory::new();
        std::fs::rename(directory.path("c.tsne"), elsewhere.path("moved.tsne")).unwrap();
        std::fs::remove_file(directory.path("y.npy")).unwrap();
        elsewhere.succeed("resume moved.tsne -q");
        assert!(directory.read("y.npy") == directory.read("whole.npy"));
        // Other outputs by other names, with the labels that were read then.
        std::fs::remove_file(directory.path("kinds.txt")).unwrap();
        let report = elsewhere.json("resume moved.tsne -o there.csv --plot there.png --save there.tsne");
        assert_eq!((&report["remaining"], &report["n"], &report["d"]), (&0.into(), &N.into(), &D.into()));
        assert_eq!(report["input"]["labels"]["kinds"], 3);
        assert!(report["label_agreement"].is_f64());
        assert_eq!(elsewhere.files(), ["moved.tsne", "there.csv", "there.png", "there.tsne"]);
        directory.write("kinds.txt", (0..N).map(|i| format!("kind {}\n", i % 3)).collect::<String>());
    }
}

#[test]
fn what_cannot_be_resumed_is_an_error_that_says_why() {
    let directory = directory();
    directory.succeed("embed x.csv --perplexity 10 -o y.npy --save done.tsne -q");
    for (arguments, why) in [
        ("resume done.tsne", "came to its end"),
        ("resume x.csv", "x.csv"),
        ("resume missing.tsne", "missing.tsne"),
        ("embed x.csv -o y.npy --checkpoint x.csv", "would be overwritten"),
        ("embed x.csv -o y.npy --checkpoint y.npy", "is the name of two outputs"),
        ("embed x.csv -o y.npy --checkpoint c --checkpoint-every -1", "at least 0"),
    ] {
        directory.refuse(arguments, why);
    }
}

/// When a file was written, if it is there.
fn written(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// Waits until a file is written, at most a minute.
fn wait_for(path: &Path, before: Option<std::time::SystemTime>) {
    for _ in 0..6_000 {
        if written(path) != before {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} was not written", path.display());
}

/// Ctrl-C in the descent writes what there is and says how to go on; the end is that of a run without it.
#[cfg(unix)]
#[test]
fn an_interrupted_run_is_resumed_to_the_same_bits() {
    let directory = directory();
    let run = |n_iter: usize| {
        format!("embed x.csv --perplexity 10 --preset opentsne --n-iter {n_iter} -o y.npy --frames film.html")
    };
    let interrupted = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsne"));
        command.current_dir(directory.path("")).args(arguments.split_whitespace());
        let before = written(&directory.path("c.tsne"));
        let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        wait_for(&directory.path("c.tsne"), before);
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // More iterations than there is time for.
    let (code, stderr) = interrupted(&format!("{} --checkpoint c.tsne", run(100_000_000)));
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("`tsne resume c.tsne` goes on") && !stderr.contains("error"), "{stderr}");
    assert_eq!(directory.files(), ["c.tsne", "film.html", "kinds.txt", "x.csv", "y.npy"]);
    // The film ends with the map at which the run was interrupted; the start and that one are there at least.
    let film = || Opened::new(directory.read("film.html"));
    let frames = |film: &Opened| film.meta["frames"].as_array().unwrap().clone();
    let start = film();
    let recorded = frames(&start);
    assert!(recorded.len() >= 2 && recorded[0]["iteration"] == 0);
    let first = directory.read("y.npy");
    // Without a checkpoint, a map that was to be saved is one.
    let (code, stderr) = interrupted("resume c.tsne --save c.tsne");
    assert_eq!(code, Some(130), "{stderr}");
    assert!(directory.read("y.npy") != first);
    // That of the resumed run begins where the descent began, not where it went on.
    let whole = film();
    let resumed = frames(&whole);
    assert_eq!((&resumed[0]["iteration"], whole.bytes("frame-0")), (&recorded[0]["iteration"], start.bytes("frame-0")));
    assert!(resumed.last().unwrap()["iteration"].as_u64() >= recorded.last().unwrap()["iteration"].as_u64());
}

/// Further iterations of a saved map are those of the library; they can be saved and interrupted like others.
#[test]
fn a_saved_map_is_optimized_further() {
    let directory = directory();
    directory.succeed("embed x.csv --perplexity 10 --preset opentsne --n-iter 40 --labels kinds.txt --save m.tsne -q");
    directory.succeed("embed x.csv --perplexity 10 --preset opentsne --n-iter 70 -o whole.npy -q");
    // Of a phase without transition and exaggeration, 40 and 30 iterations are 70.
    let report = directory.json("embed --continue m.tsne --n-iter 30 -o y.npy --plot y.png --save further.tsne");
    assert_eq!(report["iterations"], 250 + 40 + 30);
    assert!(report["label_agreement"].is_f64());
    assert!(directory.read("y.npy") == directory.read("whole.npy"));
    directory.succeed("embed --continue m.tsne --n-iter 30 -o z.npy --checkpoint c.tsne --checkpoint-every 0 -q");
    assert!(directory.read("z.npy") == directory.read("whole.npy"));
    directory.succeed("resume c.tsne -o z.csv -q");
    directory.succeed("embed --continue further.tsne --n-iter 5 --exaggeration 2 -o w.npy -q");
    assert!(directory.read("w.npy") != directory.read("whole.npy"));
    for (arguments, why) in [
        ("embed --continue x.csv -o v.npy", "x.csv"),
        ("embed x.csv --continue m.tsne -o v.npy", "cannot be used with"),
        ("embed -o v.npy", "required"),
    ] {
        let stderr = String::from_utf8(directory.tsne(arguments).stderr).unwrap();
        assert!(stderr.contains(why), "{arguments}: {stderr}");
    }
}
