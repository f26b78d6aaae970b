//! Dense rows that are borrowed or owned.

use tsne_core::{Result, Rows, Scalar, blocks};

/// Dense rows, of the caller or computed from the caller's.
#[derive(Debug)]
pub(in crate::neighbors) enum DenseRows<'a, V> {
    /// The caller's.
    Borrowed(Rows<'a, V>),
    /// Computed: `n × d`, row-major.
    Owned {
        /// The values.
        values: Vec<V>,
        /// The number of rows.
        n: usize,
        /// The number of columns.
        d: usize,
    },
}

impl<V: Scalar> DenseRows<'_, V> {
    pub(in crate::neighbors) const fn n(&self) -> usize {
        match self {
            Self::Borrowed(rows) => rows.n(),
            Self::Owned { n, .. } => *n,
        }
    }

    pub(in crate::neighbors) const fn d(&self) -> usize {
        match self {
            Self::Borrowed(rows) => rows.d(),
            Self::Owned { d, .. } => *d,
        }
    }

    /// Row `i`; the empty row beyond the last one.
    #[inline(always)]
    pub(in crate::neighbors) fn row(&self, i: usize) -> &[V] {
        match self {
            Self::Borrowed(rows) => rows.row(i),
            Self::Owned { values, d, .. } => values.get(i * d..(i + 1) * d).unwrap_or_default(),
        }
    }

    pub(in crate::neighbors) fn view(&self) -> Result<Rows<'_, V>> {
        match self {
            Self::Borrowed(rows) => Ok(*rows),
            Self::Owned { values, n, d } => Rows::new(values, *n, *d),
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
