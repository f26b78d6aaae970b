//! Seconds per stage on a matrix from an `.npy` file (`f32`, C order) or on a synthetic mixture, the recall of the
//! neighbors against exact ones of a sample (a neighbor counts if it is no farther than the true `k`-th), and the peak of
//! the memory at the end of the search.
//!
//! ```text
//! cargo run --release -p tsne-affinity --example knn_time -- [data.npy | n d] [perplexity] [kd-tree | brute-force | approx | auto] [metric]
//! ```
#![allow(clippy::print_stdout)]

use std::time::Instant;
use tsne_affinity::{
    ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, Metric, PerplexityAffinity,
};
use tsne_core::{AffinityModel, Context, NeighborSearch, Rows, random};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (x, n, d, rest) = match arguments.first().filter(|a| a.ends_with(".npy")) {
        Some(path) => {
            let (x, n, d) = read_npy(path)?;
            (x, n, d, &arguments[1..])
        }
        None => {
            let number = |i: usize, default| arguments.get(i).map_or(Ok(default), |a| a.parse::<usize>());
            let (n, d) = (number(0, 20_000)?, number(1, 50)?);
            (mixture(n, d), n, d, arguments.get(2..).unwrap_or(&[]))
        }
    };
    let model = PerplexityAffinity::new(rest.first().map_or(Ok(30.0), |a| a.parse())?)?;
    let k = AffinityModel::<f32>::neighbors_needed(&model, n)?;
    let points = Rows::new(&x, n, d)?;

    let metric: Metric = rest.get(2).map_or(Ok(Metric::Euclidean), |a| a.parse())?;
    let start = Instant::now();
    let search: &dyn NeighborSearch<f32> = match rest.get(1).map(String::as_str) {
        Some("kd-tree") => &KdTreeSearch::new(metric.clone()),
        Some("brute-force") => &BruteForceSearch::new(metric.clone()),
        Some("approx") => &ApproximateSearch::new(metric.clone()),
        Some("auto") => &AutoSearch::new(metric.clone(), 0),
        _ => &ExactSearch::new(metric.clone()),
    };
    let index = search.build(points.into(), Context::new())?;
    println!("{n} x {d}, k = {k}: build {:.3} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let graph = index.knn_graph(k, Context::new())?;
    println!("neighbors {:.3} s{}", start.elapsed().as_secs_f64(), peak());
    drop(index);
    let start = Instant::now();
    let p = model.conditional(&graph, Context::new())?;
    println!("calibration with rows {:.3} s", start.elapsed().as_secs_f64());
    drop(p);
    let start = Instant::now();
    let p = model.joint(&graph, Context::new())?;
    println!("calibration and symmetrization {:.3} s, {} entries", start.elapsed().as_secs_f64(), p.nnz());

    // One more neighbor than asked for: the row itself is among them.
    let sample: Vec<usize> = (0..200).map(|i| (random::element_seed(7, 7, i) % n as u64) as usize).collect();
    let rows: Vec<f32> = sample.iter().flat_map(|&i| points.row(i).iter().copied()).collect();
    let exact = ExactSearch::new(metric).build(points.into(), Context::new())?;
    let more = k.saturating_add(1);
    let exact = exact.knn(Rows::new(&rows, sample.len(), d)?.into(), more, Context::new())?;
    let (mut found, mut total) = (0, 0);
    for (s, &i) in sample.iter().enumerate() {
        let kth = exact.row(s).1[k.get()];
        found += graph.row(i).1.iter().filter(|&&distance| distance <= kth).count();
        total += k.get();
    }
    println!("recall on a sample {:.4}", f64::from(found as u32) / f64::from(total as u32));
    Ok(())
}

/// The peak of the memory of this process so far, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(String::new(), |line| format!(", peak {}", line.trim()))
}

/// An `n × d` matrix of little-endian `f32` in C order.
fn read_npy(path: &str) -> Result<(Vec<f32>, usize, usize), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let length = match bytes.get(..12) {
        Some([0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, a, b, ..]) => 10 + usize::from(u16::from_le_bytes([*a, *b])),
        _ => return Err("not an npy file of version 1".into()),
    };
    let header = String::from_utf8_lossy(bytes.get(10..length).ok_or("truncated")?).into_owned();
    if !header.contains("'<f4'") || !header.contains("'fortran_order': False") {
        return Err(format!("not f32 in C order: {header}").into());
    }
    let shape = header.split_once('(').and_then(|(_, s)| s.split_once(')')).ok_or("no shape")?.0;
    let mut sizes = shape.split(',').map(|s| s.trim().parse::<usize>());
    let (Some(Ok(n)), Some(Ok(d))) = (sizes.next(), sizes.next()) else { return Err("not a matrix".into()) };
    let x: Vec<f32> = bytes[length..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    if x.len() == n * d { Ok((x, n, d)) } else { Err("truncated".into()) }
}

/// Ten clusters with spreads that fall with the column, as principal components have.
fn mixture(n: usize, d: usize) -> Vec<f32> {
    let unit = |stage, i: usize| random::unit(random::element_seed(1, stage, i as u64));
    let normal = |i: usize| (-2.0 * unit(0, i).max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * unit(1, i)).cos();
    (0..n * d)
        .map(|i| {
            let (row, column) = (i / d, i % d);
            ((normal(i) + 6.0 * unit(2, row % 10 * d + column)) / (1.0 + column as f64).sqrt()) as f32
        })
        .collect()
}
