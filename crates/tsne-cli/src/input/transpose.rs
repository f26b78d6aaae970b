//! Arrays turned so that columns are rows.

use anyhow::Result;
use tsne::Scalar;
use tsne::core::memory;

/// An `n × d` array as `d × n`.
pub(crate) fn transposed<T: Scalar>(data: &[T], n: usize, d: usize) -> Result<Vec<T>> {
    let mut turned = memory::filled("the transposed array", data.len(), T::ZERO)?;
    // Tiles that stay in the first-level cache, of which either side is read or written whole lines at a time.
    const TILE: usize = 32;
    for row in (0..n).step_by(TILE) {
        for column in (0..d).step_by(TILE) {
            for i in row..(row + TILE).min(n) {
                for c in column..(column + TILE).min(d) {
                    turned[c * n + i] = data[i * d + c];
                }
            }
        }
    }
    Ok(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let (n, d) = (70, 45);
        let data: Vec<f32> = (0..n * d).map(|i| i as f32).collect();
        let turned = transposed(&data, n, d).unwrap();
        assert!((0..n).all(|i| (0..d).all(|c| turned[c * n + i] == data[i * d + c])));
    }
}
