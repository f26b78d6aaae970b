//! What data cost in memory: that of what is there, and no copy that nobody keeps. Counted by the allocator: alone in its
//! binary.
#![allow(clippy::unwrap_used)]

mod common;

use common::blobs;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::num::NonZeroUsize;
use tsne::affinity::{ExactSearch, Uniform};
use tsne::core::NeighborSearch;
use tsne::initialization::pca;
use tsne::{Context, Dataset, Embedding, Initialization, Rows, SparseRows, Tsne};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// All bytes that `f` asks for, also those that it gives back.
fn allocated<R>(f: impl FnOnce() -> R) -> usize {
    let region = Region::new(ALLOCATOR);
    f();
    let change = region.change();
    change.bytes_allocated.saturating_add_signed(change.bytes_reallocated.max(0))
}

/// One after the other: the counts are of the whole process.
#[test]
fn memory_is_that_of_what_is_there() {
    sparse_components_take_the_columns_that_occur();
    shared_data_are_not_copied();
    given_graphs_are_not_copied();
    the_index_of_new_points_is_there_once();
}

/// Four rows with two entries each, of which three columns occur, however wide the matrix says it is.
fn sparse_components_take_the_columns_that_occur() {
    let (pointers, columns, values) = (
        vec![0, 2, 4, 6, 8],
        vec![1u32, 900, 1, 70_000, 1, 900, 900, 70_000],
        [1.0, 2.0, 3.0, 1.0, 0.5, 4.0, 2.5, 1.0],
    );
    let components = |d: usize| {
        let x = SparseRows::new(&pointers, &columns, &values, d).unwrap();
        pca::<f64, 2>(x, 0, Context::new()).unwrap()
    };
    // The pool of threads is there before it is counted.
    let narrow = components(70_001);
    for d in [1usize << 24, u32::MAX as usize] {
        let bytes = allocated(|| assert_eq!(components(d), narrow));
        assert!(bytes < 256 << 10, "{bytes} bytes for {d} columns");
    }
    // And they are those of the dense data.
    let dense: Vec<f64> = (0..4)
        .flat_map(|i| [1u32, 900, 70_000].map(|c| (pointers[i]..pointers[i + 1]).find(|&at| columns[at] == c)))
        .map(|at| at.map_or(0.0, |at| values[at]))
        .collect();
    let dense = pca::<f64, 2>(Rows::new(&dense, 4, 3).unwrap(), 0, Context::new()).unwrap();
    for (a, b) in narrow.as_flattened().iter().zip(dense.as_flattened()) {
        assert!((a - b).abs() < 1e-12, "{narrow:?} {dense:?}");
    }
}

/// 4 MB of data: borrowed ones are copied once, to be kept, shared ones never.
fn shared_data_are_not_copied() {
    let (n, d) = (500, 1_000);
    let (x, _) = blobs::<f64>(n, d, 3);
    let rows = Rows::new(&x, n, d).unwrap();
    let start = |keep: bool| {
        let tsne = Tsne::<f64, 2>::builder().affinities(Uniform::new(NonZeroUsize::MIN)).keep_data(keep);
        tsne.initialization(Initialization::Random).build().unwrap()
    };
    let shared = Dataset::dense(x.clone(), n, d).unwrap();
    start(true).prepare_initial(rows).unwrap();
    let not_kept = allocated(|| start(false).prepare_initial(rows).unwrap());
    let kept = allocated(|| start(true).prepare_initial(rows).unwrap());
    let kept_shared = allocated(|| start(true).prepare_initial(shared.clone()).unwrap());
    let (size, slack) = (8 * n * d, 256 << 10);
    assert!(kept + slack >= not_kept + size && kept <= not_kept + size + slack, "{kept} {not_kept}");
    assert!(kept_shared <= not_kept + slack, "{kept_shared} {not_kept}");
}

/// A graph of 4 MB, of which the rule reads one neighbor of each point.
fn given_graphs_are_not_copied() {
    let (n, k) = (600, 599);
    let (x, _) = blobs::<f64>(n, 3, 4);
    let search = ExactSearch::default();
    let graph = search.build(Rows::new(&x, n, 3).unwrap().into(), Context::new()).unwrap();
    let graph = graph.knn_graph(NonZeroUsize::new(k).unwrap(), Context::new()).unwrap();
    let size = n * k * 12;
    let tsne =
        Tsne::<f64, 2>::builder().affinities(Uniform::new(NonZeroUsize::MIN)).initialization(Initialization::Random);
    let tsne = tsne.build().unwrap();
    let embedding = tsne.prepare_initial(&graph).unwrap();
    let bytes = allocated(|| tsne.prepare_initial(&graph).unwrap());
    assert!(bytes < size / 4, "{bytes} bytes beside a graph of {size}");
    let index = embedding.affinity_index();
    let bytes = allocated(|| index.to_new(&graph, None, Context::new()).unwrap());
    assert!(bytes < size / 4, "{bytes} bytes beside a graph of {size}");
    // Kept, it is copied if it was lent, and not if it was handed over.
    let shared = std::sync::Arc::new(graph.clone());
    let bytes = allocated(|| assert!(tsne.affinities(shared.clone()).unwrap().graph().is_some()));
    assert!(bytes < size / 4, "{bytes} bytes beside a graph of {size}");
}

/// By clusters: a copy of the rows in their order and one in single precision with a column more. The first new point pays for it,
/// later ones for nothing that is as long as the map, clones share it, and it goes with the last of them.
fn the_index_of_new_points_is_there_once() {
    let (n, d) = (40_000, 10);
    let (x, _) = blobs::<f64>(n + 3, d, 3);
    let (fitted, new) = x.split_at(n * d);
    let row = |i: usize| Rows::new(&new[i * d..(i + 1) * d], 1, d).unwrap();
    let tsne = Tsne::<f64, 2>::builder().affinities(Uniform::new(NonZeroUsize::MIN));
    let tsne = tsne.initialization(Initialization::Random).build().unwrap();
    let live = || ALLOCATOR.stats().bytes_allocated - ALLOCATOR.stats().bytes_deallocated;
    let place = |embedding: &Embedding<f64, 2>, i: usize| _ = embedding.transform(row(i)).unwrap();
    // What threads keep for themselves is there.
    place(&tsne.prepare_initial(Rows::new(fitted, n, d).unwrap()).unwrap(), 0);
    let before = live();
    let embedding = tsne.prepare_initial(Rows::new(fitted, n, d).unwrap()).unwrap();
    let without = live();
    embedding.affinity_index().to_new(row(0), None, Context::new()).unwrap();
    let index = live() - without;
    let (copy, packed) = (8 * n * d, 4 * n * (d + 1));
    // A number for each point, and what the clusters themselves take.
    assert!((copy + packed..copy + packed + 4 * n + (256 << 10)).contains(&index), "{index} bytes");
    place(&embedding, 1);
    let clone = embedding.clone();
    let bytes = allocated(|| (0..3).for_each(|i| place(&clone, i)));
    assert!(
        bytes < 3 * (64 << 10),
        "{bytes} bytes for three points, where {n} points have a number of four bytes each"
    );
    drop(embedding);
    place(&clone, 2);
    drop(clone);
    assert!(live() < before + (64 << 10), "{} bytes stay", live() - before);
}
