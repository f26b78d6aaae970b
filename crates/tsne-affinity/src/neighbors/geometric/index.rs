//! An index of the points of a geometry: groups of equal points are searched, and their points put back.

use super::finder::{Asked, Finder, MakeFinder, Queries};
use super::geometry::Ruler;
use super::indexed::{IndexedPoints, PointSet};
use super::mapping::Mapping;
use super::row_map::{AsGiven, RowSource};
use crate::metric::Metric;
use crate::neighbors::checked::{Checked, check_rows};
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::request::{Found, check_others, check_own, check_queries, room, stored_room};
use std::num::NonZeroUsize;
use tsne_core::{Array, Context, KnnGraph, NeighborIndex, Points, Result, Scalar, Stage};

/// A finder with its points: what the searches build. Rows are stored as `V`, distances are numbers of `T`.
struct Index<'a, V, S> {
    indexed: IndexedPoints<'a, V>,
    finder: Box<dyn Finder<V> + 'a>,
    /// How the finder's rows come from the caller's.
    source: S,
    /// What the caller's rows are checked for.
    metric: Metric,
}

/// The index of checked rows under their metric, which is `mapping`.
pub(in crate::neighbors) fn index<'a, T: Scalar>(
    checked: Checked<'a, T>,
    mapping: Mapping,
    make: &impl MakeFinder,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    let (geometry, unit) = (mapping.geometry, mapping.unit);
    // Rows that are mapped are a copy of all.
    let rows = match mapping.map {
        None => checked.source.dense_or_dealt("this index")?,
        Some(_) => checked.source.dense("this index")?,
    };
    let metric = checked.metric;
    if let DenseRows::Dealt(rows) = &rows {
        rows.check(cx)?;
    }
    match mapping.map {
        None => {
            let indexed = IndexedPoints::new(rows, Ruler::new::<T, T>(geometry, unit), cx)?;
            let finder = make.make(&indexed, cx)?;
            Ok(Box::new(Index { indexed, finder, source: AsGiven, metric }))
        }
        Some(map) => {
            let indexed = IndexedPoints::new(map.rows(rows)?, Ruler::new::<f64, T>(geometry, unit), cx)?;
            let finder = make.make(&indexed, cx)?;
            Ok(Box::new(Index { indexed, finder, source: map, metric }))
        }
    }
}

/// The `k` points nearest to each of `points`, which are rows of the finder and finite.
pub(super) fn nearest<V: Scalar>(
    indexed: &IndexedPoints<'_, V>,
    finder: &dyn Finder<V>,
    points: &PointSet<'_, V>,
    (k, exactly): (usize, bool),
    cx: Context<'_>,
) -> Result<Found<V>> {
    indexed.ruler.check(points.rows.largest(), points.rows.d())?;
    let n = points.rows.n();
    let k_groups = k.min(indexed.groups.len());
    let (mut indices, mut distances) = room::<V>(n, k_groups)?;
    match exactly {
        true => finder.search_exactly(indexed, points, k_groups, &mut indices, &mut distances, cx)?,
        false => finder.search(indexed, Queries::Other(points), k_groups, &mut indices, &mut distances, cx)?,
    }
    if indexed.groups.is_trivial() {
        return Ok((indices, distances));
    }
    let (mut all_indices, mut all_distances) = room::<V>(n, k)?;
    let out = (&mut all_indices[..], &mut all_distances[..]);
    indexed.groups.expand_rows((&indices, &distances, k_groups), &(0..n), (k, None), out);
    Ok((all_indices, all_distances))
}

impl<T: Scalar, V: Scalar, S: RowSource<T, V>> NeighborIndex<T> for Index<'_, V, S> {
    fn shape(&self) -> (usize, usize) {
        (self.indexed.points.rows.n(), self.indexed.points.rows.d())
    }

    fn is_exact(&self) -> bool {
        self.finder.is_exact()
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        let (n, _) = NeighborIndex::<T>::shape(self);
        let k = k.get();
        check_own(n, k)?;
        cx.check()?;
        let groups = &self.indexed.groups;
        let k_groups = k.min(groups.len() - 1);
        let points = cx.rows(n);
        let wanted = groups.wanted(&points)?;
        let (mut indices, mut distances) = stored_room::<V>(wanted.len(), k_groups, cx)?;
        if k_groups > 0 {
            self.finder.search(&self.indexed, Queries::Own(&wanted), k_groups, &mut indices, &mut distances, cx)?;
        }
        if !groups.is_trivial() {
            let (mut all_indices, mut all_distances) = stored_room::<V>(points.len(), k, cx)?;
            let out = (&mut all_indices[..], &mut all_distances[..]);
            groups.expand_rows((&indices, &distances, k_groups), &points, (k, Some(&wanted)), out);
            (indices, distances) = (all_indices, all_distances);
        }
        cx.advance(Stage::Neighbors, points.len(), points.len());
        KnnGraph::from_arrays(k, n, indices, narrow(distances, cx)?)
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.knn_of(queries, (k, false), cx)
    }

    fn knn_exact(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<Option<KnnGraph<T>>> {
        self.knn_of(queries, (k, true), cx).map(Some)
    }

    fn ranks(&self, rows: &[u32], others: &[u32], cx: Context<'_>) -> Result<Option<Vec<u32>>> {
        let k = check_others(NeighborIndex::<T>::shape(self).0, rows, others)?;
        cx.check()?;
        if k == 0 {
            return Ok(Some(Vec::new()));
        }
        self.finder.ranks(&self.indexed, Asked { rows, others, k }, cx)
    }
}

impl<V: Scalar, S> Index<'_, V, S> {
    fn knn_of<T: Scalar>(
        &self,
        queries: Points<'_, T>,
        (k, exactly): (NonZeroUsize, bool),
        cx: Context<'_>,
    ) -> Result<KnnGraph<T>>
    where
        S: RowSource<T, V>,
    {
        let (n, d) = NeighborIndex::<T>::shape(self);
        let k = k.get();
        check_queries((n, d), queries.d(), k)?;
        let queries = queries.dense("this index")?;
        queries.check_finite()?;
        check_rows(queries.into(), &self.metric)?;
        cx.check()?;
        let points = PointSet::new(self.source.rows(DenseRows::Borrowed(queries))?, self.indexed.ruler.geometry)?;
        let (indices, distances) = nearest(&self.indexed, &*self.finder, &points, (k, exactly), cx)?;
        cx.advance(Stage::Neighbors, queries.n(), queries.n());
        KnnGraph::from_arrays(k, n, indices.into(), narrow(distances.into(), cx)?)
    }
}

/// Distances that were rounded to `T` already, as numbers of `T`.
fn narrow<V: Scalar, T: Scalar>(distances: Array<V>, cx: Context<'_>) -> Result<Array<T>> {
    distances.converted("distances of neighbors", |v: V| T::from_f64(v.to_f64()), cx)
}
