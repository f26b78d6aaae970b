//! Dense rows that are borrowed, owned, or shared.

use std::ops::Range;
use tsne_core::{Result, Rows, Scalar, SharedRows, blocks, memory};

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

    /// Some of the rows, which the caller's are copied for: they may stand any number of values apart.
    pub(in crate::neighbors) fn part(&self, range: &Range<usize>) -> Result<DenseRows<'_, V>> {
        let d = self.d();
        match self {
            Self::Owned(rows) => {
                let values = rows.values().get(range.start * d..range.end * d).unwrap_or_default();
                Rows::new(values, range.len(), d).map(DenseRows::Borrowed)
            }
            Self::Borrowed(rows) => {
                let mut values = Vec::new();
                memory::reserve("copies of rows", &mut values, range.len().saturating_mul(d))?;
                range.clone().for_each(|i| values.extend_from_slice(rows.row(i)));
                DenseRows::owned(values, range.len(), d)
            }
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
