//! Affinities of one width, and both directions of pairs made one.

use crate::clouds::{SIZES, clouds};
use crate::wide::Wide;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use tsne::affinity::{ExactSearch, FixedSigma, Symmetrization, symmetrize_with};
use tsne::core::random::element_seed;
use tsne::core::{Affinities, AffinityModel, KnnGraph, NeighborSearch};
use tsne::{Context, Float, Rows};

/// The graph of the nearest `k` others of each point.
fn graph_of<T: Float, const D: usize>(points: &[[T; D]], k: usize) -> KnnGraph<T> {
    let rows = Rows::new(points.as_flattened(), points.len(), D).unwrap();
    let index = ExactSearch::default().build(rows.into(), Context::new()).unwrap();
    index.knn_graph(NonZeroUsize::new(k).unwrap(), Context::new()).unwrap()
}

/// The distance of the smallest numbers, of which a rounding takes half.
fn least<T: Float>() -> f64 {
    if T::NAME == "f32" { f64::from(f32::from_bits(1)) } else { f64::from_bits(1) }
}

/// `exp(-d² / (2 σ²))` with sum 1, and the exponents less that of the nearest.
fn gaussian<T: Float>(distances: &[T], sigma: f64) -> Vec<(Wide, f64)> {
    // Of 1e140 widths, too, there is no weight, and the square is a number.
    let over_sigma = |d: T| match d.to_f64() {
        d if d / sigma > 1e140 => Wide::from(1e140),
        d => Wide::from(d) / Wide::from(sigma),
    };
    let first = over_sigma(distances[0]).square();
    let exponent = |d: &T| (over_sigma(*d).square() - first) * Wide::from(0.5);
    let weights: Vec<Wide> = distances.iter().map(|d| (-exponent(d)).exp()).collect();
    let total: Wide = weights.iter().copied().sum();
    weights.iter().zip(distances).map(|(w, d)| (*w / total, exponent(d).to_f64())).collect()
}

#[track_caller]
fn check_gaussian<T: Float>(graph: &KnnGraph<T>, sigma: f64, what: &str) {
    let k = graph.k();
    let model = FixedSigma::new(sigma).unwrap().with_neighbors(NonZeroUsize::new(k).unwrap());
    let p = model.conditional(graph, Context::new()).unwrap();
    for i in 0..graph.n() {
        let (columns, weights) = p.row(i);
        for ((j, distance), (exact, exponent)) in
            graph.row(i).0.iter().zip(graph.row(i).1).zip(gaussian(graph.row(i).1, sigma))
        {
            let given = weights[columns.binary_search(j).unwrap()].to_f64();
            // In units of `f64`: an exponent is known to five of itself, the half units of two differences, quotients and products
            // and of a sum. A total is known to five of the mean of the exponents, no more than k / e, and to its additions; an
            // exponential to two.
            let relative = (5.0 * (exponent + k as f64 / 2.7) + k as f64 + 8.0) * f64::EPSILON;
            // Of the type half a unit; exponentials end with the normal numbers, and those of 31 digits at 1e-304.
            let most = (relative + T::EPSILON.to_f64() / 2.0) * exact.to_f64() + least::<T>() + 1e-304;
            let off = (Wide::from(given) - exact).abs().to_f64();
            assert!(
                off <= most,
                "{given:e}, not {:e}, at {distance:e} from point {i} is off by {off:e} of {most:e}: sigma {sigma:e}, {what}",
                exact.to_f64()
            );
        }
    }
}

#[test]
fn gaussians_of_one_width_are_the_formula() {
    fn check<T: Float, const D: usize>() {
        for size in SIZES {
            for cloud in clouds::<D>(48, size) {
                for k in [1, 13, 47] {
                    let graph = graph_of(&cloud.of::<T>(), k);
                    // From widths below all distances to those above.
                    for share in [1e-12, 1e-3, 0.3, 1.0, 700.0, 3e5, 1e9] {
                        check_gaussian(&graph, share * cloud.size, &format!("{k} of {} in {}", cloud.name(), T::NAME));
                    }
                }
            }
        }
    }
    in_every_dimension!(check);
}

/// What is farther than all others, whatever by, has no weight and leaves the others theirs; what is nearer than all others by as much
/// has all of it.
#[test]
fn neighbors_of_any_distance_leave_gaussians_what_they_are() {
    for sigma in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
        let far: [f64; 5] = [1e3, 1e100, 1e154, 1e160, 1e300].map(|times| sigma * times);
        for far in far.into_iter().filter(|far| far.is_finite()) {
            let rows = [[sigma, 1.5 * sigma, 3.0 * sigma, far], [sigma / 3.0, far, far, far]];
            let graph = KnnGraph::from_parts(4, 9, vec![1, 2, 3, 4, 0, 5, 6, 7], rows.concat()).unwrap();
            check_gaussian(&graph, sigma, &format!("a neighbor at {far:e}"));
        }
    }
}

/// Joint affinities by their definition, and how many weights there are.
fn joined<T: Float>(graph: &KnnGraph<T>, weights: &[T], how: Symmetrization) -> BTreeMap<(u32, u32), Wide> {
    let j = weights.len() / graph.n();
    let mut directed = BTreeMap::new();
    for i in 0..graph.n() {
        for (to, weight) in graph.row(i).0.iter().zip(&weights[i * j..(i + 1) * j]) {
            directed.insert((i as u32, *to), Wide::from(weight.to_f64()));
        }
    }
    let back = |&(i, j): &(u32, u32)| directed.get(&(j, i)).copied().unwrap_or(Wide::ZERO);
    let mut joined = BTreeMap::new();
    for (&(i, j), &weight) in &directed {
        let other = back(&(i, j));
        let of = match how {
            Symmetrization::Mean => weight + other,
            Symmetrization::Max => weight.max(other),
            _ => weight,
        };
        joined.insert((i, j), of);
        if how != Symmetrization::None {
            joined.insert((j, i), of);
        }
    }
    let total: Wide = joined.values().copied().sum();
    joined.into_iter().map(|(pair, weight)| (pair, weight / total)).collect()
}

fn entries<T: Float>(p: &Affinities<T>) -> impl Iterator<Item = ((u32, u32), f64)> {
    let row = |i: usize| p.row(i).0.iter().zip(p.row(i).1).map(move |(&j, w)| ((i as u32, j), w.to_f64()));
    (0..p.n()).flat_map(row)
}

const HOWS: [Symmetrization; 3] = [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None];

/// Weights of all sizes, of which some are 0.
#[test]
fn joint_affinities_are_those_of_all_pairs() {
    fn check<T: Float, const D: usize>() {
        for size in SIZES {
            for cloud in clouds::<D>(48, size) {
                let y = cloud.of::<T>();
                let graph = graph_of(&y, 12);
                for j in [1, 12] {
                    let of_cloud = |e: usize| cloud.points[(7 * e) % 48][e % D].abs();
                    let weights: Vec<T> = (0..48 * j).map(|e| T::from_f64(of_cloud(e))).collect();
                    for how in HOWS {
                        let what = format!("{how} of {j} of {} in {}", cloud.name(), T::NAME);
                        let p = symmetrize_with(&graph, &weights, how, Context::new()).unwrap();
                        let expected = joined(&graph, &weights, how);
                        assert_eq!(p.nnz(), expected.len(), "{what}");
                        // Each entry is one of the additions of the sum; the sum of a pair, a quotient and a product are three.
                        let relative = (p.nnz() as f64 + 3.0) * f64::EPSILON / 2.0 + T::EPSILON.to_f64() / 2.0;
                        for ((pair, given), (expected, exact)) in entries(&p).zip(expected) {
                            let off = (Wide::from(given) - exact).abs().to_f64();
                            let most = relative * exact.to_f64() + least::<T>();
                            assert!(
                                pair == expected && off <= most,
                                "{given:e} at {pair:?}, not {:e} at {expected:?}: {what}",
                                exact.to_f64()
                            );
                        }
                    }
                }
            }
        }
    }
    in_every_dimension!(check);
}

/// Weights have no unit: neither one whose inverse nor one whose sum is beyond all numbers changes a bit of the result.
#[test]
fn weights_of_any_size_have_the_same_affinities() {
    let cloud = &clouds::<2>(48, 0)[5];
    let graph = graph_of(&cloud.points, 12);
    let weights: Vec<f64> = (0..48 * 12).map(|e| (element_seed(3, 1, e) % 8) as f64).collect();
    for how in HOWS {
        let p = symmetrize_with(&graph, &weights, how, Context::new()).unwrap();
        // From the smallest number of all to half of the largest.
        for power in [-1074, -1060, -1022, -500, 500, 1010, 1020] {
            let (one, other) = (2f64.powi(power / 2), 2f64.powi(power - power / 2));
            let scaled: Vec<f64> = weights.iter().map(|w| w * one * other).collect();
            let given = symmetrize_with(&graph, &scaled, how, Context::new());
            assert_eq!(given.as_ref(), Ok(&p), "{how}, times 2 to the power {power}");
        }
    }
}
