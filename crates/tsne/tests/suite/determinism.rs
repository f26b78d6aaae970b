//! The same bits for any number of threads, through a whole fit.

use crate::common::{bits, blobs};
use tsne::{
    Context, Float, Initialization, Interpolation, Metric, Neighbors, Points, Preset, Rows, SparseRows,
    TransformParams, Tsne,
};

/// More than one block of every reduction, and a last one that is not full.
const N: usize = 2_500;

#[track_caller]
fn check<T: Float, const D: usize>(preset: Preset, method: &str, interpolation: Interpolation) {
    let (x, _) = blobs::<T>(N, 12, 11);
    let fit = |n_jobs: i32| {
        let builder = Tsne::<_, D>::preset(preset).negative_gradient_method(method);
        let builder = builder.early_exaggeration_iter(15).n_iter(25).interpolation(interpolation);
        let tsne = builder.perplexity(20.0).n_jobs(n_jobs).build().unwrap();
        let embedding = tsne.fit(Rows::new(&x, N, 12).unwrap()).unwrap();
        (bits(embedding.positions()), embedding.kl_divergence().to_bits())
    };
    let one = fit(1);
    for n_jobs in [2, 3, 8] {
        assert!(fit(n_jobs) == one, "{preset}, {method}, {interpolation:?}, {D}-D: {n_jobs} threads differ from one");
    }
}

#[test]
fn every_repulsion_in_both_scalars() {
    let [exact, tree, grid] = ["exact", "bh", "fft"];
    for method in [exact, tree, grid] {
        check::<f32, 2>(Preset::Recommended, method, Interpolation::BSpline);
        check::<f64, 2>(Preset::OpenTsne, method, Interpolation::BSpline);
    }
    check::<f32, 2>(Preset::OpenTsne, grid, Interpolation::Lagrange);
    check::<f32, 1>(Preset::Recommended, grid, Interpolation::BSpline);
    check::<f32, 3>(Preset::Recommended, tree, Interpolation::BSpline);
}

/// Many blocks of every sum and a last one that is not full, by the defaults.
#[test]
fn thousands_of_points_by_the_defaults() {
    let n = 8_200;
    let (x, _) = blobs::<f32>(n, 3, 17);
    let fit = |n_jobs: i32| {
        let tsne = Tsne::<_, 2>::builder().perplexity(5.0).early_exaggeration_iter(3).n_iter(4).n_jobs(n_jobs);
        let map = tsne.build().unwrap().fit(Rows::new(&x, n, 3).unwrap()).unwrap();
        (bits(map.positions()), map.kl_divergence().to_bits())
    };
    let one = fit(1);
    for n_jobs in [2, 5] {
        assert!(fit(n_jobs) == one, "{n_jobs} threads differ from one");
    }
}

#[test]
fn the_seed_changes_the_map_and_nothing_else_does() {
    let (x, _) = blobs::<f32>(400, 5, 3);
    let fit = |seed: u64| {
        let tsne = Tsne::<_, 2>::builder().random_state(seed).build().unwrap();
        bits(tsne.fit(Rows::new(&x, 400, 5).unwrap()).unwrap().positions())
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}

#[test]
fn approximate_neighbors_spectral_starts_sparse_rows_and_new_points() {
    // Beyond what is searched exactly, so that clusters and the descent on the graph are in use.
    let n = 4_500;
    let (x, _) = blobs::<f32>(n, 9, 13);
    let rows = Rows::new(&x, n, 9).unwrap();
    let (pointers, columns): (Vec<usize>, Vec<u32>) =
        ((0..=n).map(|i| i * 9).collect(), (0..n).flat_map(|_| 0..9).collect());
    let sparse = SparseRows::new(&pointers, &columns, &x, 9).unwrap();
    for (metric, is_sparse) in [(Metric::Euclidean, false), (Metric::Manhattan, false), (Metric::Cosine, true)] {
        let run = |n_jobs: i32| {
            let builder = Tsne::<_, 2>::builder().metric(metric.clone()).neighbors(Neighbors::Approx);
            let builder = builder.initialization(Initialization::Spectral).early_exaggeration_iter(4).n_iter(4);
            let tsne = builder.perplexity(8.0).n_jobs(n_jobs).build().unwrap();
            let fitted: Points<'_, f32> = if is_sparse { sparse.into() } else { rows.into() };
            let embedding = tsne.fit(fitted).unwrap();
            let params = TransformParams::preset(Preset::Recommended).n_jobs(n_jobs).n_iter(5);
            let placed = embedding.transform_with(fitted, &params, None, Context::new()).unwrap();
            (bits(embedding.positions()), bits(placed.positions()), placed.kl_divergence().to_bits())
        };
        let one = run(1);
        for n_jobs in [2, 7] {
            assert!(run(n_jobs) == one, "{metric}: {n_jobs} threads differ from one");
        }
    }
}
