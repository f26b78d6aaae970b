//! All pairs of a space, in blocks.

use super::grouped::Found;
use super::index::{Counter, check_own, check_queries, room};
use super::nearest::Nearest;
use super::space::{Distances, Space, check};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_core::{Context, KnnGraph, NeighborIndex, Points, Result, Scalar, Stage};

/// Rows in one task, which read the same points.
const ROWS: usize = 32;
/// Points measured at once: a few hundred dense rows stay in the cache of a core for all rows of a task.
const POINTS: usize = 512;

/// An index that compares all pairs.
pub(super) struct Scan<'a, T> {
    space: Box<dyn Space<T> + 'a>,
    /// 0, 1, ..., `n - 1`.
    points: Vec<u32>,
}

impl<'a, T: Scalar> Scan<'a, T> {
    pub(super) fn new(space: Box<dyn Space<T> + 'a>) -> Self {
        let points = (0..space.shape().0 as u32).collect();
        Self { space, points }
    }

    fn search(&self, rows: &dyn Distances<T>, own: bool, k: usize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        let (indices, distances) = all_pairs(rows, &self.points, own, k, cx)?;
        cx.advance(Stage::Neighbors, rows.n_rows(), rows.n_rows());
        KnnGraph::from_parts(k, rows.n_points(), indices, distances)
    }
}

/// The `k` nearest of `points`, which are all, to each row; `own` says that rows are points, and leaves each itself out.
pub(super) fn all_pairs<T: Scalar>(
    rows: &dyn Distances<T>,
    points: &[u32],
    own: bool,
    k: usize,
    cx: Context<'_>,
) -> Result<Found<T>> {
    search(rows, k, ROWS, cx, |first, nearest, measured: &mut Vec<T>| {
        for points in points.chunks(POINTS) {
            cx.check()?;
            for (r, nearest) in nearest.iter_mut().enumerate() {
                measure(rows, first + r, points, own, nearest, measured)?;
            }
        }
        Ok(())
    })
}

/// Offers all `points` to the list of one row; `own` says that rows are points, and leaves the row itself out.
pub(super) fn measure<T: Scalar>(
    rows: &dyn Distances<T>,
    row: usize,
    points: &[u32],
    own: bool,
    nearest: &mut Nearest<T>,
    measured: &mut Vec<T>,
) -> Result<()> {
    measured.resize(points.len(), T::ZERO);
    rows.measure(row, points, measured);
    if own && let Some(place) = points.iter().position(|&j| j as usize == row) {
        measured[place] = T::ZERO;
    }
    check(rows, row, points, measured)?;
    for (&distance, &point) in measured.iter().zip(points) {
        if !(own && point as usize == row) {
            nearest.offer(distance, point);
        }
    }
    Ok(())
}

/// Finds neighbors by blocks of `block` rows: `f` gets the first row, a list for each row of the block, and what a thread
/// keeps between blocks.
pub(super) fn search<T: Scalar, S: Default>(
    rows: &dyn Distances<T>,
    k: usize,
    block: usize,
    cx: Context<'_>,
    f: impl Fn(usize, &mut [Nearest<T>], &mut S) -> Result<()> + Sync,
) -> Result<Found<T>> {
    let n = rows.n_rows();
    let (mut indices, mut distances) = room::<T>(n, k)?;
    let counter = Counter::new(n, cx);
    // The lowest block that failed: those beyond it cannot change the result, those before it can.
    let failed = AtomicUsize::new(usize::MAX);
    let results: Vec<Result<()>> = indices
        .par_chunks_mut(k * block)
        .zip(distances.par_chunks_mut(k * block))
        .enumerate()
        .map_init(
            || ((0..block).map(|_| Nearest::new()).collect::<Vec<_>>(), S::default()),
            |(nearest, kept), (b, (indices, distances))| {
                if b > failed.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let rows = indices.len() / k;
                let nearest = &mut nearest[..rows];
                nearest.iter_mut().for_each(|nearest| nearest.reset(k));
                if let Err(error) = cx.check().and_then(|()| f(b * block, nearest, kept)) {
                    failed.fetch_min(b, Ordering::Relaxed);
                    return Err(error);
                }
                for ((nearest, indices), distances) in
                    nearest.iter_mut().zip(indices.chunks_exact_mut(k)).zip(distances.chunks_exact_mut(k))
                {
                    nearest.finish(indices, distances);
                }
                counter.add(rows);
                Ok(())
            },
        )
        .collect();
    // The error of the first block that has one, whichever was met first.
    results.into_iter().collect::<Result<()>>()?;
    Ok((indices, distances))
}

impl<T: Scalar> NeighborIndex<T> for Scan<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        check_own(self.shape().0, k.get())?;
        cx.check()?;
        self.search(&*self.space.own(), true, k.get(), cx)
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        check_queries(self.shape(), queries.d(), k.get())?;
        cx.check()?;
        self.search(&*self.space.to(queries)?, false, k.get(), cx)
    }
}
