//! Dense rows that are borrowed, owned, or shared.

use tsne_core::{Result, Rows, Scalar, SharedRows, blocks};

/// Dense rows, of the caller or computed from the caller's.
#[derive(Debug)]
pub(in crate::neighbors) enum DenseRows<'a, V> {
    /// The caller's.
    Borrowed(Rows<'a, V>),
    /// Computed, or shared with the caller.
    Owned(SharedRows<V>),
}

impl<V: Scalar> DenseRows<'_, V> {
    /// Computed rows.
    pub(in crate::neighbors) fn owned(values: Vec<V>, n: usize, d: usize) -> Result<Self> {
        SharedRows::new(values, n, d).map(Self::Owned)
    }

    pub(in crate::neighbors) fn n(&self) -> usize {
        self.view().n()
    }

    pub(in crate::neighbors) fn d(&self) -> usize {
        self.view().d()
    }

    /// Row `i`; the empty row beyond the last one.
    #[inline(always)]
    pub(in crate::neighbors) fn row(&self, i: usize) -> &[V] {
        self.view().row(i)
    }

    #[inline(always)]
    pub(in crate::neighbors) fn view(&self) -> Rows<'_, V> {
        match self {
            Self::Borrowed(rows) => *rows,
            Self::Owned(rows) => rows.rows(),
        }
    }

    /// The largest absolute value.
    pub(in crate::neighbors) fn largest(&self) -> f64 {
        blocks::map(&mut Vec::new(), self.n(), |range| {
            range.flat_map(|i| self.row(i)).fold(0.0f64, |a, v| a.max(v.to_f64().abs()))
        })
        .iter()
        .fold(0.0f64, |a, &b| a.max(b))
    }
}
