//! Indexes that share their points: the answers, to the bit, of those that borrow them, for every search, metric and storage; for
//! each row alone as for all; from many threads; and after all others let go of the points.

use crate::common::metrics::{all, data};
use crate::common::{cloud, in_pool};
use std::num::NonZeroUsize;
use tsne_affinity::{ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, Metric, VpTreeSearch};
use tsne_core::{
    Context, KnnGraph, NeighborIndex, NeighborSearch, Points, Result, Rows, Scalar, SharedPoints, SharedRows,
    SharedSparseRows, SparseRows,
};

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

/// Every search; those that do not take the points say so, borrowed or not.
fn searches<T: Scalar>(metric: &Metric) -> Vec<Box<dyn NeighborSearch<T>>> {
    vec![
        Box::new(BruteForceSearch::new(metric.clone())),
        Box::new(ExactSearch::new(metric.clone())),
        Box::new(KdTreeSearch::new(metric.clone())),
        Box::new(VpTreeSearch::new(metric.clone())),
        Box::new(ApproximateSearch::new(metric.clone()).with_exact_up_to(0)),
        Box::new(AutoSearch::new(metric.clone(), 3)),
    ]
}

/// Indices and the bits of distances.
fn bits<T: Scalar>(graph: &KnnGraph<T>) -> (Vec<u32>, Vec<u64>) {
    (graph.indices().to_vec(), graph.distances().iter().map(|d| d.bits()).collect())
}

/// Row `i` alone.
fn alone<'a, T: Scalar>(points: Points<'a, T>, i: usize, pointers: &'a mut [usize; 2]) -> Points<'a, T> {
    match points {
        Points::Dense(rows) => Rows::new(rows.row(i), 1, rows.d()).unwrap().into(),
        Points::Sparse(rows) => {
            let (columns, values) = rows.row(i);
            *pointers = [0, columns.len()];
            SparseRows::new(&*pointers, columns, values, rows.d()).unwrap().into()
        }
        _ => unreachable!(),
    }
}

type Kept<T> = Box<dyn NeighborIndex<T>>;

/// Returns how many of the searches took the points.
fn check<T: Scalar>(shared: &SharedPoints<T>, queries: Points<'_, T>, metric: &Metric) -> usize {
    let (cx, mut served) = (Context::new(), 0);
    for search in searches::<T>(metric) {
        let kept: Result<Option<Kept<T>>> = search.build_shared(shared, cx);
        let fresh = || search.build(shared.points(), cx);
        let is_kept = kept.as_ref().map(Option::is_some).map_err(Clone::clone);
        assert_eq!(is_kept, fresh().map(|_| true), "{search:?}");
        let Ok(Some(index)) = kept else { continue };
        served += 1;
        assert_eq!(index.shape(), (shared.points().n(), shared.points().d()));
        // New points first, then the others: nothing depends on what was asked before.
        let expected = bits(&fresh().unwrap().knn(queries, k(7), cx).unwrap());
        assert_eq!(bits(&index.knn(queries, k(7), cx).unwrap()), expected, "{search:?}");
        let graph = bits(&fresh().unwrap().knn_graph(k(5), cx).unwrap());
        assert_eq!(bits(&index.knn_graph(k(5), cx).unwrap()), graph, "{search:?}");
        for i in 0..queries.n() {
            let mut pointers = [0; 2];
            let one = bits(&index.knn(alone(queries, i, &mut pointers), k(7), cx).unwrap());
            let row = i * 7..(i + 1) * 7;
            assert_eq!(one, (expected.0[row.clone()].to_vec(), expected.1[row].to_vec()), "{search:?}: row {i}");
        }
    }
    served
}

fn sparse<T: Scalar>(x: &[T], d: usize) -> SharedSparseRows<T> {
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in x.chunks_exact(d) {
        for (c, v) in row.iter().enumerate().filter(|(_, v)| **v != T::ZERO) {
            columns.push(c as u32);
            values.push(*v);
        }
        pointers.push(columns.len());
    }
    SharedSparseRows::new(pointers, columns, values, d).unwrap()
}

fn every_metric<T: Scalar>(d: usize) {
    let (n, m) = (160, 5);
    for metric in all(d) {
        let (x, new) = (data::<T>(&metric, 5, n, d, true), data::<T>(&metric, 6, m, d, true));
        let shared = SharedRows::new(x.clone(), n, d).unwrap().into();
        let served = check(&shared, Rows::new(&new, m, d).unwrap().into(), &metric);
        assert!(served >= 4, "{metric}: {served} searches");
        if metric.takes_sparse() {
            let queries = sparse(&new, d);
            let served = check(&sparse(&x, d).into(), queries.rows().into(), &metric);
            assert!(served >= 4, "{metric}, sparse: {served} searches");
        }
    }
}

#[test]
fn every_search_and_metric_answers_alike() {
    every_metric::<f32>(2);
    every_metric::<f64>(11);
}

/// The clusters, the forest with its graph, and given distances.
#[test]
fn larger_data_and_given_distances() {
    let (n, d) = (1_500, 12);
    let x = cloud::<f32>(1, n, d);
    let new = cloud::<f32>(2, 9, d);
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Correlation, Metric::Manhattan] {
        let shared = SharedRows::new(x.clone(), n, d).unwrap().into();
        assert!(check(&shared, Rows::new(&new, 9, d).unwrap().into(), &metric) >= 4);
    }
    let given: Vec<f64> = (0..900).map(|at| f64::from((at / 30 - at % 30_i32).abs())).collect();
    let queries: Vec<f64> = (0..60).map(|at| f64::from(at * 37 % 19)).collect();
    let shared = SharedRows::new(given, 30, 30).unwrap().into();
    assert!(check(&shared, Rows::new(&queries, 2, 30).unwrap().into(), &Metric::Precomputed) >= 4);
}

/// One index, asked by threads that all come first, in pools of their own and in one; the points are let go before.
#[test]
fn many_threads_share_one_index() {
    let (n, d) = (1_500, 12);
    let (x, new) = (cloud::<f32>(1, n, d), cloud::<f32>(2, 64, d));
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let search = ApproximateSearch::new(metric).with_exact_up_to(0);
        let queries = Rows::new(&new, 64, d).unwrap();
        let fresh = search.build(Rows::new(&x, n, d).unwrap().into(), Context::new()).unwrap();
        let expected = bits(&fresh.knn(queries.into(), k(9), Context::new()).unwrap());
        let shared = SharedPoints::from(SharedRows::new(x.clone(), n, d).unwrap());
        let index = search.build_shared(&shared, Context::new()).unwrap().unwrap();
        drop(shared);
        let index = &*index;
        let answers: Vec<_> = std::thread::scope(|scope| {
            let one = |i: usize| {
                let row = Rows::new(queries.row(i), 1, d).unwrap();
                bits(&in_pool(1 + i % 2, || index.knn(row.into(), k(9), Context::new())).unwrap())
            };
            let tasks: Vec<_> = (0..64).map(|i| scope.spawn(move || one(i))).collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect()
        });
        let indices: Vec<u32> = answers.iter().flat_map(|(indices, _)| indices.clone()).collect();
        let distances: Vec<u64> = answers.iter().flat_map(|(_, distances)| distances.clone()).collect();
        assert_eq!((indices, distances), expected);
    }
}

/// A walk that failed half-way leaves nothing behind for the next one.
#[test]
fn a_query_that_fails_does_not_change_the_next_one() {
    let shared: SharedPoints<f32> = SharedRows::new(cloud::<f32>(9, 600, 4), 600, 4).unwrap().into();
    // Distances to what is far out are no numbers.
    let metric = Metric::function(|a, b| {
        let distance = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>();
        if distance > 1e6 { f64::NAN } else { distance }
    });
    let search = ApproximateSearch::new(metric).with_exact_up_to(0);
    let cx = Context::new();
    let index = search.build_shared(&shared, cx).unwrap().unwrap();
    let good = cloud::<f32>(10, 20, 4);
    let good = Rows::new(&good, 20, 4).unwrap();
    let expected = bits(&search.build(shared.points(), cx).unwrap().knn(good.into(), k(7), cx).unwrap());
    for _ in 0..3 {
        let far = [1e7f32; 4];
        assert!(index.knn(Rows::new(&far, 1, 4).unwrap().into(), k(7), cx).is_err());
        assert_eq!(bits(&index.knn(good.into(), k(7), cx).unwrap()), expected);
    }
}
