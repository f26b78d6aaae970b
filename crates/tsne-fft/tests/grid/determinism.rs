//! Same bits for any number of threads, and whatever was computed before.

use crate::common::{LAGRANGE, bits, cast, cloud, grid, kernel};
use tsne_core::{Context, Kernel};
use tsne_fft::{GridParams, GridReference, GridRepulsion, GridScalar};

/// Several blocks of points and slabs of the grid, the last ones not full.
const N: usize = 9_001;

fn reference_bits<T: GridScalar, const D: usize>(params: GridParams, y: &[[T; D]], queries: &[[T; D]]) -> Vec<u64> {
    let reference = GridReference::new(params, Kernel::CAUCHY, y, Context::new()).unwrap();
    let mut out = vec![[T::ZERO; D]; queries.len()];
    let mut z = vec![T::ZERO; queries.len()];
    reference.repulse(queries, &mut out, &mut z, Context::new()).unwrap();
    let mut all = bits(0.0, &out);
    all.extend(z.iter().map(|v| v.bits()));
    all
}

/// A map below and one at the nominal spacing.
fn sizes<const D: usize>() -> [f64; 2] {
    if D < 3 { [0.01, 100.0] } else { [0.01, 20.0] }
}

#[track_caller]
fn any_number_of_threads<T: GridScalar, const D: usize>(params: GridParams, extent: f64, threads: &[usize]) {
    let y = cast::<T, D>(&cloud(N, extent, 11));
    // The same map widened: queries inside, in the padding and beyond it.
    let queries = cast::<T, D>(&cloud(2_000, 1.5 * extent, 12));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (z, out) = grid(params, 1.0, &y);
            (bits(z, &out), reference_bits(params, &y, &queries))
        })
    };
    let first = run(threads[0]);
    for &threads in &threads[1..] {
        assert!(run(threads) == first, "{D}-D {} extent {extent}, {threads} threads", T::NAME);
    }
}

fn both_sizes<T: GridScalar, const D: usize>(params: GridParams) {
    for extent in sizes::<D>() {
        any_number_of_threads::<T, D>(params, extent, &[1, 2, 3, 8]);
    }
}

#[test]
fn splines_give_the_same_bits_on_any_number_of_threads() {
    both_sizes::<f32, 1>(GridParams::default());
    both_sizes::<f32, 2>(GridParams::default());
    both_sizes::<f32, 3>(GridParams::default());
    both_sizes::<f64, 1>(GridParams::default());
    both_sizes::<f64, 2>(GridParams::default());
    both_sizes::<f64, 3>(GridParams::default());
}

#[test]
fn lagrange_gives_the_same_bits_on_any_number_of_threads() {
    both_sizes::<f32, 1>(LAGRANGE);
    both_sizes::<f32, 2>(LAGRANGE);
    both_sizes::<f32, 3>(LAGRANGE);
    both_sizes::<f64, 1>(LAGRANGE);
    both_sizes::<f64, 2>(LAGRANGE);
    both_sizes::<f64, 3>(LAGRANGE);
}

#[test]
fn near_pairs_give_the_same_bits_on_any_number_of_threads() {
    // Beyond the largest grid.
    any_number_of_threads::<f32, 2>(GridParams::default(), 1e3, &[1, 3]);
}

#[track_caller]
fn any_history<T: GridScalar, const D: usize>(params: GridParams, large: f64) {
    let mut used = GridRepulsion::<T, D>::new(params).unwrap();
    // Growing, shrinking, other counts, other kernels, and direct sums between grids.
    let [small, middle] = sizes::<D>();
    let history =
        [(N, middle, 1.0), (N, small, 1.0), (60, middle, 1.0), (N, middle, 2.0), (4_000, large, 0.5), (N, middle, 1.0)];
    for (n, extent, dof) in history {
        let y = cast::<T, D>(&cloud(n, extent, 13));
        let mut out = vec![[T::ONE; D]; n];
        let z = used.repulse(kernel(dof), &y, &mut out, Context::new()).unwrap();
        let (fresh_z, fresh) = grid(params, dof, &y);
        assert!(bits(z, &out) == bits(fresh_z, &fresh), "{D}-D {} {n} points, extent {extent}", T::NAME);
    }
}

#[test]
fn the_result_does_not_depend_on_what_was_computed_before() {
    any_history::<f32, 2>(GridParams::default(), 1e3);
    for params in [GridParams::default(), LAGRANGE] {
        any_history::<f32, 1>(params, 300.0);
        any_history::<f64, 2>(params, 200.0);
        any_history::<f32, 3>(params, 30.0);
    }
}
