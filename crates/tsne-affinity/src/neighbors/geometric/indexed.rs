//! The indexed points of a geometry, and exact distances to them.

use super::geometry::{Geometry, Ruler, length};
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::duplicates::Groups;
use std::ops::Range;
use tsne_core::{Context, Result, Scalar, blocks, chunks, memory, simd};

/// The indexed points, and how distances between them are measured.
#[derive(Debug)]
pub(in crate::neighbors) struct IndexedPoints<'a, T> {
    pub(in crate::neighbors) points: PointSet<'a, T>,
    pub(in crate::neighbors) ruler: Ruler,
    pub(in crate::neighbors) groups: Groups,
}

/// Rows with the lengths that the cosine needs.
#[derive(Debug)]
pub(in crate::neighbors) struct PointSet<'a, T> {
    pub(in crate::neighbors) rows: DenseRows<'a, T>,
    /// The length of each row that is at hand for [`Geometry::Cosine`], else empty.
    lengths: Vec<f64>,
    /// The first row that is at hand.
    first: usize,
}

impl<'a, T: Scalar> PointSet<'a, T> {
    pub(in crate::neighbors) fn new(rows: DenseRows<'a, T>, geometry: Geometry) -> Result<Self> {
        let (mut lengths, at_hand) = (Vec::new(), rows.view());
        if geometry == Geometry::Cosine {
            memory::resize("lengths of rows", &mut lengths, at_hand.n(), 0.0)?;
            chunks::for_each(&mut lengths, blocks::BLOCK, |b, lengths| {
                lengths.iter_mut().zip(blocks::range(b, at_hand.n())).for_each(|(to, i)| *to = length(at_hand.row(i)));
            });
        }
        let first = rows.at_hand().start;
        Ok(Self { rows, lengths, first })
    }

    /// Some of the rows.
    pub(in crate::neighbors) fn part(&self, range: &Range<usize>) -> Result<PointSet<'_, T>> {
        let at_hand = range.start.wrapping_sub(self.first)..range.end.wrapping_sub(self.first);
        let lengths = memory::copied("lengths of rows", self.lengths.get(at_hand).unwrap_or_default())?;
        Ok(PointSet { rows: self.rows.part(range)?, lengths, first: 0 })
    }

    /// Row `i` and its length; the length is 1 where the geometry does not ask for it.
    #[inline(always)]
    pub(in crate::neighbors) fn get(&self, i: usize) -> (&[T], f64) {
        (self.rows.row(i), self.lengths.get(i.wrapping_sub(self.first)).copied().unwrap_or(1.0))
    }
}

impl<'a, T: Scalar> IndexedPoints<'a, T> {
    /// The members of a team look at the rows of their points; all call this together.
    ///
    /// # Errors
    ///
    /// Where values are too large.
    pub(in crate::neighbors) fn new(rows: DenseRows<'a, T>, ruler: Ruler, cx: Context<'_>) -> Result<Self> {
        cx.check()?;
        let own = rows.largest_of(&cx.rows(rows.n()));
        let largest = cx.gather_one(own)?.into_iter().fold(0.0, f64::max);
        cx.check()?;
        let groups = Groups::of_rows(&rows, cx)?;
        cx.check()?;
        let ruler = ruler.fit(largest, rows.d())?;
        Self::of_groups(rows, ruler, groups)
    }

    /// The same for points that are compared with others, of values up to `largest`: each process has its own.
    pub(in crate::neighbors) fn among(rows: DenseRows<'a, T>, ruler: Ruler, largest: f64) -> Result<Self> {
        let alone = Context::new();
        let largest = rows.largest().max(largest);
        let groups = Groups::of_rows(&rows, alone)?;
        let ruler = ruler.fit(largest, rows.d())?;
        Self::of_groups(rows, ruler, groups)
    }

    fn of_groups(rows: DenseRows<'a, T>, ruler: Ruler, groups: Groups) -> Result<Self> {
        Ok(Self { points: PointSet::new(rows, ruler.geometry)?, ruler, groups })
    }

    /// The distance in the metric's unit, from a sum of squares in the finder's units.
    #[inline(always)]
    pub(in crate::neighbors) fn distance_of(&self, squared: f64) -> T {
        T::from_f64(self.ruler.distance_of(squared))
    }

    /// An upper bound on the sum of squares, in the finder's units, of every pair whose *returned* distance is at most
    /// `distance`.
    pub(in crate::neighbors) fn squared_bound(&self, distance: T) -> f64 {
        self.ruler.squared_bound(distance.to_f64(), self.points.rows.d())
    }

    /// A lower bound on the sum of squares of every pair whose *returned* distance is at least `distance`.
    pub(in crate::neighbors) fn squared_floor(&self, distance: T) -> f64 {
        self.ruler.squared_floor(distance.to_f64(), self.points.rows.d())
    }

    /// Exact distances from one row to the points that `candidates` name by representative, behind those that are there.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(in crate::neighbors) fn distances(
        &self,
        query: (&[T], f64),
        candidates: &[u32],
        out: &mut Vec<(T, u32)>,
    ) -> Result<()> {
        memory::grow("distances of candidates", out, candidates.len())?;
        simd::dispatch(ToCandidates { indexed: self, query, candidates, out });
        Ok(())
    }
}

struct ToCandidates<'b, 'a, T> {
    indexed: &'b IndexedPoints<'a, T>,
    query: (&'b [T], f64),
    candidates: &'b [u32],
    out: &'b mut Vec<(T, u32)>,
}

impl<T: Scalar> simd::Task for ToCandidates<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { indexed, query, candidates, out } = self;
        for &candidate in candidates {
            let other = indexed.points.get(indexed.groups.representative(candidate as usize));
            out.push((indexed.distance_of(indexed.ruler.square(query, other)), candidate));
        }
    }
}
