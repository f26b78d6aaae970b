//! Times the grid on maps and measures its error against exact sums:
//! `cargo run --release -p tsne-fft --example maps map.npy ...`, with maps of `f32` in two or three columns.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{at_places, relative_rms};
use std::time::Instant;
use tsne_core::{Context, Kernel};
use tsne_fft::{GridParams, GridRepulsion};

/// Calls that are timed, after one that makes the plans.
const CALLS: usize = 25;

fn measure<const D: usize>(name: &str, values: &[f32]) {
    let y = values.as_chunks::<D>().0;
    let mut out = vec![[0.0; D]; y.len()];
    let mut grid = GridRepulsion::<f32, D>::new(GridParams::default()).unwrap();
    let mut call = |out: &mut [[f32; D]]| {
        let start = Instant::now();
        let z = grid.repulse(Kernel::CAUCHY, y, out, Context::new()).unwrap();
        (start.elapsed().as_secs_f64() * 1e3, z)
    };
    let (first, z) = call(&mut out);
    let mut times: Vec<f64> = (0..CALLS).map(|_| call(&mut out).0).collect();
    times.sort_by(f64::total_cmp);
    // Some 500 forces tell the root of the mean square within 5 %.
    let step = y.len().div_ceil(500);
    let all: Vec<[f64; D]> = y.iter().map(|p| p.map(f64::from)).collect();
    let sample: Vec<[f64; D]> = all.iter().step_by(step).copied().collect();
    let exact = at_places(1.0, &sample, &all);
    let forces: Vec<[f64; D]> = exact.iter().map(|(_, force)| *force).collect();
    let error = relative_rms(out.iter().step_by(step), &forces);
    println!("{name}: {:.2} ms (first call {first:.1}), error of force {error:.1e}, Z {z:.6e}", times[CALLS / 2]);
}

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let text = String::from_utf8_lossy(&bytes[10..header]).into_owned();
        let values: Vec<f32> = bytes[header..].as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let name = path.rsplit('/').next().unwrap_or(&path);
        if text.contains(", 3)") { measure::<3>(name, &values) } else { measure::<2>(name, &values) }
    }
}
