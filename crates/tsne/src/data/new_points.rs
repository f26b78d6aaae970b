//! What new points come as.

use std::sync::Arc;
use tsne_core::{Affinities, KnnGraph, Points, Rows, SparseRows};

/// New points that can be placed into a map. Every call that takes them takes `impl Into<NewPoints>`.
///
/// Points need an embedding that was fitted to points, and that kept them. Neighbors and affinities serve every embedding.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NewPoints<'a, T> {
    /// Data points in the columns of the fitted ones. With [`Metric::Precomputed`](crate::Metric::Precomputed), the
    /// distances of each new point to all fitted ones.
    Points(Points<'a, T>),
    /// The same in double precision, which is rounded to `T` less the [offset](crate::Dataset::offset) of the fitted ones.
    PointsF64(Points<'a, f64>),
    /// The nearest fitted points of each new point with their distances.
    Graph(&'a KnnGraph<T>),
    /// Conditional affinities of the new points (rows) to the fitted ones (columns).
    Affinities(Arc<Affinities<T>>),
}

impl<'a, T> NewPoints<'a, T> {
    /// Data points in double precision, for a map in any number type.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{NewPoints, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let embedding = Tsne::<f32, 2>::builder().perplexity(10.0).n_iter(50).build()?.fit(Rows::new(&data, 60, 5)?)?;
    /// let new: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 5.0];
    /// let placed = embedding.transform(NewPoints::from_f64(Rows::new(&new, 1, 5)?))?;
    /// assert_eq!(placed.positions(), embedding.transform(Rows::new(&new.map(|v| v as f32), 1, 5)?)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn from_f64(points: impl Into<Points<'a, f64>>) -> Self {
        Self::PointsF64(points.into())
    }

    /// The neighbors, if they were given.
    pub(crate) const fn graph(&self) -> Option<&'a KnnGraph<T>> {
        match self {
            Self::Graph(graph) => Some(graph),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident, $value:ident => $convert:expr;)*) => {
        $(
            impl<'a, T> From<$source> for NewPoints<'a, T> {
                fn from($value: $source) -> Self {
                    Self::$variant($convert)
                }
            }
        )*
    };
}

from! {
    Points<'a, T> => Points, points => points;
    Rows<'a, T> => Points, rows => Points::Dense(rows);
    SparseRows<'a, T> => Points, rows => Points::Sparse(rows);
    &'a KnnGraph<T> => Graph, graph => graph;
    Affinities<T> => Affinities, affinities => Arc::new(affinities);
    Arc<Affinities<T>> => Affinities, affinities => affinities;
}
