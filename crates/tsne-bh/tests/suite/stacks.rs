//! Trees and walks on threads with small stacks: nothing grows with the points or their depth.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, cast};
use tsne_bh::{BarnesHut, BarnesHutReference, Tree};
use tsne_core::random::{element_seed, unit};
use tsne_core::{Context, Kernel, Scalar};

const KIB: usize = 1024;

/// So large that a walk opens little but what is near: it takes as much of a stack as any.
const THETA: f64 = 4.0;

fn uniform<const D: usize>(n: usize) -> Vec<[f64; D]> {
    (0..n as u64).map(|i| std::array::from_fn(|a| 100.0 * unit(element_seed(1, a as u64, i)))).collect()
}

/// Each halving of the range takes off as many points: the tree is as deep as the exponents of the number type reach, as many
/// above 1 as below.
fn geometric<const D: usize>(n: usize, exponents: f64) -> Vec<[f64; D]> {
    (0..n).map(|i| [(exponents * (0.5 - i as f64 / n as f64)).exp2(); D]).collect()
}

/// Two clusters so far apart that one cell of the last level holds each.
fn two_clusters<const D: usize>(n: usize) -> Vec<[f64; D]> {
    let mut y = blobs::<D>(n / 2, 1e-3, 1);
    y.extend(blobs::<D>(n - n / 2, 1e-3, 2).iter().map(|p| p.map(|v| v + 1e5)));
    y
}

/// The bits of the tree and of both repulsions, computed on threads with stacks of `kib`.
fn run<T: Scalar, const D: usize>(y: &[[T; D]], threads: usize, kib: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(kib * KIB).build().unwrap();
    pool.install(|| {
        let mut bits = Vec::new();
        let mut out = vec![[T::ZERO; D]; y.len()];
        let z = BarnesHut::new(THETA).unwrap().repulse(Kernel::CAUCHY, y, &mut out, Context::new()).unwrap();
        bits.push(z.to_bits());
        bits.extend(out.as_flattened().iter().map(|v| v.bits()));
        let reference = BarnesHutReference::new(Kernel::CAUCHY, y, THETA, Context::new()).unwrap();
        let queries: Vec<[T; D]> = y.iter().step_by(y.len() / 500).copied().collect();
        let (mut out, mut z) = (vec![[T::ZERO; D]; queries.len()], vec![T::ZERO; queries.len()]);
        reference.repulse(&queries, &mut out, &mut z, Context::new()).unwrap();
        bits.extend(out.as_flattened().iter().chain(&z).map(|v| v.bits()));
        let cells = reference.tree();
        bits.extend([cells.n() as u64, cells.node_count() as u64]);
        bits
    })
}

#[track_caller]
fn check<T: Scalar, const D: usize>(name: &str, y: &[[f64; D]], kib: usize, threads: &[usize]) {
    let y: Vec<[T; D]> = cast(y);
    let mut first = None;
    for &threads in threads {
        let bits = run(&y, threads, kib);
        let first = first.get_or_insert_with(|| bits.clone());
        assert!(*first == bits, "{name}, {} {D}-D: other bits with {threads} threads", T::NAME);
    }
}

/// Only uniform points are all walked over: in the other clouds a walk meets a cell on each of very many levels.
#[test]
fn a_million_points_fit_stacks_of_256_kib() {
    let n = 1 << 20;
    check::<f32, 2>("uniform", &uniform(n), 256, &[8]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).stack_size(256 * KIB).build().unwrap();
    let nodes = |y: &[[f64; 1]]| {
        pool.install(|| {
            let mut tree = Tree::new();
            tree.build(y, Context::new()).map(|()| tree.node_count())
        })
    };
    assert_eq!(nodes(&vec![[0.5]; n]), Ok(1));
    for y in [geometric(n, 2000.0), two_clusters(n)] {
        assert!((n / 8..2 * n).contains(&nodes(&y).unwrap()));
    }
}

fn small<const D: usize>() {
    check::<f32, D>("uniform", &uniform(1 << 16), 128, &[1, 2, 3, 8]);
    // Fewer where a walk meets a cell on each of very many levels.
    let n = 1 << 14;
    check::<f32, D>("same", &vec![[0.5; D]; n], 128, &[1, 8]);
    check::<f32, D>("two clusters", &two_clusters(n), 128, &[1, 8]);
    check::<f64, D>("geometric", &geometric(n, 2000.0), 128, &[1, 8]);
}

#[test]
fn tens_of_thousands_of_points_fit_stacks_of_128_kib() {
    small::<1>();
    small::<2>();
    small::<3>();
}

/// Points that double their distance from the origin are the deepest tree there is; each of its cells is written once, and its
/// points are looked at as often as the codes must start over, every 32 halvings.
#[test]
fn deep_trees_have_as_many_cells_as_others() {
    let mut tree = Tree::new();
    tree.build(&geometric::<1>(1 << 16, 2000.0), Context::new()).unwrap();
    let (mut depth, mut deepest, mut ends) = (0, 0, Vec::new());
    tree.visit(|cell| {
        while ends.last().is_some_and(|&end| end <= cell.start) {
            ends.pop();
        }
        ends.push(cell.start + cell.count);
        depth = ends.len();
        deepest = deepest.max(depth);
        true
    });
    assert!((1990..2010).contains(&deepest), "{deepest} levels for 2,000 halvings");
    assert!(tree.node_count() < 1 << 16);
}
