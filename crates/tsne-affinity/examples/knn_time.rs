//! Seconds per stage on a matrix from an `.npy` file (`f32`, C order) or on a synthetic mixture, and the recall of the
//! neighbors against all distances of a sample.
//!
//! ```text
//! cargo run --release -p tsne-affinity --example knn_time -- [data.npy | n d] [perplexity] [kd-tree | brute-force]
//! ```
#![allow(clippy::print_stdout)]

use std::time::Instant;
use tsne_affinity::{BruteForceSearch, ExactSearch, KdTreeSearch, PerplexityAffinity};
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

    let start = Instant::now();
    let search: &dyn NeighborSearch<f32> = match rest.get(1).map(String::as_str) {
        Some("kd-tree") => &KdTreeSearch::default(),
        Some("brute-force") => &BruteForceSearch::default(),
        _ => &ExactSearch::default(),
    };
    let index = search.build(points.into(), Context::new())?;
    println!("{n} x {d}, k = {k}: build {:.3} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let graph = index.knn_graph(k, Context::new())?;
    println!("neighbors {:.3} s", start.elapsed().as_secs_f64());
    drop(index);
    let start = Instant::now();
    let p = model.conditional(&graph, Context::new())?;
    println!("calibration with rows {:.3} s", start.elapsed().as_secs_f64());
    drop(p);
    let start = Instant::now();
    let p = model.joint(&graph, Context::new())?;
    println!("calibration and symmetrization {:.3} s, {} entries", start.elapsed().as_secs_f64(), p.nnz());

    let (mut found, mut total) = (0, 0);
    for i in (0..n).step_by(n.div_ceil(100)) {
        let to = |j: usize| {
            points.row(i).iter().zip(points.row(j)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
        };
        let mut all: Vec<(f64, usize)> = (0..n).filter(|&j| j != i).map(|j| (to(j), j)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found += all[..k.get()].iter().filter(|&&(_, j)| graph.row(i).0.contains(&(j as u32))).count();
        total += k.get();
    }
    println!("recall on a sample {}", f64::from(found as u32) / f64::from(total as u32));
    Ok(())
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
