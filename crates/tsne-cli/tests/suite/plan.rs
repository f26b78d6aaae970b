//! What a run takes, before it is run.

use crate::common::{Directory, clusters, columns, npy, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use npyz::Order;
use std::fs::File;
use std::io::Write;
use std::process::Command;
use tsne::core::ThreadTeam;
use tsne::plan::InputShape;
use tsne_cli::input::{CsvOptions, InputOptions, Loaded, Missing, PointTable, Preview};

const N: usize = 60;
const D: usize = 5;

fn shape_of<T>(points: &PointTable<T>) -> InputShape
where
    T: tsne::Float,
{
    match points {
        PointTable::Sparse(table) => {
            let rows = table.rows().unwrap();
            InputShape::Data(tsne::plan::DataShape::sparse(rows.n(), rows.d(), rows.nnz()))
        }
        PointTable::Graph(graph) => InputShape::Graph { n: graph.n(), k: graph.k() },
        dense => InputShape::Data(tsne::plan::DataShape::dense(dense.n(), dense.d())),
    }
}

/// Looks at a file before it is read, and reads it.
#[track_caller]
fn check(directory: &Directory, name: &str, options: &InputOptions) -> Preview {
    let path = directory.path(name);
    let preview = Preview::of::<f32>(&path, options).unwrap();
    let loaded = Loaded::<f32>::read(&path, options).unwrap();
    assert_eq!(preview.shape, shape_of(&loaded.points), "{name}");
    assert!(preview.is_exact, "{name}");
    assert_eq!(preview.is_wide, matches!(loaded.points, PointTable::Wide(_)), "{name}");
    preview
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn transposed() -> InputOptions {
    InputOptions { table: CsvOptions { transpose: true, ..CsvOptions::default() }, ..InputOptions::default() }
}

#[test]
fn blank_lines_of_a_matrix_are_skipped_before_it_is_read_too() {
    let directory = Directory::new();
    directory.write("x.mtx", "%%MatrixMarket matrix coordinate pattern general\n\n3 3 2\n2 1\n3 2\n");
    check(&directory, "x.mtx", &InputOptions::default());
}

/// What is missing is of points, which are columns then: each line of this table has a hole.
#[test]
fn lines_that_end_with_returns_are_looked_at_as_they_are_read() {
    let directory = Directory::new();
    let rows = text(&clusters(6_000, 12), 12, ",");
    directory.write("unix.csv", &rows);
    directory.write("mac.csv", rows.replace('\n', "\r"));
    assert!(rows.len() > 1 << 19, "the lookup is of a part");
    let [unix, mac] = ["unix.csv", "mac.csv"]
        .map(|name| Preview::of::<f32>(&directory.path(name), &InputOptions::default()).unwrap());
    assert_eq!((mac.shape, mac.peak_bytes, mac.is_exact), (unix.shape, unix.peak_bytes, unix.is_exact));
    directory.write("mac.mtx", "%%MatrixMarket matrix coordinate real general\r% one\r3 4 2\r1 1 1\r3 4 2\r");
    check(&directory, "mac.mtx", &InputOptions::default());
}

#[test]
fn a_table_is_looked_at_the_way_round_it_is_read() {
    let directory = Directory::new();
    directory.write("x.csv", "1,,3\n4,,6\n5,,7\n");
    let mut options = transposed();
    options.table.missing = Missing::Drop;
    let preview = Preview::of::<f32>(&directory.path("x.csv"), &options).unwrap();
    assert_eq!((preview.n(), preview.d()), (3, 3));
    let loaded = Loaded::<f32>::read(&directory.path("x.csv"), &options).unwrap();
    assert_eq!((loaded.points.n(), loaded.points.d(), loaded.resolved.dropped), (2, 3, 1));
}

#[test]
fn dense_files_have_the_shape_that_their_heads_tell() {
    let (directory, values) = (Directory::new(), clusters(N, D));
    let single: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let sides = [N as u64, D as u64];
    directory.write("c.npy", npy(single, &sides, Order::C));
    directory.write("wide.npy", npy(values.clone(), &sides, Order::C));
    directory.write("f.npy", npy(columns(&values, D), &sides, Order::Fortran));
    directory.write("packed.npy.gz", gz(&npy(values.clone(), &sides, Order::C)));
    directory.write("plain.csv", text(&values, D, ","));
    directory.write("packed.tsv.gz", gz(text(&values, D, "\t").as_bytes()));
    directory.write("named.csv", format!("id,a,b,kind,c\n{}", "p1,1,2,x,3\np2,4,5,y,6\n".repeat(9)));
    for name in ["c.npy", "wide.npy", "f.npy", "packed.npy.gz", "plain.csv", "packed.tsv.gz", "named.csv"] {
        check(&directory, name, &InputOptions::default());
    }
    let labels = CsvOptions { label_columns: vec!["kind".into()], ..CsvOptions::default() };
    check(&directory, "named.csv", &InputOptions { table: labels, ..InputOptions::default() });
    for name in ["c.npy", "f.npy", "plain.csv"] {
        check(&directory, name, &transposed());
    }
}

#[test]
fn sparse_files_have_the_shape_that_their_heads_tell() {
    let directory = Directory::new();
    let banner = "%%MatrixMarket matrix coordinate real";
    directory.write("x.mtx", format!("{banner} general\n% one\n3 4 4\n1 1 1\n1 4 2\n2 2 3\n3 3 4\n"));
    directory.write("x.mtx.gz", gz(format!("{banner} general\n3 4 2\n1 1 1\n3 4 2\n").as_bytes()));
    directory.write("symmetric.mtx", format!("{banner} symmetric\n3 3 2\n2 1 1\n3 1 2\n"));
    for name in ["x.mtx", "x.mtx.gz", "symmetric.mtx"] {
        check(&directory, name, &InputOptions::default());
    }
    check(&directory, "x.mtx", &transposed());
    std::fs::create_dir(directory.path("cells")).unwrap();
    directory.write("cells/matrix.mtx", format!("{banner} general\n4 3 3\n1 1 1\n4 2 2\n2 3 5\n"));
    directory.write("cells/barcodes.tsv", "A\nB\nC\n");
    check(&directory, "cells", &InputOptions::default());
    check(&directory, "cells", &transposed());
    // What is read is the matrix, and not the folder.
    let preview = Preview::of::<f32>(&directory.path("cells"), &InputOptions::default()).unwrap();
    assert_eq!(preview.file_bytes, std::fs::metadata(directory.path("cells/matrix.mtx")).unwrap().len());
    assert!(preview.seconds.is_some_and(|seconds| seconds > 0.0));
}

#[cfg(feature = "h5ad")]
#[test]
fn arrays_of_anndata_have_the_shape_that_the_file_tells() {
    use std::io::Read;
    let directory = Directory::new();
    for (name, bytes) in [
        ("dense", &include_bytes!("../data/dense.h5ad.gz")[..]),
        ("csr", &include_bytes!("../data/csr.h5ad.gz")[..]),
        ("csc", &include_bytes!("../data/csc.h5ad.gz")[..]),
    ] {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        directory.write("x.h5ad", plain);
        for obsm in [None, Some("X".to_owned())] {
            let preview = check(&directory, "x.h5ad", &InputOptions { obsm, ..InputOptions::default() });
            assert!(preview.n() > 1 && preview.d() > 1, "{name}");
        }
    }
    let key = Some("neighbors".to_owned());
    let graph = InputOptions { neighbors_key: key, ..InputOptions::default() };
    let preview = Preview::of::<f32>(&directory.path("x.h5ad"), &graph).unwrap();
    let loaded = Loaded::<f32>::read(&directory.path("x.h5ad"), &graph).unwrap();
    assert_eq!(preview.n(), loaded.points.n());
}

#[test]
fn long_tables_are_estimated_from_a_part_of_them() {
    let (directory, n) = (Directory::new(), 30_000);
    // Lines grow with their numbers.
    let row = |i: usize| format!("{i},{:.3},{}\n", i as f64 * 0.37, i * i);
    let lines: String = (0..n).map(row).collect();
    directory.write("long.csv", format!("a,b,c\n{lines}"));
    directory.write("long.csv.gz", gz(format!("a,b,c\n{lines}").as_bytes()));
    for (name, tolerance) in [("long.csv", 0.03), ("long.csv.gz", 0.25)] {
        let preview = Preview::of::<f32>(&directory.path(name), &InputOptions::default()).unwrap();
        assert!(!preview.is_exact && preview.d() == 3);
        assert!((preview.n() as f64 / n as f64 - 1.0).abs() < tolerance, "{name}: {}", preview.n());
    }
}

#[test]
fn a_plan_adds_up_and_begins_nothing() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(300, 8), 8, ","));
    let plan = directory.json("plan x.csv --perplexity 10 --n-iter 40");
    assert_eq!((&plan["n"], &plan["d"], &plan["k"]), (&300.into(), &8.into(), &30.into()));
    assert_eq!((&plan["n_is_exact"], &plan["iterations"]), (&true.into(), &40.into()));
    let stages = plan["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(names, ["read", "neighbors", "affinities", "initialization", "optimization", "write"]);
    let seconds: f64 = stages.iter().map(|stage| stage["seconds"].as_f64().unwrap()).sum();
    assert!((seconds - plan["seconds"].as_f64().unwrap()).abs() < 1e-9 && seconds > 0.0);
    let peak = stages.iter().map(|stage| stage["memory_bytes"].as_u64().unwrap()).max();
    assert_eq!(plan["peak_memory_bytes"].as_u64(), peak);
    if cfg!(target_os = "linux") {
        assert_eq!(plan["fits"], true);
    }
    // The same by the other name; the arguments of a run may be there.
    let dry = directory.json("embed x.csv --dry-run --perplexity 10 --n-iter 40 -o y.npy --plot y.svg");
    assert_eq!(dry["stages"].as_array().unwrap().len(), stages.len());
    assert_eq!((&dry["k"], &dry["peak_memory_bytes"]), (&plan["k"], &plan["peak_memory_bytes"]));
    // A picture of pixels takes more than this map.
    let drawn = directory.json("plan x.csv --perplexity 10 --n-iter 40 -o y.npy --plot y.png");
    assert_eq!(drawn["peak_stage"], "write");
    assert_eq!(directory.files(), ["x.csv"]);
    let words = directory.succeed("plan x.csv --preset opentsne");
    for word in ["300 points x 8 columns", "early phase", "peak memory", "exact, by a kd-tree"] {
        assert!(words.contains(word), "{word} is missing: {words}");
    }
}

#[test]
fn what_is_wrong_is_the_same_error_as_of_the_run() {
    let directory = Directory::new();
    directory.write("x.csv", "a,b,kind\n1,2,u\n3,4,v\n5,6,u\n");
    directory.write("flat.npy", npy([1.0f32, 2.0], &[2], Order::C));
    directory.write("cut.mtx", "%%MatrixMarket matrix coordinate real general\n3 4 9\n1 1 1\n3 4 2\n");
    for arguments in [
        "none.csv",
        "none.npy",
        "x.xls",
        "flat.npy",
        "x.csv --columns aa",
        "x.csv --perplexity 0.5",
        "x.csv --decimal , --label-column kinds",
        "x.csv --affinities fixed-sigma",
        "cut.mtx",
        "x.csv --layer counts",
        "x.csv --labels none.csv --label-column kind",
        "x.csv --write-back",
        "x.csv --plot x.jpg",
        "x.csv --save x.csv",
        "x.csv --html none/x.html",
        "x.csv --components 3 --frames x.html",
    ] {
        let run = directory.tsne(&format!("embed {arguments} -o y.npy"));
        let plan = directory.tsne(&format!("plan {arguments}"));
        assert_eq!((run.status.code(), plan.status.code()), (Some(1), Some(1)), "{arguments}");
        assert_eq!(String::from_utf8(run.stderr).unwrap(), String::from_utf8(plan.stderr).unwrap(), "{arguments}");
    }
    let stream = directory.tsne("plan -");
    assert!(String::from_utf8(stream.stderr).unwrap().contains("write the points to a file"));
}

/// An array of a shape that no computer holds, in a file without contents.
fn enormous(directory: &Directory) {
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 700), }";
    let mut head = b"\x93NUMPY\x01\x00".to_vec();
    head.extend_from_slice(&(dictionary.len() as u16).to_le_bytes());
    head.extend_from_slice(dictionary.as_bytes());
    let length = head.len() as u64 + 2_000_000_000 * 700 * 4;
    let mut file = File::create(directory.path("enormous.npy")).unwrap();
    file.write_all(&head).unwrap();
    file.set_len(length).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_does_not_fit_says_so_at_its_start_and_what_would() {
    let directory = Directory::new();
    enormous(&directory);
    let plan = directory.json("plan enormous.npy");
    assert_eq!((&plan["fits"], &plan["n"]), (&false.into(), &2_000_000_000u64.into()));
    let would = plan["what_would_fit"].as_array().unwrap();
    let sample = would.iter().find(|remedy| remedy["change"].as_str().unwrap().contains("a sample of"));
    let bytes = |value: &serde_json::Value| value["peak_memory_bytes"].as_u64().unwrap();
    assert!(sample.is_some_and(|sample| bytes(sample) <= plan["available_memory_bytes"].as_u64().unwrap()));
    // The run itself warns, and then finds no memory: no more than this is given to it.
    let embed = |flags: &str| {
        let program = env!("CARGO_BIN_EXE_tsne");
        let line = format!("ulimit -v 8000000; exec {program} embed enormous.npy -o y.npy {flags}");
        let output = Command::new("sh").current_dir(directory.path("")).args(["-c", &line]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = embed("");
    let (first, second) = stderr.split_once('\n').unwrap();
    assert!(first.starts_with("warning: this run takes about"), "{stderr}");
    assert!(first.contains("are free") && first.contains("(would fit: a sample of"), "{stderr}");
    assert!(second.starts_with("error: enormous.npy"), "{stderr}");
    assert_eq!(embed("--quiet").lines().count(), 1);
}

#[test]
fn a_limit_of_memory_is_kept_or_refused_with_what_would_fit() {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(5_000, 60).into_iter().map(|v| v as f32).collect();
    directory.write("x.npy", npy(values, &[5_000, 60], Order::C));
    let plan = directory.json("plan x.npy");
    let peak = plan["peak_memory_bytes"].as_u64().unwrap();
    let limited = |limit: u64| format!("embed x.npy -o y.npy --n-iter 5 --memory-limit {limit}");
    directory.refuse(&limited(peak - 1), "allowed by --memory-limit, but this run takes about");
    directory.refuse(&limited(peak - 1), "a sample of");
    assert!(!directory.path("y.npy").exists());
    directory.succeed(&limited(peak));
    assert!(directory.path("y.npy").exists());
    // The plan is told the limit, too.
    let plan = directory.json("plan x.npy --memory-limit 20MB");
    assert_eq!((&plan["fits"], &plan["available_memory_bytes"]), (&false.into(), &20_000_000.into()));
    // What comes through a pipe is known when it has been read.
    let mut call = Command::new(env!("CARGO_BIN_EXE_tsne"));
    call.current_dir(directory.path("")).args(["embed", "-", "-o", "z.npy", "--memory-limit", "100kB"]);
    let output = call.stdin(File::open(directory.path("x.npy")).unwrap()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("100000 bytes, but must be at least"), "{stderr}");
    let output = directory.tsne("embed x.npy -o y.npy --memory-limit much");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("write a number of bytes, at least 1, or one with a unit: 500MB, 2.5GB, 4GiB"), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn each_of_several_processes_takes_less() {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(20_000, 10).into_iter().map(|v| v as f32).collect();
    directory.write("x.npy", npy(values, &[20_000, 10], Order::C));
    let of = |processes: usize| {
        let plan = directory.json(&format!("plan x.npy --processes {processes}"));
        assert_eq!(plan["processes"].as_u64(), Some(processes as u64));
        plan["peak_memory_bytes"].as_f64().unwrap()
    };
    // Affinities and the grid are shared out, and are more than half; the program and the data are on all, so that no eighth is left.
    assert!(of(8) < 0.7 * of(1) && of(8) > 1.5 * of(1) / 8.0);
    // A page brings at least as many affinities as there are neighbors to the first: columns, weights, and these as they arrive. A
    // checkpoint comes by it in pieces: where rows begin, and no more than one array, of up to 360 affinities of each of 180 neighbors.
    let last_stage = |flags: &str| {
        let plan = directory.json(&format!("plan x.npy --processes 8 --perplexity 60 {flags}"));
        let bytes = plan["stages"].as_array().unwrap().last().unwrap()["memory_bytes"].as_f64().unwrap();
        (bytes, plan["peak_memory_bytes"].as_u64().unwrap())
    };
    let ((plain, _), (shown, _)) = (last_stage(""), last_stage("-o y.npy --html y.html"));
    let (saved, peak) = last_stage("--checkpoint run.tsne");
    assert!(shown > plain + 12.0 * 20_000.0 * 180.0, "{shown} for {plain}");
    assert!(saved > plain + 8.0 * 20_000.0 && saved < plain + (24.0 + 4.0 * 360.0) * 20_000.0, "{saved} for {plain}");
    let limited =
        format!("embed x.npy -o y.npy --perplexity 60 --checkpoint run.tsne --memory-limit {}B", peak - 1_000_000);
    let arguments = limited.split(' ').map(|argument| match argument.contains('.') {
        true => directory.path(argument).into_os_string(),
        false => argument.into(),
    });
    let arguments: Vec<_> = std::iter::once("tsne".into()).chain(arguments).collect();
    let ended = ThreadTeam::run(8, 1, |team| tsne_cli::run_in_team(arguments.clone(), team)).unwrap();
    // The first needs it, and all say so, in the same words.
    let lines: Vec<&str> = ended.iter().map(|ended| ended.as_ref().unwrap_err().line().unwrap()).collect();
    assert!(lines[0].contains("no --checkpoint") && lines.iter().all(|line| *line == lines[0]), "{lines:?}");
    let told = directory.succeed("plan x.npy --processes 8 --perplexity 60 --checkpoint run.tsne");
    assert!(told.contains("in the first of 8 processes") && told.contains("in each other"), "{told}");
    let told = directory.succeed("plan x.npy --processes 8");
    assert!(told.contains("in each of 8 processes") && told.contains("at least"), "{told}");
    directory.refuse("plan x.npy --processes 0", "--processes");
}

#[test]
fn the_memory_is_that_of_the_run() {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(20_000, 40).into_iter().map(|v| v as f32).collect();
    directory.write("x.npy", npy(values, &[20_000, 40], Order::C));
    for arguments in ["", "--perplexity 10 --float f64 --save y.tsne"] {
        let call = format!("x.npy -o y.npy --threads 2 {arguments}");
        let planned = directory.json(&format!("plan {call}"))["peak_memory_bytes"].as_f64().unwrap();
        let taken = directory.json(&format!("embed {call}"))["peak_memory_bytes"].as_f64().unwrap();
        assert!((planned / taken - 1.0).abs() < 0.2, "{arguments}: planned {planned}, taken {taken}");
    }
}
