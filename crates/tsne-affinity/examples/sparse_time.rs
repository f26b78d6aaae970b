//! Seconds of a search among sparse rows: `n` rows of `d` columns, each stored with a probability of `density`.
//!
//! ```text
//! cargo run --release -p tsne-affinity --example sparse_time -- [n d density] [k] [brute-force | approx | auto] [metric ...]
//! ```
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::time::Instant;
use tsne_affinity::{ApproximateSearch, AutoSearch, BruteForceSearch, Metric};
use tsne_core::{Context, NeighborSearch, SparseRows, random};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: f64| arguments.get(i).map_or(Ok(default), |a| a.parse::<f64>());
    let (n, d, density) = (number(0, 20_000.0)? as usize, number(1, 2000.0)? as usize, number(2, 0.02)?);
    let k = NonZeroUsize::new(number(3, 90.0)? as usize).ok_or("k is 0")?;
    let (pointers, columns, values) = rows(n, d, density);
    let points = SparseRows::new(&pointers, &columns, &values, d)?;
    println!("{n} x {d}, {} entries, k = {k}", points.nnz());
    let metrics = match arguments.get(5..) {
        Some(names) if !names.is_empty() => names.to_vec(),
        _ => vec!["euclidean".to_owned(), "cosine".to_owned()],
    };
    for name in metrics {
        let metric: Metric = name.parse()?;
        let search: &dyn NeighborSearch<f32> = match arguments.get(4).map(String::as_str) {
            Some("approx") => &ApproximateSearch::new(metric),
            Some("auto") => &AutoSearch::new(metric, 0),
            _ => &BruteForceSearch::new(metric),
        };
        let start = Instant::now();
        let graph = search.build(points.into(), Context::new())?.knn_graph(k, Context::new())?;
        let sum = graph.distances().iter().map(|v| f64::from(*v)).sum::<f64>();
        println!("{name:>14} {:8.3} s, distances add up to {sum:.6}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Row pointers, columns and values from 0 to 1; columns are as frequent as each other.
fn rows(n: usize, d: usize, density: f64) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        for j in 0..d {
            let at = (i * d + j) as u64;
            if random::unit(random::element_seed(1, 0, at)) < density {
                columns.push(j as u32);
                values.push(random::unit(random::element_seed(1, 1, at)) as f32);
            }
        }
        pointers.push(columns.len());
    }
    (pointers, columns, values)
}
