//! Seconds of the spectral initialization on a matrix from an `.npy` file (`f32`, C order), and its spread.
//!
//! ```text
//! cargo run --release -p tsne --example spectral_time -- data.npy [perplexity] [tolerance]
//! ```
#![allow(clippy::print_stdout)]

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
