//! Seconds of the spectral initialization on a matrix from an `.npy` file (`f32`, C order), and its spread.
//!
//! ```text
//! cargo run --release -p tsne --example spectral_time -- data.npy [perplexity] [tolerance]
//! ```
#![allow(clippy::print_stdout)]

mod npy;

use npy::read_npy;
use std::time::Instant;
use tsne::affinity::{ExactSearch, PerplexityAffinity, affinities};
use tsne::initialization::{SpectralParams, spectral_with};
use tsne::{Context, Rows};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (x, n, d) = read_npy(arguments.first().ok_or("the path of an .npy file is needed")?)?;
    let number = |i: usize, default| arguments.get(i).map_or(Ok(default), |a| a.parse::<f64>());
    let model = PerplexityAffinity::new(number(1, 30.0)?)?;
    let start = Instant::now();
    let p = affinities(Rows::new(&x, n, d)?, &ExactSearch::default(), &model, Context::new())?;
    println!("{n} x {d}: affinities {:.2} s, {} entries", start.elapsed().as_secs_f64(), p.nnz());
    let params = SpectralParams { tolerance: number(2, 1e-4)?, ..SpectralParams::default() };
    for _ in 0..3 {
        let start = Instant::now();
        let positions = spectral_with::<f32, 2>(&p, params, 0, Context::new())?;
        let seconds = start.elapsed().as_secs_f64();
        let spread = |c: usize| positions.iter().map(|y| f64::from(y[c]).powi(2)).sum::<f64>() / n as f64;
        println!("spectral {seconds:.3} s, standard deviations {:.4} {:.4}", spread(0).sqrt(), spread(1).sqrt());
    }
    Ok(())
}
