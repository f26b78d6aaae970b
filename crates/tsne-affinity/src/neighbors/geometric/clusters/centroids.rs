//! The centroids of clusters, searched exactly.

use crate::limits;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::geometric::geometry::{Geometry, Ruler, Unit};
use crate::neighbors::geometric::index::nearest;
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::neighbors::geometric::products::Products;
use crate::neighbors::progress::quiet;
use crate::neighbors::request::Found;
use tsne_core::{Context, Error, Result, Scalar};

/// An exact index of centroids. Nothing is checked here: centroids are means of points that were.
pub(super) struct Centroids<'c, V> {
    indexed: IndexedPoints<'c, V>,
    products: Products,
}

impl<'c, V: Scalar> Centroids<'c, V> {
    /// The index of rows, for points of values up to `largest`: one that is far from all others need not be among those that the
    /// rows are means of.
    pub(super) fn new(rows: DenseRows<'c, V>, geometry: Geometry, largest: f64) -> Result<Self> {
        let unit = match geometry {
            Geometry::Euclidean => Unit::Length,
            Geometry::Cosine => Unit::RootOfHalf,
        };
        let indexed = IndexedPoints::among(rows, Ruler::new::<V, V>(geometry, unit), largest)?;
        let products = Products::new(&indexed, Context::new())?;
        Ok(Self { indexed, products })
    }

    /// The `count` centroids nearest to each of `points`, nearest first, row by row, and their distances: lengths, of the
    /// cosine those between directions, over √2.
    pub(super) fn nearest(&self, points: &PointSet<'_, V>, count: usize, cx: Context<'_>) -> Result<Found<V>> {
        if count > limits::items(size_of::<u32>()) / points.rows.n().max(1) {
            return Err(Error::capacity("clusters to visit for each row", count, limits::items(size_of::<u32>())));
        }
        nearest(&self.indexed, &self.products, points, (count, true), quiet(cx))
    }
}
