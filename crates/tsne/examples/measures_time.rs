//! Times the measures of a map: `cargo run --release -p tsne --example measures_time -- DATA.npy MAP.npy [SAMPLE|all] [REPEATS]`.
//!
//! Both files hold `f32` in C order. Prints the least of the seconds and the values with all their digits, so that two
//! builds can be held against each other.
#![allow(missing_docs, clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;
use tsne::affinity::Metric;
use tsne::metrics::{Comparison, label_agreement};
use tsne::{Result, Rows};

const K: usize = 10;

/// The values of a file with their shape.
fn read(path: &str) -> std::result::Result<(Vec<f32>, usize, usize), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..10 + length]).into_owned();
    if !header.contains("<f4") || header.contains("True") {
        return Err(format!("{path} is not f32 in C order: {header}").into());
    }
    let shape = header.split(['(', ')']).nth(1).unwrap_or_default();
    let shape: Vec<usize> = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
    let values = bytes[10 + length..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Ok((values, shape[0], shape.get(1).copied().unwrap_or(1)))
}

fn time(name: &str, repeats: usize, measure: impl Fn() -> Result<f64>) -> Result<()> {
    let (mut least, mut value) = (f64::INFINITY, 0.0);
    for _ in 0..repeats {
        let clock = Instant::now();
        value = measure()?;
        least = least.min(clock.elapsed().as_secs_f64());
    }
    println!("{name:16} {least:8.3} s  {value:.17}");
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (x, n, d) = read(&args[0])?;
    let (y, _, _) = read(&args[1])?;
    let (y, _) = y.as_chunks::<2>();
    let metric = Metric::Euclidean;
    let all = Comparison::new(Rows::new(&x, n, d)?, y)?.metric(&metric);
    let comparison = match args.get(2).map(String::as_str) {
        None | Some("all") => all,
        Some(sample) => all.sample(sample.parse()?, 0),
    };
    let repeats = args.get(3).map_or(Ok(1), |repeats| repeats.parse())?;
    time("trustworthiness", repeats, || comparison.trustworthiness(K))?;
    time("neighbor_recall", repeats, || comparison.neighbor_recall(K))?;
    time("continuity", repeats, || comparison.continuity(K))?;
    time("spearman", repeats, || all.spearman())?;
    let labels: Vec<u32> = (0..n as u32).map(|i| i % 10).collect();
    time("label_agreement", repeats, || label_agreement(y, &labels, K))?;
    Ok(())
}
