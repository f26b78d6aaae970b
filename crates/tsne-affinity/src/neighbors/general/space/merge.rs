//! Two sparse rows, column by column.

use crate::neighbors::source::dense_queries;
use tsne_core::{Points, Result, Scalar, SparseRows};

/// The rows of `points`.
pub(in crate::neighbors) fn sparse_rows<'a, T: Scalar>(points: Points<'a, T>) -> Result<SparseRows<'a, T>> {
    match points {
        Points::Sparse(rows) => Ok(rows),
        _ => Err(dense_queries()),
    }
}

/// Columns merged at a time.
const MERGED: usize = 32;

/// Calls `f` with column and values for each column that is stored in one of two rows, in ascending order. The row in
/// which it is not stored has its background there.
///
/// Which row comes next cannot be predicted. So the columns are merged first, in whole numbers and without branches, and
/// then the values are read and multiplied by 0 where they do not count (of conditions between numbers the compiler makes
/// branches). 5,000 rows of 40 values, `examples/sparse_time`: 2.9 s instead of 4.8.
#[inline(always)]
pub(super) fn merge<V: Scalar>(
    (ca, va): (&[u32], &[V]),
    (cb, vb): (&[u32], &[V]),
    (background_a, background_b): (f64, f64),
    mut f: impl FnMut(usize, f64, f64),
) {
    let (va, vb) = (&va[..ca.len()], &vb[..cb.len()]);
    let (mut i, mut j) = (0, 0);
    let mut merged = [(0u32, 0u32, 0u32, 0u32); MERGED];
    while i < ca.len() && j < cb.len() {
        let mut count = 0;
        while count < MERGED && i < ca.len() && j < cb.len() {
            let (a, b) = (ca[i], cb[j]);
            let (from_a, from_b) = (u32::from(a <= b), u32::from(b <= a));
            merged[count] = (i as u32, j as u32, from_a, from_b);
            count += 1;
            i += from_a as usize;
            j += from_b as usize;
        }
        for &(i, j, from_a, from_b) in &merged[..count] {
            let value = |v: V, from: u32, background| v.to_f64() * f64::from(from) + background * f64::from(1 - from);
            let (a, x) = (ca[i as usize], value(va[i as usize], from_a, background_a));
            let (b, y) = (cb[j as usize], value(vb[j as usize], from_b, background_b));
            f(a.min(b) as usize, x, y);
        }
    }
    ca[i..].iter().zip(&va[i..]).for_each(|(&c, v)| f(c as usize, v.to_f64(), background_b));
    cb[j..].iter().zip(&vb[j..]).for_each(|(&c, v)| f(c as usize, background_a, v.to_f64()));
}
