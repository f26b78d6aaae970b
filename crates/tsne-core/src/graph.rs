use crate::array::Array;
use crate::blocks;
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// What is wrong with a row.
fn fault<T: Scalar>(i: usize, row: &[u32], lengths: &[T], n_reference: usize) -> Option<String> {
    if let Some(j) = row.iter().find(|&&j| j as usize >= n_reference) {
        return Some(format!("row {i} names point {j}, but there are {n_reference}"));
    }
    if let Some(v) = lengths.iter().find(|v| !(v.is_finite() && **v >= T::ZERO)) {
        return Some(format!("row {i} has the distance {v}, but distances are finite and not negative"));
    }
    let ascending = lengths.windows(2).all(|pair| pair[0] <= pair[1]);
    (!ascending).then(|| format!("the distances of row {i} do not ascend: sort each row by (distance, index)"))
}

/// The `k` nearest neighbors of each of `n` points.
///
/// Row `i` lists neighbor indices and distances (in the metric's own unit; Euclidean distances are not squared),
/// ascending by `(distance, index)`. A point is not its own neighbor in a graph over one set of points.
#[derive(Debug, Clone, PartialEq)]
pub struct KnnGraph<T> {
    k: usize,
    n_reference: usize,
    indices: Array<u32>,
    distances: Array<T>,
}

impl<T: Scalar> KnnGraph<T> {
    /// A graph from its parts: `n × k` neighbor indices below `n_reference` and `n × k` distances, row-major.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless both have the same length, a multiple of `k`; [`Error::Invalid`] where an index is
    /// not below `n_reference`, or a distance is negative, infinite or NaN, or a row does not ascend by distance.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::KnnGraph;
    ///
    /// // Points at 0, 1 and 3 on a line, and the nearest other one of each.
    /// let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
    /// assert_eq!(graph.row(2), (&[1][..], &[2.0][..]));
    /// assert!(KnnGraph::from_parts(1, 3, vec![1, 0, 3], vec![1.0, 1.0, 2.0]).is_err()); // There is no point 3.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn from_parts(k: usize, n_reference: usize, indices: Vec<u32>, distances: Vec<T>) -> Result<Self> {
        Self::from_arrays(k, n_reference, indices.into(), distances.into())
    }

    /// [`KnnGraph::from_parts`] of arrays that may be in files.
    ///
    /// # Errors
    ///
    /// Those of [`KnnGraph::from_parts`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, KnnGraph};
    ///
    /// let cx = Context::new();
    /// let (mut indices, distances) = (cx.zeros::<u32>("neighbors", 2)?, cx.zeros::<f64>("distances", 2)?);
    /// indices[0] = 1;
    /// assert_eq!(KnnGraph::from_arrays(1, 2, indices, distances)?.row(0), (&[1][..], &[0.0][..]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn from_arrays(k: usize, n_reference: usize, indices: Array<u32>, distances: Array<T>) -> Result<Self> {
        if k == 0 {
            return Err(Error::parameter("k", k, "at least 1"));
        }
        if indices.len() != distances.len() {
            return Err(Error::shape("distances", indices.len(), distances.len()));
        }
        if !indices.len().is_multiple_of(k) {
            return Err(Error::shape("indices", indices.len().next_multiple_of(k), indices.len()));
        }
        let (all_indices, all_distances) = (&indices[..], &distances[..]);
        let checked = |i: usize| {
            let (row, lengths) = (&all_indices[i * k..(i + 1) * k], &all_distances[i * k..(i + 1) * k]);
            // Without branches, which a vector has none of; what is wrong is looked for only where something is.
            let within = row.iter().fold(true, |all, &j| all & ((j as usize) < n_reference));
            let lengthy = lengths.iter().fold(true, |all, v| all & (v.is_finite() & (*v >= T::ZERO)));
            let ascending = lengths.iter().zip(lengths.iter().skip(1)).fold(true, |all, (a, b)| all & (a <= b));
            if within & lengthy & ascending { None } else { fault(i, row, lengths, n_reference) }
        };
        if let Some(why) = blocks::find_first(indices.len() / k, checked) {
            return Err(Error::invalid("neighbor graph", why));
        }
        Ok(Self { k, n_reference, indices, distances })
    }

    /// The number of rows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// assert_eq!(graph.n(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn n(&self) -> usize {
        self.indices.len() / self.k
    }

    /// The number of neighbors in a row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// assert_eq!(graph.k(), 2);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn k(&self) -> usize {
        self.k
    }

    /// The number of points among which neighbors were looked for.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// assert_eq!(graph.n_reference(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn n_reference(&self) -> usize {
        self.n_reference
    }

    /// The neighbors of point `i` and their distances, nearest first; empty beyond the last row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// assert_eq!(graph.row(2), (&[1, 0][..], &[2.0, 3.0][..]));
    /// assert!(graph.row(3).0.is_empty());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn row(&self, i: usize) -> (&[u32], &[T]) {
        let range = i.saturating_mul(self.k)..i.saturating_mul(self.k).saturating_add(self.k);
        match (self.indices.get(range.clone()), self.distances.get(range)) {
            (Some(indices), Some(distances)) => (indices, distances),
            _ => (&[], &[]),
        }
    }

    /// All neighbor indices, `n × k`, row-major.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// assert_eq!(graph.indices(), [1, 2, 0, 2, 1, 0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// All distances, `n × k`, row-major.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// assert_eq!(graph.distances(), [1.0, 3.0, 1.0, 2.0, 2.0, 3.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn distances(&self) -> &[T] {
        &self.distances
    }

    /// The parts back: `k`, the number of reference points, indices and distances. Arrays that are in files are copied into memory:
    /// [`KnnGraph::into_arrays`] leaves them there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let (k, n_reference, indices, distances) = graph.clone().into_parts();
    /// assert_eq!(KnnGraph::from_parts(k, n_reference, indices, distances)?, graph);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn into_parts(self) -> (usize, usize, Vec<u32>, Vec<T>) {
        (self.k, self.n_reference, self.indices.into_vec(), self.distances.into_vec())
    }

    /// The parts back, as [`KnnGraph::into_parts`], with the arrays where they are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::KnnGraph;
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let (k, n_reference, indices, distances) = graph.clone().into_arrays();
    /// assert_eq!(KnnGraph::from_arrays(k, n_reference, indices, distances)?, graph);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn into_arrays(self) -> (usize, usize, Array<u32>, Array<T>) {
        (self.k, self.n_reference, self.indices, self.distances)
    }
}
