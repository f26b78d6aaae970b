//! Files of anndata: every form of an array and of a column, against what the script that wrote them says (`data/make.py`).

use crate::common::{Directory, rows_of};
use flate2::read::GzDecoder;
use std::io::Read;
use tsne_cli::input::{CsvOptions, IndexColumn, InputOptions, Labels, Loaded, MapTable, Missing, PointTable};
use tsne_cli::output::MapOf;

const N: usize = 24;
const D: usize = 6;

/// The value of row `i`, column `c` of `X`.
fn value(i: usize, c: usize) -> f32 {
    if (i + c).is_multiple_of(2) { 0.0 } else { ((7 * i + 3 * c) % 11) as f32 }
}

fn bytes(name: &str) -> Vec<u8> {
    let packed: &[u8] = match name {
        "dense" => include_bytes!("../data/dense.h5ad.gz"),
        "gzip" => include_bytes!("../data/gzip.h5ad.gz"),
        "lzf" => include_bytes!("../data/lzf.h5ad.gz"),
        "legacy" => include_bytes!("../data/legacy.h5ad.gz"),
        "csr" => include_bytes!("../data/csr.h5ad.gz"),
        _ => include_bytes!("../data/csc.h5ad.gz"),
    };
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

fn read(name: &str, options: &InputOptions) -> Result<Loaded<f32>, String> {
    let directory = Directory::new();
    directory.write("x.h5ad", bytes(name));
    Loaded::read(&directory.path("x.h5ad"), options).map_err(|error| format!("{error:#}"))
}

/// The points row by row.
fn dense(points: &PointTable<f32>) -> Vec<Vec<f32>> {
    rows_of(points).iter().map(|row| row.iter().map(|&value| value as f32).collect()).collect()
}

fn expected(columns: std::ops::Range<usize>, factor: f32) -> Vec<Vec<f32>> {
    (0..N).map(|i| columns.clone().map(|c| factor * value(i, c)).collect()).collect()
}

fn with(set: impl FnOnce(&mut InputOptions)) -> InputOptions {
    let mut options = InputOptions::default();
    set(&mut options);
    options
}

#[test]
fn every_form_of_x() {
    for name in ["dense", "gzip", "lzf", "csr", "csc"] {
        let loaded = read(name, &InputOptions::default()).unwrap();
        assert_eq!(dense(&loaded.points), expected(0..D, 1.0), "{name}");
        assert_eq!(loaded.part.as_deref(), Some("X"));
        let ids = loaded.annotations.ids.unwrap();
        assert!((0..N).all(|i| ids[i] == format!("cell{i}")), "{name}: {ids:?}");
        assert_eq!(loaded.names.unwrap()[5], "gene5");
        assert_eq!(loaded.left_out, ["kind", "word"]);
    }
}

#[test]
fn every_array() {
    let check = |options: InputOptions, expected: Vec<Vec<f32>>, part: &str| {
        let loaded = read("gzip", &options).unwrap();
        assert_eq!(dense(&loaded.points), expected, "{part}");
        assert_eq!(loaded.part.as_deref(), Some(part));
    };
    check(with(|o| o.obsm = Some("X_pca".into())), expected(0..3, 1.0), "obsm \"X_pca\"");
    check(with(|o| o.obsm = Some("sparse".into())), expected(1..4, 1.0), "obsm \"sparse\"");
    check(with(|o| o.obsm = Some("X".into())), expected(0..D, 1.0), "X");
    check(with(|o| o.layer = Some("half".into())), expected(0..D, 0.5), "layer \"half\"");
    check(with(|o| o.raw = true), expected(0..D, 2.0), "raw.X");
    let error = read("gzip", &with(|o| o.obsm = Some("X_pac".into()))).unwrap_err();
    assert!(error.contains("no array of obsm \"X_pac\"") && error.contains("\"X_pca\""), "{error}");
}

fn labels(name: &str, column: &str) -> Labels {
    let options = with(|o| o.table.label_columns = vec![column.into()]);
    read(name, &options).unwrap().annotations.labels.remove(0)
}

#[test]
fn every_form_of_a_column() {
    for name in ["dense", "lzf"] {
        let kind = labels(name, "kind");
        assert_eq!((kind.name.as_str(), kind.missing()), ("kind", 1));
        // A category may be called NA; what is missing has the code -1.
        for i in 0..N {
            let expected = (i != 1).then_some(["b", "a", "NA"][i % 3]);
            assert_eq!(kind.of(i), expected, "{name} {i}");
        }
        let check = |column: &str, expected: &dyn Fn(usize) -> Option<String>| {
            let labels = labels(name, column);
            (0..N).for_each(|i| assert_eq!(labels.of(i).map(str::to_owned), expected(i), "{name} {column} {i}"));
        };
        check("word", &|i| Some(format!("w{}", i % 4)));
        check("score", &|i| Some((0.5 * i as f64).to_string()));
        check("count", &|i| Some((i % 5).to_string()));
        check("flag", &|i| Some(if i % 2 == 0 { "True" } else { "False" }.into()));
        check("maybe", &|i| (i % 4 != 0).then(|| (i % 3).to_string()));
    }
    let wrong = with(|o| o.table.label_columns = vec!["kinds".into()]);
    let error = read("dense", &wrong).unwrap_err();
    assert!(error.contains("\"kinds\"") && error.contains("\"kind\""), "{error}");
    let by = with(|o| o.table.index_column = IndexColumn::Column("word".into()));
    assert_eq!(read("dense", &by).unwrap().annotations.ids.unwrap()[5], "w1");
}

#[test]
fn neighbors_of_scanpy_stand_for_points() {
    for key in ["neighbors", "distances"] {
        let loaded = read("csr", &with(|o| o.neighbors_key = Some(key.into()))).unwrap();
        let PointTable::Graph(graph) = loaded.points else { panic!("no graph") };
        assert_eq!(graph.n(), N);
        for i in 0..N {
            let (indices, distances) = graph.row(i);
            assert_eq!(indices, [(i + 1) % N, (i + N - 1) % N, (i + 2) % N].map(|j| j as u32));
            assert_eq!(distances, [1.0, 1.25, 2.0]);
        }
        assert!(loaded.annotations.ids.is_some());
    }
    let error = read("csr", &with(|o| o.neighbors_key = Some("distance".into()))).unwrap_err();
    assert!(error.contains("\"distance\"") && error.contains("\"distances\""), "{error}");
}

#[test]
fn a_map_of_points_and_one_of_their_neighbors() {
    let directory = Directory::new();
    directory.write("x.h5ad", bytes("csr"));
    let flags = "--perplexity 3 --n-iter 20 --early-exaggeration-iter 10";
    let words = directory.succeed(&format!("embed x.h5ad -o y.csv --label-column kind --label-column score {flags}"));
    assert!(
        words.contains("24 points x 6 columns; X; labels \"kind\", 3 kinds, 1 missing; labels \"score\", "),
        "{words}"
    );
    let csv = String::from_utf8(directory.read("y.csv")).unwrap();
    assert!(csv.starts_with("id,x,y,kind,score\ncell0,") && csv.lines().nth(2).unwrap().ends_with(",,0.5"), "{csv}");
    let words = directory.succeed(&format!("embed x.h5ad -o y.npy --neighbors-key neighbors {flags}"));
    assert!(
        words.contains("3 neighbors of each in obsp \"distances\", no search; classes: \"kind\", \"word\""),
        "{words}"
    );
    directory.refuse("score x.h5ad y.npy --neighbors-key neighbors", "leave out --neighbors-key");
}

#[test]
fn maps_go_into_the_file_or_a_copy() {
    let directory = Directory::new();
    directory.write("x.h5ad", bytes("csr"));
    let flags = "--perplexity 3 --n-iter 5 --early-exaggeration-iter 5 --quiet";
    directory.succeed(&format!("embed x.h5ad -o y.npy {flags}"));
    let (shape, expected) = crate::common::read_npy(&directory.read("y.npy"));
    assert_eq!(shape, [N as u64, 2]);
    let check = |name: &str| {
        let options = with(|o| {
            o.obsm = Some("X_tsne".into());
            o.table.label_columns = vec!["kind".into()];
        });
        let loaded = Loaded::<f32>::read(&directory.path(name), &options).unwrap();
        assert_eq!(dense(&loaded.points).concat(), expected, "{name}");
        assert_eq!(loaded.annotations.labels[0].missing(), 1);
        let x = Loaded::<f32>::read(&directory.path(name), &InputOptions::default()).unwrap();
        assert_eq!(dense(&x.points), expected_x(), "{name}");
    };
    directory.succeed(&format!("embed x.h5ad -o copy.h5ad {flags}"));
    assert_eq!(directory.read("x.h5ad"), bytes("csr"));
    check("copy.h5ad");
    // Twice: the second map is in place of the first one.
    directory.succeed(&format!("embed x.h5ad --write-back --init random {flags}"));
    directory.succeed(&format!("embed x.h5ad --write-back {flags}"));
    check("x.h5ad");
    assert_eq!(directory.files(), ["copy.h5ad", "x.h5ad", "y.npy"]);
    directory.write("x.csv", "1,2\n3,4\n");
    for arguments in ["embed x.csv --write-back", "embed x.csv -o y.h5ad"] {
        let stderr = String::from_utf8(directory.tsne(arguments).stderr).unwrap();
        assert!(stderr.contains("only where the points are from one"), "{stderr}");
    }
    let stderr = String::from_utf8(directory.tsne("embed x.h5ad -o x.h5ad").stderr).unwrap();
    assert!(stderr.contains("would be overwritten"), "{stderr}");
}

fn expected_x() -> Vec<Vec<f32>> {
    expected(0..D, 1.0)
}

/// Before 0.7 `obs`, `var` and `obsm` were compound arrays, and categories and graphs in `uns`.
#[test]
fn the_layout_of_before_0_7() {
    let check = |options: InputOptions, expected: Vec<Vec<f32>>, part: &str| {
        let loaded = read("legacy", &options).unwrap();
        assert_eq!(dense(&loaded.points), expected, "{part}");
        assert_eq!(loaded.part.as_deref(), Some(part));
        let ids = loaded.annotations.ids.unwrap();
        assert!((0..N).all(|i| ids[i] == format!("cell{i}")), "{ids:?}");
    };
    check(InputOptions::default(), expected(0..D, 1.0), "X");
    check(with(|o| o.obsm = Some("X_pca".into())), expected(0..3, 1.0), "obsm \"X_pca\"");
    check(with(|o| o.obsm = Some("X_umap".into())), expected(1..3, 1.0), "obsm \"X_umap\"");
    check(with(|o| o.raw = true), expected(0..D, 2.0), "raw.X");
    let loaded = read("legacy", &InputOptions::default()).unwrap();
    assert_eq!(loaded.names.unwrap()[5], "gene5");
    let (old, new) = (read("legacy", &neighbors()).unwrap().points, read("csr", &neighbors()).unwrap().points);
    let (PointTable::Graph(old), PointTable::Graph(new)) = (old, new) else { panic!("no graph") };
    assert_eq!((old.indices(), old.distances()), (new.indices(), new.distances()));
    for column in ["kind", "word", "score", "count", "flag"] {
        let (old, new) = (labels("legacy", column), labels("dense", column));
        (0..N).for_each(|i| assert_eq!(old.of(i), new.of(i), "{column} {i}"));
    }
    let (single, few) = (labels("legacy", "single"), labels("legacy", "few"));
    (0..N).for_each(|i| assert_eq!(single.of(i), Some((0.5 * i as f64).to_string().as_str())));
    (0..N).for_each(|i| assert_eq!(few.of(i), Some((i % 4).to_string().as_str())));
    let error = read("legacy", &with(|o| o.obsm = Some("X_pac".into()))).unwrap_err();
    assert!(error.contains("no array of obsm \"X_pac\"") && error.contains("\"X_pca\""), "{error}");
}

#[test]
fn a_map_without_the_points_that_were_left_out_is_one_of_the_others() {
    let directory = Directory::new();
    directory.write("x.h5ad", bytes("dense"));
    let kept: Vec<usize> = (0..N).filter(|i| i % 5 != 2).collect();
    let positions: Vec<[f32; 2]> = kept.iter().map(|&i| [i as f32, -(i as f32)]).collect();
    let map = MapOf { positions: &positions, n: N, kept: Some(&kept), params: &[] };
    map.write_into(&directory.path("x.h5ad")).unwrap();
    let options = with(|o| o.table.label_columns = vec!["word".into()]);
    let read = MapTable::read(&directory.path("x.h5ad"), &options).unwrap();
    let (rows, words) = (read.table.rows().unwrap(), labels("dense", "word"));
    assert_eq!(rows.n(), kept.len());
    for (k, &i) in kept.iter().enumerate() {
        assert_eq!(rows.row(k), [i as f64, -(i as f64)]);
        assert_eq!(read.annotations.labels[0].of(k), words.of(i));
    }
    directory.succeed("plot x.h5ad --label-column word -o word.svg");
}

fn neighbors() -> InputOptions {
    with(|o| o.neighbors_key = Some("neighbors".into()))
}

#[test]
fn a_map_beside_the_fields_of_a_compound_obsm() {
    let directory = Directory::new();
    directory.write("x.h5ad", bytes("legacy"));
    let flags = "--perplexity 3 --n-iter 5 --early-exaggeration-iter 5 --quiet";
    directory.succeed(&format!("embed x.h5ad -o y.npy {flags}"));
    let (_, map) = crate::common::read_npy(&directory.read("y.npy"));
    directory.succeed(&format!("embed x.h5ad --write-back --init random {flags}"));
    directory.succeed(&format!("embed x.h5ad --write-back {flags}"));
    for (name, expected) in [
        ("X_tsne", map),
        ("X_pca", expected(0..3, 1.0).concat()),
        ("X_umap", expected(1..3, 1.0).concat()),
        ("X", expected_x().concat()),
    ] {
        let options = with(|o| {
            o.obsm = Some(name.into());
            o.table.label_columns = vec!["kind".into()];
        });
        let loaded = Loaded::<f32>::read(&directory.path("x.h5ad"), &options).unwrap();
        assert_eq!(dense(&loaded.points).concat(), expected, "{name}");
        assert_eq!(loaded.annotations.labels[0].missing(), 1);
    }
}

#[test]
fn damaged_files_are_errors() {
    ["csr", "legacy"].into_iter().for_each(damage);
}

/// Reads a file that is cut or changed, and puts a map into it.
fn damage(name: &str) {
    let whole = bytes(name);
    let directory = Directory::new();
    let read_or_refused = |bytes: &[u8]| {
        directory.write("x.h5ad", bytes);
        for options in [
            InputOptions::default(),
            neighbors(),
            with(|o| o.obsm = Some("X_pca".into())),
            with(|o| {
                o.table = CsvOptions {
                    label_columns: vec!["kind".into(), "maybe".into()],
                    missing: Missing::Drop,
                    ..CsvOptions::default()
                }
            }),
        ] {
            let _ = Loaded::<f32>::read(&directory.path("x.h5ad"), &options);
        }
        let map = MapOf { positions: &[[0.5_f32; 2]; N], n: N, kept: None, params: &[] };
        let _ = map.write_into(&directory.path("x.h5ad"));
    };
    read_or_refused(b"");
    read_or_refused(b"\x89HDF\r\n\x1a\n");
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        read_or_refused(&whole[..length]);
    }
    // Bytes that are not zero, one changed at a time: headers, messages, sizes, references.
    let places: Vec<usize> = (0..whole.len()).filter(|&i| whole[i] != 0).collect();
    for (i, &place) in places.iter().enumerate().step_by(places.len() / 300) {
        let mut bytes = whole.clone();
        bytes[place] = [0xff, 0x7f, 0x00, 0x01][i % 4];
        read_or_refused(&bytes);
    }
}

/// Where the shape of `X` says more columns than `var` has names, the file is damaged: found by the fuzzer, which changed this one byte.
#[test]
fn names_are_as_many_as_columns() {
    let mut bytes = bytes("legacy");
    assert_eq!(bytes[840..848], 6u64.to_le_bytes());
    bytes[840] = 35;
    let directory = Directory::new();
    directory.write("x.h5ad", &bytes);
    let error = Loaded::<f32>::read(&directory.path("x.h5ad"), &InputOptions::default()).unwrap_err();
    assert!(format!("{error:#}").contains("var has 6 names for 35 columns of X"), "{error:#}");
}

/// A gene is labels like a column of `obs`; of `raw`, where there is one, as in scanpy.
#[test]
fn the_values_of_a_gene_are_labels() {
    for name in ["dense", "gzip", "lzf", "csr", "csc", "legacy"] {
        let options = with(|o| o.table.label_columns = vec!["gene5".into()]);
        let loaded = read(name, &options).unwrap();
        let labels = &loaded.annotations.labels[0];
        let raw = read(name, &with(|o| o.raw = true)).is_ok();
        let factor = if raw { 2.0 } else { 1.0 };
        let expected: Vec<String> = (0..N).map(|i| (factor * value(i, 5)).to_string()).collect();
        assert_eq!((0..N).map(|i| labels.of(i).unwrap()).collect::<Vec<_>>(), expected, "{name}");
        assert!(labels.are_continuous() && labels.name == "gene5", "{name}");
    }
    // Neither a column nor a gene: the names that are near are those of columns.
    let error = read("dense", &with(|o| o.table.label_columns = vec!["gene55".into()])).unwrap_err();
    assert!(error.contains("there is no column of obs \"gene55\""), "{error}");
}

/// On Linux a process that is killed while it writes a copy leaves nothing, for the copy has no name: seen while it waits for its
/// source, a pipe.
#[cfg(target_os = "linux")]
#[test]
fn a_copy_in_the_making_has_no_name() {
    use std::io::Write;
    let directory = Directory::new();
    let source = directory.path("x.h5ad");
    assert!(std::process::Command::new("mkfifo").arg(&source).status().unwrap().success());
    directory.write("old.h5ad", "old");
    let positions = vec![[0.0f32; 2]; N];
    let map = MapOf { positions: &positions, n: N, kept: None, params: &[] };
    // With the whole file, then with half of it, which is an error that leaves the old file.
    for (target, bytes) in [("new.h5ad", bytes("dense")), ("old.h5ad", bytes("dense")[..5_000].to_vec())] {
        let before = directory.files();
        let outcome = std::thread::scope(|scope| {
            let copying = scope.spawn(|| map.write_copy(&source, &directory.path(target)));
            // Opens once the other side does, which has made its copy then.
            let mut pipe = std::fs::OpenOptions::new().write(true).open(&source).unwrap();
            pipe.write_all(&bytes[..1_000]).unwrap();
            let during = directory.files();
            pipe.write_all(&bytes[1_000..]).unwrap();
            drop(pipe);
            assert_eq!(during, before);
            copying.join().unwrap()
        });
        assert_eq!(outcome.is_ok(), target == "new.h5ad", "{outcome:?}");
    }
    assert_eq!(directory.files(), ["new.h5ad", "old.h5ad", "x.h5ad"]);
    assert_eq!(directory.read("old.h5ad"), b"old");
}
