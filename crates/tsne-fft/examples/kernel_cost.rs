//! Prints what a pair costs by the degrees of freedom of the kernel, in nanoseconds of the calling thread:
//! `cargo run --release -p tsne-fft --example kernel_cost`.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{cast, cloud};
use std::time::Instant;
use tsne_fft::{Context, GridParams, GridRepulsion, GridScalar, Kernel};

/// So few points are summed pair by pair whatever the kernel.
const N: usize = 300;

fn pair<T: GridScalar>(dof: f64) -> f64 {
    let y = cast::<T, 2>(&cloud(N, 30.0, 7));
    let mut out = vec![[T::ZERO; 2]; N];
    let mut grid = GridRepulsion::new(GridParams::default()).unwrap();
    let kernel = Kernel::new(dof).unwrap();
    // The fastest of many: what others do on the machine only ever adds.
    let mut call = || {
        let start = Instant::now();
        grid.repulse(kernel, &y, &mut out, Context::new()).unwrap();
        start.elapsed().as_secs_f64()
    };
    let fastest = (0..2_000).map(|_| call()).fold(f64::INFINITY, f64::min);
    fastest * 1e9 / (N * N) as f64
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for dof in [1.0, 0.5, 2.0, 1.5, 0.8, 0.05, 3.3] {
            println!("dof {dof}: {:.2} ns in f32, {:.2} in f64", pair::<f32>(dof), pair::<f64>(dof));
        }
    });
}
