//! Searches of neighbors, against all distances.

use crate::input::Input;
use std::num::NonZeroUsize;
use tsne::affinity::{
    ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, Metric, NeighborSearch, VpTreeSearch,
};
use tsne::{Context, KnnGraph, NeighborIndex, Points, Rows, Scalar, SparseRows};

/// Points of any values, under any metric.
pub(crate) fn neighbors(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() { check::<f64>(&mut input) } else { check::<f32>(&mut input) }
}

fn check<T: Scalar>(input: &mut Input<'_>) {
    let metric = input.metric();
    let d = input.below(12) + 1;
    let is_lattice = input.below(3) > 0;
    let seed = u64::from(input.byte());
    let mut x: Vec<T> = Vec::new();
    while !input.is_empty() && x.len() < 28 * d {
        x.push(if is_lattice { T::from_f64(f64::from(input.byte() % 8) - 2.0) } else { input.scalar() });
    }
    let n = if metric == Metric::Precomputed { x.len().min(d * d) / d } else { x.len() / d };
    x.truncate(n * d);
    if matches!(metric, Metric::Hellinger | Metric::JensenShannon | Metric::SymmetricKl) {
        x.iter_mut().for_each(|value| *value = value.abs());
    }
    let rows = Rows::new(&x, n, d).unwrap();
    let Some(k) = NonZeroUsize::new(n.saturating_sub(1)) else { return };
    let brute = BruteForceSearch::new(metric.clone()).build(rows.into(), Context::new());
    let Ok(brute) = brute else {
        let others = ExactSearch::new(metric.clone()).build(rows.into(), Context::new());
        return assert!(others.is_err(), "one search takes {metric} of {x:?}, {d} columns, and one does not");
    };
    // All others of each point, in their order.
    let Ok(all) = brute.knn_graph(k, Context::new()) else {
        // Distances may be too large for a number.
        return;
    };
    definition(&metric, rows, &all);
    ranks(&*brute, &all);
    let few = NonZeroUsize::new(1 + (seed as usize) % k.get()).expect("it is 1 at least");
    let mut searches: Vec<Box<dyn NeighborSearch<T>>> = vec![
        Box::new(BruteForceSearch::new(metric.clone())),
        Box::new(ExactSearch::new(metric.clone())),
        Box::new(AutoSearch::new(metric.clone(), seed)),
        Box::new(ApproximateSearch::new(metric.clone()).with_exact_up_to(0).with_recall(1.0)),
    ];
    searches.push(Box::new(KdTreeSearch::new(metric.clone())));
    searches.push(Box::new(VpTreeSearch::new(metric.clone())));
    for search in searches {
        let Ok(index) = search.build(rows.into(), Context::new()) else {
            // Trees are for some metrics and dimensions.
            let is_tree = format!("{search:?}").contains("Tree");
            assert!(is_tree, "{search:?} does not take {x:?}, {d} columns");
            continue;
        };
        let is_exact = index.is_exact();
        let graph = index.knn_graph(few, Context::new()).unwrap();
        for i in 0..n {
            let (found, expected) = (graph.row(i), all.row(i));
            let same = found.0 == &expected.0[..few.get()]
                && found.1.iter().zip(expected.1).all(|(a, b)| a.bits() == b.bits());
            assert!(
                same || !is_exact,
                "{search:?}, k {few}, point {i} of {x:?}, {d} columns: {found:?} for {expected:?}"
            );
            sound(found, expected, i, &search);
        }
        queries(&*index, rows, few, &all, &search);
    }
    let approximate = ApproximateSearch::new(metric.clone()).with_exact_up_to(0).with_seed(seed).with_recall(0.5);
    let index = approximate.build(rows.into(), Context::new()).unwrap();
    let graph = index.knn_graph(few, Context::new()).unwrap();
    (0..n).for_each(|i| sound(graph.row(i), all.row(i), i, &approximate));
    if metric.takes_sparse() {
        sparse(&metric, rows, &all, is_lattice);
    }
}

/// Each neighbor is another point, once, at its own distance, in the order of distance and index.
fn sound<T: Scalar>(found: (&[u32], &[T]), all: (&[u32], &[T]), own: usize, search: &impl std::fmt::Debug) {
    for (&j, distance) in found.0.iter().zip(found.1) {
        let at = all.0.iter().position(|&other| other == j);
        let at = at.unwrap_or_else(|| panic!("{search:?}: {j} is no other point than {own}"));
        assert_eq!(all.1[at].bits(), distance.bits(), "{search:?}: {own} and {j} have one distance");
    }
    let order = found.1.iter().zip(found.0);
    let ascends = |(a, b): ((&T, &u32), (&T, &u32))| a.0.total_cmp(b.0).then(a.1.cmp(b.1)).is_lt();
    assert!(order.clone().zip(order.skip(1)).all(ascends), "{search:?}: {found:?}");
}

/// A point that is asked for as a new one has itself and its neighbors.
fn queries<T: Scalar>(
    index: &dyn NeighborIndex<T>,
    rows: Rows<'_, T>,
    k: NonZeroUsize,
    all: &KnnGraph<T>,
    search: &impl std::fmt::Debug,
) {
    // Of these, equal rows are no equal points, and new points are rows of distances to the others.
    let Ok(found) = index.knn(rows.into(), k.saturating_add(1), Context::new()) else { return };
    if !index.is_exact() || format!("{search:?}").contains("Precomputed") {
        return;
    }
    for i in 0..rows.n() {
        let (indices, distances) = found.row(i);
        let others = indices.iter().zip(distances).filter(|(j, _)| **j as usize != i).take(k.get());
        let expected = all.row(i).0.iter().zip(all.row(i).1).take(k.get());
        let same = others.clone().zip(expected).all(|(a, b)| a.0 == b.0 && a.1.bits() == b.1.bits());
        assert!(same && others.count() == k.get(), "{search:?}, point {i} of {rows:?}: {indices:?}, {distances:?}");
    }
}

/// The rank of a neighbor is its place among all others.
fn ranks<T: Scalar>(index: &dyn NeighborIndex<T>, all: &KnnGraph<T>) {
    let rows: Vec<u32> = (0..all.n() as u32).collect();
    let others: Vec<u32> = (0..all.n()).map(|i| all.row(i).0[i % all.k()]).collect();
    if let Some(ranks) = index.ranks(&rows, &others, Context::new()).unwrap() {
        let expected = (0..all.n()).map(|i| (i % all.k()) as u32 + 1);
        assert!(ranks.iter().copied().eq(expected), "{ranks:?}");
    }
}

/// The distances of some metrics by their definition.
fn definition<T: Scalar>(metric: &Metric, rows: Rows<'_, T>, all: &KnnGraph<T>) {
    let d = rows.d() as f64;
    for i in 0..rows.n() {
        for (&j, distance) in all.row(i).0.iter().zip(all.row(i).1) {
            let differences =
                rows.row(i).iter().zip(rows.row(j as usize)).map(|(a, b)| (a.to_f64() - b.to_f64()).abs());
            let largest = differences.clone().fold(0.0, f64::max);
            let unit = if largest > 0.0 { largest } else { 1.0 };
            let expected = match metric {
                // In units of the largest difference nothing is lost and nothing too large.
                Metric::Euclidean => differences.map(|v| (v / unit) * (v / unit)).sum::<f64>().sqrt() * unit,
                Metric::Manhattan => differences.sum(),
                Metric::Chebyshev => largest,
                _ => return,
            };
            // Squares below the smallest number are lost: distances below 1e-154 of the largest coordinate of all points.
            let scale = rows.iter().flatten().map(|v| v.to_f64().abs()).fold(0.0, f64::max);
            let smallest = if T::NAME == "f32" { 1e-44 } else { 2e-154 * (1.0 + scale) };
            let bound = ((d + 4.0) * f64::EPSILON + T::EPSILON.to_f64()) * expected + smallest;
            let error = (distance.to_f64() - expected).abs();
            assert!(
                error <= bound,
                "{metric}: {distance} for {expected} of {:?} and {:?}",
                rows.row(i),
                rows.row(j as usize)
            );
        }
    }
}

/// Sparse rows have the distances of dense ones.
fn sparse<T: Scalar>(metric: &Metric, rows: Rows<'_, T>, all: &KnnGraph<T>, is_lattice: bool) {
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in rows.iter() {
        for (column, value) in row.iter().enumerate().filter(|(_, value)| **value != T::ZERO) {
            columns.push(column as u32);
            values.push(*value);
        }
        pointers.push(columns.len());
    }
    let points = Points::from(SparseRows::new(&pointers, &columns, &values, rows.d()).unwrap());
    let Ok(index) = ExactSearch::new(metric.clone()).build(points, Context::new()) else { return };
    let k = NonZeroUsize::new(all.k()).expect("there are others");
    let Ok(graph) = index.knn_graph(k, Context::new()) else { return };
    for i in 0..rows.n() {
        let (found, expected) = (graph.row(i), all.row(i));
        let pairs = found.1.iter().zip(found.0);
        let ascends = |(a, b): ((&T, &u32), (&T, &u32))| a.0.total_cmp(b.0).then(a.1.cmp(b.1)).is_lt();
        assert!(pairs.clone().zip(pairs.skip(1)).all(ascends), "{metric}: {found:?}");
        if is_lattice {
            // Sums of small whole numbers; what is left is the rounding of roots, logarithms and quotients.
            let near = |(a, b): (&T, &T)| (a.to_f64() - b.to_f64()).abs() <= 1e-5 * (1.0 + b.to_f64().abs());
            assert!(
                found.1.iter().zip(expected.1).all(near),
                "{metric}, point {i} of {rows:?}: {found:?} for {expected:?}"
            );
        }
    }
}
