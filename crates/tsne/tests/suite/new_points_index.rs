//! The index that new points are searched in: built once for a map and its clones, by whoever comes first, and of no effect on any bit.

use crate::common::{bits, blobs};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne::affinity::{BruteForceSearch, ExactSearch};
use tsne::{
    Context, Dataset, Embedding, Metric, NeighborIndex, NeighborSearch, Neighbors, Points, Preset, Result, Rows,
    SharedPoints, SharedRows, TransformParams, Tsne,
};

const N: usize = 1_200;
const M: usize = 40;
const D: usize = 9;

/// Points to fit and new ones.
fn data() -> (Vec<f32>, Vec<f32>) {
    let (mut x, _) = blobs::<f32>(N + M, D, 17);
    let new = x.split_off(N * D);
    (x, new)
}

fn fitted(x: &[f32], metric: Metric, neighbors: Neighbors<f32>) -> Embedding<f32, 2> {
    let tsne = Tsne::<_, 2>::builder().perplexity(6.0);
    // A search of one's own measures distances itself.
    let tsne = if matches!(neighbors, Neighbors::Custom(_)) { tsne } else { tsne.metric(metric) };
    let tsne = tsne.neighbors(neighbors);
    let tsne = tsne.early_exaggeration_iter(2).n_iter(3).build().unwrap();
    tsne.fit(Rows::new(x, x.len() / D, D).unwrap()).unwrap()
}

fn place(embedding: &Embedding<f32, 2>, new: &[f32]) -> Vec<u64> {
    let rows = Rows::new(new, new.len() / D, D).unwrap();
    let params = TransformParams::preset(Preset::Recommended).n_iter(5);
    bits(embedding.transform_with(rows, &params, None, Context::new()).unwrap().positions())
}

/// As before there was an index to keep: each call has a map of its own, which builds anew.
#[test]
fn later_calls_clones_and_loaded_maps_place_alike() {
    let (x, new) = data();
    let approximate = |metric| -> Neighbors<f32> {
        Neighbors::Custom(Arc::new(tsne::affinity::ApproximateSearch::new(metric).with_exact_up_to(0)))
    };
    for (metric, neighbors) in [
        (Metric::Euclidean, Neighbors::Auto),
        (Metric::Manhattan, Neighbors::Exact),
        (Metric::Euclidean, approximate(Metric::Euclidean)),
        (Metric::Cosine, approximate(Metric::Cosine)),
        (Metric::Manhattan, approximate(Metric::Manhattan)),
    ] {
        let fresh = || fitted(&x, metric.clone(), neighbors.clone());
        let expected = place(&fresh(), &new);
        let embedding = fresh();
        let clone = embedding.clone();
        for (i, row) in new.chunks_exact(D).enumerate() {
            assert_eq!(place(&embedding, row), expected[2 * i..2 * i + 2], "{metric}: {i}");
        }
        assert_eq!(place(&embedding, &new), expected, "{metric}");
        drop(embedding);
        assert_eq!(place(&clone, &new), expected, "{metric}: a clone, after its original");
        if !matches!(neighbors, Neighbors::Custom(_)) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("map.tsne");
            clone.save(&path).unwrap();
            let loaded = Embedding::<f32, 2>::load(&path).unwrap();
            assert_eq!(place(&loaded, &new[..D]), expected[..2], "{metric}: loaded, one");
            assert_eq!(place(&loaded, &new), expected, "{metric}: loaded");
        }
    }
}

/// Data of the caller's own: dropped, or changed after a copy was kept.
#[test]
fn the_index_outlives_the_data_of_the_caller() {
    let (mut x, new) = data();
    let expected = place(&fitted(&x, Metric::Euclidean, Neighbors::Auto), &new);
    let embedding = fitted(&x, Metric::Euclidean, Neighbors::Auto);
    assert_eq!(place(&embedding, &new[..D]), expected[..2]);
    let tsne = Tsne::<_, 2>::builder().perplexity(6.0).early_exaggeration_iter(2).n_iter(3).build().unwrap();
    let shared = Dataset::dense(x.clone(), N, D).unwrap();
    let of_shared = tsne.fit(shared.clone()).unwrap();
    drop(shared);
    x.fill(0.0);
    drop(x);
    assert_eq!(place(&embedding, &new), expected);
    assert_eq!(place(&of_shared, &new), expected);
}

#[test]
fn ten_thousand_calls_from_many_threads() {
    let (x, new) = data();
    let embedding = fitted(&x, Metric::Euclidean, Neighbors::Auto);
    let expected = place(&fitted(&x, Metric::Euclidean, Neighbors::Auto), &new);
    let params = TransformParams::preset(Preset::Recommended).n_iter(5);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                loop {
                    let call = next.fetch_add(1, Ordering::Relaxed);
                    if call >= 10_000 {
                        return;
                    }
                    let i = call % M;
                    let row = Rows::new(&new[i * D..(i + 1) * D], 1, D).unwrap();
                    let placed = embedding.transform_with(row, &params, None, Context::new()).unwrap();
                    assert_eq!(bits(placed.positions()), expected[2 * i..2 * i + 2]);
                }
            });
        }
    });
}

/// A search of one's own that counts what it builds, with an index to keep or without.
#[derive(Debug)]
struct Counting {
    built: [AtomicUsize; 2],
    keeps: bool,
}

impl NeighborSearch<f32> for Counting {
    fn build<'a>(&self, points: Points<'a, f32>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<f32> + 'a>> {
        self.built[0].fetch_add(1, Ordering::Relaxed);
        BruteForceSearch::new(Metric::Euclidean).build(points, cx)
    }

    fn build_shared(&self, points: &SharedPoints<f32>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<f32>>>> {
        if !self.keeps {
            return Ok(None);
        }
        self.built[1].fetch_add(1, Ordering::Relaxed);
        BruteForceSearch::new(Metric::Euclidean).build_shared(points, cx)
    }
}

#[test]
fn a_search_of_ones_own_is_kept_if_it_has_what_to_keep() {
    let (x, new) = data();
    let expected = place(&fitted(&x, Metric::Euclidean, Neighbors::Exact), &new);
    for (keeps, builds) in [(true, [1, 1]), (false, [4, 0])] {
        let search = Arc::new(Counting { built: Default::default(), keeps });
        let embedding = fitted(&x, Metric::Euclidean, Neighbors::Custom(Arc::clone(&search) as Arc<_>));
        // Before any new point: the fit kept nothing, and preparing builds what can be kept, once.
        let params = TransformParams::preset(Preset::Recommended).n_iter(5);
        assert_eq!(search.built[1].load(Ordering::Relaxed), 0);
        embedding.prepare_reference(&params, Context::new()).unwrap();
        assert_eq!(search.built[1].load(Ordering::Relaxed), usize::from(keeps));
        for _ in 0..3 {
            assert_eq!(place(&embedding.clone(), &new), expected);
        }
        assert_eq!(search.built.each_ref().map(|count| count.load(Ordering::Relaxed)), builds);
    }
}

/// The index is that of the recipe, and stays where only the rule of affinities changes; new data are a new index.
#[test]
fn another_rule_keeps_the_index_and_other_data_do_not() {
    let (x, new) = data();
    let search = Arc::new(Counting { built: Default::default(), keeps: true });
    let tsne = Tsne::<_, 2>::builder().perplexity(6.0).neighbors(Neighbors::Custom(Arc::clone(&search) as Arc<_>));
    let tsne = tsne.build().unwrap();
    let rows = Rows::new(&new, M, D).unwrap();
    let mut index = tsne.affinities(Rows::new(&x, N, D).unwrap()).unwrap();
    let before = index.to_new(rows, None, Context::new()).unwrap();
    index.set_perplexity(4.0).unwrap();
    let after = index.to_new(rows, None, Context::new()).unwrap();
    assert_ne!(before.affinities, after.affinities);
    assert_eq!(search.built[1].load(Ordering::Relaxed), 1);
    let half = tsne.affinities(Rows::new(&x[..N / 2 * D], N / 2, D).unwrap()).unwrap();
    let other = half.to_new(rows, None, Context::new()).unwrap();
    assert_eq!(other.affinities.n_columns(), N / 2);
    assert_eq!(search.built[1].load(Ordering::Relaxed), 2);
    let points = SharedRows::new(x[..N / 2 * D].to_vec(), N / 2, D).unwrap();
    let k = NonZeroUsize::new(other.graph.as_ref().unwrap().k()).unwrap();
    let exact = ExactSearch::new(Metric::Euclidean).build(points.rows().into(), Context::new()).unwrap();
    assert_eq!(other.graph.unwrap(), exact.knn(rows.into(), k, Context::new()).unwrap());
}
