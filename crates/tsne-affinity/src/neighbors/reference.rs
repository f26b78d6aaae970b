use super::duplicates::Groups;
use super::geometry::{Geometry, Ruler, length};
use super::matrix::Matrix;
use rayon::prelude::*;
use tsne_core::{Result, Scalar, simd};

/// The indexed points, and how distances between them are measured.
#[derive(Debug)]
pub(super) struct Reference<'a, T> {
    pub(super) points: PointSet<'a, T>,
    pub(super) ruler: Ruler,
    pub(super) groups: Groups,
}

/// Rows with the lengths that the cosine needs.
#[derive(Debug)]
pub(super) struct PointSet<'a, T> {
    pub(super) rows: Matrix<'a, T>,
    /// The length of each row for [`Geometry::Cosine`], else empty.
    lengths: Vec<f64>,
}

impl<'a, T: Scalar> PointSet<'a, T> {
    pub(super) fn new(rows: Matrix<'a, T>, geometry: Geometry) -> Self {
        let lengths = match geometry {
            Geometry::Euclidean => Vec::new(),
            Geometry::Cosine => (0..rows.n()).into_par_iter().map(|i| length(rows.row(i))).collect(),
        };
        Self { rows, lengths }
    }

    /// Row `i` and its length; the length is 1 where the geometry does not ask for it.
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> (&[T], f64) {
        (self.rows.row(i), self.lengths.get(i).copied().unwrap_or(1.0))
    }
}

impl<'a, T: Scalar> Reference<'a, T> {
    /// # Errors
    ///
    /// Where values are too large.
    pub(super) fn new(rows: Matrix<'a, T>, ruler: Ruler) -> Result<Self> {
        let ruler = ruler.fit(rows.largest(), rows.d())?;
        let groups = Groups::new(rows.view()?);
        Ok(Self { points: PointSet::new(rows, ruler.geometry), ruler, groups })
    }

    /// The distance in the metric's unit, from a sum of squares in the engine's units.
    #[inline(always)]
    pub(super) fn distance_of(&self, squared: f64) -> T {
        T::from_f64(self.ruler.distance_of(squared))
    }

    /// An upper bound on the sum of squares, in the engine's units, of every pair whose *returned* distance is at most
    /// `distance`.
    pub(super) fn squared_bound(&self, distance: T) -> f64 {
        self.ruler.squared_bound(distance.to_f64(), self.points.rows.d())
    }

    /// Exact distances from one row to the points that `candidates` name by representative.
    pub(super) fn distances(&self, query: (&[T], f64), candidates: &[u32], out: &mut Vec<(T, u32)>) {
        simd::dispatch(Distances { reference: self, query, candidates, out });
    }
}

struct Distances<'b, 'a, T> {
    reference: &'b Reference<'a, T>,
    query: (&'b [T], f64),
    candidates: &'b [u32],
    out: &'b mut Vec<(T, u32)>,
}

impl<T: Scalar> simd::Task for Distances<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { reference, query, candidates, out } = self;
        for &candidate in candidates {
            let other = reference.points.get(reference.groups.representative(candidate as usize));
            out.push((reference.distance_of(reference.ruler.square(query, other)), candidate));
        }
    }
}
