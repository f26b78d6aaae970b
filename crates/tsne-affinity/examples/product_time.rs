//! The machine's speed of `f32` matrix products, which the search by products is measured against: the products of all
//! pairs of `n` rows of `d` columns and nothing else, in the tiles of the search, and with tiles of 2,048 rows.
//!
//! ```text
//! cargo run --release -p tsne-affinity --example product_time -- [n] [d]
//! ```
#![allow(clippy::print_stdout)]

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::time::Instant;
use tsne_core::random;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|a| a.parse()).collect::<Result<_, _>>()?;
    let (n, d) = (*arguments.first().unwrap_or(&20_000), *arguments.get(1).unwrap_or(&784));
    let x: Vec<f32> = (0..n * d).map(|i| random::unit(random::element_seed(1, 2, i as u64)) as f32).collect();
    for (rows, points) in [(128, 960), (2048, 2048)] {
        let start = Instant::now();
        x.par_chunks(rows * d).for_each_init(
            || vec![0.0f32; rows * points],
            |scores, queries| {
                let rows = queries.len() / d;
                for block in x.chunks(points * d) {
                    let count = block.len() / d;
                    matmul(
                        MatMut::from_column_major_slice_mut(&mut scores[..count * rows], count, rows),
                        Accum::Replace,
                        MatRef::from_row_major_slice(block, count, d),
                        MatRef::from_column_major_slice(queries, d, rows),
                        1.0f32,
                        Par::Seq,
                    );
                }
            },
        );
        let seconds = start.elapsed().as_secs_f64();
        let speed = 2e-9 * (n as f64) * (n as f64) * (d as f64) / seconds;
        println!("{n} x {d}, tiles of {rows} x {points}: {seconds:.3} s, {speed:.0} GFLOP/s");
    }
    Ok(())
}
