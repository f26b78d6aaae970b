//! Prints the error of the grid against exact sums, for choosing its parameters:
//! `cargo run --release -p tsne-fft --example accuracy [points]`.

use tsne_core::{Context, Kernel, Repulsion, random};
use tsne_fft::{GridParams, GridRepulsion, GridScalar, Interpolation};

/// Thirty round blobs within a ball: the density of a map of `extent` as t-SNE makes them.
fn cloud<T: GridScalar, const D: usize>(n: usize, extent: f64, seed: u64) -> Vec<[T; D]> {
    let number = |stage: u64, index: usize| random::unit(random::element_seed(seed, stage, index as u64));
    let ball = |stage: u64, index: usize, radius: f64| {
        let mut point = [0.0; D];
        for attempt in 0.. {
            point = std::array::from_fn(|c| 2.0 * number(stage + 8 * attempt + c as u64, index) - 1.0);
            if point.iter().map(|v| v * v).sum::<f64>() <= 1.0 {
                break;
            }
        }
        point.map(|v| v * radius)
    };
    let centers: Vec<[f64; D]> = (0..30).map(|b| ball(1_000, b, 0.5)).collect();
    let mut points: Vec<[f64; D]> = (0..n)
        .map(|i| {
            let offset = ball(5_000, i, 0.07);
            std::array::from_fn(|c| centers[i % 30][c] + offset[c])
        })
        .collect();
    let side = (0..D)
        .map(|c| {
            let column = || points.iter().map(|p| p[c]);
            column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min)
        })
        .fold(0.0, f64::max);
    for point in &mut points {
        *point = point.map(|v| v * extent / side);
    }
    points.into_iter().map(|p| p.map(T::from_f64)).collect()
}

fn errors<T: GridScalar, const D: usize>(n: usize, extent: f64, dof: f64, params: GridParams) -> (f64, f64) {
    let y = cloud::<T, D>(n, extent, 7);
    let kernel = Kernel::new(dof).unwrap();
    let mut forces = vec![[T::ZERO; D]; n];
    let z = GridRepulsion::new(params).unwrap().repulse(kernel, &y, &mut forces, Context::new()).unwrap();
    let (mut exact_z, mut error2, mut force2) = (0.0, 0.0, 0.0);
    for i in 0..n {
        let mut force = [0.0; D];
        for j in (0..n).filter(|&j| j != i) {
            let difference: [f64; D] = std::array::from_fn(|c| y[i][c].to_f64() - y[j][c].to_f64());
            let d2 = difference.iter().map(|v| v * v).sum::<f64>();
            let f = kernel.force(d2);
            exact_z += kernel.weight(d2);
            for c in 0..D {
                force[c] += f * difference[c];
            }
        }
        for c in 0..D {
            force2 += force[c] * force[c];
            error2 += (force[c] - forces[i][c].to_f64()).powi(2);
        }
    }
    ((error2 / force2).sqrt(), (z / exact_z - 1.0).abs())
}

fn table<T: GridScalar, const D: usize>(n: usize, params: GridParams) {
    for dof in [1.0, 0.5, 2.0] {
        print!("{}-D {} {:?} p={} dof {dof}:", D, T::NAME, params.interpolation, params.n_interpolation_points);
        for extent in [1e-4, 1e-2, 1.0, 10.0, 50.0, 100.0, 200.0, 1e4] {
            let (force, z) = errors::<T, D>(n, extent, dof, params);
            print!("  {extent}: {force:.1e} {z:.0e}");
        }
        println!();
    }
}

fn main() {
    let n = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(3000);
    println!("relative RMS error of the force, relative error of Z, by extent; {n} points");
    for p in [2, 3, 4, 5] {
        table::<f64, 2>(n, GridParams { n_interpolation_points: p, ..GridParams::default() });
    }
    table::<f32, 1>(n, GridParams::default());
    table::<f32, 2>(n, GridParams::default());
    table::<f32, 3>(n, GridParams::default());
    table::<f64, 2>(n, GridParams { interpolation: Interpolation::Lagrange, ..GridParams::default() });
    table::<f32, 2>(n, GridParams { interpolation: Interpolation::Lagrange, ..GridParams::default() });
}
