//! Rows of the joint matrix: a row's own entries and those that point to it, merged.

use super::incoming::{BUCKET, Bucket, Incoming};
use super::weighted::{WeightedGraph, own_point, repeated};
use tsne_core::{Result, Scalar, memory};

/// Follows the last entry of a list. Greater than all columns, so that the other list is taken to its end.
const END: u64 = u64::MAX;

/// Consecutive rows of the result.
#[derive(Default)]
pub(super) struct JoinedRows<T> {
    pub(super) lengths: Vec<u32>,
    pub(super) columns: Vec<u32>,
    pub(super) weights: Vec<T>,
}

/// What one thread keeps between buckets.
#[derive(Default)]
pub(super) struct Scratch<T> {
    incoming: Bucket<T>,
    /// The columns of a row and their places, packed, so that they sort fast.
    own: Vec<u64>,
    /// The columns of the entries that point to the row, packed alike.
    others: Vec<u64>,
}

impl<T: Scalar> Scratch<T> {
    /// The rows of a bucket, with `combine` of both directions of each pair; 0 stands for one that is missing.
    pub(super) fn rows(
        &mut self,
        matrix: &WeightedGraph<'_, T>,
        part: &Incoming<T>,
        bucket: usize,
        combine: impl Fn(f64, f64) -> f64,
    ) -> Result<JoinedRows<T>> {
        let Self { incoming, own, others } = self;
        incoming.sort(part, bucket)?;
        let rows = bucket * BUCKET..matrix.n.min((bucket + 1) * BUCKET);
        let most = rows.len() * matrix.j + incoming.len();
        let mut columns = memory::filled("joined rows", most, 0u32)?;
        let mut weights = memory::filled("joined rows", most, T::ZERO)?;
        let mut lengths = Vec::new();
        memory::reserve("joined rows", &mut lengths, rows.len())?;
        let mut filled = 0;
        for i in rows {
            let (sources, back) = incoming.row(i % BUCKET);
            let there = matrix.weights(i);
            own.clear();
            own.extend(matrix.neighbors(i).iter().enumerate().map(|(place, &c)| u64::from(c) << 32 | place as u64));
            own.sort_unstable();
            if let Some(pair) = own.windows(2).find(|pair| pair[0] >> 32 == pair[1] >> 32) {
                return Err(repeated(i, (pair[0] >> 32) as u32));
            }
            others.clear();
            memory::reserve("joined rows", others, sources.len() + 1)?;
            others.extend(sources.iter().enumerate().map(|(place, &c)| u64::from(c) << 32 | place as u64));
            if sources.contains(&(i as u32)) {
                return Err(own_point(i));
            }
            own.push(END);
            others.push(END);
            let start = filled;
            let (mut a, mut b) = (0, 0);
            loop {
                let (left, right) = (own[a], others[b]);
                let (mine, theirs) = (left >> 32, right >> 32);
                if left & right == END {
                    break;
                }
                // Which list comes first is as good as random: no branch depends on it.
                let (from_left, from_right) = (mine <= theirs, theirs <= mine);
                let forth = there.get(left as u32 as usize).map_or(0.0, |w| w.to_f64());
                let back = back.get(right as u32 as usize).map_or(0.0, |w| w.to_f64());
                columns[filled] = mine.min(theirs) as u32;
                // Neither the sum nor the larger of two depends on their order: both halves of the matrix get the same bits.
                let weight = combine(if from_left { forth } else { 0.0 }, if from_right { back } else { 0.0 });
                weights[filled] = T::from_f64(weight);
                filled += 1;
                a += usize::from(from_left);
                b += usize::from(from_right);
            }
            lengths.push((filled - start) as u32);
        }
        columns.truncate(filled);
        weights.truncate(filled);
        Ok(JoinedRows { lengths, columns, weights })
    }
}
