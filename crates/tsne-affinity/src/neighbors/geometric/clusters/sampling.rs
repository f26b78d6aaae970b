//! Some of the points: evenly drawn numbers, and copies of rows, whoever has them.

use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::geometric::indexed::PointSet;
use crate::ordered;
use tsne_core::{Context, Result, Scalar, SharedRows, blocks, memory, random};

/// `count` of `0..n`, one from each of as many ranges of nearly equal size: ascending and distinct.
///
/// # Errors
///
/// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
pub(super) fn strata(n: usize, count: usize, seed: u64, stage: u64) -> Result<Vec<u32>> {
    let count = count.min(n);
    let start = |s: usize| (s as u128 * n as u128 / count as u128) as u64;
    let drawn = |s: usize| (start(s) + random::element_seed(seed, stage, s as u64) % (start(s + 1) - start(s))) as u32;
    memory::collected("a sample of the points", (0..count).map(drawn))
}

/// A copy of the rows of some points that are at hand.
pub(super) fn gather<V: Scalar>(
    points: &PointSet<'_, V>,
    at: impl Fn(usize) -> usize + Sync,
    n: usize,
    cx: Context<'_>,
) -> Result<SharedRows<V>> {
    let d = points.rows.d();
    let mut values = memory::filled("copies of rows", n * d, V::ZERO)?;
    ordered::try_for_each(
        (&mut values, d.saturating_mul(blocks::BLOCK)),
        || (),
        |(), b, values| {
            cx.check()?;
            for (r, row) in values.chunks_exact_mut(d).enumerate() {
                row.copy_from_slice(points.get(at(b * blocks::BLOCK + r)).0);
            }
            Ok(())
        },
    )?;
    SharedRows::new(values, n, d)
}

/// The same of any points, for all members of a team, which call this together and ask for the same.
pub(super) fn gather_for_all<V: Scalar>(
    points: &PointSet<'_, V>,
    at: impl Fn(usize) -> usize + Sync,
    n: usize,
    cx: Context<'_>,
) -> Result<SharedRows<V>> {
    match &points.rows {
        DenseRows::Dealt(rows) => SharedRows::new(rows.fetch(at, n, cx)?, n, rows.d()),
        _ => gather(points, at, n, cx),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_are_distinct_and_ascend() {
        for (n, count) in [(1, 1), (1, 5), (7, 7), (100, 7), (1000, 999)] {
            let strata = strata(n, count, 3, 4).unwrap();
            assert_eq!(strata.len(), count.min(n));
            assert!(strata.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(strata.iter().all(|&s| (s as usize) < n));
        }
    }
}
