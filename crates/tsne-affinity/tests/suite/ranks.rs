//! Ranks against positions in complete lists of neighbors, and against plain sums of integers.

use crate::common::{cloud, in_pool, normal};
use std::num::NonZeroUsize;
use tsne_affinity::{ApproximateSearch, BruteForceSearch, ExactSearch, KdTreeSearch, Metric};
use tsne_core::{CancelToken, Context, Error, NeighborIndex, NeighborSearch, Rows, Scalar, random};

/// `k` others of each row, in no order, near and far.
fn others(n: usize, rows: &[u32], k: usize, seed: u64) -> Vec<u32> {
    let other = |(at, &i): (usize, &u32)| {
        let drawn = random::element_seed(seed, 9, at as u64) % (n as u64 - 1);
        drawn as u32 + u32::from(drawn >= u64::from(i))
    };
    rows.iter().flat_map(|i| std::iter::repeat_n(i, k)).enumerate().map(other).collect()
}

/// The ranks by the list of all neighbors of each row.
fn listed<T: Scalar>(index: &dyn NeighborIndex<T>, rows: &[u32], others: &[u32]) -> Vec<u32> {
    let (n, k) = (index.shape().0, others.len() / rows.len());
    let graph = index.knn_graph(NonZeroUsize::new(n - 1).unwrap(), Context::new()).unwrap();
    let rank = |i: u32, j: &u32| graph.row(i as usize).0.iter().position(|other| other == j).unwrap() as u32 + 1;
    rows.iter().zip(others.chunks(k)).flat_map(|(&i, others)| others.iter().map(move |j| rank(i, j))).collect()
}

fn check<T: Scalar>(search: &dyn NeighborSearch<T>, x: &[T], d: usize, what: &str) {
    let n = x.len() / d;
    let index = search.build(Rows::new(x, n, d).unwrap().into(), Context::new()).unwrap();
    let all: Vec<u32> = (0..n as u32).collect();
    let some: Vec<u32> = [n - 1, 0, n / 2, n / 3, 0].map(|i| i as u32).to_vec();
    for (rows, k) in [(&all, 1), (&all, 10), (&some, 7), (&some, 32), (&some, 33), (&some, 150)] {
        let others = others(n, rows, k, k as u64);
        let ranks = index.ranks(rows, &others, Context::new()).unwrap().unwrap();
        assert_eq!(ranks, listed(&*index, rows, &others), "{what}: {} rows, {k} others", rows.len());
    }
}

/// Points with everything that is hard at once: lattice points, duplicates, two clusters far apart, zeros.
fn hard<T: Scalar>(n: usize, d: usize, scale: f64, offset: f64) -> Vec<T> {
    let value = |i: usize, c: usize| -> f64 {
        match i % 5 {
            0 => ((i / 7 * 5 + c * c) % 3) as f64,
            1 => normal(3, (i * d + c) as u64),
            2 => normal(3, ((i - 1) * d + c) as u64),
            3 => 500.0 + normal(4, (i / 2 * d + c) as u64),
            _ => f64::from(u8::from(c == 0 && i.is_multiple_of(2))),
        }
    };
    (0..n * d).map(|at| T::from_f64(scale * (offset + value(at / d, at % d)))).collect()
}

#[test]
fn ranks_are_positions_under_every_metric_with_products() {
    for (d, scale, offset) in
        [(9, 1.0, 0.0), (12, 1e-30, 0.0), (12, 1e30, 0.0), (17, 1.0, 1e4), (2, 1.0, 10.0), (1, 1.0, 0.0)]
    {
        let (x, y) = (hard::<f32>(300, d, scale, offset), hard::<f64>(300, d, scale, offset));
        for metric in ["euclidean", "sqeuclidean", "cosine", "correlation", "spearmanr", "seuclidean"] {
            let what = format!("{metric}, d {d}, scale {scale:e}, offset {offset}");
            let metric: Metric = metric.parse().unwrap();
            if (metric == Metric::SqEuclidean && scale == 1e30) || (d == 1 && matches!(metric, Metric::Correlation)) {
                continue; // Squares beyond f32; a single value has no correlation.
            }
            check::<f32>(&BruteForceSearch::new(metric.clone()), &x, d, &what);
            check::<f64>(&ExactSearch::new(metric.clone()), &y, d, &what);
            if d <= 2 {
                check::<f64>(&KdTreeSearch::new(metric), &y, d, &what);
            }
        }
    }
    // Beyond the range in which squares of f64 are numbers.
    for scale in [1e-200, 1e-300, 1e120] {
        check::<f64>(&ExactSearch::default(), &hard(200, 11, scale, 0.0), 11, &format!("scale {scale:e}"));
    }
}

/// Over several tiles of points and rows, on one thread and on many.
#[test]
fn ranks_of_many_points() {
    let (n, d) = (2_500, 10);
    let mut x = cloud::<f32>(5, n, d);
    x.copy_within(0..700 * d, 1_500 * d);
    let index = BruteForceSearch::default().build(Rows::new(&x, n, d).unwrap().into(), Context::new()).unwrap();
    let rows: Vec<u32> = (0..n as u32).step_by(7).collect();
    let others = others(n, &rows, 12, 1);
    let expected = listed(&*index, &rows, &others);
    for threads in [1, 2, 5] {
        assert_eq!(in_pool(threads, || index.ranks(&rows, &others, Context::new()).unwrap().unwrap()), expected);
    }
}

/// Squared distances of lattice points are integers: the rank by its definition, ties by number.
#[test]
fn ranks_on_a_lattice() {
    let (n, d) = (400, 9);
    let x: Vec<i32> = (0..n * d).map(|at| ((at / d * 7 + at % d * (at / d % 11)) % 4) as i32).collect();
    let values: Vec<f32> = x.iter().map(|&v| v as f32).collect();
    let index = ExactSearch::default().build(Rows::new(&values, n, d).unwrap().into(), Context::new()).unwrap();
    let squared = |i: u32, j: u32| -> i32 {
        let row = |i: u32| &x[i as usize * d..(i as usize + 1) * d];
        row(i).iter().zip(row(j)).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let rows: Vec<u32> = (0..n as u32).collect();
    let k = 6;
    let others = others(n, &rows, k, 2);
    let rank = |i: u32, j: u32| {
        let nearer = rows.iter().filter(|&&l| l != i && (squared(i, l), l) < (squared(i, j), j));
        1 + nearer.count() as u32
    };
    let expected: Vec<u32> = others.iter().enumerate().map(|(at, &j)| rank((at / k) as u32, j)).collect();
    assert_eq!(index.ranks(&rows, &others, Context::new()), Ok(Some(expected)));
}

#[test]
fn what_has_no_ranks_says_so_and_what_is_wrong_is_named() {
    let x = cloud::<f64>(1, 50, 9);
    let rows = Rows::new(&x, 50, 9).unwrap();
    let manhattan = BruteForceSearch::new(Metric::Manhattan).build(rows.into(), Context::new()).unwrap();
    assert_eq!(manhattan.ranks(&[0], &[1], Context::new()), Ok(None));
    // Approximate neighbors have no ranks: these counts would be those of others.
    let many = cloud::<f64>(1, 5_000, 2);
    let approximate =
        ApproximateSearch::default().build(Rows::new(&many, 5_000, 2).unwrap().into(), Context::new()).unwrap();
    assert_eq!(approximate.ranks(&[0], &[1], Context::new()), Ok(None));
    let index = ExactSearch::default().build(rows.into(), Context::new()).unwrap();
    assert_eq!(index.ranks(&[], &[], Context::new()), Ok(Some(vec![])));
    assert_eq!(index.ranks(&[3, 4], &[], Context::new()), Ok(Some(vec![])));
    for (rows, others) in [(&[0, 1][..], &[2, 3, 4][..]), (&[50], &[1]), (&[1], &[50]), (&[1], &[1]), (&[], &[1])] {
        assert!(index.ranks(rows, others, Context::new()).is_err(), "{rows:?} {others:?}");
    }
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(index.ranks(&[0], &[1], Context::new().with_cancel(&token)), Err(Error::Cancelled));
}

/// In the plane and on a line the points of a disc are counted, by the search of all pairs they are compared: tight groups, lines,
/// duplicates, and points far off.
#[test]
fn discs_are_counted_as_products_count() {
    let n = 3_000;
    let value = |i: usize, c: usize| match i % 6 {
        0 => normal(1, (2 * i + c) as u64),
        1 => 3.0 + 1e-3 * normal(1, (2 * i + c) as u64),
        2 => (i / 6 % 7) as f64,
        3 => f64::from(u8::from(c == 0)) * normal(1, i as u64),
        4 => 2.0 - f64::from(u8::from(c == 0)) * normal(1, i as u64),
        _ if i % 300 == 5 => 1e4 * normal(1, (2 * i + c) as u64),
        _ => 1.0 + 0.1 * normal(1, (2 * i + c) as u64),
    };
    for d in [1, 2] {
        let x: Vec<f32> = (0..n * d).map(|at| value(at / d, at % d) as f32).collect();
        let points = Rows::new(&x, n, d).unwrap();
        let rows: Vec<u32> = (0..n as u32).collect();
        let others = others(n, &rows, 5, 7);
        let ranks = |search: &dyn NeighborSearch<f32>| {
            search.build(points.into(), Context::new()).unwrap().ranks(&rows, &others, Context::new()).unwrap().unwrap()
        };
        let counted = in_pool(3, || ranks(&KdTreeSearch::default()));
        assert_eq!(counted, ranks(&BruteForceSearch::default()), "d {d}");
    }
}
