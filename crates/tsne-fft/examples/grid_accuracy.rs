//! Prints the error of the grid against exact sums, for choosing its parameters:
//! `cargo run --release -p tsne-fft --example grid_accuracy [points]`.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{LAGRANGE, cast, cloud, forces, grid, normalizer, relative_rms};
use tsne_fft::{GridParams, GridScalar};

fn table<T: GridScalar, const D: usize>(n: usize, params: GridParams) {
    // Some 500 forces tell the root of the mean square within 5 %.
    let step = n.div_ceil(500);
    for dof in [1.0, 0.5, 2.0] {
        print!("{D}-D {} {:?} p={} dof {dof}:", T::NAME, params.interpolation, params.n_interpolation_points);
        for extent in [1e-4, 1e-2, 1.0, 10.0, 50.0, 100.0, 200.0, 1e4] {
            let y = cloud::<D>(n, extent, 7);
            let (z, out) = grid::<T, D>(params, dof, &cast(&y));
            let force = relative_rms(out.iter().step_by(step), &forces(dof, &y, step));
            let z = (z / normalizer(dof, &y) - 1.0).abs();
            print!("  {extent}: {force:.1e} {z:.0e}");
        }
        println!();
    }
}

fn main() {
    let n = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(3000).max(2);
    println!("relative RMS error of the force, relative error of Z, by extent; {n} points");
    for p in [2, 3, 4, 5] {
        table::<f64, 2>(n, GridParams::default().with_n_interpolation_points(p));
    }
    table::<f32, 1>(n, GridParams::default());
    table::<f32, 2>(n, GridParams::default());
    table::<f32, 3>(n, GridParams::default());
    table::<f64, 2>(n, LAGRANGE);
    table::<f32, 2>(n, LAGRANGE);
}
