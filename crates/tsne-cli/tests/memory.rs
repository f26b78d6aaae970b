//! What a reader allocates is bounded by what its file holds, whatever the file says of itself: counted by the allocator,
//! alone in its binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use flate2::Compression;
use flate2::write::GzEncoder;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tsne_cli::input::{InputOptions, Labels, Loaded, PointTable};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One reader at a time: the allocator counts for all threads.
static ALONE: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// Buffers of files, of decompression and of chunks, messages, and the harness.
const CONSTANT: usize = 2 * MIB;

/// The longest record of a table; its buffer doubles up to there, and it is kept once more.
const MAX_RECORD: usize = 64 * MIB;

/// A path in the directory for tests.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("memory-{}-{name}", std::process::id()))
}

/// All bytes that are ever allocated while a file is read, not only those alive at once, and the result.
fn reading<R>(name: &str, read: impl FnOnce(&Path) -> anyhow::Result<R>) -> (usize, Result<R, String>) {
    let path = path(name);
    let region = Region::new(ALLOCATOR);
    let result = read(&path);
    let change = region.change();
    let grown = usize::try_from(change.bytes_reallocated.max(0)).unwrap();
    fs::remove_file(&path).unwrap();
    (change.bytes_allocated + grown, result.map_err(|error| format!("{error:#}")))
}

fn points(name: &str) -> (usize, Result<PointTable<f32>, String>) {
    reading(name, |path| Ok(Loaded::<f32>::read(path, &InputOptions::default())?.points))
}

#[track_caller]
fn refused(name: &str, bound: usize, word: &str) {
    let (bytes, result) = points(name);
    let error = result.map(|points| points.n()).unwrap_err();
    assert!(error.contains(word), "{name}: {error}");
    assert!(bytes <= bound, "{name}: {bytes} bytes, more than {bound}");
}

fn gz(name: &str, beginning: &[u8], filling: u8, length: usize) {
    let mut encoder = GzEncoder::new(File::create(path(name)).unwrap(), Compression::fast());
    encoder.write_all(beginning).unwrap();
    io::copy(&mut io::repeat(filling).take(length as u64), &mut encoder).unwrap();
    encoder.finish().unwrap();
}

#[test]
fn lines_have_a_limit() {
    let _alone = ALONE.lock().unwrap();
    // A long way beyond the limit, in files of a few hundred kilobytes.
    let length = 3 * MAX_RECORD;
    gz("x.csv.gz", b"1,2\n3,", b'1', length);
    refused("x.csv.gz", 4 * MAX_RECORD + CONSTANT, "line 2");
    for filling in [b',', b' '] {
        gz("x.csv.gz", b"1,2\n3", filling, length);
        refused("x.csv.gz", 4 * MAX_RECORD + CONSTANT, "line 2");
    }
    gz("x.mtx.gz", b"%%MatrixMarket matrix coordinate real general\n", b'1', length);
    refused("x.mtx.gz", 4 * MIB + CONSTANT, "line 2");
    gz("l.txt.gz", b"a\n", b'b', length);
    let (bytes, result) = reading("l.txt.gz", |path| Labels::read(path, 2));
    assert!(result.unwrap_err().contains("line 2") && bytes <= 4 * MIB + CONSTANT, "{bytes}");
}

#[test]
fn sizes_of_coordinates_are_not_believed() {
    let _alone = ALONE.lock().unwrap();
    for size in ["1048576 2 1", "2 2 99999999999", "4000000000 4000000000 9999999999", "5000 2 1"] {
        let text = format!("%%MatrixMarket matrix coordinate real general\n{size}\n1 1 1\n");
        fs::write(path("x.mtx"), text).unwrap();
        refused("x.mtx", CONSTANT, "");
    }
    // Some empty rows are allowed, and cost little.
    fs::write(path("x.mtx"), "%%MatrixMarket matrix coordinate real general\n4000 16777216 1\n7 16777216 1\n").unwrap();
    let (bytes, result) = points("x.mtx");
    assert_eq!(result.unwrap().n(), 4000);
    assert!(bytes <= 64 * 4000 + CONSTANT, "{bytes}");
}

/// An array of zeros, but for its header.
fn zeros(descr: &str, count: usize) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({count},), }}\n");
    let size: usize = descr[2..].parse().unwrap();
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + count * size, 0);
    bytes
}

fn format() -> Vec<u8> {
    let mut bytes = zeros("|S3", 1);
    let end = bytes.len() - 3;
    bytes[end..].copy_from_slice(b"csr");
    bytes
}

fn integers(values: &[i64]) -> Vec<u8> {
    let mut bytes = zeros("<i8", values.len());
    let start = bytes.len() - 8 * values.len();
    bytes[start..].iter_mut().zip(values.iter().flat_map(|value| value.to_le_bytes())).for_each(|(b, v)| *b = v);
    bytes
}

fn npz(arrays: [(&str, Vec<u8>); 5]) {
    let mut zip = ZipWriter::new(File::create(path("x.npz")).unwrap());
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn sizes_in_archives_are_not_believed() {
    let _alone = ALONE.lock().unwrap();
    let many = 2 * MIB;
    let with = |shape: Vec<u8>, indptr: Vec<u8>, indices: Vec<u8>, data: Vec<u8>| {
        npz([("format", format()), ("shape", shape), ("indptr", indptr), ("indices", indices), ("data", data)]);
    };
    let shape = || integers(&[2, 3]);
    let indptr = || integers(&[0, 1, 2]);
    // Whatever does not fit the other arrays is refused before it is read.
    with(zeros("<i8", many), indptr(), zeros("<i4", 2), zeros("<f4", 2));
    refused("x.npz", CONSTANT, "\"shape\"");
    with(shape(), zeros("<i8", many), zeros("<i4", 2), zeros("<f4", 2));
    refused("x.npz", CONSTANT, "row pointers");
    with(shape(), indptr(), zeros("<i4", many), zeros("<f4", 2));
    refused("x.npz", CONSTANT, "columns");
    with(shape(), indptr(), zeros("<i4", 2), zeros("<f8", many));
    refused("x.npz", CONSTANT, "values");
    with(integers(&[many as i64, 3]), zeros("<i8", many + 1), zeros("<i4", 2), zeros("<f4", 2));
    refused("x.npz", CONSTANT, "empty");
    npz([
        ("format", zeros("|S1000000", 1)),
        ("shape", shape()),
        ("indptr", indptr()),
        ("indices", zeros("<i4", 2)),
        ("data", zeros("<f4", 2)),
    ]);
    refused("x.npz", CONSTANT, "\"format\"");
    // What fits is there once inflated, and read in proportion: columns, values, their growth and the result.
    with(shape(), integers(&[0, 1, many as i64]), zeros("<i4", many), zeros("<f4", many));
    let (bytes, result) = points("x.npz");
    assert_eq!(result.unwrap().n(), 2);
    assert!(bytes <= 8 * (8 * many) + CONSTANT, "{bytes}");
}

#[test]
fn honest_files_take_memory_in_proportion() {
    let _alone = ALONE.lock().unwrap();
    let (n, d) = (20_000, 16);
    let text = format!("{}\n", ["0.5"; 16].join(",")).repeat(n);
    fs::write(path("x.csv"), &text).unwrap();
    let (bytes, result) = points("x.csv");
    assert_eq!((result.as_ref().unwrap().n(), result.unwrap().d()), (n, d));
    // Arrays that grow by half are copied into ones of the sizes 1, 2/3, 4/9 and so on.
    assert!(bytes <= 4 * text.len() + CONSTANT, "{bytes} of {}", text.len());
    let mut array = zeros("<f8", n * d);
    let replaced = format!("({n}, {d}), ").into_bytes();
    let start = array.windows(9).position(|window| window == b"(320000,)").unwrap();
    array.splice(start..start + 11, replaced.iter().copied());
    let length = (array.len() - 10 - 8 * n * d) as u16;
    array[8..10].copy_from_slice(&length.to_le_bytes());
    fs::write(path("x.npy"), &array).unwrap();
    let (bytes, result) = points("x.npy");
    assert_eq!(result.unwrap().d(), d);
    assert!(bytes <= 2 * array.len() + CONSTANT, "{bytes} of {}", array.len());
}

#[cfg(feature = "h5ad")]
#[test]
fn sizes_in_files_of_anndata_are_not_believed() {
    let _alone = ALONE.lock().unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&include_bytes!("data/dense.h5ad.gz")[..]).read_to_end(&mut bytes).unwrap();
    let write = |bytes: &[u8]| fs::write(path("x.h5ad"), bytes).unwrap();
    write(&bytes);
    let (taken, result) = points("x.h5ad");
    assert_eq!(result.unwrap().n(), 24);
    assert!(taken <= 20 * bytes.len() + CONSTANT, "{taken} of {}", bytes.len());
    // Wherever the shape of the points stands, they are said to be a billion.
    let shape = [24u64.to_le_bytes(), 6u64.to_le_bytes()].concat();
    let lie = [1_000_000_000u64.to_le_bytes(), 6u64.to_le_bytes()].concat();
    let places: Vec<usize> = (0..bytes.len() - 16).filter(|&at| bytes[at..at + 16] == shape).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 16].copy_from_slice(&lie);
    }
    write(&bytes);
    refused("x.h5ad", 20 * bytes.len() + CONSTANT, "claims the shape");
}

/// An array is read chunk by chunk, and the index of its chunks says what each takes of the file.
#[cfg(feature = "h5ad")]
#[test]
fn sizes_of_chunks_are_not_believed() {
    let _alone = ALONE.lock().unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&include_bytes!("data/gzip.h5ad.gz")[..]).read_to_end(&mut bytes).unwrap();
    let name = "chunks.h5ad";
    let write = |bytes: &[u8]| fs::write(path(name), bytes).unwrap();
    write(&bytes);
    let (stored, shape) = {
        let file = hdf5_pure::File::open_streaming(path(name)).unwrap();
        let x = file.dataset("X").unwrap();
        (x.chunks().unwrap(), x.chunk_shape().unwrap().unwrap())
    };
    let (taken, result) = points(name);
    assert_eq!(result.unwrap().n(), 24);
    assert!(taken <= 100 * bytes.len() + CONSTANT, "{taken} of {}", bytes.len());
    // In the index: what is stored, the filters that were left out, and where it begins in the array.
    let mut lying = bytes.clone();
    for chunk in &stored {
        let key = |size: u32| {
            let offsets = chunk.offset.iter().flat_map(|offset| offset.to_le_bytes());
            [size, 0].iter().flat_map(|word| word.to_le_bytes()).chain(offsets).collect::<Vec<u8>>()
        };
        let (key, lie) = (key(u32::try_from(chunk.storage_size).unwrap()), key(0xf800_0000));
        let at = lying.windows(key.len()).position(|window| window == key).unwrap();
        lying[at..at + lie.len()].copy_from_slice(&lie);
    }
    write(&lying);
    refused(name, 20 * bytes.len() + CONSTANT, "claims a chunk of 4160749568 bytes");
    // In the layout: the sides of a chunk and the bytes of an element.
    let sides = |rows: u32| [rows, shape[1] as u32, 4].iter().flat_map(|side| side.to_le_bytes()).collect::<Vec<u8>>();
    let (key, lie) = (sides(shape[0] as u32), sides(100_000_000));
    let mut lying = bytes.clone();
    for at in 0..lying.len() - key.len() {
        if lying[at..].starts_with(&key) {
            lying[at..at + lie.len()].copy_from_slice(&lie);
        }
    }
    assert_ne!(lying, bytes);
    write(&lying);
    refused(name, 20 * bytes.len() + CONSTANT, "claims chunks of the shape [100000000");
}

/// Of many groups of rows, or batches, a process decodes those that have rows of its own.
#[cfg(feature = "columnar")]
#[test]
fn a_process_takes_its_part_of_a_table() {
    use arrow_array::{ArrayRef, Float32Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;

    const N: usize = 1_000_000;
    const D: usize = 4;
    const GROUP: usize = 50_000;
    let _alone = ALONE.lock().unwrap();
    let column =
        |c: usize| -> ArrayRef { Arc::new(Float32Array::from_iter_values((0..N).map(|i| (i * D + c) as f32))) };
    let batch = RecordBatch::try_from_iter(["a", "b", "c", "d"].into_iter().zip((0..D).map(column))).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(GROUP)).build();
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut arrow = Vec::new();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut arrow, &batch.schema()).unwrap();
    for start in (0..N).step_by(GROUP) {
        writer.write(&batch.slice(start, GROUP)).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    for (name, bytes) in [("own.parquet", parquet), ("own.arrow", arrow)] {
        let taken = |share| {
            fs::write(path(name), &bytes).unwrap();
            let options = InputOptions { share, ..InputOptions::default() };
            let (taken, points) = reading(name, |path| Ok(Loaded::<f32>::read(path, &options)?.points));
            assert_eq!(points.unwrap().n(), N);
            taken
        };
        let whole = taken(None);
        for rank in [0, 3, 7] {
            // An eighth, the rest of a group at each end, and the description of the file, which is read three times.
            let (own, bound) = (taken(Some((rank, 8))), whole / 8 + 2 * whole * GROUP / N + CONSTANT);
            assert!(own <= bound, "{name}, process {rank}: {own} bytes of {whole}, more than {bound}");
        }
    }
}

/// The header of a page says what the page becomes, and the library sets that aside.
#[cfg(feature = "columnar")]
#[test]
fn sizes_of_pages_are_not_believed() {
    use arrow_array::{ArrayRef, Float64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, GzipLevel};
    use parquet::file::metadata::ParquetMetaDataReader;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;

    const N: usize = 1_000_000;
    let _alone = ALONE.lock().unwrap();
    let name = "pages.parquet";
    let column: ArrayRef = Arc::new(Float64Array::from(vec![0.0; N]));
    let batch = RecordBatch::try_from_iter([("zeros", column)]).unwrap();
    for compression in [Compression::SNAPPY, Compression::GZIP(GzipLevel::default()), Compression::LZ4_RAW] {
        // By numbers of values that repeat, in pages of a usual size, and in a single one: zeros are what becomes the least.
        for (dictionary, page) in [(true, 1 << 20), (false, 1 << 20), (false, 1 << 30)] {
            let properties = WriterProperties::builder()
                .set_compression(compression)
                .set_dictionary_enabled(dictionary)
                .set_data_page_size_limit(page)
                .set_data_page_row_count_limit(N)
                .build();
            let mut bytes = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            fs::write(path(name), &bytes).unwrap();
            let (_, result) = points(name);
            assert_eq!(result.map(|points| points.n()), Ok(N), "{compression}, {page}");
            if dictionary || page == 1 << 30 {
                continue;
            }
            // The largest number of as many bytes, of which the lowest seven bits come first.
            let file = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(bytes.clone())).unwrap();
            let at = usize::try_from(file.row_group(0).column(0).data_page_offset()).unwrap();
            assert_eq!(bytes[at..at + 3], [0x15, 0, 0x15]);
            assert!(bytes[at + 3..at + 6].iter().all(|byte| byte & 0x80 != 0) && bytes[at + 6] < 0x80);
            bytes[at + 3..at + 7].copy_from_slice(&[0xfe, 0xff, 0xff, 0x7f]);
            fs::write(path(name), &bytes).unwrap();
            refused(name, 4 * bytes.len() + CONSTANT, "column \"zeros\" has a page at byte 4 of");
        }
    }
}
