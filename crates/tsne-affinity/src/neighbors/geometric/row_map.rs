//! Metrics that are the Euclidean distance or the cosine of mapped rows.

use crate::limits;
use crate::metric::distance::{center, ranks};
use crate::neighbors::dense_rows::DenseRows;
use crate::ordered::Kept;
use tsne_core::{Error, Result, Rows, Scalar, chunks, memory};

/// Rows mapped in one task.
const BLOCK: usize = 256;

/// What is done to a row before it is measured.
#[derive(Debug)]
pub(in crate::neighbors) enum RowMap {
    /// Columns minus `origin`, times `factors`. The origin is a point of the data: differences keep their digits.
    Scale {
        /// Subtracted first.
        origin: Vec<f64>,
        /// One for each column.
        factors: Vec<f64>,
    },
    /// `Lᵀ (x - origin)`.
    Triangle {
        /// Subtracted first.
        origin: Vec<f64>,
        /// The lower triangle `L`, `d × d`, row-major.
        lower: Vec<f64>,
    },
    /// The row minus its mean.
    Center,
    /// The square root of each value.
    Roots,
    /// The ranks of the values, minus their mean.
    Ranks,
}

impl RowMap {
    fn apply(&self, row: &[f64], out: &mut [f64]) {
        match self {
            Self::Scale { origin, factors } => {
                for (((out, v), o), f) in out.iter_mut().zip(row).zip(origin).zip(factors) {
                    *out = (v - o) * f;
                }
            }
            Self::Triangle { origin, lower } => {
                out.fill(0.0);
                let d = row.len();
                for (j, (v, o)) in row.iter().zip(origin).enumerate() {
                    let x = v - o;
                    out.iter_mut().zip(&lower[j * d..=j * d + j]).for_each(|(out, l)| *out += l * x);
                }
            }
            Self::Center => {
                out.copy_from_slice(row);
                center(out);
            }
            Self::Roots => out.iter_mut().zip(row).for_each(|(out, v)| *out = v.sqrt()),
            Self::Ranks => {
                out.copy_from_slice(&ranks(row));
                center(out);
            }
        }
    }
}

/// How the rows of a finder come from the caller's.
pub(in crate::neighbors) trait RowSource<T: Scalar, V: Scalar>: Send + Sync + 'static {
    /// The rows of the finder, checked where the caller's are not enough to know.
    fn rows<'q>(&self, rows: DenseRows<'q, T>) -> Result<DenseRows<'q, V>>;
}

/// The caller's rows as they are.
#[derive(Debug)]
pub(in crate::neighbors) struct AsGiven;

impl<T: Scalar> RowSource<T, T> for AsGiven {
    fn rows<'q>(&self, rows: DenseRows<'q, T>) -> Result<DenseRows<'q, T>> {
        Ok(rows)
    }
}

impl<T: Scalar> RowSource<T, f64> for RowMap {
    fn rows<'q>(&self, rows: DenseRows<'q, T>) -> Result<DenseRows<'q, f64>> {
        map_rows(rows.view(), rows.d(), |row, out| self.apply(row, out))
    }
}

/// Computes rows of `width` values from rows in `f64`.
pub(in crate::neighbors) fn map_rows<'q, T: Scalar>(
    rows: Rows<'_, T>,
    width: usize,
    map: impl Fn(&[f64], &mut [f64]) + Sync,
) -> Result<DenseRows<'q, f64>> {
    let n = rows.n();
    let max = limits::items(size_of::<f64>()) / n.max(1);
    if width > max {
        return Err(Error::capacity("d, the number of columns in f64", width, max));
    }
    let mut values = memory::filled("mapped rows", n * width, 0.0)?;
    let kept = Kept::new(|| vec![0.0; rows.d()]);
    chunks::for_each(&mut values, width.max(1).saturating_mul(BLOCK), |b, out| {
        kept.with(|row| {
            for (r, out) in out.chunks_exact_mut(width.max(1)).enumerate() {
                row.iter_mut().zip(rows.row(b * BLOCK + r)).for_each(|(row, v)| *row = v.to_f64());
                map(row, out);
            }
        });
    });
    let matrix = DenseRows::owned(values, n, width)?;
    match matrix.view().check_finite() {
        Err(Error::NonFinite { row, .. }) => Err(Error::invalid(
            "data",
            format_args!(
                "row {row} overflows under the metric: divide the data, or the metric's parameters, by a constant"
            ),
        )),
        other => other.map(|()| matrix),
    }
}
