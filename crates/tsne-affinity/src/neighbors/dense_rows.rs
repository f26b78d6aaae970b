//! Dense rows that are borrowed, owned, or shared, or of which each member of a team has a part.

use std::ops::Range;
use tsne_core::{DealtRows, Result, Rows, Scalar, SharedRows, blocks, memory};

/// Dense rows, of the caller or computed from the caller's.
#[derive(Debug)]
pub(in crate::neighbors) enum DenseRows<'a, V> {
    /// The caller's.
    Borrowed(Rows<'a, V>),
    /// Computed, or shared with the caller.
    Owned(SharedRows<V>),
    /// The caller's, of whose rows other members of the team have the others.
    Dealt(DealtRows<'a, V>),
}

impl<V: Scalar> DenseRows<'_, V> {
    /// Computed rows.
    pub(in crate::neighbors) fn owned(values: Vec<V>, n: usize, d: usize) -> Result<Self> {
        SharedRows::new(values, n, d).map(Self::Owned)
    }

    pub(in crate::neighbors) fn n(&self) -> usize {
        match self {
            Self::Borrowed(rows) => rows.n(),
            Self::Owned(rows) => rows.rows().n(),
            Self::Dealt(rows) => rows.n(),
        }
    }

    pub(in crate::neighbors) fn d(&self) -> usize {
        self.view().d()
    }

    /// Row `i`; the empty row of one that is not [at hand](Self::at_hand).
    #[inline(always)]
    pub(in crate::neighbors) fn row(&self, i: usize) -> &[V] {
        match self {
            Self::Borrowed(rows) => rows.row(i),
            Self::Owned(rows) => rows.rows().row(i),
            Self::Dealt(rows) => {
                debug_assert!(rows.own().contains(&i), "row {i} is not one of {:?}", rows.own());
                rows.row(i)
            }
        }
    }

    /// The rows that this process has.
    pub(in crate::neighbors) fn at_hand(&self) -> Range<usize> {
        match self {
            Self::Dealt(rows) => rows.own(),
            _ => 0..self.n(),
        }
    }

    /// Those that are [at hand](Self::at_hand), numbered from the first of them.
    #[inline(always)]
    pub(in crate::neighbors) fn view(&self) -> Rows<'_, V> {
        match self {
            Self::Borrowed(rows) => *rows,
            Self::Owned(rows) => rows.rows(),
            Self::Dealt(rows) => rows.rows(),
        }
    }

    /// The values of rows that are stored one after the other; of others, none.
    pub(in crate::neighbors) fn values(&self) -> &[V] {
        match self {
            Self::Owned(rows) => rows.values(),
            _ => &[],
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
            Self::Borrowed(_) | Self::Dealt(_) => {
                let mut values = Vec::new();
                memory::reserve("copies of rows", &mut values, range.len().saturating_mul(d))?;
                range.clone().for_each(|i| values.extend_from_slice(self.row(i)));
                DenseRows::owned(values, range.len(), d)
            }
        }
    }

    /// The largest absolute value of the rows that are at hand.
    pub(in crate::neighbors) fn largest(&self) -> f64 {
        self.largest_of(&self.at_hand())
    }

    /// The largest absolute value of some rows.
    pub(in crate::neighbors) fn largest_of(&self, range: &Range<usize>) -> f64 {
        blocks::map(&mut Vec::new(), range.len(), |part| {
            let values = part.flat_map(|i| self.row(range.start + i));
            values.fold(0.0f64, |a, v| a.max(v.to_f64().abs()))
        })
        .iter()
        .fold(0.0f64, |a, &b| a.max(b))
    }
}
