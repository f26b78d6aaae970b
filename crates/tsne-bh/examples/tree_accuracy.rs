//! Error and time of the repulsion against theta, on a map that looks like one of t-SNE.
//!
//! `cargo run --release -p tsne-bh --example tree_accuracy -- [points]`
#![allow(clippy::print_stdout)]

use std::f64::consts::TAU;
use std::time::Instant;
use tsne_bh::BarnesHut;
use tsne_core::random::{element_seed, unit};
use tsne_core::{Context, Kernel, Result};

/// Blobs of different densities, spread over a disk of the radius that maps of `n` points reach.
fn map(n: usize) -> Vec<[f32; 2]> {
    let random = |i: usize, stream: u64| unit(element_seed(7, stream, i as u64));
    let radius = (n as f64).sqrt() / 3.0;
    (0..n)
        .map(|i| {
            let blob = i % 40;
            let (r, angle) = (radius * random(blob, 0).sqrt(), TAU * random(blob, 1));
            let spread = radius * (0.02 + 0.1 * random(blob, 2)) * (-2.0 * (1.0 - random(i, 3)).ln()).sqrt();
            let around = TAU * random(i, 4);
            [(r * angle.cos() + spread * around.cos()) as f32, (r * angle.sin() + spread * around.sin()) as f32]
        })
        .collect()
}

fn main() -> Result<()> {
    let n = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let y = map(n);
    let (mut exact, mut forces) = (vec![[0.0; 2]; n], vec![[0.0; 2]; n]);
    let exact_z = BarnesHut::new(0.0)?.repulse(Kernel::CAUCHY, &y, &mut exact, Context::new())?;
    let norm = |v: &[f32; 2]| f64::from(v[0]).hypot(f64::from(v[1]));
    let rms = |v: &mut dyn Iterator<Item = f64>| (v.map(|e| e * e).sum::<f64>() / n as f64).sqrt();
    let scale = rms(&mut exact.iter().map(norm));
    println!("{n} points; errors of forces relative to their root mean square");
    println!("{:>6} {:>12} {:>12} {:>12} {:>10}", "theta", "Z", "rms force", "worst force", "ms");
    for theta in [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0] {
        let mut method = BarnesHut::new(theta)?;
        let mut best = f64::INFINITY;
        let mut z = 0.0;
        for _ in 0..20 {
            let start = Instant::now();
            z = method.repulse(Kernel::CAUCHY, &y, &mut forces, Context::new())?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        let errors = || forces.iter().zip(&exact).map(|(f, e)| norm(&[f[0] - e[0], f[1] - e[1]]) / scale);
        println!(
            "{theta:>6} {:>12.2e} {:>12.2e} {:>12.2e} {:>10.2}",
            (z / exact_z - 1.0).abs(),
            rms(&mut errors()),
            errors().fold(0.0, f64::max),
            1e3 * best
        );
    }
    Ok(())
}
