use super::reference::{PointSet, Reference};
use super::row_map::Input;
use crate::Metric;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_core::{Context, Error, KnnGraph, NeighborIndex, Points, Result, Scalar, Stage};

/// The points whose neighbors are looked for.
pub(super) enum Queries<'b, 'a, T> {
    /// The groups of the reference; none is its own neighbor.
    Own,
    /// Other points.
    Other(&'b PointSet<'a, T>),
}

/// A method that finds neighbors among groups of equal points.
pub(super) trait Engine<T: Scalar>: Send + Sync {
    /// Writes the `k` groups nearest to each query, ascending by (distance, group), into rows of `k`.
    /// There are at least `k` groups, not counting the query's own.
    fn search(
        &self,
        reference: &Reference<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()>;
}

/// An engine with its points: what the searches build. Rows are stored as `V`, distances are numbers of `T`.
pub(super) struct Index<'a, V, I> {
    pub(super) reference: Reference<'a, V>,
    pub(super) engine: Box<dyn Engine<V> + 'a>,
    /// How the engine's rows come from the caller's.
    pub(super) input: I,
    /// What the caller's rows are checked for.
    pub(super) metric: Metric,
}

/// Room for `n` rows of `k`.
pub(super) fn room<T: Scalar>(n: usize, k: usize) -> Result<(Vec<u32>, Vec<T>)> {
    let max = isize::MAX as usize / size_of::<u64>() / n.max(1);
    if k > max {
        return Err(Error::capacity("k, the number of neighbors of each point", k, max));
    }
    let size = n * k;
    Ok((vec![0; size], vec![T::ZERO; size]))
}

/// Checks that `n` points have `k` others each.
pub(super) fn check_own(n: usize, k: usize) -> Result<()> {
    if n < 2 {
        return Err(Error::too_few_points(n, 2));
    }
    if k >= n {
        return Err(Error::parameter("k", k, format_args!("at most {}, the number of other points", n - 1)));
    }
    Ok(())
}

/// Checks that queries of `given` columns can have `k` neighbors among points of shape `(n, d)`.
pub(super) fn check_queries((n, d): (usize, usize), given: usize, k: usize) -> Result<()> {
    if given != d {
        return Err(Error::shape("queries (columns)", d, given));
    }
    if k > n {
        return Err(Error::parameter("k", k, format_args!("at most {n}, the number of indexed points")));
    }
    Ok(())
}

impl<T: Scalar, V: Scalar, I: Input<T, V>> NeighborIndex<T> for Index<'_, V, I> {
    fn shape(&self) -> (usize, usize) {
        (self.reference.points.rows.n(), self.reference.points.rows.d())
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        let (n, _) = NeighborIndex::<T>::shape(self);
        let k = k.get();
        check_own(n, k)?;
        cx.check()?;
        let m = self.reference.groups.len();
        let k_groups = k.min(m - 1);
        let (mut indices, mut distances) = room::<V>(m, k_groups)?;
        if k_groups > 0 {
            self.engine.search(&self.reference, Queries::Own, k_groups, &mut indices, &mut distances, cx)?;
        }
        if !self.reference.groups.is_trivial() {
            (indices, distances) = self.reference.groups.expand_rows((&indices, &distances, k_groups), n, k, true)?;
        }
        cx.advance(Stage::Neighbors, n, n);
        KnnGraph::from_parts(k, n, indices, narrow(distances))
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        let (n, d) = NeighborIndex::<T>::shape(self);
        let k = k.get();
        check_queries((n, d), queries.d(), k)?;
        let queries = queries.dense("this index")?;
        queries.check_finite()?;
        super::space::check_rows(queries.into(), &self.metric)?;
        cx.check()?;
        let points = PointSet::new(self.input.rows(queries)?, self.reference.ruler.geometry);
        self.reference.ruler.check(points.rows.largest(), d)?;
        let k_groups = k.min(self.reference.groups.len());
        let (mut indices, mut distances) = room::<V>(queries.n(), k_groups)?;
        self.engine.search(&self.reference, Queries::Other(&points), k_groups, &mut indices, &mut distances, cx)?;
        if !self.reference.groups.is_trivial() {
            let found = (&indices[..], &distances[..], k_groups);
            (indices, distances) = self.reference.groups.expand_rows(found, queries.n(), k, false)?;
        }
        cx.advance(Stage::Neighbors, queries.n(), queries.n());
        KnnGraph::from_parts(k, n, indices, narrow(distances))
    }
}

/// Distances that were rounded to `T` already, as numbers of `T`.
fn narrow<V: Scalar, T: Scalar>(distances: Vec<V>) -> Vec<T> {
    distances.into_iter().map(|v| T::from_f64(v.to_f64())).collect()
}

/// Counts rows that are complete and tells the listener, from any thread.
pub(super) struct Counter<'c> {
    done: AtomicUsize,
    total: usize,
    cx: Context<'c>,
}

impl<'c> Counter<'c> {
    pub(super) const fn new(total: usize, cx: Context<'c>) -> Self {
        Self { done: AtomicUsize::new(0), total, cx }
    }

    pub(super) fn add(&self, rows: usize) {
        let before = self.done.fetch_add(rows, Ordering::Relaxed);
        // The end is reported once by the index, in the caller's unit.
        if before + rows < self.total {
            self.cx.advance(Stage::Neighbors, before + rows, self.total);
        }
    }
}
