//! What a pair costs by the kernel: weight and force of squared distances, the inner loop of every sum over pairs.
//!
//! `cargo run --release -p tsne-core --example pair_cost`
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;
use tsne_core::simd::{Task, dispatch};
use tsne_core::{Kernel, Profile, ProfileVisitor, Result, Scalar};

/// Pairs of one loop: its arrays stay in the first cache.
const PAIRS: usize = 512;

/// Pairs of a block, as the sums over all pairs take them.
const BLOCK: usize = 64;

struct Loop<'a, T, P> {
    profile: P,
    d2: &'a [T; PAIRS],
    weights: &'a mut [T; PAIRS],
    forces: &'a mut [T; PAIRS],
    blocks: bool,
}

impl<T: Scalar, P: Profile<T>> Task for Loop<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.blocks {
            let (weights, forces) = (self.weights.as_chunks_mut::<BLOCK>().0, self.forces.as_chunks_mut::<BLOCK>().0);
            for ((d2, weights), forces) in self.d2.as_chunks().0.iter().zip(weights).zip(forces) {
                self.profile.weights_and_forces(d2, weights, forces);
            }
        } else {
            for i in 0..PAIRS {
                (self.weights[i], self.forces[i]) = self.profile.weight_and_force(self.d2[i]);
            }
        }
    }
}

/// Squared distances, and whether they are taken in blocks.
struct Measure<T>([T; PAIRS], bool);

impl<T: Scalar> ProfileVisitor<T> for Measure<T> {
    /// Nanoseconds for a pair, the least of a thousand.
    type Output = f64;

    fn visit<P: Profile<T>>(self, profile: P) -> f64 {
        let (mut weights, mut forces) = ([T::ZERO; PAIRS], [T::ZERO; PAIRS]);
        let mut time = || {
            let start = Instant::now();
            for _ in 0..20 {
                let d2 = black_box(&self.0);
                dispatch(Loop { profile, d2, weights: &mut weights, forces: &mut forces, blocks: self.1 });
                black_box((&weights, &forces));
            }
            start.elapsed().as_secs_f64() * 1e9 / (20 * PAIRS) as f64
        };
        (0..1_000).map(|_| time()).fold(f64::INFINITY, f64::min)
    }
}

/// Any kernel by the platform's functions, a call each for every pair.
#[derive(Clone, Copy)]
struct Platform(f64);

impl<T: Scalar> Profile<T> for Platform {
    #[inline(always)]
    fn weight_and_force(self, d2: T) -> (T, T) {
        let a = d2 / T::from_f64(self.0);
        let w = (-T::from_f64(self.0) * a.ln_1p()).exp();
        (w, w / (T::ONE + a))
    }

    fn attraction(self, d2: T) -> T {
        T::ONE / (T::ONE + d2 / T::from_f64(self.0))
    }
}

fn d2<T: Scalar>(blocks: bool) -> Measure<T> {
    Measure(std::array::from_fn(|i| T::from_f64(0.01 * (i * i) as f64)), blocks)
}

fn measure<T: Scalar>(kernel: Kernel) -> [f64; 2] {
    [false, true].map(|blocks| kernel.visit(d2::<T>(blocks)))
}

fn main() -> Result<()> {
    println!(
        "ns for a pair, one by one and in blocks\n{:>8} {:>8} {:>8} {:>8} {:>8}",
        "dof", "f32", "blocks", "f64", "blocks"
    );
    for dof in [1.0, 0.5, 1.5, 2.0, 7.5, 8.0, 0.8, 2.3, 0.05, 30.0] {
        let kernel = Kernel::new(dof)?;
        let ([single, single_blocks], [double, double_blocks]) = (measure::<f32>(kernel), measure::<f64>(kernel));
        println!("{dof:>8} {single:>8.2} {single_blocks:>8.2} {double:>8.2} {double_blocks:>8.2}");
    }
    let platform = Platform(0.8);
    let (single, double) = (d2::<f32>(false).visit(platform), d2::<f64>(false).visit(platform));
    println!("{:>8} {single:>8.2} {:>8} {double:>8.2} by the platform's functions", 0.8, "");
    Ok(())
}
