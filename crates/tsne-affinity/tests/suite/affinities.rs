//! Calibration and symmetrization against oracles of their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::common::{cloud, in_pool};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use tsne_affinity::{ExactSearch, PerplexityAffinity, Warning, affinities, calibrate_row, symmetrize};
use tsne_core::{
    Affinities, AffinityKind, AffinityModel, CancelToken, Context, Error, KnnGraph, NeighborSearch, Rows, Scalar,
};

/// A sum with the error of one rounding (Neumaier 1974).
fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut rest) = (0.0f64, 0.0f64);
    for v in values {
        let next = sum + v;
        rest += if sum.abs() >= v.abs() { (sum - next) + v } else { (v - next) + sum };
        sum = next;
    }
    sum + rest
}

/// `-Σ p ln p`.
fn entropy(p: &[f64]) -> f64 {
    sum(p.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()))
}

/// Weights `exp(-τ (d² - d_0²) / 2)`, normalized, by the standard library.
fn gaussian(distances: &[f64], precision: f64) -> Vec<f64> {
    let w: Vec<f64> =
        distances.iter().map(|d| (-0.5 * precision * (d - distances[0]) * (d + distances[0])).exp()).collect();
    let total = sum(w.iter().copied());
    w.iter().map(|w| w / total).collect()
}

/// The precision with the given perplexity, by bisection of its logarithm until the bracket is two neighbors.
fn oracle_precision(distances: &[f64], perplexity: f64) -> f64 {
    let (mut low, mut high) = (1e-150f64, 1e150f64);
    loop {
        let middle = low.sqrt() * high.sqrt();
        if !(middle > low && middle < high) {
            return middle;
        }
        if entropy(&gaussian(distances, middle)) > perplexity.ln() {
            low = middle
        } else {
            high = middle
        }
        if high / low < 1.0 + 4.0 * f64::EPSILON {
            return middle;
        }
    }
}

/// Two distances, `a` of them 0 and `b` of them `d`: with the mass `q` on the near ones the entropy is
/// `-q ln(q / a) - (1 - q) ln((1 - q) / b)`, and `q / a = exp(τ d² / 2) (1 - q) / b`.
#[test]
fn oracle_has_the_closed_form_of_two_distances() {
    for (a, b, d, q) in [(1usize, 4usize, 1.0f64, 0.5f64), (3, 7, 0.01, 0.8), (2, 2, 50.0, 0.9)] {
        let (fa, fb) = (a as f64, b as f64);
        let perplexity = (-q * (q / fa).ln() - (1.0 - q) * ((1.0 - q) / fb).ln()).exp();
        let precision = 2.0 / (d * d) * (q / fa / ((1.0 - q) / fb)).ln();
        let distances: Vec<f64> = std::iter::repeat_n(0.0, a).chain(std::iter::repeat_n(d, b)).collect();
        let found = oracle_precision(&distances, perplexity);
        // The entropy is known to some 1e-16, its slope by ln τ is above 0.01 here.
        assert!((found / precision - 1.0).abs() < 1e-12, "{found} is not {precision}");
        // Calibration stops within 1e-9 of the entropy.
        let mut out = vec![0.0; a + b];
        let fit = calibrate_row(&distances, perplexity, &mut out).unwrap();
        assert!(fit.converged && (fit.precision / precision - 1.0).abs() < 1e-6);
        assert!((sum(out[..a].iter().copied()) - q).abs() < 1e-7);
    }
}

#[test]
fn equal_distances_give_uniform_weights() {
    for d in [0.0, 1e-30, 1.0, 1e30] {
        for perplexity in [1.0, 3.5, 10.0, 40.0] {
            let mut out = [0.0f64; 10];
            let fit = calibrate_row(&[d; 10], perplexity, &mut out).unwrap();
            assert_eq!(out, [0.1; 10]);
            assert!((fit.perplexity - 10.0).abs() < 1e-12);
            assert_eq!(fit.converged, perplexity == 10.0);
        }
    }
}

/// Distances beyond all precisions that are tried: what is told is the perplexity of the weights that are written.
#[test]
fn what_does_not_converge_tells_its_perplexity() {
    let distances = [0.0, 1.0, 2.0, 7.0, 23.0, 2.4e111, 3.0e256];
    let mut out = [0.0f64; 7];
    let fit = calibrate_row(&distances, 2.5, &mut out).unwrap();
    assert!(!fit.converged && (fit.perplexity - entropy(&out).exp()).abs() < 1e-6, "{fit:?}, {out:?}");
}

/// One neighbor farther than all others by up to what is tried: the rest of the row has the perplexity, found by strides that lead
/// beyond the end first.
#[test]
fn one_very_far_neighbor_leaves_the_others_what_they_are() {
    for far in [1e3, 1e50, 1e100, 3e141, 1e145] {
        let mut distances: Vec<f64> = (0..21).map(|i| 0.5 * f64::from(i * i)).collect();
        distances.push(far);
        let mut out = [0.0; 22];
        for perplexity in [1.5, 4.0, 10.25, 18.0] {
            let fit = calibrate_row(&distances, perplexity, &mut out).unwrap();
            assert!(
                fit.converged && (entropy(&out) - perplexity.ln()).abs() < 1e-8,
                "{far:e} at {perplexity}: {fit:?}"
            );
            // The widest of these Gaussians has a precision of 1.4e-4, of which 1e3 is 70 in the exponent.
            assert!(out[21] < 1e-29, "{out:?}");
        }
    }
}

#[test]
fn limits_are_uniform_over_the_nearest_or_over_all() {
    let distances = [2.0f32, 2.0, 2.0, 5.0, 6.0];
    let mut out = [0.0f32; 5];
    let third = 1.0f32 / 3.0;
    for perplexity in [1.0, 2.5, 3.0] {
        let fit = calibrate_row(&distances, perplexity, &mut out).unwrap();
        assert_eq!(out, [third, third, third, 0.0, 0.0]);
        assert_eq!((fit.precision, fit.converged), (f64::INFINITY, perplexity == 3.0));
    }
    for perplexity in [5.0, 30.0] {
        let fit = calibrate_row(&distances, perplexity, &mut out).unwrap();
        assert_eq!(out, [0.2; 5]);
        assert_eq!((fit.precision, fit.converged), (0.0, perplexity == 5.0));
    }
}

/// The entropy of the written weights is right within 1e-8, at any scale, near both limits, with ties and outliers.
#[test]
fn entropies_of_hard_rows() {
    let ramp: Vec<f64> = (1..=90).map(f64::from).collect();
    let mut rows = vec![
        ramp.clone(),
        ramp.iter().map(|d| 1e6 + 1e-3 * d).collect(),
        ramp.iter().map(|d| d.powi(20)).collect(),
        ramp.iter().map(|d| d.powf(0.05)).collect(),
        ramp.iter().map(|d| (d / 30.0).floor()).collect(),
        ramp.iter().map(|d| if *d < 90.0 { 1.0 + d * 1e-7 } else { 1e9 }).collect(),
        ramp.iter().map(|d| if *d < 30.0 { 1e-9 * d } else { 1.0 + d }).collect(),
        vec![0.0, 1e-40, 1.0],
        vec![1.0, 1.0 + 1e-15, 3.0],
    ];
    for scale in [1e-150, 1e-8, 1e8, 1e150] {
        rows.push(ramp.iter().map(|d| d * scale).collect());
    }
    for row in &rows {
        let k = row.len() as f64;
        let ties = row.iter().filter(|&&d| d == row[0]).count() as f64;
        for fraction in [0.001, 0.1, 1.0 / 3.0, 0.9, 0.9999] {
            let perplexity = ties + (k - ties) * fraction;
            let mut out = vec![0.0; row.len()];
            let fit = calibrate_row(row, perplexity, &mut out).unwrap();
            assert!(fit.converged, "{:?}.. at {perplexity}", &row[..3]);
            let h = entropy(&out);
            assert!((h - perplexity.ln()).abs() <= 1e-8, "{:?}.. has exp({h}), not {perplexity}", &row[..3]);
            assert!((fit.perplexity / perplexity - 1.0).abs() <= 2e-8);
            assert!((sum(out.iter().copied()) - 1.0).abs() < 1e-14);
        }
    }
}

/// Weights against the oracle: a relative error `ε` of the precision moves a weight by at most `ε τ |a - mean|`. The
/// entropy within 1e-9 gives `ε τ² Var(a) <= 1e-9`; rows here have `τ² Var(a) > 0.1` and `τ a < 50`.
#[test]
fn weights_agree_with_the_oracle() {
    let x = cloud::<f64>(77, 400, 10);
    let index = ExactSearch::default().build(Rows::new(&x, 400, 10).unwrap().into(), Context::new()).unwrap();
    let graph = index.knn_graph(NonZeroUsize::new(90).unwrap(), Context::new()).unwrap();
    for i in 0..400 {
        let row = graph.row(i).1;
        for perplexity in [5.0, 30.0] {
            let mut out = vec![0.0; 90];
            let fit = calibrate_row(row, perplexity, &mut out).unwrap();
            let precision = oracle_precision(row, perplexity);
            assert!((fit.precision / precision - 1.0).abs() < 1e-8);
            for (w, e) in out.iter().zip(gaussian(row, precision)) {
                assert!((w - e).abs() <= 5e-7 * e, "{w} is not {e}");
            }
        }
    }
}

fn graph_of<T: Scalar>(x: &[T], n: usize, k: usize) -> KnnGraph<T> {
    let points = Rows::new(x, n, x.len() / n).unwrap();
    let index = ExactSearch::default().build(points.into(), Context::new()).unwrap();
    index.knn_graph(NonZeroUsize::new(k).unwrap(), Context::new()).unwrap()
}

/// The joint matrix, dense, from conditional weights `w` of the nearest `j` neighbors.
fn dense<T: Scalar>(graph: &KnnGraph<T>, w: &[T], j: usize) -> Vec<f64> {
    let n = graph.n();
    let mut p = vec![0.0; n * n];
    for i in 0..n {
        for (l, &to) in graph.row(i).0[..j].iter().enumerate() {
            p[i * n + to as usize] += w[i * j + l].to_f64();
            p[to as usize * n + i] += w[i * j + l].to_f64();
        }
    }
    let total = sum(p.iter().copied());
    p.iter_mut().for_each(|p| *p /= total);
    p
}

#[track_caller]
fn check_symmetric<T: Scalar>(p: &Affinities<T>) {
    assert_eq!(p.kind(), AffinityKind::Joint);
    for i in 0..p.n() {
        let (columns, weights) = p.row(i);
        for (&j, w) in columns.iter().zip(weights) {
            let (back, back_weights) = p.row(j as usize);
            let at = back.binary_search(&(i as u32)).expect("the structure is symmetric");
            assert_eq!(back_weights[at].bits(), w.bits());
            assert!(j as usize != i);
        }
    }
    // Every weight is rounded once to T, all to one side at the worst; the normalizer is a plain sum in f64, each of
    // whose additions is off by 2^-53 at the worst.
    let total = sum(p.weights().iter().map(|w| w.to_f64()));
    let bound = T::EPSILON.to_f64() + p.nnz() as f64 * f64::EPSILON / 2.0;
    assert!((total - 1.0).abs() <= bound, "sum {total}");
}

#[track_caller]
fn check_joint<T: Scalar>(graph: &KnnGraph<T>, w: &[T], j: usize) {
    let n = graph.n();
    let p = symmetrize(graph, w, Context::new()).unwrap();
    check_symmetric(&p);
    let expected = dense(graph, w, j);
    let mut nnz = 0;
    for i in 0..n {
        let (columns, weights) = p.row(i);
        for (&c, w) in columns.iter().zip(weights) {
            let e = expected[i * n + c as usize];
            assert!((w.to_f64() - e).abs() <= T::EPSILON.to_f64() * e + 1e-300, "p[{i}, {c}] is {w}, not {e}");
        }
        nnz += columns.len();
    }
    let mut structure = std::collections::BTreeSet::new();
    for i in 0..n {
        for &to in &graph.row(i).0[..j] {
            structure.insert((i, to as usize));
            structure.insert((to as usize, i));
        }
    }
    assert_eq!(nnz, structure.len());
}

#[test]
fn symmetrization_is_the_dense_one() {
    for (n, k) in [(2, 1), (5, 4), (50, 3), (300, 70), (1100, 33)] {
        let graph = graph_of(&cloud::<f32>(n as u64, n, 3), n, k);
        for j in [1, k / 2 + 1, k] {
            let w: Vec<f32> = (0..n * j)
                .map(|i| (tsne_core::random::mix(i as u64 + 1) % 5) as f32 + if i == 0 { 1.0 } else { 0.0 })
                .collect();
            check_joint(&graph, &w, j);
            let w: Vec<f32> = w.iter().map(|w| w * 1e-12).collect();
            check_joint(&graph, &w, j);
        }
    }
    // A hub that is a neighbor of all.
    let n = 1500;
    let mut x: Vec<f64> =
        (0..n).flat_map(|i| (0..40).map(move |c| if c == i % 40 { 1.0 + i as f64 } else { 0.0 })).collect();
    x[..40].fill(0.0);
    let graph = graph_of(&x, n, 2);
    check_joint(&graph, &vec![0.5; n * 2], 2);
}

/// Many buckets and ranges of rows, against a map of all pairs; neighbors at random, so that all ranges meet, and the
/// first rows are neighbors of many.
#[test]
fn many_rows_are_the_map_of_their_pairs() {
    let (n, j) = (70_000usize, 3);
    let random = |i: u64| tsne_core::random::mix(i + 1);
    let mut indices = Vec::new();
    for i in 0..n {
        let near = random(i as u64) as usize % 50;
        let far = 50 + random((n + i) as u64) as usize % (n - 51);
        // Distinct, or the search for repetitions would tell.
        let mut row = [near, far, (i + 1) % n].map(|c| if c == i { n - 1 } else { c } as u32);
        if row[2] == row[1] || row[2] == row[0] {
            row[2] = ((i + n / 2) % n) as u32;
        }
        indices.extend(row);
    }
    let distances: Vec<f32> = (0..n * j).map(|i| (i % j) as f32).collect();
    let graph = KnnGraph::from_parts(j, n, indices, distances).unwrap();
    let w: Vec<f32> = (0..n * j).map(|i| (random(i as u64) % 7) as f32).collect();
    let mut pairs = std::collections::BTreeMap::new();
    for (e, (&to, &w)) in graph.indices().iter().zip(&w).enumerate() {
        let from = (e / j) as u32;
        *pairs.entry((from, to)).or_insert(0.0) += f64::from(w);
        *pairs.entry((to, from)).or_insert(0.0) += f64::from(w);
    }
    // Sums of small integers: exact in any order.
    let total: f64 = pairs.values().sum();
    let p = symmetrize(&graph, &w, Context::new()).unwrap();
    check_symmetric(&p);
    let found = (0..n).flat_map(|i| p.row(i).0.iter().zip(p.row(i).1).map(move |(&c, &w)| ((i as u32, c), w)));
    let mut count = 0;
    for ((pair, w), (expected, e)) in found.zip(&pairs) {
        assert_eq!(pair, *expected);
        let e = e / total;
        // Rounded to f32 once, after three roundings of an f64.
        assert!((f64::from(w) - e).abs() <= f64::from(f32::EPSILON) * e, "{pair:?}: {w}, not {e}");
        count += 1;
    }
    assert_eq!((count, p.nnz()), (pairs.len(), pairs.len()));
}

/// More entries than are dealt together: a part is 33 MiB of keys, of four bytes, in whole buckets of 1,024 rows. With 2,900 neighbors
/// that is three buckets, and here are four. Each row names the next ones around a circle, so that any two points are a pair, and few
/// pairs are named once only.
#[test]
fn entries_of_several_parts_are_the_formula() {
    let (n, j) = (3_080usize, 2_900);
    let indices = (0..n * j).map(|e| ((e / j + 1 + e % j) % n) as u32).collect();
    let graph = KnnGraph::from_parts(j, n, indices, vec![0.0f32; n * j]).unwrap();
    let w: Vec<f32> = (0..n * j).map(|e| (tsne_core::random::mix(e as u64) % 7 + 1) as f32).collect();
    let weight = |from: usize, to: usize| {
        let place = (to + n - from - 1) % n;
        if place < j { f64::from(w[from * j + place]) } else { 0.0 }
    };
    // Sums of small integers: exact in any order.
    let total: f64 = w.iter().map(|w| f64::from(*w)).sum();
    let p = symmetrize(&graph, &w, Context::new()).unwrap();
    assert_eq!(p.nnz(), n * (n - 1));
    for i in 0..n {
        let (columns, weights) = p.row(i);
        for (place, (&c, &found)) in columns.iter().zip(weights).enumerate() {
            let to = place + usize::from(place >= i);
            // Rounded to f32 once, after two roundings of an f64.
            let e = (weight(i, to) + weight(to, i)) / (2.0 * total);
            assert!(
                c as usize == to && (f64::from(found) - e).abs() <= f64::from(f32::EPSILON) * e,
                "{i}, {to}: {found}"
            );
        }
    }
}

#[test]
fn joint_affinities_of_points() {
    for (n, perplexity) in [(2, 30.0), (3, 1.0), (4, 5.0), (50, 30.0), (500, 20.0)] {
        let x = cloud::<f64>(5, n, 6);
        let points = Rows::new(&x, n, 6).unwrap();
        let model = PerplexityAffinity::new(perplexity).unwrap();
        let p = affinities(points, &ExactSearch::default(), &model, Context::new()).unwrap();
        check_symmetric(&p);
        // The same from the oracle.
        let (effective, _) = model.effective_perplexities(n).unwrap();
        let k = AffinityModel::<f64>::neighbors_needed(&model, n).unwrap().get();
        let graph = graph_of(&x, n, k);
        let mut w = Vec::new();
        for i in 0..n {
            let row = graph.row(i).1;
            // Near a limit the precision does not exist; then the weights are the limit's.
            if effective[0] <= 1.0 + 1e-12 {
                w.extend((0..k).map(|l| if l == 0 { 1.0 } else { 0.0 }));
            } else {
                w.extend(gaussian(row, oracle_precision(row, effective[0])));
            }
        }
        let expected = dense(&graph, &w, k);
        for i in 0..n {
            for (&j, &v) in p.row(i).0.iter().zip(p.row(i).1) {
                let e = expected[i * n + j as usize];
                assert!((v - e).abs() <= 1e-6 * e + 1e-15, "n = {n}: {v} is not {e}");
            }
        }
    }
}

#[test]
fn mixtures_weight_scales_by_their_heights() {
    let n = 300;
    let x = cloud::<f64>(3, n, 4);
    let graph = graph_of(&x, n, 99);
    let model = PerplexityAffinity::mixture(&[30.0, 4.0]).unwrap();
    let p = model.conditional(&graph, Context::new()).unwrap();
    assert_eq!(p.kind(), AffinityKind::Conditional);
    for i in 0..n {
        // Only the nearest 3 * 30 are read.
        let row = &graph.row(i).1[..90];
        let scales = [4.0, 30.0].map(|perplexity| oracle_precision(row, perplexity));
        let w: Vec<f64> = row.iter().map(|d| sum(scales.map(|t| t.sqrt() * (-0.5 * t * d * d).exp()))).collect();
        let total = sum(w.iter().copied());
        let (columns, weights) = p.row(i);
        assert_eq!(columns.len(), 90);
        for (&j, w) in graph.row(i).0.iter().zip(&w) {
            let found = weights[columns.binary_search(&j).unwrap()];
            assert!((found / (w / total) - 1.0).abs() < 1e-6);
        }
    }
    check_symmetric(&model.joint(&graph, Context::new()).unwrap());
    // One perplexity twice is a mixture of equals.
    let once = PerplexityAffinity::new(20.0).unwrap().joint(&graph, Context::new()).unwrap();
    let twice = PerplexityAffinity::mixture(&[20.0, 20.0]).unwrap().joint(&graph, Context::new()).unwrap();
    assert_eq!(once.columns(), twice.columns());
    assert!(once.weights().iter().zip(twice.weights()).all(|(a, b)| (a - b).abs() <= 1e-15 * a));
}

#[test]
fn conditional_rows_have_the_perplexity() {
    let n = 400;
    let x = cloud::<f32>(13, n, 8);
    let points = Rows::new(&x, n, 8).unwrap();
    let queries = cloud::<f32>(14, 30, 8);
    let index = ExactSearch::default().build(points.into(), Context::new()).unwrap();
    let model = PerplexityAffinity::new(30.0).unwrap();
    let k = AffinityModel::<f32>::neighbors_needed(&model, n).unwrap();
    let graph = index.knn(Rows::new(&queries, 30, 8).unwrap().into(), k, Context::new()).unwrap();
    let p = model.conditional(&graph, Context::new()).unwrap();
    assert_eq!((p.n(), p.n_columns(), p.nnz()), (30, n, 30 * 90));
    for i in 0..30 {
        let w: Vec<f64> = p.row(i).1.iter().map(|&w| f64::from(w)).collect();
        // Weights are rounded to f32: each term of the entropy is off by at most (1 + |ln p|) 2^-24 p.
        assert!((entropy(&w) - 30f64.ln()).abs() < 1e-6);
        assert!(p.row(i).0.windows(2).all(|c| c[0] < c[1]));
    }
}

#[test]
fn duplicated_points_have_finite_affinities() {
    for d in [3, 15] {
        let mut x = cloud::<f32>(3, 400, d);
        for i in 0..200 {
            x.copy_within(0..d, i * d);
        }
        let points = Rows::new(&x, 400, d).unwrap();
        for perplexities in [&[30.0][..], &[5.0, 50.0]] {
            let model = PerplexityAffinity::mixture(perplexities).unwrap();
            let p = affinities(points, &ExactSearch::default(), &model, Context::new()).unwrap();
            check_symmetric(&p);
        }
        let same = vec![1.0f32; 40 * d];
        let p = affinities(
            Rows::new(&same, 40, d).unwrap(),
            &ExactSearch::default(),
            &PerplexityAffinity::new(5.0).unwrap(),
            Context::new(),
        )
        .unwrap();
        check_symmetric(&p);
    }
}

#[test]
fn perplexities_are_clamped_with_warnings() {
    let model = PerplexityAffinity::mixture(&[50.0, 5.0, 500.0, 40.0]).unwrap();
    assert_eq!(model.perplexities(), [5.0, 40.0, 50.0, 500.0]);
    let (effective, warnings) = model.effective_perplexities(101).unwrap();
    assert_eq!(effective, [5.0, 100.0 / 3.0]);
    assert_eq!(
        warnings,
        [
            Warning::PerplexityClamped { given: 40.0, effective: 100.0 / 3.0, n: 101 },
            Warning::PerplexityDropped { given: 50.0, n: 101 },
            Warning::PerplexityDropped { given: 500.0, n: 101 },
        ]
    );
    assert!(warnings[0].to_string().contains("40") && warnings[1].to_string().contains("101"));
    let needed = |perplexity: f64, n| {
        AffinityModel::<f32>::neighbors_needed(&PerplexityAffinity::new(perplexity).unwrap(), n).unwrap().get()
    };
    assert_eq!([needed(30.0, 1000), needed(30.0, 91), needed(30.0, 90), needed(30.0, 2)], [90, 90, 89, 1]);
    assert_eq!([needed(1.5, 1000), needed(5.4, 1000)], [4, 16]);
    for n in 2..3000 {
        assert_eq!(needed(1e6, n), n - 1);
    }
    assert!(PerplexityAffinity::new(1.0).unwrap().effective_perplexities(100).unwrap().1.is_empty());
}

#[test]
fn errors_name_what_is_wrong() {
    let cx = Context::new();
    for bad in [0.0, -3.0, 0.99, f64::NAN, f64::INFINITY] {
        let error = PerplexityAffinity::new(bad).unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "perplexity", .. }), "{error}");
        assert!(calibrate_row(&[1.0f64], bad, &mut [0.0]).is_err());
    }
    assert!(PerplexityAffinity::mixture(&[]).is_err());
    let model = PerplexityAffinity::new(5.0).unwrap();
    assert_eq!(model.effective_perplexities(1), Err(Error::too_few_points(1, 2)));
    assert!(matches!(calibrate_row(&[1.0, 2.0], 2.0, &mut [0.0]), Err(Error::Shape { .. })));
    for bad in [&[][..], &[-1.0, 2.0], &[2.0, 1.0], &[1.0, f64::NAN], &[0.0, f64::INFINITY]] {
        assert!(matches!(calibrate_row(bad, 2.0, &mut vec![0.0; bad.len()]), Err(Error::Invalid { .. })));
    }
    let graph =
        |indices: Vec<u32>, n| KnnGraph::from_parts(2, n, indices, vec![1.0f64, 2.0, 1.0, 2.0, 1.0, 2.0]).unwrap();
    let good = graph(vec![1, 2, 0, 2, 0, 1], 3);
    assert!(model.joint(&good, cx).is_ok());
    for (bad, name) in [
        (graph(vec![1, 2, 0, 2, 0, 1], 4), "rows"),
        (graph(vec![0, 2, 0, 2, 0, 1], 3), "own"),
        (graph(vec![1, 1, 0, 2, 0, 1], 3), "twice"),
    ] {
        let error = symmetrize(&bad, &[0.5; 6], cx).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(model.conditional(&graph(vec![1, 1, 0, 2, 0, 1], 4), cx).is_err());
    for bad in [&[][..], &[0.5; 4], &[0.5; 9]] {
        assert_eq!(symmetrize(&good, bad, cx), Err(Error::shape("weights", 6, bad.len())));
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(symmetrize(&good, &[bad; 6], cx), Err(Error::Invalid { what: "weights", .. })));
    }
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(model.joint(&good, cx.with_cancel(&token)), Err(Error::Cancelled));
    assert_eq!(symmetrize(&good, &[0.5; 6], cx.with_cancel(&token)), Err(Error::Cancelled));
}

#[test]
fn same_bits_for_any_number_of_threads() {
    fn run<T: Scalar>(threads: usize) -> Vec<Affinities<T>> {
        in_pool(threads, || {
            let mut x = cloud::<T>(1, 2500, 12);
            x.copy_within(0..12 * 40, 12 * 900);
            let points = Rows::new(&x, 2500, 12).unwrap();
            [&[30.0][..], &[5.0, 60.0]]
                .map(|perplexities| {
                    let model = PerplexityAffinity::mixture(perplexities).unwrap();
                    affinities(points, &ExactSearch::default(), &model, Context::new()).unwrap()
                })
                .into()
        })
    }
    let (narrow, wide) = (run::<f32>(1), run::<f64>(1));
    for threads in [2, 3, 8] {
        assert_eq!(run::<f32>(threads), narrow);
        assert_eq!(run::<f64>(threads), wide);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_of_any_shape(
        mut distances in prop::collection::vec(0.0f64..1.0, 2..120),
        power in 0.1f64..12.0,
        exponent in -100i32..100,
        fraction in 0.01f64..0.99,
    ) {
        distances.iter_mut().for_each(|d| *d = d.powf(power) * 2f64.powi(exponent));
        distances.sort_by(f64::total_cmp);
        let ties = distances.iter().filter(|&&d| d == distances[0]).count() as f64;
        let perplexity = ties + (distances.len() as f64 - ties) * fraction;
        let mut out = vec![0.0; distances.len()];
        let fit = calibrate_row(&distances, perplexity, &mut out).unwrap();
        prop_assert!(fit.converged);
        prop_assert!((entropy(&out) - perplexity.ln()).abs() <= 1e-8);
    }

    #[test]
    fn points_of_any_shape(cells in prop::collection::vec(-2i8..3, 12..300), d in 1usize..5, perplexity in 1.0f64..60.0) {
        let n = cells.len() / d;
        let x: Vec<f32> = cells[..n * d].iter().map(|&c| f32::from(c)).collect();
        let model = PerplexityAffinity::new(perplexity).unwrap();
        let p = affinities(Rows::new(&x, n, d).unwrap(), &ExactSearch::default(), &model, Context::new()).unwrap();
        check_symmetric(&p);
    }
}

/// Values of an independent computation with 50 decimal digits: bisection of the precision until it stands still, in Python's
/// `decimal`. Distances are exact in binary. Perplexity 3 over ten neighbors, and the mixture of 2 and 3 over the first nine.
#[test]
#[allow(clippy::excessive_precision)]
fn weights_agree_with_fifty_digits() {
    let distances: [f64; 10] = [0.5, 0.75, 0.8125, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.25];
    let precision = 6.7929381254835300;
    let single = [
        5.93372759710835929e-1,
        2.05290534908820197e-1,
        1.47339550037792457e-1,
        4.64543915462262073e-2,
        6.87545041635411934e-3,
        6.65567429895761843e-4,
        1.74511262490018011e-6,
        8.37376895005738128e-10,
        7.35333921709098798e-14,
        3.15270196909228396e-27,
    ];
    let mixture = [
        6.61484785880749136e-1,
        1.78440943803786098e-1,
        1.21299886649233348e-1,
        3.37374200141199020e-2,
        4.60116044297425746e-3,
        4.34669562549517267e-4,
        1.13310287863309432e-6,
        5.43661367144125037e-10,
        4.77410455381042879e-14,
    ];
    let mut given = [0.0f64; 10];
    let calibration = calibrate_row(&distances, 3.0, &mut given).unwrap();
    // The entropy is met within 1e-8, and moves with the logarithm of the precision by a good part of that: weights, whose
    // logarithms are the precision times up to d²/2 = 9, follow within 1e-6 where they count.
    assert!((calibration.precision / precision - 1.0f64).abs() < 1e-7, "{}", calibration.precision);
    let close = |given: &f64, exact: &f64| (given - exact).abs() < 1e-8 + 1e-6 * exact;
    assert!(given.iter().zip(&single).all(|(g, e)| close(g, e)), "{given:?}");
    // Ten new points among eleven: three times the perplexity is nine neighbors.
    let graph = KnnGraph::from_parts(10, 11, (1..11).collect(), distances.to_vec()).unwrap();
    let p = PerplexityAffinity::mixture(&[2.0, 3.0]).unwrap().conditional(&graph, Context::new()).unwrap();
    assert_eq!(p.row(0).1.len(), 9);
    assert!(p.row(0).1.iter().zip(&mixture).all(|(g, e)| close(g, e)), "{:?}", p.row(0).1);
}
