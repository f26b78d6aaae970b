//! Values that are missing: what stands for them, and what becomes of their points.

use anyhow::{Result, ensure};
use tsne::Scalar;

/// What is done where a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Missing {
    /// It is an error, which says where.
    #[default]
    Error,
    /// Its point is left out.
    Drop,
    /// The mean of its column stands for it.
    Mean,
}

/// Whether a field stands for nothing: what pandas, R, databases and spreadsheets write.
pub(crate) fn is_missing(field: &str) -> bool {
    const WORDS: [&str; 8] = ["", "na", "n/a", "nan", "null", "<na>", "#n/a", "-nan"];
    field.len() <= 4 && WORDS.iter().any(|word| field.eq_ignore_ascii_case(word))
}

/// What was done about missing values.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Resolved {
    /// How many values were missing.
    pub missing: usize,
    /// The points that are left, ascending, where some were left out.
    pub kept: Option<Vec<usize>>,
    /// How many were left out.
    pub dropped: usize,
}

impl Resolved {
    /// The points that the file had, of which `n` are left.
    pub(crate) fn given(&self, n: usize) -> usize {
        n + self.dropped
    }
}

impl Missing {
    /// Fills the holes of a row-major array of rows of `d`, ascending places at which zeros stand, or takes their rows out.
    ///
    /// # Errors
    ///
    /// Where no row is left, or a column has no value.
    pub(crate) fn resolve<T: Scalar>(
        self,
        values: &mut Vec<T>,
        d: usize,
        holes: &[usize],
        name: impl Fn(usize) -> String,
    ) -> Result<Resolved> {
        if holes.is_empty() || d == 0 {
            return Ok(Resolved::default());
        }
        let n = values.len() / d;
        let kept = match self {
            Self::Mean => {
                let (mut sums, mut counts) = (vec![0.0; d], vec![n; d]);
                for row in values.chunks_exact(d) {
                    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value.to_f64());
                }
                holes.iter().for_each(|hole| counts[hole % d] -= 1);
                for hole in holes {
                    let column = hole % d;
                    ensure!(
                        counts[column] > 0,
                        "column {} has no value at all: leave it out with --drop-columns",
                        name(column)
                    );
                    let count = counts[column] as f64;
                    // Numbers near the largest one add up to more than that; their mean is no larger than they are.
                    let mean =
                        if sums[column].is_finite() { sums[column] / count } else { shares(values, d, column, count) };
                    values[*hole] = T::from_f64(mean);
                }
                None
            }
            Self::Error | Self::Drop => {
                let mut rows = holes.iter().map(|hole| hole / d).peekable();
                let mut kept = Vec::new();
                for row in 0..n {
                    if rows.peek() != Some(&row) {
                        values.copy_within(row * d..(row + 1) * d, kept.len() * d);
                        kept.push(row);
                    }
                    while rows.next_if_eq(&row).is_some() {}
                }
                ensure!(
                    !kept.is_empty(),
                    "every point has a missing value, so none is left: leave columns out with --drop-columns, or write \
                     --missing mean"
                );
                values.truncate(kept.len() * d);
                Some(kept)
            }
        };
        let dropped = kept.as_ref().map_or(0, |kept| n - kept.len());
        Ok(Resolved { missing: holes.len(), kept, dropped })
    }
}

/// The mean of so many values of a column, each of which counts by its share: holes hold zeros.
fn shares<T: Scalar>(values: &[T], d: usize, column: usize, count: f64) -> f64 {
    let sum: f64 = values.chunks_exact(d).map(|row| row[column].to_f64() / count).sum();
    sum.clamp(f64::MIN, f64::MAX)
}

/// The items of the kept points.
pub(crate) fn keep<A>(items: Vec<A>, kept: &[usize]) -> Vec<A> {
    let mut kept = kept.iter().peekable();
    items.into_iter().enumerate().filter_map(|(i, item)| kept.next_if(|&&k| k == i).map(|_| item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_or_their_rows_taken_out() {
        let values = || vec![1.0f64, 0.0, 3.0, 4.0, 0.0, 0.0, 5.0, 8.0];
        let name = |column: usize| column.to_string();
        let mut filled = values();
        let resolved = Missing::Mean.resolve(&mut filled, 2, &[1, 4, 5], name).unwrap();
        assert_eq!(filled, [1.0, 6.0, 3.0, 4.0, 3.0, 6.0, 5.0, 8.0]);
        assert_eq!(resolved, Resolved { missing: 3, kept: None, dropped: 0 });
        let mut left = values();
        let resolved = Missing::Drop.resolve(&mut left, 2, &[1, 4, 5], name).unwrap();
        assert_eq!((left, resolved.kept), (vec![3.0, 4.0, 5.0, 8.0], Some(vec![1, 3])));
        assert_eq!(keep(vec!['a', 'b', 'c', 'd'], &[1, 3]), ['b', 'd']);
        let all: Vec<usize> = (0..4).map(|row| 2 * row).collect();
        assert!(Missing::Drop.resolve(&mut values(), 2, &all, name).is_err());
        assert!(Missing::Mean.resolve(&mut values(), 2, &all, name).unwrap_err().to_string().contains("column 0"));
    }

    #[test]
    fn the_mean_of_the_largest_numbers_is_one() {
        let mut filled = vec![f64::MAX, 1.0, 0.0, 2.0, f64::MAX, 3.0, f64::MAX, 4.0];
        Missing::Mean.resolve(&mut filled, 2, &[2], |column| column.to_string()).unwrap();
        assert!(filled[2].is_finite() && filled[2] >= f64::MAX * (1.0 - 1e-15), "{}", filled[2]);
        let mut opposite = vec![f64::MAX, f64::MAX, 0.0, f64::MIN, f64::MIN];
        Missing::Mean.resolve(&mut opposite, 1, &[2], |column| column.to_string()).unwrap();
        assert_eq!(opposite[2], 0.0);
    }

    #[test]
    fn what_stands_for_nothing() {
        for word in ["", "NA", "na", "NaN", "nan", "null", "NULL", "N/A", "<NA>", "#N/A"] {
            assert!(is_missing(word), "{word}");
        }
        for word in ["0", "n", "none", "nat", "nano"] {
            assert!(!is_missing(word), "{word}");
        }
    }
}
