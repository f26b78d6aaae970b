//! Reading tables, encoding maps and drawing them.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use tsne_cli::input::{CsvOptions, Labels, Table};
use tsne_cli::output::Format;
use tsne_cli::plot;

/// Numbers in [0, 1) with a fixed seed: the generator of Knuth's MMIX.
fn random(count: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

/// An `.npy` file of single-precision numbers in either order.
fn npy(values: &[f32], n: usize, d: usize, fortran: bool) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': ({n}, {d}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn read(criterion: &mut Criterion) {
    let (n, d) = (10_000, 50);
    let values = random(n * d);
    let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n";
    let csv: String = values.chunks(d).map(line).collect();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let files = [
        ("c-order.npy", npy(&values, n, d, false)),
        ("fortran.npy", npy(&values, n, d, true)),
        ("text.csv", csv.into_bytes()),
    ];
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements((n * d) as u64));
    for (name, bytes) in &files {
        let path = directory.join(name);
        if fs::write(&path, bytes).is_err() {
            continue;
        }
        group.bench_function(BenchmarkId::new(*name, "f32/n10000/d50"), |bencher| {
            bencher.iter(|| Table::<f32>::read(black_box(&path), &CsvOptions::default()));
        });
    }
    group.finish();
}

fn map(n: usize) -> Vec<[f32; 2]> {
    random(2 * n).as_chunks().0.to_vec()
}

fn encode(criterion: &mut Criterion) {
    let y = map(70_000);
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(70_000));
    for (name, format) in [("npy", Format::Npy), ("csv", Format::Csv)] {
        group.bench_function(BenchmarkId::new(name, "f32/n70000"), |bencher| {
            bencher.iter(|| format.encode(black_box(&y)))
        });
    }
    group.finish();
}

fn render(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("render");
    group.sample_size(10);
    for n in [2_000, 70_000] {
        let y = map(n);
        group.throughput(Throughput::Elements(n as u64));
        let labels = Labels::from_texts((0..n).map(|i| (i % 10).to_string()));
        group.bench_function(BenchmarkId::new("f32", format!("n{n}")), |bencher| {
            bencher.iter(|| plot::render(black_box(&y), Some(&labels), "title", "subtitle"));
        });
    }
    group.finish();
}

criterion_group!(benches, read, encode, render);
criterion_main!(benches);
