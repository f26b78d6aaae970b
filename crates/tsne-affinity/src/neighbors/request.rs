//! What is asked of a search: how many neighbors, of how many points; and the arrays for the answer.

use crate::limits;
use tsne_core::{Array, Context, Error, Result, Scalar, memory};

/// Neighbors as a search finds them: indices and distances, row by row.
pub(in crate::neighbors) type Found<T> = (Vec<u32>, Vec<T>);

/// The same where they are a graph: of all points they may be more than memory holds.
pub(in crate::neighbors) type Stored<T> = (Array<u32>, Array<T>);

/// The names of the two in errors.
const INDICES: &str = "indices of neighbors";
const DISTANCES: &str = "distances of neighbors";

/// Room for `n` rows of `k` in memory.
pub(in crate::neighbors) fn room<T: Scalar>(n: usize, k: usize) -> Result<Found<T>> {
    let size = size(n, k)?;
    Ok((memory::filled(INDICES, size, 0)?, memory::filled(DISTANCES, size, T::ZERO)?))
}

/// Room for `n` rows of `k` where the context has it.
pub(in crate::neighbors) fn stored_room<T: Scalar>(n: usize, k: usize, cx: Context<'_>) -> Result<Stored<T>> {
    let size = size(n, k)?;
    Ok((cx.zeros(INDICES, size)?, cx.zeros(DISTANCES, size)?))
}

fn size(n: usize, k: usize) -> Result<usize> {
    let max = limits::items(size_of::<u64>()) / n.max(1);
    if k > max {
        return Err(Error::capacity("k, the number of neighbors of each point", k, max));
    }
    Ok(n * k)
}

/// The numbers of all points, `0..n`, where `n` has 32 bits.
pub(in crate::neighbors) fn numbers(n: usize) -> Result<Vec<u32>> {
    let mut numbers = Vec::new();
    memory::reserve("numbers of points", &mut numbers, n)?;
    numbers.extend(0..n as u32);
    Ok(numbers)
}

/// Checks that `n` points have `k` others each.
pub(in crate::neighbors) fn check_own(n: usize, k: usize) -> Result<()> {
    if n < 2 {
        return Err(Error::too_few_points(n, 2));
    }
    if k >= n {
        return Err(Error::parameter("k", k, format_args!("at most {}, the number of other points", n - 1)));
    }
    Ok(())
}

/// Checks that queries of `given` columns can have `k` neighbors among points of shape `(n, d)`.
pub(in crate::neighbors) fn check_queries((n, d): (usize, usize), given: usize, k: usize) -> Result<()> {
    if given != d {
        return Err(Error::shape("a row of the queries", d, given));
    }
    if k > n {
        return Err(Error::parameter("k", k, format_args!("at most {n}, the number of indexed points")));
    }
    Ok(())
}

/// Checks that ranks can be told of `others`, the same number for each of `rows`, among `n` points; returns that number.
pub(in crate::neighbors) fn check_others(n: usize, rows: &[u32], others: &[u32]) -> Result<usize> {
    let k = others.len().checked_div(rows.len()).unwrap_or(0);
    if k * rows.len() != others.len() {
        return Err(Error::shape("others of all rows", k * rows.len(), others.len()));
    }
    if let Some(row) = rows.iter().find(|&&row| row as usize >= n) {
        return Err(Error::parameter("a row", row, format_args!("below {n}, the number of indexed points")));
    }
    let allowed = |row: u32, other: u32| (other as usize) < n && other != row;
    for (&row, others) in rows.iter().zip(others.chunks(k.max(1))) {
        if let Some(other) = others.iter().find(|&&other| !allowed(row, other)) {
            return Err(Error::parameter("another point", other, format_args!("below {n} and not {row}, the row")));
        }
    }
    Ok(k)
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// As arithmetic, without the memory.
    #[test]
    fn more_entries_than_32_bits_count_are_counted() {
        assert_eq!(size(1 << 26, 64).unwrap(), 1 << 32);
        assert_eq!(size(u32::MAX as usize, 90).unwrap(), 90 * u32::MAX as usize);
        // What the largest array of 64-bit numbers may have, and one row of neighbors more than that.
        let most = limits::items(size_of::<u64>());
        for n in [1, 3, 1 << 20, u32::MAX as usize] {
            assert_eq!(size(n, most / n).unwrap(), most / n * n);
            let error = size(n, most / n + 1).unwrap_err().to_string();
            assert!(error.contains(&(most / n + 1).to_string()) && error.contains(&(most / n).to_string()), "{error}");
        }
        // No memory has it, and that is an error.
        assert!(matches!(room::<f32>(1 << 30, 1 << 30), Err(Error::OutOfMemory { .. } | Error::Capacity { .. })));
    }
}
