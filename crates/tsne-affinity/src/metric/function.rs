use std::fmt;
use std::sync::Arc;

/// A distance given as a function of two rows: the value inside [`Metric::Function`](super::Metric::Function).
///
/// Clones share the function. Two values are equal if they share it.
#[derive(Clone)]
pub struct DistanceFunction(Arc<RowFunction>);

type RowFunction = dyn Fn(&[f64], &[f64]) -> f64 + Send + Sync;

impl DistanceFunction {
    /// Wraps a function; [`Metric::function`](super::Metric::function) states what it must do.
    ///
    /// ```
    /// let f = tsne_affinity::DistanceFunction::new(|a, b| (a[0] - b[0]).abs());
    /// assert_eq!(f.call(&[1.0], &[4.0]), 3.0);
    /// ```
    pub fn new(f: impl Fn(&[f64], &[f64]) -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(f))
    }

    /// What the function returns for two rows.
    ///
    /// # Examples
    ///
    /// ```
    /// let f = tsne_affinity::DistanceFunction::new(|a, b| (a[0] - b[0]).abs().max((a[1] - b[1]).abs()));
    /// assert_eq!(f.call(&[1.0, 0.0], &[4.0, 5.0]), 5.0);
    /// ```
    pub fn call(&self, a: &[f64], b: &[f64]) -> f64 {
        (self.0)(a, b)
    }
}

impl fmt::Debug for DistanceFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DistanceFunction").finish_non_exhaustive()
    }
}

impl PartialEq for DistanceFunction {
    fn eq(&self, other: &Self) -> bool {
        // Not the pointers' metadata: one function can have several tables.
        std::ptr::addr_eq(Arc::as_ptr(&self.0), Arc::as_ptr(&other.0))
    }
}
