//! Sparse points: the same map as from the same points in a dense file.

use crate::common::{Directory, npy, text};
use npyz::Order;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const N: usize = 80;
const D: usize = 12;

/// Whole numbers, so that all sums of squares are exact in any order; most values are zero.
fn values() -> Vec<f64> {
    let value = |i: usize| if i * 7919 % 5 < 3 { 0.0 } else { ((i * 104_729) % 23) as f64 - 8.0 };
    (0..N * D).map(value).collect()
}

/// Row, column and value of what is not zero.
fn entries() -> Vec<(usize, usize, f64)> {
    let values = values();
    (0..N * D).filter(|&i| values[i] != 0.0).map(|i| (i / D, i % D, values[i])).collect()
}

/// The archive that SciPy's `save_npz` writes, of these arrays.
fn archive(arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The format's name as NumPy writes it: a text without dimensions.
fn name(format: &str) -> Vec<u8> {
    let header = format!("{{'descr': '|S{}', 'fortran_order': False, 'shape': (), }}\n", format.len());
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(format.as_bytes());
    bytes
}

/// The arrays of the points. Rows are stored from their last column to their first, and the first entry of each row in two
/// halves.
fn arrays() -> Vec<(&'static str, Vec<u8>)> {
    let (mut indptr, mut indices, mut data) = (vec![0i32], Vec::new(), Vec::new());
    for i in 0..N {
        let row: Vec<_> = entries().into_iter().filter(|entry| entry.0 == i).collect();
        for (place, &(_, column, value)) in row.iter().enumerate().rev() {
            let parts = if place == 0 { vec![0.5 * value; 2] } else { vec![value] };
            indices.extend(parts.iter().map(|_| column as i32));
            data.extend(parts);
        }
        indptr.push(indices.len() as i32);
    }
    vec![
        ("indices", npy(indices.iter().copied(), &[indices.len() as u64], Order::C)),
        ("indptr", npy(indptr.iter().copied(), &[N as u64 + 1], Order::C)),
        ("format", name("csr")),
        ("shape", npy([N as i64, D as i64], &[2], Order::C)),
        ("data", npy(data.iter().copied(), &[data.len() as u64], Order::C)),
    ]
}

fn mtx() -> String {
    let mut text =
        format!("%%MatrixMarket matrix coordinate real general\n% made by a test\n{N} {D} {}\n", entries().len());
    for (row, column, value) in entries().iter().rev() {
        text += &format!("{} {} {value}\n", row + 1, column + 1);
    }
    text
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn sparse_files_equal_dense_ones() {
    let directory = Directory::new();
    directory.write("dense.csv", text(&values(), D, ","));
    directory.write("stored.npz", archive(&arrays(), CompressionMethod::Stored));
    directory.write("deflated.npz", archive(&arrays(), CompressionMethod::Deflated));
    directory.write("text.mtx", mtx());
    directory.write("text.mtx.gz", gz(&mtx()));
    for metric in ["euclidean", "manhattan"] {
        let flags = format!("--init random --perplexity 8 --n-iter 20 --metric {metric}");
        let report = directory.json(&format!("embed dense.csv -o dense.npy {flags}"));
        for file in ["stored.npz", "deflated.npz", "text.mtx", "text.mtx.gz"] {
            let sparse = directory.json(&format!("embed {file} -o sparse.npy {flags}"));
            for key in ["n", "d", "kl_divergence", "extent"] {
                assert_eq!(sparse[key], report[key], "{file} {metric} {key}");
            }
            // The distances are sums of whole numbers, exact in any order; random positions depend on them alone.
            assert!(directory.read("dense.npy") == directory.read("sparse.npy"), "{file} {metric}");
        }
    }
    // Principal components of sparse points round differently, so that only their size can be compared.
    let dense = directory.json("embed dense.csv -o dense.npy --perplexity 8");
    let sparse = directory.json("embed text.mtx -o sparse.npy --perplexity 8");
    let kl = |report: &serde_json::Value| report["kl_divergence"].as_f64().unwrap();
    assert!((kl(&dense) - kl(&sparse)).abs() < 0.1 * kl(&dense), "{dense} {sparse}");
}

#[test]
fn maps_of_sparse_points_take_sparse_points() {
    let directory = Directory::new();
    directory.write("dense.csv", text(&values(), D, ","));
    directory.write("x.npz", archive(&arrays(), CompressionMethod::Deflated));
    directory.succeed("embed x.npz --save m.tsne --perplexity 8 --n-iter 20 -q -o map.npy");
    directory.succeed("transform m.tsne x.npz -o sparse.npy -q");
    let score = directory.json("score x.npz map.npy");
    let dense = directory.json("score dense.csv map.npy");
    for key in ["trustworthiness", "neighbor_recall", "spearman"] {
        assert_eq!(score[key], dense[key], "{key}");
    }
}

#[track_caller]
fn check(name: &str, bytes: Vec<u8>, arguments: &str, words: &[&str]) {
    let directory = Directory::new();
    directory.write(name, bytes);
    let output = directory.tsne(&format!("embed {name} -o y.npy {arguments}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    words.iter().for_each(|word| assert!(stderr.contains(word), "{word:?}: {stderr}"));
    assert_eq!(directory.files(), [name]);
}

#[test]
fn a_changed_byte_is_found_in_every_array() {
    let directory = Directory::new();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = archive(&arrays(), method);
        let starts = whole.windows(4).enumerate().filter(|(_, window)| *window == b"PK\x03\x04").map(|(i, _)| i);
        let starts: Vec<usize> = starts.collect();
        assert_eq!(starts.len(), arrays().len());
        for start in starts {
            // The payload stands behind 30 bytes, the name, and extra fields, whose lengths are in the last 4 of these.
            let length = |at: usize| usize::from(u16::from_le_bytes([whole[start + at], whole[start + at + 1]]));
            let size = u32::from_le_bytes(*whole[start + 18..].first_chunk().unwrap()) as usize;
            let payload = start + 30 + length(26) + length(28);
            let mut damaged = whole.clone();
            damaged[payload + size - 1] ^= 1;
            directory.write("x.npz", &damaged);
            let output = directory.tsne("embed x.npz -o y.npy --n-iter 1");
            assert_eq!(output.status.code(), Some(1), "{method}, the array at {start}");
        }
    }
    assert_eq!(directory.files(), ["x.npz"]);
}

#[test]
fn damaged_sparse_files() {
    let replaced = |which: &str, bytes: Vec<u8>| {
        let mut arrays = arrays();
        arrays.iter_mut().filter(|(name, _)| *name == which).for_each(|array| array.1 = bytes.clone());
        archive(&arrays, CompressionMethod::Deflated)
    };
    let x = |bytes: Vec<u8>, words: &[&str]| check("x.npz", bytes, "", words);
    x(Vec::new(), &["x.npz", "save it again"]);
    let whole = archive(&arrays(), CompressionMethod::Stored);
    x(whole[..whole.len() / 2].to_vec(), &["x.npz"]);
    let mut flipped = whole.clone();
    flipped[200] ^= 1;
    x(flipped, &["x.npz"]);
    x(archive(&[("a", name("csr"))], CompressionMethod::Stored), &["save_npz"]);
    x(archive(&arrays()[..4], CompressionMethod::Stored), &["\"data\""]);
    x(replaced("format", name("bsr")), &["bsr", "tocsr()"]);
    x(replaced("shape", npy([N as i64], &[1], Order::C)), &["1 dimensions"]);
    x(replaced("shape", npy([N as i64 + 1, D as i64], &[2], Order::C)), &["81 row", "row pointers"]);
    x(replaced("shape", npy([N as i64, 2], &[2], Order::C)), &["there are 2"]);
    x(replaced("indptr", npy(vec![-1i64; N + 1], &[N as u64 + 1], Order::C)), &["\"indptr\"", "negative"]);
    x(replaced("indptr", npy(vec![0i64; N + 1], &[N as u64 + 1], Order::C)), &["end at 0"]);
    x(replaced("data", npy([1.0, 2.0], &[2], Order::C)), &["2 values"]);
    x(replaced("data", name("csr")), &["1 values"]);
    let count = entries().len() as u64 + N as u64;
    x(replaced("indices", npy(vec![1.0; count as usize], &[count], Order::C)), &["\"indices\"", "no integers"]);
    check("x.mtx", b"1 2 3\n".to_vec(), "", &["x.mtx", "first line"]);
    check("x.mtx", mtx().replacen(" 12 ", " 11 ", 1).into_bytes(), "", &["line "]);
    check("x.mtx", mtx().into_bytes(), "--drop-column 1", &["in tables only"]);
    check("x.mtx", mtx().into_bytes(), "--metric haversine", &["haversine"]);
    check("x.mtx", mtx().into_bytes(), "--metric spearmanr", &["sparse"]);
}
