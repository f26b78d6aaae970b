//! Affinity models against dense sums in `f64`, straight from the formulas.
#![allow(clippy::unwrap_used)]

use crate::common::{cloud, in_pool};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use tsne_affinity::{FixedSigma, PerplexityAffinity, Symmetrization, Uniform, Warning, symmetrize_with};
use tsne_core::{Affinities, AffinityKind, AffinityModel, CancelToken, Context, Error, KnnGraph, Scalar};

fn count(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

/// The Euclidean distance of two rows.
fn distance<T: Scalar>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum::<f64>().sqrt()
}

/// The graph of the `k` nearest of `x` to each query by `(distance, index)`; `own` leaves out the query's own row.
fn nearest<T: Scalar>(x: &[T], n: usize, queries: &[T], own: bool, k: usize) -> KnnGraph<T> {
    let d = x.len() / n;
    let (mut indices, mut distances) = (Vec::new(), Vec::new());
    for (i, query) in queries.chunks(d).enumerate() {
        let others = x.chunks(d).enumerate().filter(|&(j, _)| !(own && i == j));
        let mut row: Vec<(T, u32)> = others.map(|(j, y)| (T::from_f64(distance(query, y)), j as u32)).collect();
        row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        distances.extend(row[..k].iter().map(|&(distance, _)| distance));
        indices.extend(row[..k].iter().map(|&(_, j)| j));
    }
    KnnGraph::from_parts(k, n, indices, distances).unwrap()
}

/// The graph of the `k` nearest among all pairs.
pub(crate) fn graph_of<T: Scalar>(x: &[T], n: usize, k: usize) -> KnnGraph<T> {
    nearest(x, n, x, true, k)
}

/// `exp(-τ d² / 2)`, with sum 1. Shifted by the smallest exponent, which cancels in the sum.
fn gaussian(distances: &[f64], precision: f64) -> Vec<f64> {
    let first = distances[0] * distances[0];
    let w: Vec<f64> = distances.iter().map(|d| (-0.5 * precision * (d * d - first)).exp()).collect();
    let total: f64 = w.iter().sum();
    w.iter().map(|w| w / total).collect()
}

fn entropy(p: &[f64]) -> f64 {
    p.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum()
}

/// The precision at which the row has the perplexity, by 200 halvings of the logarithm of a bracket of 2^200.
fn precision_of(distances: &[f64], perplexity: f64) -> f64 {
    let (mut low, mut high) = (1e-30f64, 1e30f64);
    for _ in 0..200 {
        let middle = (low * high).sqrt();
        if entropy(&gaussian(distances, middle)) > perplexity.ln() {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low * high).sqrt()
}

/// A dense matrix from rows of weights.
fn scatter<T: Scalar>(graph: &KnnGraph<T>, row: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let n = graph.n_reference();
    let mut dense = vec![0.0; graph.n() * n];
    for i in 0..graph.n() {
        let (indices, distances) = graph.row(i);
        let distances: Vec<f64> = distances.iter().map(|d| d.to_f64()).collect();
        for (w, &j) in row(&distances).iter().zip(indices) {
            dense[i * n + j as usize] = *w;
        }
    }
    dense
}

/// Joint affinities from a dense matrix, as the definition has them.
pub(crate) fn join(w: &[f64], n: usize, how: Symmetrization) -> Vec<f64> {
    let mut p = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let (a, b) = (w[i * n + j], w[j * n + i]);
            p[i * n + j] = match how {
                Symmetrization::Mean => (a + b) / 2.0,
                Symmetrization::Max => a.max(b),
                _ => a,
            };
        }
    }
    let total: f64 = p.iter().sum();
    p.iter().map(|p| p / total).collect()
}

pub(crate) fn to_dense<T: Scalar>(p: &Affinities<T>) -> Vec<f64> {
    let mut dense = vec![0.0; p.n() * p.n_columns()];
    for i in 0..p.n() {
        for (&j, w) in p.row(i).0.iter().zip(p.row(i).1) {
            dense[i * p.n_columns() + j as usize] = w.to_f64();
        }
    }
    dense
}

/// Within a relative error, and an absolute one far below the smallest weight that counts.
#[track_caller]
pub(crate) fn check_close(found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len());
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= relative * e + 1e-25, "entry {at} is {f}, not {e}");
    }
}

/// Sum 1, ascending columns, no own points; symmetric in structure and in every bit unless told otherwise.
#[track_caller]
pub(crate) fn check_joint<T: Scalar>(p: &Affinities<T>, symmetric: bool) {
    assert_eq!(p.kind(), AffinityKind::Joint);
    for i in 0..p.n() {
        let (columns, weights) = p.row(i);
        assert!(columns.windows(2).all(|c| c[0] < c[1]));
        for (&j, w) in columns.iter().zip(weights) {
            assert!(j as usize != i && w.is_finite() && *w >= T::ZERO);
            if symmetric {
                let (back, back_weights) = p.row(j as usize);
                let at = back.binary_search(&(i as u32)).unwrap();
                assert_eq!(back_weights[at].bits(), w.bits());
            }
        }
    }
    // Each weight is rounded by half an EPSILON at most, and so is the sum of all; plain f64 sums of nnz terms are off by
    // nnz / 2 units of 2^-53 each, here and there.
    let sum: f64 = p.weights().iter().map(|w| w.to_f64()).sum();
    let bound = T::EPSILON.to_f64() + p.nnz() as f64 * f64::EPSILON;
    assert!((sum - 1.0).abs() <= bound, "sum {sum}");
}

/// Rows with sum 1 and ascending columns.
#[track_caller]
pub(crate) fn check_conditional<T: Scalar>(p: &Affinities<T>) {
    assert_eq!(p.kind(), AffinityKind::Conditional);
    for i in 0..p.n() {
        let (columns, weights) = p.row(i);
        assert!(columns.windows(2).all(|c| c[0] < c[1]));
        assert!(weights.iter().all(|w| w.is_finite() && *w >= T::ZERO));
        let sum: f64 = weights.iter().map(|w| w.to_f64()).sum();
        let bound = T::EPSILON.to_f64() + columns.len() as f64 * f64::EPSILON;
        assert!((sum - 1.0).abs() <= bound, "row {i} has the sum {sum}");
    }
}

/// All models that read `k` neighbors.
pub(crate) fn models<T: Scalar>(k: usize) -> Vec<Box<dyn AffinityModel<T>>> {
    let perplexity = (k as f64 / 3.0).max(1.0);
    let mut all: Vec<Box<dyn AffinityModel<T>>> = Vec::new();
    for how in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let small = 1.0f64.max(perplexity / 4.0);
        let mixture = PerplexityAffinity::mixture(&[perplexity, small]).unwrap();
        all.push(Box::new(mixture.with_neighbors(count(k)).with_symmetrization(how)));
        let multiscale = PerplexityAffinity::multiscale(&[perplexity, small]).unwrap();
        all.push(Box::new(multiscale.with_neighbors(count(k)).with_symmetrization(how)));
        all.push(Box::new(FixedSigma::new(0.7).unwrap().with_neighbors(count(k)).with_symmetrization(how)));
        all.push(Box::new(Uniform::new(count(k)).with_symmetrization(how)));
    }
    all
}

#[test]
fn two_points_share_everything() {
    let graph = KnnGraph::from_parts(1, 2, vec![1, 0], vec![3.0f64, 3.0]).unwrap();
    for model in models::<f64>(1) {
        let p = model.joint(&graph, Context::new()).unwrap();
        assert_eq!((p.columns(), p.weights()), (&[1, 0][..], &[0.5, 0.5][..]), "{model:?}");
        assert_eq!(model.conditional(&graph, Context::new()).unwrap().weights(), [1.0, 1.0]);
    }
}

/// All distances are the same: every pair has the same affinity, whatever the width.
#[test]
fn equidistant_points_have_equal_affinities() {
    let n = 12;
    let x: Vec<f64> = (0..n * n).map(|i| f64::from(i / n == i % n)).collect();
    let graph = graph_of(&x, n, n - 1);
    for model in models::<f64>(n - 1) {
        let p = model.joint(&graph, Context::new()).unwrap();
        assert_eq!(p.nnz(), n * (n - 1));
        // The normalizer is a plain sum of 132 terms, each of whose additions is off by 2^-53 at the worst; three roundings
        // are the weight's own.
        check_close(p.weights(), &vec![1.0 / (n * (n - 1)) as f64; n * (n - 1)], 135.0 * f64::EPSILON / 2.0);
        let p = model.conditional(&graph, Context::new()).unwrap();
        check_close(p.weights(), &vec![1.0 / (n - 1) as f64; n * (n - 1)], f64::EPSILON);
    }
}

/// Points at 0, 1 and 3: the two weights of a row are those of the logistic function of the difference of exponents.
#[test]
fn three_points_on_a_line() {
    let graph = graph_of(&[0.0f64, 1.0, 3.0], 3, 2);
    let sigma = 1.5f64;
    let near = |d2: f64, other: f64| 1.0 / (1.0 + ((d2 - other) / (2.0 * sigma * sigma)).exp());
    // Squared distances: 0-1 has 1, 1-2 has 4, 0-2 has 9.
    let (a01, a10, a21) = (near(1.0, 9.0), near(1.0, 4.0), near(4.0, 9.0));
    let w = [0.0, a01, 1.0 - a01, a10, 0.0, 1.0 - a10, 1.0 - a21, a21, 0.0];
    let model = FixedSigma::new(sigma).unwrap().with_neighbors(count(2));
    // Exponents are below 5: their rounding moves a weight by some 10 units of 2^-53.
    check_close(&to_dense(&model.conditional(&graph, Context::new()).unwrap()), &w, 1e-14);
    for how in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let p = model.with_symmetrization(how).joint(&graph, Context::new()).unwrap();
        check_close(&to_dense(&p), &join(&w, 3, how), 1e-14);
    }
    let sum = a01.max(a10) + (1.0 - a10).max(a21) + (1.0 - a01).max(1.0 - a21);
    let p = to_dense(&model.with_symmetrization(Symmetrization::Max).joint(&graph, Context::new()).unwrap());
    assert!((p[1] - a01.max(a10) / sum / 2.0).abs() < 1e-15);
    // One neighbor each: 0 and 1 name each other, 2 names 1.
    let nearest = Uniform::new(count(1));
    assert_eq!(nearest.symmetrization(), Symmetrization::Max);
    for (how, expected) in [
        (Symmetrization::Max, [0.0, 0.25, 0.0, 0.25, 0.0, 0.25, 0.0, 0.25, 0.0]),
        (Symmetrization::Mean, [0.0, 1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0, 1.0 / 6.0, 0.0, 1.0 / 6.0, 0.0]),
        (Symmetrization::None, [0.0, 1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0, 0.0, 0.0, 1.0 / 3.0, 0.0]),
    ] {
        let p = nearest.with_symmetrization(how).joint(&graph, Context::new()).unwrap();
        check_close(&to_dense(&p), &expected, f64::EPSILON);
        assert_eq!(p.nnz(), if how == Symmetrization::None { 3 } else { 4 });
    }
}

#[track_caller]
fn check_fixed_sigma<T: Scalar>() {
    let (n, k) = (150, 20);
    let x = cloud::<T>(21, n, 3);
    let graph = graph_of(&x, n, k + 5);
    for sigma in [0.1, 0.4, 3.0, 1e6] {
        let model = FixedSigma::new(sigma).unwrap().with_neighbors(count(k));
        let w = scatter(&graph, |distances| gaussian(&distances[..k], sigma.powi(-2)));
        // Exponents that matter (weights above 1e-25) are below 60, with a few units of rounding each: 60 · 8 · 2^-53.
        // A weight is rounded to T in its row and in the matrix, and the sum of all like one of them.
        let bound = 1e-13 + 2.0 * T::EPSILON.to_f64();
        let p = model.conditional(&graph, Context::new()).unwrap();
        check_conditional(&p);
        check_close(&to_dense(&p), &w, bound);
        for how in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
            let p = model.with_symmetrization(how).joint(&graph, Context::new()).unwrap();
            check_joint(&p, how != Symmetrization::None);
            check_close(&to_dense(&p), &join(&w, n, how), bound);
        }
    }
}

#[test]
fn fixed_sigma_is_the_formula() {
    check_fixed_sigma::<f32>();
    check_fixed_sigma::<f64>();
}

/// Where every weight underflows the nearest gets all, ties share; where none falls off all are equal.
#[test]
fn fixed_sigma_has_limits() {
    let distances = vec![2.0f64, 2.0, 5.0, 7.0, 0.0, 0.0, 0.0, 1e-3, 1e200, 2e200, 2e200, 3e200];
    let graph = KnnGraph::from_parts(4, 9, vec![1, 2, 3, 4, 0, 5, 6, 7, 8, 3, 2, 1], distances).unwrap();
    let third = 1.0 / 3.0;
    for tiny in [5e-324, f64::MIN_POSITIVE, 1e-200, 1e-6] {
        let p = FixedSigma::new(tiny).unwrap().with_neighbors(count(4)).conditional(&graph, Context::new()).unwrap();
        check_conditional(&p);
        assert_eq!(p.row(0).1, [0.5, 0.5, 0.0, 0.0]);
        assert_eq!(p.row(1).1, [third, third, third, 0.0]);
        // Columns 1, 2, 3, 8: the nearest stands last.
        assert_eq!(p.row(2).1, [0.0, 0.0, 0.0, 1.0]);
    }
    for huge in [1e210, f64::MAX] {
        let p = FixedSigma::new(huge).unwrap().with_neighbors(count(4)).conditional(&graph, Context::new()).unwrap();
        // 3e200 is 3e-10 of the width.
        assert!(p.weights().iter().all(|w| (w - 0.25).abs() < 1e-15));
    }
    let zeros = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 0, 1], vec![0.0f32; 6]).unwrap();
    for sigma in [5e-324, 1.0, f64::MAX] {
        let p = FixedSigma::new(sigma).unwrap().with_neighbors(count(2)).joint(&zeros, Context::new()).unwrap();
        assert_eq!(p.weights(), [1.0f32 / 6.0; 6]);
    }
}

#[test]
fn uniform_counts_neighbors() {
    let (n, k) = (200, 15);
    let graph = graph_of(&cloud::<f32>(4, n, 5), n, k + 3);
    let model = Uniform::new(count(k));
    let w = scatter(&graph, |_| vec![1.0; k]);
    for how in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let p = model.with_symmetrization(how).joint(&graph, Context::new()).unwrap();
        check_joint(&p, how != Symmetrization::None);
        check_close(&to_dense(&p), &join(&w, n, how), f64::from(f32::EPSILON));
    }
    // The union: all weights are the same number.
    let p = model.joint(&graph, Context::new()).unwrap();
    assert!(p.weights().iter().all(|w| *w == 1.0 / p.nnz() as f32));
    let p = model.conditional(&graph, Context::new()).unwrap();
    check_conditional(&p);
    assert!(p.weights().iter().all(|w| *w == 1.0 / 15.0));
    assert_eq!(p.nnz(), n * k);
}

/// Calibration meets the entropy within 1e-9; weights follow within 5e-7 where the entropy's slope by `ln τ` is above 0.1 and
/// `τ a` below 50, as in the tests of the calibration.
const CALIBRATED: f64 = 1e-6;

#[test]
fn multiscale_is_the_average_over_perplexities() {
    let (n, k) = (250, 60);
    let graph = graph_of(&cloud::<f64>(8, n, 6), n, 80);
    let perplexities = [20.0, 3.0, 7.0];
    let model = PerplexityAffinity::multiscale(&perplexities).unwrap();
    assert_eq!(AffinityModel::<f64>::neighbors_needed(&model, n).unwrap().get(), k);
    // From the formula.
    let singles = perplexities.map(|perplexity| {
        scatter(&graph, |distances| gaussian(&distances[..k], precision_of(&distances[..k], perplexity)))
    });
    let average = |matrices: &[Vec<f64>]| -> Vec<f64> {
        (0..matrices[0].len()).map(|at| matrices.iter().map(|m| m[at]).sum::<f64>() / matrices.len() as f64).collect()
    };
    let found = model.conditional(&graph, Context::new()).unwrap();
    check_conditional(&found);
    check_close(&to_dense(&found), &average(&singles), CALIBRATED);
    for how in [Symmetrization::Mean, Symmetrization::None] {
        let joints = singles.each_ref().map(|w| join(w, n, how));
        let found = model.clone().with_symmetrization(how).joint(&graph, Context::new()).unwrap();
        check_joint(&found, how == Symmetrization::Mean);
        check_close(&to_dense(&found), &average(&joints), CALIBRATED);
        // From the joint affinities of one perplexity each, over the same neighbors: the same calibration, so only
        // roundings are left, of three rows of 60 weights and a few sums.
        let joints = perplexities.map(|perplexity| {
            let single = PerplexityAffinity::new(perplexity).unwrap().with_neighbors(count(k));
            to_dense(&single.with_symmetrization(how).joint(&graph, Context::new()).unwrap())
        });
        check_close(&to_dense(&found), &average(&joints), 1e-13);
    }
    // One perplexity: both models are the same.
    let (one, same) = (PerplexityAffinity::multiscale(&[9.0]).unwrap(), PerplexityAffinity::new(9.0).unwrap());
    assert_eq!(one.joint(&graph, Context::new()).unwrap(), same.joint(&graph, Context::new()).unwrap());
}

#[test]
fn mixtures_over_given_neighbors_are_the_formula() {
    let (n, k) = (250, 24);
    let graph = graph_of(&cloud::<f64>(9, n, 6), n, 40);
    // 20 needs 60 neighbors and keeps its perplexity over 24; 50 becomes 8.
    let model = PerplexityAffinity::mixture(&[20.0, 4.0, 50.0]).unwrap().with_neighbors(count(k));
    let w = scatter(&graph, |distances| {
        let row = &distances[..k];
        let scales = [4.0, 8.0, 20.0].map(|perplexity| precision_of(row, perplexity));
        let w: Vec<f64> =
            row.iter().map(|d| scales.iter().map(|t| t.sqrt() * (-0.5 * t * d * d).exp()).sum()).collect();
        let total: f64 = w.iter().sum();
        w.iter().map(|w| w / total).collect()
    });
    check_close(&to_dense(&model.conditional(&graph, Context::new()).unwrap()), &w, CALIBRATED);
    for how in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let p = model.clone().with_symmetrization(how).joint(&graph, Context::new()).unwrap();
        check_joint(&p, how != Symmetrization::None);
        check_close(&to_dense(&p), &join(&w, n, how), CALIBRATED);
    }
}

#[test]
fn given_neighbors_limit_perplexities() {
    let effective = |perplexities: &[f64], k: usize, n: usize| {
        PerplexityAffinity::mixture(perplexities).unwrap().with_neighbors(count(k)).effective_perplexities(n)
    };
    // As many as needed, one more, and a third as many.
    assert_eq!(effective(&[30.0], 90, 1000), Ok((vec![30.0], vec![])));
    let excess = Warning::NeighborsInExcess { k: 91, needed: 90 };
    assert_eq!(effective(&[30.0], 91, 1000), Ok((vec![30.0], vec![excess])));
    let few = Warning::NeighborsFew { perplexity: 30.0, k: 89, needed: 90 };
    assert_eq!(effective(&[30.0], 89, 1000), Ok((vec![30.0], vec![few])));
    let few = Warning::NeighborsFew { perplexity: 30.0, k: 30, needed: 90 };
    assert_eq!(effective(&[30.0], 30, 1000), Ok((vec![30.0], vec![few])));
    let clamped = Warning::PerplexityClampedByNeighbors { given: 30.0, effective: 29.0 / 3.0, k: 29 };
    assert_eq!(effective(&[30.0], 29, 1000), Ok((vec![29.0 / 3.0], vec![clamped])));
    // 50 points, perplexity 30: kept over all 49 neighbors that are asked for, replaced over as many as are needed.
    let few = Warning::NeighborsFew { perplexity: 30.0, k: 49, needed: 90 };
    assert_eq!(effective(&[30.0], 49, 50), Ok((vec![30.0], vec![few])));
    let automatic = PerplexityAffinity::new(30.0).unwrap();
    let clamped = Warning::PerplexityClamped { given: 30.0, effective: 49.0 / 3.0, n: 50 };
    assert_eq!(automatic.effective_perplexities(50), Ok((vec![49.0 / 3.0], vec![clamped])));
    // Each replaced one once.
    let (perplexities, warnings) = effective(&[10.0, 40.0, 50.0], 12, 1000).unwrap();
    assert_eq!(perplexities, [4.0, 10.0]);
    assert_eq!(
        warnings,
        [
            Warning::NeighborsFew { perplexity: 10.0, k: 12, needed: 30 },
            Warning::PerplexityClampedByNeighbors { given: 40.0, effective: 4.0, k: 12 },
            Warning::PerplexityDroppedByNeighbors { given: 50.0, k: 12 },
        ]
    );
    for (warning, words) in warnings.iter().chain(&[excess]).zip([
        ["12", "10", "30"],
        ["40", "12", "4"],
        ["50", "12", "dropped"],
        ["91", "90", "more than"],
    ]) {
        assert!(words.iter().all(|word| warning.to_string().contains(word)), "{warning}");
    }
    // Never below 1.
    assert_eq!(effective(&[5.0], 1, 1000).unwrap().0, [1.0]);
    let error = effective(&[5.0], 20, 20).unwrap_err();
    assert_eq!(
        error.to_string(),
        "k_neighbors is 20, but must be below the number of points: at most 19 for 20 points"
    );
    assert!(effective(&[5.0], 19, 20).is_ok());
    assert_eq!(effective(&[5.0], 1, 1), Err(Error::too_few_points(1, 2)));
    let given = PerplexityAffinity::multiscale(&[5.0]).unwrap().with_neighbors(count(19));
    assert_eq!(AffinityModel::<f32>::neighbors_needed(&given, 20).unwrap().get(), 19);
    assert!(AffinityModel::<f32>::neighbors_needed(&given, 19).is_err());
}

/// A graph with fewer neighbors than a perplexity needs: rows have a third of them as their perplexity and are not uniform.
#[test]
fn small_graphs_lower_perplexities() {
    let n = 300;
    let graph = graph_of(&cloud::<f64>(31, n, 5), n, 24);
    for perplexity in [8.5, 20.0, 24.0, 30.0, 1e6] {
        let model = PerplexityAffinity::new(perplexity).unwrap();
        let (effective, warnings) = model.effective_perplexities_for_graph(n, 24).unwrap();
        assert_eq!(effective, [8.0]);
        let clamped = Warning::PerplexityClampedByNeighbors { given: perplexity, effective: 8.0, k: 24 };
        assert_eq!(warnings, [clamped]);
        for p in [
            model.conditional(&graph, Context::new()).unwrap(),
            PerplexityAffinity::multiscale(&[perplexity]).unwrap().conditional(&graph, Context::new()).unwrap(),
        ] {
            for i in 0..n {
                // Within the promised 1e-8, and the rounding of 24 terms.
                assert!((entropy(p.row(i).1) - 8f64.ln()).abs() < 1.1e-8);
            }
        }
        let error = model.check_graph(&graph).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("perplexity is {perplexity}, ")) && error.contains("at most 8.0"),
            "{error}"
        );
        let needed = AffinityModel::<f64>::neighbors_needed(&model, n).unwrap();
        assert!(error.contains(&format!("search again with {needed},")), "{error}");
        assert_eq!(
            PerplexityAffinity::multiscale(&[perplexity]).unwrap().check_graph(&graph).unwrap_err().to_string(),
            error
        );
    }
    // 8.3 asks for 24 neighbors.
    for perplexity in [1.0, 5.0, 8.0, 8.3] {
        let model = PerplexityAffinity::new(perplexity).unwrap();
        assert_eq!(model.effective_perplexities_for_graph(n, 24), Ok((vec![perplexity], vec![])));
        assert_eq!(model.check_graph(&graph), Ok(()));
    }
    // Both rules at once: of 10 points there are 9 neighbors, of which the graph has 6.
    let mixture = PerplexityAffinity::multiscale(&[1.0, 2.5, 30.0]).unwrap();
    let (effective, warnings) = mixture.effective_perplexities_for_graph(10, 6).unwrap();
    assert_eq!(effective, [1.0, 2.0]);
    assert_eq!(
        warnings,
        [
            Warning::PerplexityClampedByNeighbors { given: 2.5, effective: 2.0, k: 6 },
            Warning::PerplexityDroppedByNeighbors { given: 30.0, k: 6 },
        ]
    );
    // All neighbors there are: only the points limit, and the graph is no fewer than the model asks for.
    let all = graph_of(&cloud::<f32>(1, 10, 2), 10, 9);
    assert_eq!(PerplexityAffinity::new(30.0).unwrap().check_graph(&all), Ok(()));
    // Fewer than three neighbors: the perplexity is 1 and no less, and nothing is lowered from there.
    let two = graph_of(&cloud::<f32>(1, 10, 2), 10, 2);
    assert_eq!(PerplexityAffinity::new(1.0).unwrap().check_graph(&two), Ok(()));
    let one = PerplexityAffinity::new(1.0).unwrap();
    assert_eq!(one.effective_perplexities_for_graph(10, 2), Ok((vec![1.0], vec![])));
    let p = PerplexityAffinity::new(3.0).unwrap().conditional(&two, Context::new()).unwrap();
    assert!((0..10).all(|i| p.row(i).1.contains(&1.0)));
    // A number of neighbors that was asked for is not lowered.
    let given = PerplexityAffinity::new(5.0).unwrap().with_neighbors(count(24));
    assert_eq!(given.check_graph(&graph), Ok(()));
    // With it, a perplexity may reach it and no more.
    for neighbors in [20, 24] {
        let model = PerplexityAffinity::multiscale(&[5.0, 20.0]).unwrap().with_neighbors(count(neighbors));
        assert_eq!(model.check_graph(&graph), Ok(()));
        let above = PerplexityAffinity::multiscale(&[5.0, 24.5]).unwrap().with_neighbors(count(neighbors));
        let error = format!(
            "perplexity is 24.5, but must be at most {neighbors}, the number of neighbors of the model: lower it, or raise that"
        );
        assert_eq!(above.check_graph(&graph).unwrap_err().to_string(), error);
    }
    let given = given.with_neighbors(count(25));
    let error = "k_neighbors is 25, but must be at most 24, the neighbors of each point in the graph: lower it, or search for 25 neighbors";
    assert_eq!(given.check_graph(&graph).unwrap_err().to_string(), error);
    assert_eq!(given.joint(&graph, Context::new()).unwrap_err().to_string(), error);
    assert_eq!(given.effective_perplexities_for_graph(n, 24).unwrap_err().to_string(), error);
}

#[test]
fn defaults_are_those_of_the_field() {
    let sigma = FixedSigma::new(2.0).unwrap();
    assert_eq!((sigma.sigma(), sigma.k_neighbors().get(), sigma.symmetrization()), (2.0, 30, Symmetrization::Mean));
    let uniform = Uniform::default();
    assert_eq!((uniform.k_neighbors().get(), uniform.symmetrization()), (30, Symmetrization::Max));
    assert_eq!(uniform, Uniform::new(count(30)));
    let model = PerplexityAffinity::new(2.0).unwrap();
    assert_eq!((model.k_neighbors(), model.symmetrization()), (None, Symmetrization::Mean));
    let model = PerplexityAffinity::multiscale(&[5.0, 2.0]).unwrap();
    assert_eq!((model.k_neighbors(), model.symmetrization()), (None, Symmetrization::Mean));
    assert_eq!(model.perplexities(), [2.0, 5.0]);
    let model = model.with_neighbors(count(7));
    assert_eq!(model.k_neighbors(), Some(count(7)));
    let model = model.with_perplexities(&[6.0, 4.0]).unwrap();
    assert_eq!((model.perplexities(), model.k_neighbors()), (&[4.0, 6.0][..], Some(count(7))));
}

#[test]
fn symmetrizations_have_names() {
    for (how, name) in [(Symmetrization::Mean, "mean"), (Symmetrization::Max, "max"), (Symmetrization::None, "none")] {
        assert_eq!(name.parse(), Ok(how));
        assert_eq!(how.to_string(), name);
    }
    let error = "min".parse::<Symmetrization>().unwrap_err();
    assert_eq!(error.to_string(), "symmetrization is \"min\", but must be one of mean, max and none");
}

#[test]
fn errors_of_models() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = FixedSigma::new(bad).unwrap_err().to_string();
        assert!(error.starts_with(&format!("sigma is {bad}, but must be positive and finite")), "{error}");
    }
    for bad in [0.0, 0.5, f64::NAN] {
        assert!(matches!(
            PerplexityAffinity::multiscale(&[5.0, bad]),
            Err(Error::Parameter { name: "perplexity", .. })
        ));
    }
    assert!(matches!(PerplexityAffinity::multiscale(&[]), Err(Error::Parameter { name: "perplexities", .. })));
    // As many neighbors as points.
    let models: [Box<dyn AffinityModel<f32>>; 2] =
        [Box::new(FixedSigma::new(1.0).unwrap()), Box::new(Uniform::default())];
    for model in &models {
        assert_eq!(model.neighbors_needed(31), Ok(count(30)));
        assert_eq!(
            model.neighbors_needed(30).unwrap_err().to_string(),
            "k_neighbors is 30, but must be below the number of points: at most 29 for 30 points"
        );
        assert_eq!(model.neighbors_needed(1), Err(Error::too_few_points(1, 2)));
        let graph = graph_of(&cloud::<f32>(2, 40, 2), 40, 29);
        for error in [model.joint(&graph, Context::new()), model.conditional(&graph, Context::new())] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("k_neighbors is 30, but must be at most 29"), "{error}");
        }
    }
    let graph = graph_of(&cloud::<f64>(2, 40, 2), 40, 6);
    assert!(FixedSigma::new(1.0).unwrap().check_graph(&graph).is_err());
    assert!(Uniform::new(count(6)).check_graph(&graph).is_ok());
    let token = CancelToken::new();
    token.cancel();
    let cx = Context::new().with_cancel(&token);
    for model in self::models::<f64>(6) {
        assert_eq!(model.joint(&graph, cx), Err(Error::Cancelled), "{model:?}");
        assert_eq!(model.conditional(&graph, cx), Err(Error::Cancelled), "{model:?}");
    }
    // Graphs that cannot become joint affinities, whatever the symmetrization.
    let graph = |indices: Vec<u32>, n| KnnGraph::from_parts(2, n, indices, vec![1.0f64; 6]).unwrap();
    for how in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        for (bad, words) in [
            (graph(vec![1, 2, 0, 2, 0, 1], 4), "one set of points"),
            (graph(vec![1, 2, 0, 1, 0, 1], 3), "row 1 names its own point"),
            (graph(vec![1, 2, 0, 2, 1, 1], 3), "row 2 names point 1 twice"),
        ] {
            let error = symmetrize_with(&bad, &[0.5; 6], how, Context::new()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let good = graph(vec![1, 2, 0, 2, 0, 1], 3);
        assert!(symmetrize_with(&good, &[0.5; 6], how, Context::new()).is_ok());
        assert!(matches!(symmetrize_with(&good, &[0.5; 4], how, Context::new()), Err(Error::Shape { .. })));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(symmetrize_with(&good, &[bad; 6], how, Context::new()), Err(Error::Invalid { .. })));
        }
    }
}

/// Without symmetrization, rows are looked through as they are sorted: the first repetition in any of them is named, and the last of
/// one row beside the first of the next is none.
#[test]
fn repetitions_are_found_in_any_row() {
    let indices = [1u32, 2, 2, 3, 3, 0, 0, 1];
    let joint = |indices: &[u32]| {
        let graph = KnnGraph::from_parts(2, 4, indices.to_vec(), vec![1.0f64; 8]).unwrap();
        symmetrize_with(&graph, &[0.5; 8], Symmetrization::None, Context::new())
    };
    assert_eq!(joint(&indices).unwrap().columns(), [1, 2, 2, 3, 0, 3, 0, 1]);
    for row in 0..4 {
        let mut bad = indices;
        bad[2 * row + 1] = bad[2 * row];
        let error = joint(&bad).unwrap_err().to_string();
        assert!(error.contains(&format!("row {row} names point {} twice", bad[2 * row])), "{error}");
    }
}

/// Without symmetrization, more rows than are sorted together: each keeps its own neighbors and weights.
#[test]
fn rows_of_many_blocks_are_sorted_each_by_itself() {
    let (n, j) = (2_500usize, 3);
    let indices: Vec<u32> = (0..n).flat_map(|i| [i + 7, i + 1, i + n - 1].map(|c| (c % n) as u32)).collect();
    let graph = KnnGraph::from_parts(j, n, indices, vec![0.0f64; n * j]).unwrap();
    let w: Vec<f64> = (0..n * j).map(|e| (tsne_core::random::mix(e as u64) % 7 + 1) as f64).collect();
    // Sums of small integers: exact in any order.
    let total: f64 = w.iter().sum();
    let p = symmetrize_with(&graph, &w, Symmetrization::None, Context::new()).unwrap();
    for i in 0..n {
        let mut row: Vec<(u32, f64)> =
            graph.row(i).0.iter().copied().zip(w[i * j..].iter().map(|w| w / total)).collect();
        row.sort_by_key(|pair| pair.0);
        assert!(p.row(i).0.iter().copied().zip(p.row(i).1.iter().copied()).eq(row), "row {i}");
    }
}

/// Three neighbors are the nearest, all at one distance: a perplexity of 2 puts all weight on them, by a precision without end. In a
/// mixture it counts by its height at the distance, which is nothing beside any other, and all where the distance is 0.
#[test]
fn the_narrowest_of_a_mixture_counts_by_its_height() {
    let row = |perplexities: &[f64], nearest: f64| {
        let distances = vec![nearest, nearest, nearest, 1.0, 2.0, 3.0];
        let graph = KnnGraph::from_parts(6, 7, (1..7).collect(), distances).unwrap();
        let model = PerplexityAffinity::mixture(perplexities).unwrap().with_neighbors(count(6));
        model.conditional(&graph, Context::new()).unwrap().weights().to_vec()
    };
    assert_eq!(row(&[2.0, 5.0], 0.5), row(&[5.0], 0.5));
    assert_eq!(row(&[2.0, 5.0], 0.0), row(&[2.0], 0.0));
    assert_ne!(row(&[5.0], 0.0), row(&[2.0], 0.0));
    // Of a perplexity of all six, neither has a height: half of the weight is that of the nearest, half that of all.
    check_close(&row(&[2.0, 6.0], 0.5), &[0.25, 0.25, 0.25, 1.0 / 12.0, 1.0 / 12.0, 1.0 / 12.0], 1e-15);
    assert_eq!(row(&[2.0, 6.0], 0.0), row(&[2.0], 0.0));
    for nearest in [0.0, 0.5] {
        // Three terms of a third, added and divided by their sum: a few roundings.
        check_close(&row(&[2.0, 3.0], nearest), &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 0.0], 1e-15);
    }
}

/// The sums of the arrays that are there at the same time, by hand: of 1,000,000 points with 90 neighbors, neighbors and weights are
/// 720 MB in `f32` and 1,080 in `f64`, and a matrix of 130,000,000 entries is 1,048 and 1,568.
#[test]
fn joining_takes_the_memory_of_its_arrays() {
    let peak = |how: Symmetrization, entries, scalar| how.peak_bytes(1_000_000, 90, entries, scalar);
    // Twice a part of 33 MiB of keys with as many weights.
    let part = |scalar: u64| 2 * (33 << 20) * (4 + scalar) / 4;
    for how in [Symmetrization::Mean, Symmetrization::Max] {
        assert_eq!(peak(how, 130_000_000, 4), 720_000_000 + 1_048_000_000 + part(4));
        assert_eq!(peak(how, 130_000_000, 8), 1_080_000_000 + 1_568_000_000 + part(8));
        // A matrix of which there is hardly anything: the entries by where they point, with the lists.
        assert_eq!(peak(how, 0, 4), 2 * 720_000_000 + part(4));
        // Less than a part: all is there twice.
        assert_eq!(how.peak_bytes(1_000, 90, 130_000, 4), 2 * 720_000 + 1_048_000);
    }
    assert_eq!(peak(Symmetrization::None, 90_000_000, 4), 720_000_000 + 728_000_000);
    // At the least the neighbors with distances and weights.
    assert_eq!(peak(Symmetrization::None, 0, 4), 90_000_000 * 12);
    assert_eq!(peak(Symmetrization::None, 0, 8), 90_000_000 * 20);
}

#[test]
fn new_points_have_conditional_affinities() {
    let (n, m, k) = (120, 17, 12);
    let (x, queries) = (cloud::<f32>(1, n, 4), cloud::<f32>(2, m, 4));
    let graph = nearest(&x, n, &queries, false, k);
    for model in models::<f32>(k) {
        let p = model.conditional(&graph, Context::new()).unwrap();
        assert_eq!((p.n(), p.n_columns(), p.nnz()), (m, n, m * k));
        check_conditional(&p);
        assert!(matches!(model.joint(&graph, Context::new()), Err(Error::Invalid { .. })));
        // One by one they are the same.
        for i in [0, 5, m - 1] {
            let alone = nearest(&x, n, &queries[i * 4..(i + 1) * 4], false, k);
            assert_eq!(model.conditional(&alone, Context::new()).unwrap().row(0), p.row(i));
        }
    }
    // From the formula, all pairs in f64.
    let p = FixedSigma::new(0.5).unwrap().with_neighbors(count(k)).conditional(&graph, Context::new()).unwrap();
    let query = &queries[..4];
    let mut all: Vec<f64> = x.chunks(4).map(|point| distance(query, point)).collect();
    let weight = |d: f64| (-d * d / (2.0 * 0.5 * 0.5)).exp();
    let row: Vec<f64> = p.row(0).0.iter().map(|&j| weight(all[j as usize])).collect();
    all.sort_by(f64::total_cmp);
    let total: f64 = all[..k].iter().map(|&d| weight(d)).sum();
    // Distances are rounded to f32, which moves an exponent below 20 by 20 · 2^-24.
    for (w, e) in p.row(0).1.iter().zip(row) {
        assert!((f64::from(*w) / (e / total) - 1.0).abs() < 40.0 * f64::from(f32::EPSILON));
    }
}

#[test]
fn models_have_the_same_bits_for_any_number_of_threads() {
    fn run<T: Scalar>(graph: &KnnGraph<T>, threads: usize) -> Vec<Affinities<T>> {
        in_pool(threads, || {
            let mut all = Vec::new();
            for model in models::<T>(20) {
                all.push(model.joint(graph, Context::new()).unwrap());
                all.push(model.conditional(graph, Context::new()).unwrap());
            }
            all
        })
    }
    #[track_caller]
    fn check<T: Scalar>() {
        // More than two blocks of rows.
        let graph = graph_of(&cloud::<T>(1, 2500, 3), 2500, 20);
        let one = run(&graph, 1);
        for threads in [2, 7] {
            for (a, b) in run(&graph, threads).iter().zip(&one) {
                assert_eq!((a.columns(), a.row_pointers()), (b.columns(), b.row_pointers()));
                assert!(a.weights().iter().zip(b.weights()).all(|(a, b)| a.bits() == b.bits()));
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_graph_given_away_has_the_same_affinities() {
    let graph = graph_of(&cloud::<f32>(1, 2500, 3), 2500, 20);
    // Some of them read fewer neighbors than there are.
    for model in models::<f32>(20).into_iter().chain(models::<f32>(9)) {
        let (kept, given) = (model.joint(&graph, Context::new()), model.joint_owned(graph.clone(), Context::new()));
        assert_eq!(kept.unwrap(), given.unwrap());
    }
    let new = nearest(&cloud::<f32>(1, 120, 4), 120, &cloud::<f32>(2, 17, 4), false, 12);
    for model in models::<f32>(12) {
        assert!(matches!(model.joint_owned(new.clone(), Context::new()), Err(Error::Invalid { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Points on a lattice have duplicates and ties.
    #[test]
    fn models_of_points_of_any_shape(
        cells in prop::collection::vec(-2i8..3, 12..200), d in 1usize..4, k in 1usize..40, scale in -20i32..20,
    ) {
        let n = cells.len() / d;
        let k = k.min(n - 1);
        let x: Vec<f32> = cells[..n * d].iter().map(|&c| f32::from(c) * 10f32.powi(scale)).collect();
        let graph = graph_of(&x, n, k);
        for (m, model) in models::<f32>(k).iter().enumerate() {
            check_joint(&model.joint(&graph, Context::new()).unwrap(), m < 8);
            check_conditional(&model.conditional(&graph, Context::new()).unwrap());
        }
        let automatic = PerplexityAffinity::mixture(&[2.0, 30.0]).unwrap();
        check_joint(&automatic.joint(&graph, Context::new()).unwrap(), true);
        check_conditional(&automatic.conditional(&graph, Context::new()).unwrap());
    }
}
