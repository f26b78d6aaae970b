//! Joint affinities of any weights, and of matrices that the caller has.

use crate::input::Input;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use tsne::affinity::{
    FixedSigma, PerplexityAffinity, Precomputed, Symmetrization, Uniform, precomputed_conditional, precomputed_joint,
    symmetrize_with,
};
use tsne::{Affinities, AffinityModel, Context, KnnGraph, Result, Scalar};

/// A graph of neighbors or a matrix of any numbers.
pub(crate) fn affinities(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(6) {
        0 => graph::<f32>(&mut input),
        1 => graph::<f64>(&mut input),
        2 => models::<f32>(&mut input),
        3 => models::<f64>(&mut input),
        4 => matrix::<f32>(&mut input),
        _ => matrix::<f64>(&mut input),
    }
}

/// The entries of a matrix by their places.
type Entries = BTreeMap<(usize, usize), f64>;

/// Neighbors of up to twelve points, most of them as they must be.
fn neighbors(input: &mut Input<'_>) -> (usize, usize, Vec<u32>) {
    let n = input.below(12) + 2;
    let k = input.below(n.min(8)) + 1;
    let is_sound = input.below(16) > 0;
    let mut indices = Vec::new();
    for i in 0..n {
        if is_sound {
            // All others from any of them on, some steps apart.
            let others: Vec<u32> = (0..n).filter(|&j| j != i).map(|j| j as u32).collect();
            let start = input.below(n);
            indices.extend((0..k).map(|r| others[(start + r) % others.len()]));
        } else {
            indices.extend((0..k).map(|_| input.below(n + 1) as u32));
        }
    }
    (n, k, indices)
}

/// Any weights of any neighbors, joined by each rule.
fn graph<T: Scalar>(input: &mut Input<'_>) {
    let (n, k, indices) = neighbors(input);
    let j = input.below(k) + 1;
    let Ok(graph) = KnnGraph::from_parts(k, n, indices, vec![T::ONE; n * k]) else { return };
    let weights: Vec<T> = (0..n * j).map(|_| T::from_f64(input.number().abs())).collect();
    let is_finite = weights.iter().all(|weight| weight.is_finite());
    // Only ratios matter: in a unit that is a power of 2 sums of the largest numbers are numbers, and no digit is another.
    let largest = weights.iter().fold(0.0, |most: f64, weight| most.max(weight.to_f64()));
    let unit = if largest > 1e290 { 2f64.powi(-100) } else { 1.0 };
    let mut given = Entries::new();
    let mut is_sound = is_finite;
    for i in 0..n {
        for (&neighbor, weight) in graph.row(i).0.iter().zip(&weights[i * j..(i + 1) * j]) {
            is_sound &= neighbor as usize != i;
            is_sound &= given.insert((i, neighbor as usize), unit * weight.to_f64()).is_none();
        }
    }
    for rule in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let joint = symmetrize_with(&graph, &weights, rule, Context::new());
        let (mut expected, mut sum) = (Entries::new(), 0.0);
        for (&(i, j), &weight) in &given {
            let other = given.get(&(j, i)).copied();
            let joined = match rule {
                Symmetrization::None => weight,
                Symmetrization::Max => weight.max(other.unwrap_or(0.0)),
                _ => 0.5 * weight + 0.5 * other.unwrap_or(0.0),
            };
            expected.insert((i, j), joined);
            if rule != Symmetrization::None {
                expected.insert((j, i), joined);
            }
        }
        sum += exact_sum(&expected);
        compare(joint, &expected, sum, is_sound, rule != Symmetrization::None);
    }
}

/// The sum of all entries, rounded once for each two of about the same size: the smallest are added first.
fn exact_sum(entries: &Entries) -> f64 {
    let mut left: Vec<f64> = entries.values().copied().collect();
    left.sort_by(|a, b| b.total_cmp(a));
    while left.len() > 1 {
        let sum: f64 = left.split_off(left.len() - 2).iter().sum();
        left.insert(left.partition_point(|other| *other > sum), sum);
    }
    left.first().copied().unwrap_or_default()
}

/// What a matrix is divided by its sum; an error where that cannot be.
fn compare<T: Scalar>(found: Result<Affinities<T>>, expected: &Entries, sum: f64, is_sound: bool, is_symmetric: bool) {
    let can_be = is_sound && sum > 0.0 && sum.is_finite();
    let found = match found {
        Ok(found) => found,
        // Sums of numbers near the largest may be too large, and those of the smallest nothing.
        Err(error) => return assert!(!can_be || !(1e-290..1e300).contains(&sum), "{error}: {expected:?}"),
    };
    assert!(can_be, "{expected:?}");
    let mut places = BTreeMap::new();
    for i in 0..found.n() {
        let (columns, weights) = found.row(i);
        places.extend(columns.iter().zip(weights).map(|(&j, weight)| ((i, j as usize), *weight)));
    }
    assert!(places.keys().eq(expected.keys()), "{places:?} for {expected:?}");
    let smallest = if T::NAME == "f32" { f64::from(f32::MIN_POSITIVE) } else { 1e-300 };
    for (place, weight) in &places {
        let exact = expected[place] / sum;
        // A few roundings in `T`, and half an epsilon of `f64` for each entry that the sum takes in.
        let relative = 8.0 * T::EPSILON.to_f64() + 0.5 * expected.len() as f64 * f64::EPSILON;
        // The smallest numbers are multiples of one, and a half of one of them is rounded here.
        let bound = relative * exact + f64::from_bits(1) / sum + smallest;
        assert!((weight.to_f64() - exact).abs() <= bound, "{place:?}: {weight} for {exact}, {expected:?}");
        if is_symmetric {
            assert_eq!(places[&(place.1, place.0)].bits(), weight.bits(), "{place:?}: {places:?}");
        }
    }
}

/// The rules of affinities on any distances.
fn models<T: Scalar>(input: &mut Input<'_>) {
    let (n, k, indices) = neighbors(input);
    let mut distances: Vec<T> = (0..n * k).map(|_| input.scalar::<T>().abs()).collect();
    distances.chunks_mut(k).for_each(|row| row.sort_by(T::total_cmp));
    let Ok(graph) = KnnGraph::from_parts(k, n, indices, distances) else { return };
    let own = |i: usize| graph.row(i).0.contains(&(i as u32));
    let repeats = |i: usize| {
        let mut row = graph.row(i).0.to_vec();
        row.sort_unstable();
        row.windows(2).any(|pair| pair[0] == pair[1])
    };
    let is_sound = !(0..n).any(|i| own(i) || repeats(i));
    let perplexity = 1.0 + f64::from(input.byte()) / 16.0;
    let count = NonZeroUsize::new(input.below(k) + 1).expect("it is 1 at least");
    let symmetrization = input.pick(&[Symmetrization::Mean, Symmetrization::Max, Symmetrization::None]);
    let scales = [1.0 + f64::from(input.byte()) / 16.0, perplexity];
    let sigma = input.number().abs();
    let all: [Option<Box<dyn AffinityModel<T>>>; 5] = [
        Some(Box::new(PerplexityAffinity::new(perplexity).unwrap().with_symmetrization(symmetrization))),
        Some(Box::new(PerplexityAffinity::mixture(&scales).unwrap().with_neighbors(count))),
        Some(Box::new(PerplexityAffinity::multiscale(&scales).unwrap())),
        FixedSigma::new(sigma).ok().map(|model| -> Box<dyn AffinityModel<T>> { Box::new(model.with_neighbors(count)) }),
        Some(Box::new(Uniform::new(count).with_symmetrization(symmetrization))),
    ];
    for model in all.iter().flatten() {
        // Its constructor has checked that rows add up to 1, or all to 1, and that all weights are finite and not negative.
        let joint = model.joint(&graph, Context::new());
        assert!(joint.is_ok() || !is_sound, "{model:?}: {}, {graph:?}", joint.unwrap_err());
        let conditional = model.conditional(&graph, Context::new());
        assert!(conditional.is_ok() || !is_sound, "{model:?}: {}, {graph:?}", conditional.unwrap_err());
        if let (Ok(joint), Ok(conditional)) = (joint, conditional) {
            assert_eq!(Ok(joint), model.joint_owned(graph.clone(), Context::new()));
            let sum = |i: usize| conditional.row(i).1.iter().map(|weight| weight.to_f64()).sum::<f64>();
            assert!((0..n).all(|i| (sum(i) - 1.0).abs() < 1e-5), "{model:?}: {graph:?}");
        }
    }
}

/// A matrix that the caller has, with entries in any order, some of them repeated.
fn matrix<T: Scalar>(input: &mut Input<'_>) {
    let n = input.below(10) + 2;
    let (mut pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..n {
        for _ in 0..input.below(5) {
            columns.push(input.below(n) as u32);
            weights.push(input.scalar::<T>().abs());
        }
        pointers.push(columns.len());
    }
    let mut sums = Entries::new();
    for i in 0..n {
        for at in pointers[i]..pointers[i + 1] {
            *sums.entry((i, columns[at] as usize)).or_default() += weights[at].to_f64();
        }
    }
    // In `T` a sum may be too large.
    let is_sound = sums.values().all(|sum| T::from_f64(*sum).is_finite() && *sum < 0.9 * T::MAX.to_f64());
    if !is_sound {
        let _ = precomputed_joint(&pointers, &columns, &weights, n, Precomputed::default(), Context::new());
        return;
    }
    sums.retain(|_, sum| *sum > 0.0);
    let conditional = precomputed_conditional(&pointers, &columns, &weights, n, Context::new());
    let of_row = |i: usize| sums.range((i, 0)..(i + 1, 0)).map(|(_, sum)| sum).sum::<f64>();
    assert_eq!(conditional.is_ok(), (0..n).all(|i| of_row(i) > 0.0 && of_row(i).is_finite()), "{sums:?}");
    sums.retain(|(i, j), _| i != j);
    let total = exact_sum(&sums);
    let plain = Precomputed::default().with_symmetrize(false);
    let found = precomputed_joint(&pointers, &columns, &weights, n, plain, Context::new());
    compare(found, &sums, total, true, false);
    let mut both = Entries::new();
    for (&(i, j), &sum) in &sums {
        *both.entry((i, j)).or_default() += 0.5 * sum;
        *both.entry((j, i)).or_default() += 0.5 * sum;
    }
    let found = precomputed_joint(&pointers, &columns, &weights, n, Precomputed::default(), Context::new());
    compare(found, &both, total, true, true);
}
