//! Time and error of each repulsion on given maps, from which the automatic choice among them is set:
//! `cargo run --release -p tsne --example crossover -- map.npy..`, with maps of `f32` in two or three columns, as
//! `tsne embed data.npy -o map.npy` writes them.
#![allow(clippy::print_stdout)]

use std::time::Instant;
use tsne::bh::BarnesHut;
use tsne::fft::{GridParams, GridRepulsion};
use tsne::optim::{Exact, ExactReference};
use tsne::{Context, Error, Kernel, Repulsion, Result};

/// Forces that are compared with exact ones: the root of their mean square is then known within some 5 %.
const SAMPLES: usize = 500;

/// The time that calls of one method are repeated for, and their smallest number: the median is printed.
const SECONDS: f64 = 0.4;
const CALLS: usize = 5;

/// All pairs are timed up to this number of points: a second for each call.
const EXACT_UP_TO: usize = 50_000;

fn measure<const D: usize>(name: &str, y: &[[f32; D]]) -> Result<()> {
    let n = y.len();
    let step = n.div_ceil(SAMPLES).max(1);
    let wide: Vec<[f64; D]> = y.iter().map(|p| p.map(f64::from)).collect();
    let sample: Vec<[f64; D]> = wide.iter().step_by(step).copied().collect();
    let (mut forces, mut z) = (vec![[0.0; D]; sample.len()], vec![0.0; sample.len()]);
    ExactReference::new(Kernel::CAUCHY, &wide)?.repulse(&sample, &mut forces, &mut z, Context::new())?;
    println!("{name}: {n} points in {D} dimensions");
    let run = |what: &str, mut method: Box<dyn Repulsion<f32, D>>| -> Result<()> {
        let mut out = vec![[0.0f32; D]; n];
        // The first call makes plans and buffers.
        method.repulse(Kernel::CAUCHY, y, &mut out, Context::new())?;
        let (mut times, start) = (Vec::new(), Instant::now());
        while times.len() < CALLS || start.elapsed().as_secs_f64() < SECONDS {
            let call = Instant::now();
            method.repulse(Kernel::CAUCHY, y, &mut out, Context::new())?;
            times.push(1e3 * call.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let (mut error2, mut force2) = (0.0, 0.0);
        for (given, exact) in out.iter().step_by(step).zip(&forces) {
            for c in 0..D {
                error2 += (f64::from(given[c]) - exact[c]).powi(2);
                force2 += exact[c].powi(2);
            }
        }
        println!("  {what:<16} {:>9.3} ms {:>9.1e}", times[times.len() / 2], (error2 / force2).sqrt());
        Ok(())
    };
    if n <= EXACT_UP_TO {
        run("exact", Box::new(Exact::new()))?;
    }
    for theta in [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0] {
        run(&format!("tree {theta}"), Box::new(BarnesHut::new(theta)?))?;
    }
    run("grid", Box::new(GridRepulsion::new(GridParams::default())?))?;
    for tolerance in [1e-3, 1e-2] {
        let params = GridParams::default().with_force_tolerance(Some(tolerance));
        run(&format!("grid {tolerance}"), Box::new(GridRepulsion::new(params)?))?;
    }
    Ok(())
}

/// The numbers of an `.npy` file of `f32` and its columns.
fn read(path: &str) -> Result<(Vec<f32>, usize)> {
    let wrong = |why: &dyn std::fmt::Display| Error::parameter("map", format!("{path}: {why}"), "an .npy file of f32");
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    let length = bytes.get(8..10).map_or(0, |l| usize::from(u16::from_le_bytes([l[0], l[1]])));
    let header = String::from_utf8_lossy(bytes.get(10..10 + length).unwrap_or(&[])).into_owned();
    let columns = header.split(['(', ',', ')']).filter_map(|part| part.trim().parse::<usize>().ok()).nth(1);
    let columns = columns.filter(|_| header.contains("<f4")).ok_or_else(|| wrong(&"no table of f32"))?;
    let numbers = bytes[10 + length..].as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Ok((numbers, columns))
}

fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        match read(&path)? {
            (map, 1) => measure::<1>(&path, map.as_chunks().0)?,
            (map, 2) => measure::<2>(&path, map.as_chunks().0)?,
            (map, 3) => measure::<3>(&path, map.as_chunks().0)?,
            (_, columns) => return Err(Error::parameter("map", format!("{path}: {columns} columns"), "1, 2 or 3")),
        }
    }
    Ok(())
}
