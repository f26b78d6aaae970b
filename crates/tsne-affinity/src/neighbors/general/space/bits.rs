//! Boolean metrics on dense rows: one bit for each value.

use super::form::Form;
use crate::metric::Metric;
use crate::metric::distance::boolean;
use crate::neighbors::source::Source;
use tsne_core::{Result, Scalar, chunks, memory, simd};

const BITS: usize = u64::BITS as usize;

/// Rows of bits packed in words; bits beyond the last column are 0.
#[derive(Debug)]
pub(super) struct BitRows {
    words: Vec<u64>,
    /// Words in a row.
    width: usize,
    d: usize,
}

impl BitRows {
    fn row(&self, i: usize) -> &[u64] {
        self.words.get(i * self.width..(i + 1) * self.width).unwrap_or_default()
    }
}

/// A boolean metric from counts of bits.
pub(super) struct Counted(pub(super) Metric);

impl<T: Scalar> Form<T> for Counted {
    type Table<'a> = BitRows;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<BitRows> {
        let rows = points.points().dense("this index")?;
        let (d, width) = (rows.d(), rows.d().div_ceil(BITS));
        let mut words = memory::filled("rows of bits", rows.n() * width, 0u64)?;
        chunks::for_each(&mut words, width, |i, words| {
            for (word, values) in words.iter_mut().zip(rows.row(i).chunks(BITS)) {
                *word = values.iter().enumerate().fold(0, |w, (b, v)| w | (u64::from(*v != T::ZERO) << b));
            }
        });
        Ok(BitRows { words, width, d })
    }

    fn measure(&self, rows: &BitRows, row: usize, indexed: &BitRows, points: &[u32], _: bool, out: &mut [T]) {
        let row = rows.row(row);
        for (out, &point) in out.iter_mut().zip(points) {
            let (tt, tf, ft) = simd::dispatch(Counts(row, indexed.row(point as usize)));
            let ff = indexed.d as u64 - tt - tf - ft;
            *out = T::from_f64(boolean(&self.0, tt as f64, tf as f64, ft as f64, ff as f64));
        }
    }
}

/// The columns true in both rows, in the first only, in the second only.
struct Counts<'b>(&'b [u64], &'b [u64]);

impl simd::Task for Counts<'_> {
    type Output = (u64, u64, u64);
    #[inline(always)]
    fn run(self) -> (u64, u64, u64) {
        let count = |word: u64| u64::from(word.count_ones());
        self.0
            .iter()
            .zip(self.1)
            .fold((0, 0, 0), |(tt, tf, ft), (&a, &b)| (tt + count(a & b), tf + count(a & !b), ft + count(b & !a)))
    }
}
