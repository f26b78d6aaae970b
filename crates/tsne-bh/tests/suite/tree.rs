//! The tree alone.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, cast, duplicates, multiples, spiral};
use tsne_bh::Tree;
use tsne_core::{Context, Scalar};

fn check<T: Scalar, const D: usize>(y: &[[f64; D]]) {
    let y: Vec<[T; D]> = cast(y);
    let mut tree = Tree::new();
    tree.build(&y, Context::new()).unwrap();
    assert_eq!(tree.n(), y.len());
    let order: Vec<usize> = tree.order().collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..y.len()), "the order is a permutation");
    let (mut cells, mut next) = (0, 0);
    let mut open: Vec<(std::ops::Range<usize>, f64)> = Vec::new();
    tree.visit(|cell| {
        cells += 1;
        let range = cell.start..cell.start + cell.count;
        while open.last().is_some_and(|(parent, _)| parent.end <= range.start) {
            open.pop();
        }
        if let Some((parent, side)) = open.last() {
            assert!(parent.start <= range.start && range.end <= parent.end && range.len() < parent.len());
            // Sides are stored as squares in `T`.
            assert!(cell.side <= side * (0.5 + T::EPSILON.to_f64()), "a child is at most half as large");
        }
        let members: Vec<[f64; D]> = order[range.clone()].iter().map(|&i| y[i].map(T::to_f64)).collect();
        for a in 0..D {
            let (low, high) = members.iter().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p[a]), h.max(p[a])));
            // Cells are cut where positions are rounded to `side / 2^LEVELS`, in `f64`.
            assert!(high - low <= cell.side * (1.0 + 1e-6), "the points are in the cell");
            let mean = members.iter().map(|p| p[a]).sum::<f64>() / members.len() as f64;
            let scale = low.abs().max(high.abs());
            // One rounding to `T`; the means of `f64` differ by that of as many additions.
            let bound = (T::EPSILON.to_f64() + 1e-12) * scale;
            assert!((cell.center[a].to_f64() - mean).abs() <= bound, "the center is the mean");
        }
        if cell.side == 0.0 {
            assert!(members.iter().all(|p| *p == members[0]));
        }
        if cell.is_leaf {
            assert_eq!(cell.start, next, "leaves cover the points in order");
            next += cell.count;
            assert!(cell.count <= 16 || cell.side == 0.0);
        }
        open.push((range, cell.side));
        true
    });
    assert_eq!(next, y.len());
    assert_eq!(cells, tree.node_count());
    assert!(cells < 2 * y.len());
}

#[test]
fn cells_nest_hold_their_points_and_know_their_mean() {
    for n in [1, 2, 9, 100, 3_000, 20_000] {
        check::<f32, 1>(&blobs(n, 30.0, 1));
        check::<f32, 2>(&blobs(n, 30.0, 2));
        check::<f64, 2>(&duplicates(n, 1e-3, 3));
        check::<f32, 3>(&spiral(n, 100.0));
        check::<f64, 3>(&duplicates(n, 100.0, 5));
    }
}

/// The order of the points, and first point, number of points and depth of each cell.
fn structure<T: Scalar, const D: usize>(y: &[[f64; D]]) -> (Vec<usize>, Vec<[usize; 3]>) {
    let mut tree = Tree::<T, D>::new();
    tree.build(&cast(y), Context::new()).unwrap();
    let (mut cells, mut open) = (Vec::new(), Vec::new());
    tree.visit(|cell| {
        while open.last().is_some_and(|end| *end <= cell.start) {
            open.pop();
        }
        cells.push([cell.start, cell.count, open.len()]);
        open.push(cell.start + cell.count);
        true
    });
    (tree.order().collect(), cells)
}

fn check_scales<T: Scalar, const D: usize>(exponents: &[i32]) {
    let n = 6_000;
    let ordinary = structure::<T, D>(&multiples(n, 0));
    for &exponent in exponents {
        assert_eq!(structure::<T, D>(&multiples(n, exponent)), ordinary, "{} {D}-D, 2^{exponent}", T::NAME);
    }
}

/// What the build and the walks of a tiny cloud do is what they do of an ordinary one: a tree over denormal coordinates that took
/// off a point at each level would be thousands of cells deep, and quadratic.
#[test]
fn trees_do_not_depend_on_the_scale() {
    // Of multiples of the smallest number, and on both sides of the sides whose reciprocal overflows.
    let exponents = [-1074, -1050, -1030, -1020, -1010, -1000, -700, 100];
    check_scales::<f64, 1>(&exponents);
    check_scales::<f64, 2>(&exponents);
    check_scales::<f64, 3>(&exponents);
    check_scales::<f32, 1>(&[-149, -130, -80, 100]);
    check_scales::<f32, 2>(&[-149, -130, -80, 100]);
    check_scales::<f32, 3>(&[-149, -130, -80, 100]);
}

/// A group below all normal numbers, among ordinary points: a tree of its own in one cell.
#[test]
fn tiny_groups_among_ordinary_points_are_divided_as_any() {
    let mut y = multiples::<2>(3_000, -1074);
    // Behind the group along the curve, and far enough from its corner that none of them is in its cell.
    y.extend(multiples::<2>(3_000, -20).iter().map(|p| p.map(|v| 1.0 + v)));
    let (alone, cells) = structure::<f64, 2>(&multiples(3_000, 0));
    let (order, all) = structure::<f64, 2>(&y);
    assert_eq!(order[..3_000], alone);
    let below: Vec<[usize; 3]> = all.iter().filter(|cell| cell[0] < 3_000 && cell[2] > 0).copied().collect();
    assert_eq!(below, cells.iter().map(|&[start, count, depth]| [start, count, depth + 1]).collect::<Vec<_>>());
}

#[test]
fn a_closed_cell_hides_what_is_below() {
    let y: Vec<[f64; 2]> = blobs(1_000, 10.0, 1);
    let mut tree = Tree::new();
    tree.build(&y, Context::new()).unwrap();
    let mut seen = 0;
    tree.visit(|cell| {
        seen += 1;
        assert_eq!(cell.count, 1_000);
        assert_eq!(cell.side, tree.side());
        false
    });
    assert_eq!(seen, 1);
}

#[test]
fn an_empty_tree_has_no_cells() {
    let mut tree = Tree::<f32, 2>::new();
    tree.build(&[], Context::new()).unwrap();
    assert_eq!((tree.n(), tree.node_count()), (0, 0));
    tree.visit(|_| unreachable!("there is no cell"));
}
