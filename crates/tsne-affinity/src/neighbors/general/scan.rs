//! All pairs of a space, in blocks.

use super::distances::{Distances, Space, check};
use crate::neighbors::nearest::Nearest;
use crate::neighbors::progress::Counter;
use crate::neighbors::request::{Stored, check_own, check_queries, numbers, stored_room};
use crate::neighbors::wanted::Wanted;
use crate::ordered;
use std::num::NonZeroUsize;
use tsne_core::{Context, KnnGraph, NeighborIndex, Points, Result, Scalar, Stage};

/// Rows in one task, which read the same points.
const ROWS: usize = 32;
/// Points measured at once: a few hundred dense rows stay in the cache of a core for all rows of a task.
const POINTS: usize = 512;

/// An index that compares all pairs.
pub(in crate::neighbors) struct Scan<'a, T> {
    space: Box<dyn Space<T> + 'a>,
    /// 0, 1, ..., `n - 1`.
    points: Vec<u32>,
}

impl<'a, T: Scalar> Scan<'a, T> {
    pub(in crate::neighbors) fn new(space: Box<dyn Space<T> + 'a>) -> Result<Self> {
        let points = numbers(space.shape().0)?;
        Ok(Self { space, points })
    }

    fn search(
        &self,
        rows: &dyn Distances<T>,
        wanted: &Wanted,
        own: bool,
        k: usize,
        cx: Context<'_>,
    ) -> Result<KnnGraph<T>> {
        let (indices, distances) = all_pairs(rows, wanted, &self.points, own, k, cx)?;
        cx.advance(Stage::Neighbors, wanted.len(), wanted.len());
        KnnGraph::from_arrays(k, rows.n_points(), indices, distances)
    }
}

/// The `k` nearest of `points`, which are all, to each row that is wanted; `own` says that rows are points, and leaves each itself out.
pub(in crate::neighbors) fn all_pairs<T: Scalar>(
    rows: &dyn Distances<T>,
    wanted: &Wanted,
    points: &[u32],
    own: bool,
    k: usize,
    cx: Context<'_>,
) -> Result<Stored<T>> {
    search(wanted.len(), k, ROWS, cx, |first, nearest, measured: &mut Vec<T>| {
        for points in points.chunks(POINTS) {
            cx.check()?;
            for (r, nearest) in nearest.iter_mut().enumerate() {
                measure(rows, wanted.at(first + r), points, own, nearest, measured)?;
            }
        }
        Ok(())
    })
}

/// Offers all `points` to the list of one row; `own` says that rows are points, and leaves the row itself out.
pub(in crate::neighbors) fn measure<T: Scalar>(
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

/// Finds the neighbors of `n` rows by blocks of `block` rows: `f` gets the place of the first row, a list for each row of the
/// block, and what a thread keeps between blocks.
pub(in crate::neighbors) fn search<T: Scalar, S: Default + Send>(
    n: usize,
    k: usize,
    block: usize,
    cx: Context<'_>,
    f: impl Fn(usize, &mut [Nearest<T>], &mut S) -> Result<()> + Sync,
) -> Result<Stored<T>> {
    let (mut indices, mut distances) = stored_room::<T>(n, k, cx)?;
    let counter = Counter::new(n, cx);
    ordered::try_for_each2(
        (&mut indices, k.saturating_mul(block)),
        (&mut distances, k.saturating_mul(block)),
        || ((0..block).map(|_| Nearest::new()).collect::<Vec<_>>(), S::default()),
        |(nearest, kept), b, indices, distances| {
            let rows = indices.len() / k;
            let nearest = &mut nearest[..rows];
            nearest.iter_mut().for_each(|nearest| nearest.reset(k));
            cx.check()?;
            f(b * block, nearest, kept)?;
            for ((nearest, indices), distances) in
                nearest.iter_mut().zip(indices.chunks_exact_mut(k)).zip(distances.chunks_exact_mut(k))
            {
                nearest.finish(indices, distances);
            }
            counter.add(rows);
            Ok(())
        },
    )?;
    Ok((indices, distances))
}

impl<T: Scalar> NeighborIndex<T> for Scan<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        check_own(self.shape().0, k.get())?;
        cx.check()?;
        let wanted = Wanted::Range(cx.rows(self.points.len()));
        self.search(&*self.space.own(), &wanted, true, k.get(), cx)
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        check_queries(self.shape(), queries.d(), k.get())?;
        cx.check()?;
        self.search(&*self.space.to(queries)?, &Wanted::all(queries.n()), false, k.get(), cx)
    }
}
