//! Archives, folders and packed files: the same points as in plain ones.

use crate::common::{Directory, clusters, columns, npy, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use npyz::Order;
use std::io::Write;
use tsne_cli::input::{CsvOptions, InputOptions, Loaded, Missing, PointTable};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const N: usize = 30;
const D: usize = 4;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A Zstandard frame that is not compressed: magic, a window of 1 MiB, raw blocks.
fn zst(bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    let blocks: Vec<&[u8]> = bytes.chunks(1 << 16).collect();
    for (i, block) in blocks.iter().enumerate() {
        let header = (block.len() as u32) << 3 | u32::from(i + 1 == blocks.len());
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    frame
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut zip = ZipWriter::new(&mut bytes);
    for (name, array) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(array).unwrap();
    }
    zip.finish().unwrap();
    bytes.into_inner()
}

fn load(directory: &Directory, name: &str, options: &InputOptions) -> Result<Loaded<f64>, String> {
    Loaded::read(&directory.path(name), options).map_err(|error| format!("{error:#}"))
}

fn dense(points: &PointTable<f64>) -> Vec<f64> {
    match points {
        PointTable::Dense(table) | PointTable::Wide(table) => table.rows().unwrap().iter().flatten().copied().collect(),
        PointTable::Sparse(table) => {
            let rows = table.rows().unwrap();
            let mut values = vec![0.0; rows.n() * rows.d()];
            for i in 0..rows.n() {
                let (columns, of) = rows.row(i);
                columns.iter().zip(of).for_each(|(&column, &value)| values[i * rows.d() + column as usize] = value);
            }
            values
        }
        PointTable::Own(_) | PointTable::Graph(_) => Vec::new(),
    }
}

#[test]
fn packed_arrays_and_tables() {
    let directory = Directory::new();
    let (values, shape) = (clusters(N, D), [N as u64, D as u64]);
    let array = npy(values.iter().copied(), &shape, Order::C);
    directory.write("x.npy.gz", gz(&array));
    directory.write("x.npy.zst", zst(&array));
    directory.write("fortran.npy.gz", gz(&npy(columns(&values, D), &shape, Order::Fortran)));
    let table = text(&values, D, ",");
    directory.write("x.csv.zst", zst(table.as_bytes()));
    // Several frames, one after the other.
    let (first, second) = table.split_at(table.len() / 2);
    directory.write("frames.csv.zst", [zst(first.as_bytes()), zst(second.as_bytes())].concat());
    for name in ["x.npy.gz", "x.npy.zst", "fortran.npy.gz", "x.csv.zst", "frames.csv.zst"] {
        assert_eq!(dense(&load(&directory, name, &InputOptions::default()).unwrap().points), values, "{name}");
    }
    // What is cut off is no shorter array, and what a packed header promises is not believed.
    directory.write("cut.npy.gz", gz(&array[..array.len() - 8]));
    assert!(load(&directory, "cut.npy.gz", &InputOptions::default()).is_err());
    let huge = String::from_utf8_lossy(&array[10..128]).replace("(30, 4)", "(9999999999, 4)");
    let mut lying = array[..10].to_vec();
    lying[8..10].copy_from_slice(&(huge.len() as u16).to_le_bytes());
    lying.extend_from_slice(huge.as_bytes());
    directory.write("lying.npy.gz", gz(&lying));
    assert!(load(&directory, "lying.npy.gz", &InputOptions::default()).is_err());
    directory.write("bad.csv.zst", b"1,2\n");
    assert!(load(&directory, "bad.csv.zst", &InputOptions::default()).unwrap_err().contains("Zstandard"));
}

#[test]
fn archives_of_numpy() {
    let directory = Directory::new();
    let values = clusters(N, D);
    let points = || npy(values.iter().copied(), &[N as u64, D as u64], Order::C);
    let classes = npy((0..N as i64).map(|i| i % 3), &[N as u64], Order::C);
    directory.write("x.npz", npz(&[("X", points()), ("y", classes.clone())]));
    let labeled = InputOptions {
        table: CsvOptions { label_columns: vec!["y".into()], ..CsvOptions::default() },
        ..InputOptions::default()
    };
    let loaded = load(&directory, "x.npz", &labeled).unwrap();
    assert_eq!((dense(&loaded.points), loaded.part.as_deref()), (values.clone(), Some("array \"X\"")));
    assert_eq!((loaded.annotations.labels[0].name.as_str(), loaded.annotations.labels[0].of(4)), ("y", Some("1")));
    directory.write("two.npz", npz(&[("train", points()), ("test", points()), ("y", classes)]));
    let error = load(&directory, "two.npz", &InputOptions::default()).unwrap_err();
    assert!(error.contains("--layer") && error.contains("\"train\""), "{error}");
    let chosen = |layer: &str| InputOptions { layer: Some(layer.into()), ..InputOptions::default() };
    assert_eq!(dense(&load(&directory, "two.npz", &chosen("test")).unwrap().points), values);
    assert!(load(&directory, "two.npz", &chosen("trian")).unwrap_err().contains("\"train\""));
    directory.write("x.npy", points());
    assert!(load(&directory, "x.npy", &chosen("X")).unwrap_err().contains("--layer"));
}

#[test]
fn sparse_matrices_of_scipy_in_every_form() {
    let directory = Directory::new();
    // [[0, 1, 0, 2], [3, 0, 0, 0], [0, 4, 5, 0]]
    let expected = [0.0, 1.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 4.0, 5.0, 0.0];
    let word = |text: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        let header = "{'descr': '|S3', 'fortran_order': False, 'shape': (), }\n";
        bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    let integers = |values: &[i32]| npy(values.iter().copied(), &[values.len() as u64], Order::C);
    let numbers = |values: &[f64]| npy(values.iter().copied(), &[values.len() as u64], Order::C);
    let shape = || npy([3i64, 4], &[2], Order::C);
    directory.write(
        "csc.npz",
        npz(&[
            ("format", word("csc")),
            ("shape", shape()),
            ("indptr", integers(&[0, 1, 3, 4, 5])),
            ("indices", integers(&[1, 0, 2, 2, 0])),
            ("data", numbers(&[3.0, 1.0, 4.0, 5.0, 2.0])),
        ]),
    );
    directory.write(
        "coo.npz",
        npz(&[
            ("format", word("coo")),
            ("shape", shape()),
            ("row", integers(&[2, 0, 1, 2, 0, 0])),
            ("col", integers(&[2, 1, 0, 1, 3, 3])),
            ("data", numbers(&[5.0, 1.0, 3.0, 4.0, 0.5, 1.5])),
        ]),
    );
    for name in ["csc.npz", "coo.npz"] {
        let loaded = load(&directory, name, &InputOptions::default()).unwrap();
        assert_eq!(dense(&loaded.points), expected, "{name}");
        let turned =
            InputOptions { table: CsvOptions { transpose: true, ..CsvOptions::default() }, ..InputOptions::default() };
        assert_eq!(dense(&load(&directory, name, &turned).unwrap().points), columns(&expected, 4), "{name}");
    }
    directory.write(
        "bad.npz",
        npz(&[
            ("format", word("coo")),
            ("shape", shape()),
            ("row", integers(&[3])),
            ("col", integers(&[0])),
            ("data", numbers(&[1.0])),
        ]),
    );
    assert!(load(&directory, "bad.npz", &InputOptions::default()).unwrap_err().contains("row 3"));
}

#[test]
fn folders_of_10x_genomics() {
    let directory = Directory::new();
    std::fs::create_dir(directory.path("pbmc")).unwrap();
    let error = load(&directory, "pbmc", &InputOptions::default()).unwrap_err();
    assert!(error.contains("matrix.mtx"), "{error}");
    // Three genes, two cells.
    let matrix = "%%MatrixMarket matrix coordinate integer general\n%x\n3 2 3\n1 1 5\n3 1 7\n2 2 4\n";
    directory.write("pbmc/matrix.mtx.gz", gz(matrix.as_bytes()));
    directory.write("pbmc/features.tsv.gz", gz(b"ENSG1\tCD3\tGene Expression\nENSG2\tCD4\tx\nENSG3\tCD8\tx\n"));
    let error = load(&directory, "pbmc", &InputOptions::default()).unwrap_err();
    assert!(error.contains("barcodes.tsv"), "{error}");
    directory.write("pbmc/barcodes.tsv.gz", gz(b"AAAC-1\nAAAG-1\n"));
    directory.write("meta.csv", "barcode,kind\nAAAG-1,B\nAAAC-1,T\n");
    let options = InputOptions {
        labels: vec![directory.path("meta.csv")],
        table: CsvOptions { label_columns: vec!["kind".into()], ..CsvOptions::default() },
        ..InputOptions::default()
    };
    let loaded = load(&directory, "pbmc", &options).unwrap();
    assert_eq!(dense(&loaded.points), [5.0, 0.0, 7.0, 0.0, 4.0, 0.0]);
    assert_eq!(loaded.annotations.ids.unwrap(), ["AAAC-1", "AAAG-1"]);
    assert_eq!((loaded.annotations.labels[0].of(0), loaded.annotations.labels[0].of(1)), (Some("T"), Some("B")));
    directory.write("pbmc/barcodes.tsv.gz", gz(b"A\nB\nC\nD\n"));
    assert!(load(&directory, "pbmc", &InputOptions::default()).unwrap_err().contains("4 barcodes"));
}

#[test]
fn missing_values_of_arrays_and_labels_of_the_points_that_are_left() {
    let directory = Directory::new();
    let mut values = clusters(N, D);
    values[2 * D + 1] = f64::NAN;
    directory.write("x.npy", npy(values.iter().copied(), &[N as u64, D as u64], Order::C));
    directory.write("l.txt", (0..N).map(|i| format!("p{i}\n")).collect::<String>());
    let error = load(&directory, "x.npy", &InputOptions::default()).unwrap_err();
    assert!(error.contains("row 2, column 1") && error.contains("--missing"), "{error}");
    let drop = InputOptions {
        labels: vec![directory.path("l.txt")],
        table: CsvOptions { missing: Missing::Drop, ..CsvOptions::default() },
        ..InputOptions::default()
    };
    let loaded = load(&directory, "x.npy", &drop).unwrap();
    assert_eq!(dense(&loaded.points), [&values[..2 * D], &values[3 * D..]].concat());
    assert_eq!((loaded.annotations.labels[0].of(1), loaded.annotations.labels[0].of(2)), (Some("p1"), Some("p3")));
}

#[test]
fn the_error_of_an_unknown_format_converts_it() {
    let directory = Directory::new();
    for (name, line) in [
        ("cells.xlsx", "pandas.read_excel(\"cells.xlsx\").to_csv(\"cells.csv\""),
        ("cells.rds", "readRDS(\"cells.rds\")"),
        ("cells.loom", "write(\"cells.h5ad\")"),
        ("cells.unknown", "tsne embed -"),
    ] {
        directory.write(name, b"x");
        let error = load(&directory, name, &InputOptions::default()).unwrap_err();
        assert!(error.contains(line), "{error}");
    }
}

#[cfg(not(feature = "columnar"))]
#[test]
fn without_its_feature_parquet_is_converted_or_the_program_built_anew() {
    let directory = Directory::new();
    directory.write("cells.parquet", b"PAR1");
    directory.write("points.csv", "a,b\n1,2\n3,4\n");
    for (arguments, words) in [
        ("embed cells.parquet -o y.npy", &["read_parquet(\"cells.parquet\")", "--features columnar"][..]),
        (
            "embed points.csv --labels cells.parquet -o y.npy",
            &["read_parquet(\"cells.parquet\")", "--features columnar"],
        ),
        ("embed points.csv --labels cells.parquet --label-column a -o y.npy", &["read_parquet(\"cells.parquet\")"]),
        ("plot cells.parquet -o y.svg", &["read_parquet(\"cells.parquet\")"]),
        ("embed points.csv -o y.parquet", &["write .csv", "--features columnar"]),
    ] {
        let error = String::from_utf8(directory.tsne(arguments).stderr).unwrap();
        assert!(words.iter().all(|word| error.contains(word)), "{arguments}: {error}");
    }
}
