//! What must hold on any machine and for odd input: one error for any number of threads, small stacks, large offsets,
//! more points than any block has.
#![allow(clippy::unwrap_used)]

use crate::common::metrics::{all, data};
use crate::common::{cloud, in_pool};
use std::num::NonZeroUsize;
use tsne_affinity::{
    ApproximateSearch, BruteForceSearch, Context, Error, ExactSearch, KdTreeSearch, Metric, NeighborSearch,
    Precomputed, Result, Rows, Scalar, SparseRows, Translation, Uniform, VpTreeSearch, precomputed_conditional,
    precomputed_joint,
};

const THREADS: [usize; 4] = [1, 2, 3, 8];

/// The error under each number of threads, which must be one.
#[track_caller]
fn one_error<A: Send>(run: impl Fn() -> Result<A> + Sync) -> Error {
    let errors = THREADS.map(|threads| in_pool(threads, || run().err()));
    let [first, rest @ ..] = &errors;
    assert!(rest.iter().all(|error| error == first), "{errors:?}");
    first.clone().unwrap()
}

#[test]
fn given_matrices_name_their_first_bad_row_for_any_number_of_threads() {
    // A ring of 9,000 points; four weights are wrong, each in a block of its own.
    let n = 9000usize;
    let row_pointers: Vec<usize> = (0..=n).collect();
    let columns: Vec<u32> = (0..n as u32).map(|i| (i + 1) % n as u32).collect();
    let mut weights = vec![1.0f64; n];
    for bad in [1023, 2048, 5000, 8999] {
        weights[bad] = f64::NAN;
    }
    let joint = || precomputed_joint(&row_pointers, &columns, &weights, n, Precomputed::default(), Context::new());
    assert!(one_error(joint).to_string().contains("row 1023,"));
    let conditional = || precomputed_conditional(&row_pointers, &columns, &weights, n, Context::new());
    assert!(one_error(conditional).to_string().contains("row 1023,"));
}

/// A function that has no number for pairs of marked rows, of which there are sixty: scans, trees, forests, the descent and the
/// walk of new points meet such pairs at different times.
#[test]
fn functions_fail_at_one_pair_for_any_number_of_threads() {
    let metric = |at: f64| {
        Metric::function(move |a, b| {
            let marked = |row: &[f64]| row[0] == at;
            if marked(a) && marked(b) && a != b { f64::NAN } else { a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum() }
        })
    };
    let (n, d) = (6000, 3);
    let mut x = cloud::<f64>(7, n, d);
    for i in (50..n).step_by(100) {
        x[i * d] = 0.25;
    }
    let points = Rows::new(&x, n, d).unwrap();
    let searches: [Box<dyn NeighborSearch<f64>>; 3] = [
        Box::new(BruteForceSearch::new(metric(0.25))),
        Box::new(VpTreeSearch::new(metric(0.25))),
        Box::new(ApproximateSearch::new(metric(0.25)).with_exact_up_to(0)),
    ];
    let k = NonZeroUsize::new(5).unwrap();
    for search in &searches {
        let error = one_error(|| search.build(points.into(), Context::new())?.knn_graph(k, Context::new()));
        assert!(matches!(error, Error::Invalid { what: "distance", .. }), "{error}");
    }
    // Only queries are marked: points of the index have distances among each other.
    let mut queries = x[..2000 * d].to_vec();
    queries.chunks_exact_mut(d).skip(3).step_by(7).for_each(|row| row[0] = 9.5);
    let mut x = cloud::<f64>(7, n, d);
    x[77 * d] = 9.5;
    let points = Rows::new(&x, n, d).unwrap();
    let queries = Rows::new(&queries, 2000, d).unwrap();
    let search = BruteForceSearch::new(metric(9.5));
    let error = one_error(|| search.build(points.into(), Context::new())?.knn(queries.into(), k, Context::new()));
    assert!(error.to_string().contains("from row 3 to point 77 "), "{error}");
}

/// Equal points and a geometric sequence, in pools whose threads have 256 KiB of stack.
#[test]
fn trees_need_little_stack_whatever_the_data() {
    let n = 20_000usize;
    let equal = vec![1.5f32; 2 * n];
    let sequence: Vec<f32> = (0..n).flat_map(|i| [0.995f32.powi(i as i32), 0.0]).collect();
    for x in [equal, sequence] {
        let points = Rows::new(&x, n, 2).unwrap();
        // A function: equal points are not searched as one.
        let metric = Metric::function(|a, b| (a[0] - b[0]).abs());
        let run = |threads: usize, search: &dyn NeighborSearch<f32>, few: bool| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(256 << 10).build().unwrap();
            pool.install(|| {
                let index = search.build(points.into(), Context::new()).unwrap();
                if few { index.knn_graph(NonZeroUsize::MIN, Context::new()).unwrap().n() } else { index.shape().0 }
            })
        };
        assert_eq!(run(3, &VpTreeSearch::new(metric.clone()), false), n);
        assert_eq!(run(3, &VpTreeSearch::new(Metric::Manhattan), true), n);
        assert_eq!(run(2, &KdTreeSearch::default(), true), n);
        let descent = ApproximateSearch::new(Metric::Manhattan).with_exact_up_to(0);
        assert_eq!(run(2, &descent, true), n);
    }
}

/// Every number is a multiple of 2^-10 and the offset is 2^30: differences are exact, so that neighbors must have the same bits.
#[test]
fn large_offsets_cost_no_digits() {
    let (n, offset) = (900, f64::from(1u32 << 30));
    for d in [3, 20] {
        let x: Vec<f64> = cloud::<f64>(5, n, d).iter().map(|v| (v * 1024.0).round() / 1024.0).collect();
        let far: Vec<f64> = x.iter().map(|v| v + offset).collect();
        let weights: Vec<f64> = (0..d).map(|j| 0.25 + j as f64).collect();
        let weighted = Metric::Minkowski { p: 2.0, weights: Some(weights.into()) };
        for metric in [Metric::Euclidean, Metric::SqEuclidean, weighted, Metric::Manhattan, Metric::Chebyshev] {
            assert_eq!(metric.translation(), Translation::Columns);
            let run = |x: &[f64], search: &dyn NeighborSearch<f64>| {
                let index = search.build(Rows::new(x, n, d).unwrap().into(), Context::new()).unwrap();
                index.knn_graph(NonZeroUsize::new(12).unwrap(), Context::new()).unwrap()
            };
            let near = run(&x, &BruteForceSearch::new(metric.clone()));
            assert_eq!(run(&far, &BruteForceSearch::new(metric.clone())), near, "{metric} in {d} columns");
            assert_eq!(run(&far, &ExactSearch::new(metric.clone())), near, "{metric} in {d} columns");
            // Most neighbors, as without the offset.
            let approximate = run(&far, &ApproximateSearch::new(metric.clone()).with_exact_up_to(0));
            let same = approximate.distances().iter().zip(near.distances()).filter(|(a, b)| a == b).count();
            assert!(same as f64 >= 0.9 * (n * 12) as f64, "{metric} in {d} columns: {same}");
        }
    }
}

/// What the method says of each metric, by pairs of rows that are moved together by multiples of 1/8.
#[test]
fn metrics_know_whether_they_mind_a_translation() {
    for d in [2, 4] {
        for metric in all(d) {
            let x: Vec<f64> = data::<f64>(&metric, 3, 40, d, false).iter().map(|v| (v * 64.0).round() / 64.0).collect();
            let shift: Vec<f64> = (0..d).map(|j| 0.125 * (1 + j) as f64).collect();
            let moved = |row: &[f64]| row.iter().zip(&shift).map(|(v, s)| v + s).collect::<Vec<_>>();
            let mut changes = false;
            for pair in x.chunks_exact(2 * d) {
                let (a, b) = pair.split_at(d);
                let (before, after) = (metric.distance(a, b), metric.distance(&moved(a), &moved(b)));
                // Differences are exact.
                changes |= before != after;
            }
            // SokalMichener and its like are equal for rows that are true everywhere, moved or not.
            assert_eq!(changes, metric.translation() != Translation::Columns, "{metric} in {d} columns");
        }
    }
    assert_eq!(Metric::Precomputed.translation(), Translation::None);
    assert_eq!(Metric::function(|_, _| 0.0).translation(), Translation::None);
}

/// Above the sizes at which blocks, buckets and levels of trees are more than one, beyond 131,072 points: the same bits.
#[test]
fn many_points_have_the_same_bits_for_any_number_of_threads() {
    let n = 140_000usize;
    let x: Vec<f32> = (0..2 * n).map(|i| ((i * 7919) % 100_003) as f32).collect();
    let run = |threads| {
        in_pool(threads, || {
            let graph = ExactSearch::default().neighbors(Rows::new(&x, n, 2).unwrap(), 3).unwrap();
            let p = Uniform::new(NonZeroUsize::new(3).unwrap()).affinities_of(&graph).unwrap();
            (graph, p)
        })
    };
    assert!(run(1) == run(3));
}

/// The forest and the descent above 8,192 points.
#[test]
fn descents_of_many_points_have_the_same_bits() {
    let (n, d) = (8500, 6);
    let x = cloud::<f32>(11, n, d);
    let search = ApproximateSearch::new(Metric::Manhattan).with_seed(3);
    let run = |threads| in_pool(threads, || search.neighbors(Rows::new(&x, n, d).unwrap(), 5).unwrap());
    assert!(run(1) == run(3));
}

/// The first column that no row has is the one that is constant.
#[test]
fn standardized_sparse_rows_name_a_constant_column() {
    let metric = Metric::SEuclidean { variances: None };
    let message = |columns: &[u32], d: usize| {
        let pointers: Vec<usize> = (0..=columns.len()).collect();
        let values: Vec<f64> = (0..columns.len()).map(|v| v as f64).collect();
        let rows = SparseRows::new(&pointers, columns, &values, d).unwrap();
        metric.resolve(rows).map(|_| ()).map_err(|error| error.to_string())
    };
    for (columns, d, first) in
        [(&[0, 1, 2][..], 4, 3), (&[0, 2, 2], 4, 1), (&[1, 2, 3], 1 << 31, 0), (&[0, 0, 0], 9, 1)]
    {
        let error = message(columns, d).unwrap_err();
        assert!(error.starts_with(&format!("variances is 0 for column {first},")), "{error}");
    }
    assert_eq!(message(&[0, 1, 0, 1], 2), Ok(()));
}

/// Every search has the usual calls without a trait in scope, in both scalars.
#[test]
fn searches_and_models_work_alone() {
    fn check<T: Scalar>() {
        let x: Vec<T> = cloud(2, 60, 3);
        let rows = Rows::new(&x, 60, 3).unwrap();
        let expected = ExactSearch::default().neighbors(rows, 5).unwrap();
        assert_eq!(BruteForceSearch::default().neighbors(rows, 5).unwrap(), expected);
        assert_eq!(VpTreeSearch::default().index(rows).unwrap().shape(), (60, 3));
        let model = Uniform::new(NonZeroUsize::new(5).unwrap());
        let p = model.affinities(rows, &KdTreeSearch::default()).unwrap();
        assert_eq!(p, model.affinities_of(&expected).unwrap());
        assert!(matches!(ExactSearch::default().neighbors(rows, 0), Err(Error::Parameter { name: "k", .. })));
    }
    check::<f32>();
    check::<f64>();
}
