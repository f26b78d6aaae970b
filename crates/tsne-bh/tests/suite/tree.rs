//! The tree alone.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, cast, duplicates, spiral};
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
