//! A space in which equal points are one.

use super::distances::{Distances, Space};
use super::space::space;
use crate::neighbors::checked::Checked;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::request::{Stored, check_own, check_queries, stored_room};
use crate::neighbors::wanted::Wanted;
use std::num::NonZeroUsize;
use std::ops::Range;
use tsne_core::{Context, KnnGraph, Points, Result, Scalar, Stage};

/// Points mapped from groups to representatives at a time, on the stack.
const CHUNK: usize = 128;

/// A space and its groups of equal points. Searches see one point for each group.
pub(in crate::neighbors) struct Grouped<'a, T> {
    space: Box<dyn Space<T> + 'a>,
    groups: Groups,
}

impl<'a, T: Scalar> Grouped<'a, T> {
    /// Groups equal points where the metric is 0 between them.
    pub(in crate::neighbors) fn new(checked: &Checked<'a, T>) -> Result<Self> {
        let points = checked.points();
        let groups = if checked.metric.is_zero_for_equal_rows() {
            Groups::of_points(points)?
        } else {
            Groups::distinct(points.n())
        };
        Ok(Self { space: space(checked)?, groups })
    }

    /// The number of points and of their columns.
    pub(in crate::neighbors) fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    /// The number of groups.
    pub(in crate::neighbors) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Each group as a row.
    pub(in crate::neighbors) fn own(&self) -> Box<dyn Distances<T> + '_> {
        self.wrap(self.space.own(), true)
    }

    fn wrap<'q>(&'q self, distances: Box<dyn Distances<T> + 'q>, own: bool) -> Box<dyn Distances<T> + 'q> {
        if self.groups.is_trivial() { distances } else { Box::new(ToGroups { distances, groups: &self.groups, own }) }
    }

    /// The graph of all points, in a team of those of this member, from a search among the groups, which gets distances, the groups
    /// whose neighbors are wanted, and how many.
    pub(in crate::neighbors) fn knn_graph(
        &self,
        k: NonZeroUsize,
        cx: Context<'_>,
        search: impl FnOnce(&dyn Distances<T>, &Wanted, usize) -> Result<Stored<T>>,
    ) -> Result<KnnGraph<T>> {
        let (n, k) = (self.shape().0, k.get());
        check_own(n, k)?;
        cx.check()?;
        let points = cx.rows(n);
        let wanted = self.groups.wanted(&points)?;
        let k_groups = k.min(self.len() - 1);
        let found = if k_groups == 0 { Stored::default() } else { search(&*self.own(), &wanted, k_groups)? };
        self.finish(found, k_groups, &points, k, Some(&wanted), cx)
    }

    /// The neighbors of new points, all of them.
    pub(in crate::neighbors) fn knn(
        &self,
        queries: Points<'_, T>,
        k: NonZeroUsize,
        cx: Context<'_>,
        search: impl FnOnce(&dyn Distances<T>, usize) -> Result<Stored<T>>,
    ) -> Result<KnnGraph<T>> {
        let k = k.get();
        check_queries(self.shape(), queries.d(), k)?;
        cx.check()?;
        let distances = self.wrap(self.space.to(queries)?, false);
        let k_groups = k.min(self.len());
        let found = search(&*distances, k_groups)?;
        self.finish(found, k_groups, &(0..queries.n()), k, None, cx)
    }

    fn finish(
        &self,
        (mut indices, mut distances): Stored<T>,
        k_groups: usize,
        points: &Range<usize>,
        k: usize,
        own: Option<&Wanted>,
        cx: Context<'_>,
    ) -> Result<KnnGraph<T>> {
        if !self.groups.is_trivial() {
            let (mut all_indices, mut all_distances) = stored_room::<T>(points.len(), k, cx)?;
            let out = (&mut all_indices[..], &mut all_distances[..]);
            self.groups.expand_rows((&indices, &distances, k_groups), points, (k, own), out);
            (indices, distances) = (all_indices, all_distances);
        }
        cx.advance(Stage::Neighbors, points.len(), points.len());
        KnnGraph::from_arrays(k, self.groups.n(), indices, distances)
    }
}

/// Distances to groups, and where rows are `own`, of groups.
struct ToGroups<'q, T> {
    distances: Box<dyn Distances<T> + 'q>,
    groups: &'q Groups,
    own: bool,
}

impl<T: Scalar> Distances<T> for ToGroups<'_, T> {
    fn n_rows(&self) -> usize {
        if self.own { self.groups.len() } else { self.distances.n_rows() }
    }

    fn n_points(&self) -> usize {
        self.groups.len()
    }

    fn measure(&self, row: usize, points: &[u32], out: &mut [T]) {
        let mut representatives = [0; CHUNK];
        for (points, out) in points.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let mapped = &mut representatives[..points.len()];
            mapped.iter_mut().zip(points).for_each(|(to, &from)| *to = self.point(from));
            self.distances.measure(self.row(row), mapped, out);
        }
    }

    fn row(&self, row: usize) -> usize {
        if self.own { self.groups.representative(row) } else { row }
    }

    fn point(&self, point: u32) -> u32 {
        self.groups.representative(point as usize) as u32
    }
}
