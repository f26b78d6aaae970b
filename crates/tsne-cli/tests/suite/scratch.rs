//! Neighbors and affinities in files: the same bytes, and nothing is left.

use crate::common::{Directory, clusters, npy};
use npyz::Order;

/// So many that the arrays are large enough for files, and their numbers are in another order in the descent.
const N: usize = 8_300;
const D: usize = 5;

fn directory() -> Directory {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(N, D).into_iter().map(|v| v as f32).collect();
    directory.write("x.npy", npy(values, &[N as u64, D as u64], Order::C));
    std::fs::create_dir(directory.path("scratch")).unwrap();
    directory
}

#[test]
fn a_map_by_files_has_the_same_bytes() {
    let directory = directory();
    for flags in ["", "--float f64 --preset opentsne --early-exaggeration-iter 5", "--negative-gradient-method bh"] {
        let run = format!("embed x.npy --perplexity 22 --n-iter 34 -q {flags}");
        directory.succeed(&format!("{run} -o whole.npy"));
        directory.succeed(&format!("{run} -o y.npy --scratch scratch"));
        assert!(directory.read("y.npy") == directory.read("whole.npy"), "{flags}");
    }
    assert!(std::fs::read_dir(directory.path("scratch")).unwrap().next().is_none());
}

#[test]
fn a_map_that_goes_on_by_files_has_the_same_bytes() {
    let directory = directory();
    directory.succeed("embed x.npy --perplexity 22 --n-iter 5 --save m.tsne --scratch scratch -q");
    directory.succeed("embed --continue m.tsne --n-iter 34 -o whole.npy -q");
    directory.succeed("embed --continue m.tsne --n-iter 34 -o y.npy --scratch scratch -q");
    assert!(directory.read("y.npy") == directory.read("whole.npy"));
}

#[test]
fn what_is_no_directory_is_refused_before_the_work() {
    let directory = directory();
    directory.write("file", "");
    for name in ["nowhere", "file"] {
        let why = format!("--scratch: scratch is {name}, but must be a directory in which files can be made");
        directory.refuse(&format!("embed x.npy -o y.npy --scratch {name}"), &why);
    }
    assert!(!directory.path("y.npy").exists());
}

#[test]
fn a_plan_tells_both_and_a_limit_of_memory_is_one_of_memory() {
    let directory = directory();
    let of = |flags: &str| {
        let plan = directory.json(&format!("plan x.npy {flags}"));
        (plan["peak_memory_bytes"].as_u64().unwrap(), plan["scratch_bytes"].as_u64())
    };
    let (whole, filed) = (of(""), of("--scratch scratch"));
    assert_eq!(whole.1, None);
    // Neighbors of 90, with columns and numbers of four bytes, are in files twice at the least.
    assert!(filed.0 < whole.0 && filed.1 > Some(2 * 8 * 90 * N as u64), "{whole:?} {filed:?}");
    let limited = |flags: &str| format!("embed x.npy -o y.npy --n-iter 5 --memory-limit {} {flags}", filed.0);
    directory.refuse(&limited(""), "--scratch DIR");
    directory.succeed(&limited("--scratch scratch"));
}
