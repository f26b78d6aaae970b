//! Measures against plain computations from all distances, and against values worked out by hand.

use std::num::NonZeroUsize;
use tsne::affinity::{BruteForceSearch, ExactSearch, Metric};
use tsne::core::{Affinities, AffinityKind, KnnGraph, random as counter};
use tsne::metrics::{
    Comparison, extent, kl_divergence, label_agreement, neighbor_recall, pbic, spearman, trustworthiness,
    trustworthiness_sampled,
};
use tsne::{CancelToken, Context, Error, Kernel, NeighborIndex, NeighborSearch, Points, Result, Rows, Scalar};

/// Points in five dimensions and a map that keeps two of them, with noise and some duplicates.
fn case(n: usize) -> (Vec<f64>, Vec<[f64; 2]>) {
    let uniform = |stage: u64, i: usize| counter::unit(counter::element_seed(4, stage, i as u64));
    // Every thirteenth point repeats point 5, in the data and in the map.
    let source = |i: usize| if i.is_multiple_of(13) && n > 5 { 5 } else { i };
    let x: Vec<f64> = (0..5 * n).map(|at| 0.1 + uniform(1, 5 * source(at / 5) + at % 5)).collect();
    let map = |i: usize| [0, 1].map(|c| x[5 * i + c] + 0.2 * uniform(2, 2 * source(i) + c));
    let y = (0..n).map(map).collect();
    (x, y)
}

fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The others of each point by (distance, index).
fn orders(rows: &[Vec<f64>], distance: impl Fn(&[f64], &[f64]) -> f64) -> Vec<Vec<usize>> {
    let order = |i: usize| {
        let mut others: Vec<(f64, usize)> =
            (0..rows.len()).filter(|j| *j != i).map(|j| (distance(&rows[i], &rows[j]), j)).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        others.into_iter().map(|(_, j)| j).collect()
    };
    (0..rows.len()).map(order).collect()
}

/// Venna and Kaski's sum as it is written.
fn naive_trust(near: &[Vec<usize>], far: &[Vec<usize>], k: usize) -> f64 {
    let n = near.len();
    let mut penalty = 0.0;
    for i in 0..n {
        for j in &near[i][..k] {
            let rank = 1 + far[i].iter().position(|other| other == j).unwrap();
            if rank > k {
                penalty += (rank - k) as f64;
            }
        }
    }
    1.0 - 2.0 / ((n * k * (2 * n - 3 * k - 1)) as f64) * penalty
}

#[test]
fn ranks_as_written_in_the_formulas() {
    let n = 90;
    let (x, y) = case(n);
    let data: Vec<Vec<f64>> = x.chunks(5).map(<[f64]>::to_vec).collect();
    let map: Vec<Vec<f64>> = y.iter().map(|y| y.to_vec()).collect();
    let (in_map, by_euclid, by_cosine) = (orders(&map, euclidean), orders(&data, euclidean), orders(&data, cosine));
    let rows = Rows::new(&x, n, 5).unwrap();
    let search = BruteForceSearch::new(Metric::Cosine);
    for k in [1, 5, 30, 44] {
        // Integers summed, and one division: rounding of a few units.
        let expected = naive_trust(&in_map, &by_euclid, k);
        assert!(expected < 1.0);
        assert!((trustworthiness(rows, &y, k).unwrap() - expected).abs() < 1e-14, "k {k}");
        let all = Comparison::new(rows, &y).unwrap();
        let expected = naive_trust(&by_euclid, &in_map, k);
        assert!((all.continuity(k).unwrap() - expected).abs() < 1e-14, "k {k}");
        let common: usize =
            (0..n).map(|i| by_euclid[i][..k].iter().filter(|j| in_map[i][..k].contains(j)).count()).sum();
        assert_eq!(neighbor_recall(rows, &y, k).unwrap(), common as f64 / (n * k) as f64, "k {k}");
        let cosine = all.search(&search);
        let expected = naive_trust(&in_map, &by_cosine, k);
        assert!((cosine.trustworthiness(k).unwrap() - expected).abs() < 1e-14, "k {k}, cosine");
    }
}

#[test]
fn samples_estimate_and_repeat() {
    let n = 400;
    let (x, y) = case(n);
    let rows = Rows::new(&x, n, 5).unwrap();
    let all = Comparison::new(rows, &y).unwrap();
    // A sample of all points is all points.
    assert_eq!(trustworthiness_sampled(rows, &y, 7, n, 1), trustworthiness(rows, &y, 7));
    assert_eq!(all.sample(10 * n, 1).neighbor_recall(7), all.neighbor_recall(7));
    // The mean over many samples of a fifth is that over all. One sample's mean of 80 terms in [0, 1], drawn without
    // repetition, has a standard deviation of at most 0.5 / √80, the mean of 40 of them 0.009: five of those.
    for measure in [Comparison::trustworthiness, Comparison::neighbor_recall, Comparison::continuity] {
        let mean = (0..40).map(|seed| measure(&all.sample(80, seed), 7).unwrap()).sum::<f64>() / 40.0;
        assert!((mean - measure(&all, 7).unwrap()).abs() < 0.045, "{mean}");
        assert_eq!(measure(&all.sample(80, 3), 7), measure(&all.sample(80, 3), 7));
        assert_ne!(measure(&all.sample(80, 3), 7), measure(&all.sample(80, 4), 7));
    }
}

#[test]
fn by_hand() {
    let x = [0.0, 1.0, 3.0, 7.0, 15.0];
    let rows = Rows::new(&x, 5, 1).unwrap();
    let y = |order: [f64; 5]| order.map(|v| [v]);
    let same = y(x);
    assert_eq!(trustworthiness(rows, &same, 2).unwrap(), 1.0);
    assert_eq!(neighbor_recall(rows, &same, 2).unwrap(), 1.0);
    assert!((spearman(rows, &same, 100, 0).unwrap() - 1.0).abs() < 1e-12);
    // Points 0 and 4 change places. Nearest in the map: of 0 (at 15) point 3, of 1 point 4 (0), of 2 point 1, of 3 point 2, of 4
    // point 1. Their ranks in the data: 3, 4, 1, 1 (before 1 at distance 6 and 0), 3 (after 3 and 2). So the sum of rank - 1
    // is 2 + 3 + 0 + 0 + 2 = 7, and 1 - 2 / (5 · 1 · (10 - 3 - 1)) · 7 = 8/15.
    let swapped = y([15.0, 1.0, 3.0, 7.0, 0.0]);
    assert!((trustworthiness(rows, &swapped, 1).unwrap() - 8.0 / 15.0).abs() < 1e-15);
    // Nearest in the data: 1, 0, 1, 2, 3; of these 2 → 1 and 3 → 2 are kept.
    assert_eq!(neighbor_recall(rows, &swapped, 1).unwrap(), 0.4);
    // Distances 1, 3, 2 against 1, 2, 3 over the pairs (0,1), (0,2), (1,2): ρ = 1 - 6 (0 + 1 + 1) / (3 · 8) = 1/2.
    let three = Rows::new(&x[..3], 3, 1).unwrap();
    assert!((spearman(three, &[[0.0], [1.0], [-2.0]], 3, 0).unwrap() - 0.5).abs() < 1e-15);
    // Distances 3, 1, √10: ranks 2, 1, 3 against 1, 3, 2, so ρ = 1 - 6 (1 + 4 + 1) / 24 = -1/2.
    let turned = spearman(three, &[[0.0, 0.0], [0.0, 3.0], [1.0, 0.0]], 3, 0).unwrap();
    assert!((turned + 0.5).abs() < 1e-15, "{turned}");
    // Distances 3, 0, 3: ranks 2.5, 1, 2.5 against 1, 3, 2, so ρ = -1.5 / √(1.5 · 2) = -√3/2.
    let tied = spearman(three, &[[0.0], [3.0], [0.0]], 3, 0).unwrap();
    assert!((tied + 0.75f64.sqrt()).abs() < 1e-15, "{tied}");
    assert_eq!(extent(&[[0.0f64, 1.0], [2.0, -4.0]]), 5.0);
    assert_eq!(extent::<f32, 2>(&[]), 0.0);
}

#[test]
fn correlation_of_all_pairs() {
    let n = 80;
    let (x, y) = case(n);
    let data: Vec<&[f64]> = x.chunks(5).collect();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
    // The rank of a value: those below it, and half of those equal to it.
    let ranks = |values: Vec<f64>| -> Vec<f64> {
        let below = |v: f64| values.iter().map(|w| f64::from(*w < v) + 0.5 * f64::from(*w == v)).sum();
        values.iter().map(|v| below(*v)).collect()
    };
    let a = ranks(pairs.iter().map(|&(i, j)| euclidean(data[i], data[j])).collect());
    let b = ranks(pairs.iter().map(|&(i, j)| euclidean(&y[i], &y[j])).collect());
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let covariance = |a: &[f64], b: &[f64]| {
        let (ma, mb) = (mean(a), mean(b));
        a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>()
    };
    let expected = covariance(&a, &b) / (covariance(&a, &a) * covariance(&b, &b)).sqrt();
    let rows = Rows::new(&x, n, 5).unwrap();
    assert!(expected > 0.3 && expected < 0.95);
    // Sums of 3,160 products in another order.
    assert!((spearman(rows, &y, 1_000, 5).unwrap() - expected).abs() < 1e-12);
    // Of a matrix of distances, those among the sample: both its rows and its columns.
    let matrix: Vec<f64> = (0..n * n).map(|at| euclidean(data[at / n], data[at % n])).collect();
    let given = Comparison::new(Rows::new(&matrix, n, n).unwrap(), &y).unwrap().metric(&Metric::Precomputed);
    for sample in [30, n] {
        let measured = spearman(rows, &y, sample, 7).unwrap();
        assert!((given.sample(sample, 7).spearman().unwrap() - measured).abs() < 1e-12, "{sample}");
    }
    // By cosine distance another order of the data.
    let search = BruteForceSearch::new(Metric::Cosine);
    let other = Comparison::new(rows, &y).unwrap().search(&search).spearman().unwrap();
    assert!((other - expected).abs() > 1e-3);
}

#[test]
fn divergence_of_all_pairs() {
    let n = 60;
    let (_, y) = case(n);
    // Affinities with some zeros.
    let weight =
        |i: usize, j: usize| if (i + j).is_multiple_of(3) || i == j { 0.0 } else { 1.0 + ((i * j) % 7) as f64 };
    let total: f64 = (0..n * n).map(|at| weight(at / n, at % n)).sum();
    let (mut row_pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        for j in (0..n).filter(|j| weight(i, *j) > 0.0) {
            columns.push(j as u32);
            weights.push(weight(i, j) / total);
        }
        row_pointers.push(columns.len());
    }
    let p = Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap();
    for dof in [0.5, 1.0, 2.3] {
        let q = |i: usize, j: usize| (1.0 + euclidean(&y[i], &y[j]).powi(2) / dof).powf(-dof);
        let pairs = || (0..n * n).map(|at| (at / n, at % n)).filter(|(i, j)| i != j);
        let z: f64 = pairs().map(|(i, j)| q(i, j)).sum();
        let term = |(i, j): (usize, usize)| {
            let p = weight(i, j) / total;
            if p > 0.0 { p * (p / (q(i, j) / z)).ln() } else { 0.0 }
        };
        let expected: f64 = pairs().map(term).sum();
        let kernel = Kernel::new(dof).unwrap();
        let given = kl_divergence(&p, kernel, &y, Context::new()).unwrap();
        // Rounding of logarithms up to 10 and sums of 3,540 terms.
        assert!((given - expected).abs() < 1e-12, "dof {dof}: {given} {expected}");
        let single: Vec<[f32; 2]> = y.iter().map(|y| y.map(|v| v as f32)).collect();
        let (row_pointers, columns, weights) = p.clone().into_parts();
        let weights = weights.iter().map(|w| *w as f32).collect();
        let p = Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap();
        let given = kl_divergence(&p, kernel, &single, Context::new()).unwrap();
        // Inputs rounded to 6e-8, weights of pairs computed in f32.
        assert!((given - expected).abs() < 5e-6, "dof {dof}: {given} {expected}");
    }
}

#[test]
fn criterion_of_perplexities() {
    assert_eq!(pbic(1.0, 30.0, 1).unwrap(), 2.0);
    assert!((pbic(0.5, 10.0, 100).unwrap() - (1.0 + 0.1 * 100f64.ln())).abs() < 1e-15);
    assert!(pbic(f64::NAN, 30.0, 10).unwrap_err().to_string().starts_with("kl_divergence is NaN"));
    assert!(pbic(1.0, 0.0, 10).unwrap_err().to_string().starts_with("perplexity is 0"));
    assert_eq!(pbic(1.0, 30.0, 0), Err(Error::too_few_points(0, 1)));
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let n = 2_100; // Two blocks of ranked points.
    let (x, y) = case(n);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let all = Comparison::new(Rows::new(&x, n, 5).unwrap(), &y).unwrap();
            [all.trustworthiness(9), all.neighbor_recall(9), all.sample(300, 2).spearman()]
                .map(|v| v.unwrap().to_bits())
        })
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(7), one);
}

#[test]
fn errors_name_what_is_allowed() {
    let x = [0.0, 1.0, 3.0, 7.0];
    let rows = Rows::new(&x, 4, 1).unwrap();
    let y = [[0.0], [1.0], [3.0], [7.0]];
    let shape = Error::shape("embedding", 4, 3);
    assert_eq!(trustworthiness(rows, &y[..3], 1), Err(shape));
    // k < n / 2, as the largest possible penalty is known only then.
    for k in [0, 2] {
        let message = trustworthiness(rows, &y, k).unwrap_err().to_string();
        assert_eq!(message, format!("k is {k}, but must be from 1 to 1 for n = 4 points"));
    }
    assert!(neighbor_recall(rows, &y, 3).is_ok());
    let message = neighbor_recall(rows, &y, 4).unwrap_err().to_string();
    assert_eq!(message, "k is 4, but must be from 1 to 3 for n = 4 points");
    let message = trustworthiness_sampled(rows, &y, 1, 0, 0).unwrap_err().to_string();
    assert_eq!(message, "sample is 0, but must be at least 1 point");
    assert_eq!(spearman(rows, &y, 2, 0).unwrap_err().to_string(), "sample is 2, but must be from 3 to 8192 points");
    let message = spearman(rows, &[[1.0]; 4], 4, 0).unwrap_err().to_string();
    assert_eq!(message, "Spearman correlation failed: all distances in the map are equal: there is no order to keep");
    assert_eq!(neighbor_recall(rows, &[[f64::NAN]; 4], 1), Err(Error::non_finite("embedding", 0, 0)));
    let none = Rows::new(&[], 0, 3).unwrap();
    assert!(trustworthiness::<f64, 2>(none, &[], 1).is_err());
    assert!(neighbor_recall::<f64, 2>(none, &[], 1).is_err());
    assert_eq!(spearman::<f64, 2>(none, &[], 10, 0), Err(Error::too_few_points(0, 3)));
    assert!(label_agreement(&y, &[1, 2], 1).is_err());
    let cancel = CancelToken::new();
    cancel.cancel();
    let comparison = Comparison::new(rows, &y).unwrap().context(Context::new().with_cancel(&cancel));
    assert_eq!(comparison.trustworthiness(1), Err(Error::Cancelled));
    let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5, 0.5], 2, AffinityKind::Joint).unwrap();
    let far = [[0.0f64], [1e200]];
    let message = kl_divergence(&p, Kernel::CAUCHY, &far, Context::new()).unwrap_err().to_string();
    assert!(message.contains("rescale the map"), "{message}");
    assert!(kl_divergence(&p, Kernel::CAUCHY, &y, Context::new()).is_err());
}

/// A search that hides its metric: points are sorted by it, not counted.
#[derive(Debug)]
struct Hidden(ExactSearch);

impl<T: Scalar> NeighborSearch<T> for Hidden {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        Ok(Box::new(HiddenIndex(self.0.build(points, cx)?)))
    }
}

/// An index that has neighbors, and no ranks.
struct HiddenIndex<'a, T>(Box<dyn NeighborIndex<T> + 'a>);

impl<T: Scalar> NeighborIndex<T> for HiddenIndex<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }
    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.0.knn_graph(k, cx)
    }
    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.0.knn(queries, k, cx)
    }
}

/// Ranks that are counted are those of sorting, to the bit: with ties, duplicates, samples, for every metric that swaps roles
/// and some that do not.
#[test]
fn ranks_are_counted_as_they_are_sorted() {
    let (n, d) = (230, 9);
    // Few values, so that many distances are equal, and some rows twice.
    let value = |i: usize, c: usize| ((i * 7 + c * c * 5 + i * i * c) % 6) as f32 * 0.5 + 0.25;
    let x: Vec<f32> = (0..n * d).map(|at| value(at / d % 190, at % d)).collect();
    let y: Vec<[f32; 2]> = (0..n).map(|i| [(i * 37 % 101) as f32, (i * 53 % 89) as f32]).collect();
    for metric in
        ["euclidean", "sqeuclidean", "cosine", "correlation", "spearmanr", "hellinger", "manhattan", "seuclidean"]
    {
        let metric: Metric = metric.parse().unwrap();
        let search = Hidden(ExactSearch::new(metric.clone()));
        let comparison = Comparison::new(Rows::new(&x, n, d).unwrap(), &y).unwrap();
        for comparison in [comparison, comparison.sample(70, 3)] {
            let (counted, sorted) = (comparison.metric(&metric), comparison.search(&search));
            for k in [1, 7, 40] {
                assert_eq!(counted.trustworthiness(k).unwrap(), sorted.trustworthiness(k).unwrap(), "{metric} {k}");
                assert_eq!(counted.continuity(k).unwrap(), sorted.continuity(k).unwrap(), "{metric} {k}");
                assert_eq!(counted.neighbor_recall(k).unwrap(), sorted.neighbor_recall(k).unwrap(), "{metric} {k}");
                let (at_once, of_sorted) = (counted.measures(k).unwrap(), sorted.measures(k).unwrap());
                assert_eq!(at_once, of_sorted, "{metric} {k}");
                let singly = (counted.trustworthiness(k), counted.continuity(k), counted.neighbor_recall(k));
                let together = (at_once.trustworthiness, at_once.continuity, at_once.neighbor_recall);
                assert_eq!(singly, (Ok(together.0), Ok(together.1), Ok(together.2)), "{metric} {k}");
            }
        }
    }
}

#[test]
fn measures_of_points_as_their_definitions_read() {
    let (n, k) = (90, 5);
    let (x, y) = case(n);
    let data: Vec<Vec<f64>> = x.chunks(5).map(<[f64]>::to_vec).collect();
    let map: Vec<Vec<f64>> = y.iter().map(|y| y.to_vec()).collect();
    let (in_map, in_data) = (orders(&map, euclidean), orders(&data, euclidean));
    let rows = Rows::new(&x, n, 5).unwrap();
    let all = Comparison::new(rows, &y).unwrap();
    let points = all.per_point(k).unwrap();
    assert_eq!(points.points(), (0..n as u32).collect::<Vec<_>>());
    let of = |near: &[Vec<usize>], far: &[Vec<usize>], i: usize| {
        let over = |j: &usize| (1 + far[i].iter().position(|other| other == j).unwrap()).saturating_sub(k);
        let excess: usize = near[i][..k].iter().map(over).sum();
        1.0 - 2.0 * excess as f64 / (k * (2 * n - 3 * k - 1)) as f64
    };
    let mut nearest: Vec<f64> = (0..n).map(|i| euclidean(&map[i], &map[in_map[i][0]])).filter(|d| *d > 0.0).collect();
    nearest.sort_by(f64::total_cmp);
    let unit = 0.5 * (nearest[(nearest.len() - 1) / 2] + nearest[nearest.len() / 2]);
    let each = points.trustworthiness().zip(points.continuity()).zip(points.neighbor_recall());
    for (i, ((trust, continuity), recall)) in each.enumerate() {
        assert!(
            (trust - of(&in_map, &in_data, i)).abs() < 1e-14 && (continuity - of(&in_data, &in_map, i)).abs() < 1e-14
        );
        let kept = in_data[i][..k].iter().filter(|j| in_map[i][..k].contains(j)).count();
        assert_eq!(recall, kept as f64 / k as f64);
        let kin = in_data[i][..k].iter().map(|&j| euclidean(&map[i], &map[j])).fold(f64::INFINITY, f64::min);
        assert!((points.kin_distance()[i] - kin / unit).abs() <= 1e-14 * kin / unit);
    }
    // The means are the measures, to the bit, and those of all points have no error.
    assert_eq!(points.means(), all.measures(k).unwrap());
    let errors = points.standard_errors();
    assert_eq!((errors.trustworthiness, errors.continuity, errors.neighbor_recall), (0.0, 0.0, 0.0));
    // A sample has the values of its points.
    let some = all.sample(30, 3).per_point(k).unwrap();
    let recalls: Vec<f64> = points.neighbor_recall().collect();
    let chosen: Vec<f64> = some.points().iter().map(|&i| recalls[i as usize]).collect();
    assert_eq!(some.neighbor_recall().collect::<Vec<_>>(), chosen);
    // `s √((1 - m/n) / m)`.
    let mean = chosen.iter().sum::<f64>() / 30.0;
    let deviation = (chosen.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 29.0).sqrt();
    let error = deviation * ((1.0 - 30.0 / n as f64) / 30.0).sqrt();
    assert!((some.standard_errors().neighbor_recall - error).abs() < 1e-14);
}

#[test]
fn standard_errors_are_how_far_samples_are_off() {
    let n = 400;
    let (x, y) = case(n);
    let all = Comparison::new(Rows::new(&x, n, 5).unwrap(), &y).unwrap();
    let exact = all.neighbor_recall(7).unwrap();
    let samples: Vec<_> = (0..60).map(|seed| all.sample(80, seed).per_point(7).unwrap()).collect();
    let off = samples.iter().map(|points| (points.means().neighbor_recall - exact).powi(2)).sum::<f64>() / 60.0;
    let said = samples.iter().map(|points| points.standard_errors().neighbor_recall.powi(2)).sum::<f64>() / 60.0;
    // A variance of 60 samples has a standard deviation of √(2 / 59) = 18 % of it: four of those.
    assert!((off / said - 1.0).abs() < 0.74, "{off} {said}");
}

#[test]
fn maps_beside_each_other_are_measured_as_alone() {
    let n = 230;
    let (x, y) = case(n);
    let rows = Rows::new(&x, n, 5).unwrap();
    let line: Vec<[f64; 1]> = x.chunks(5).map(|row| [row[2]]).collect();
    let deep: Vec<[f64; 3]> = x.chunks(5).map(|row| [row[4], row[3], row[0]]).collect();
    let others = [Rows::new(line.as_flattened(), n, 1).unwrap(), Rows::new(deep.as_flattened(), n, 3).unwrap()];
    for k in [1, 9, 40] {
        let beside = Comparison::new(rows, &y).unwrap().sample(100, 2).per_point_beside(&others, k).unwrap();
        assert_eq!(beside[0], Comparison::new(rows, &y).unwrap().sample(100, 2).per_point(k).unwrap());
        assert_eq!(beside[1], Comparison::new(rows, &line).unwrap().sample(100, 2).per_point(k).unwrap());
        assert_eq!(beside[2], Comparison::new(rows, &deep).unwrap().sample(100, 2).per_point(k).unwrap());
    }
    let short = [Rows::new(&x[..10], 10, 1).unwrap()];
    assert!(matches!(Comparison::new(rows, &y).unwrap().per_point_beside(&short, 3), Err(Error::Shape { .. })));
}

#[test]
fn kin_distances_of_maps_of_duplicates() {
    // All coincide with another one: there is no unit but the map's own.
    let x = [0.0, 1.0, 10.0, 11.0, 20.0, 21.0];
    let y = [[0.0], [5.0], [0.0], [5.0], [9.0], [9.0]];
    let points = Comparison::new(Rows::new(&x, 6, 1).unwrap(), &y).unwrap().per_point(1).unwrap();
    assert_eq!(points.kin_distance(), [5.0, 5.0, 5.0, 5.0, 0.0, 0.0]);
}
