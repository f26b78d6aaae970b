//! The candidates of one row: scores from a matrix product, filtered against a threshold that provably keeps every
//! true neighbor.
//!
//! From a bound on the `k`-th best distance the [error of the scores](super::score) gives a score that no true neighbor exceeds.

use super::indexed::IndexedPoints;
use super::score::ScoreError;
use crate::neighbors::nearest::sort;
use tsne_core::{Scalar, simd};

/// Scores tested at once: a branch for each chunk, none for a score.
const CHUNK: usize = 64;

/// Scores read one by one where a chunk has a candidate.
const VECTOR: usize = 16;

/// Candidates beyond `k` before the buffer is compacted. Between compactions the threshold stays where it was: a long
/// buffer lets more scores through, a short one is compacted more often. On 70,000 × 50 points with `k = 90`, 192
/// spends 4 % of the CPU time on compactions (384: 3 %) and lets an estimated third fewer scores through.
const SPARE: usize = 192;

/// A number that orders like the score, with the point below it.
#[inline(always)]
fn pack(score: f32, point: u32) -> u64 {
    let bits = score.to_bits();
    let ordered = bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000);
    (u64::from(ordered) << 32) | u64::from(point)
}

/// The score of a packed candidate.
fn score(key: u64) -> f32 {
    let ordered = (key >> 32) as u32;
    f32::from_bits(ordered ^ ((((!ordered) as i32 >> 31) as u32) | 0x8000_0000))
}

/// The candidates of one row.
#[derive(Debug, Default)]
pub(super) struct Candidates<T> {
    /// The point that is never a candidate: the row itself. `u32::MAX` for none.
    own: u32,
    /// The length of the row, in the units of the product.
    x: f64,
    /// Scores above this are no candidates.
    threshold: f32,
    /// Whether the scores mean anything; if not, all points are candidates.
    trusted: bool,
    keys: Vec<u64>,
    len: usize,
    /// The `k` nearest so far by exact distance, once the error of the scores is too coarse to tell candidates apart.
    exact: Option<Vec<(T, u32)>>,
}

impl<T: Scalar> Candidates<T> {
    /// Prepares for a row.
    pub(super) fn reset(&mut self, k: usize, own: u32, x: f64, trusted: bool) {
        self.own = own;
        self.x = x;
        self.threshold = f32::INFINITY;
        self.keys.resize(k + SPARE, 0);
        self.len = 0;
        self.trusted = trusted;
        self.exact = if trusted { None } else { Some(Vec::new()) };
    }

    /// Takes in the scores of consecutive points from `first` on.
    pub(super) fn add(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        query: (&[T], f64),
        k: usize,
        error: ScoreError,
        scores: &[f32],
        first: u32,
    ) {
        let mut done = 0;
        loop {
            let filter = Filter {
                scores: &scores[done..],
                first: first + done as u32,
                own: self.own,
                threshold: self.threshold,
                keys: &mut self.keys,
                len: self.len,
            };
            let (scanned, len) = simd::dispatch(filter);
            self.len = len;
            done += scanned;
            if done >= scores.len() {
                return;
            }
            self.compact(indexed, query, k, error);
        }
    }

    /// Drops candidates that cannot be among the `k` nearest, and lowers the threshold.
    fn compact(&mut self, indexed: &IndexedPoints<'_, T>, query: (&[T], f64), k: usize, error: ScoreError) {
        if self.exact.is_none() {
            if self.len < k {
                return;
            }
            let keys = &mut self.keys[..self.len];
            let (_, &mut kth, _) = keys.select_nth_unstable(k - 1);
            let squared = error.distance_of_score(self.x, f64::from(score(kth)));
            let slack = indexed.squared_bound(indexed.distance_of(squared)).max(squared);
            self.lower(error.threshold_of_distance(self.x, slack));
            let limit = pack(self.threshold, u32::MAX);
            let mut kept = k;
            for i in k..self.len {
                let key = self.keys[i];
                self.keys[kept] = key;
                kept += usize::from(key <= limit);
            }
            self.len = kept;
            if kept <= k + SPARE / 2 {
                return;
            }
        }
        self.evaluate(indexed, query, k);
        if let Some(kth) = self.exact.as_ref().and_then(|exact| exact.get(k - 1)) {
            self.lower(error.threshold_of_distance(self.x, indexed.squared_bound(kth.0)));
        }
    }

    /// Lowers the threshold to `score`, rounded up.
    fn lower(&mut self, score: f64) {
        if self.trusted {
            self.threshold = self.threshold.min((score as f32).next_up());
        }
    }

    /// Moves all candidates to the exact list and keeps the `k` nearest there.
    fn evaluate(&mut self, indexed: &IndexedPoints<'_, T>, query: (&[T], f64), k: usize) {
        let exact = self.exact.get_or_insert_default();
        let points: Vec<u32> = self.keys[..self.len].iter().map(|&key| key as u32).collect();
        self.len = 0;
        indexed.distances(query, &points, exact);
        if exact.len() > k {
            exact.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            exact.truncate(k);
        }
        // The k-th is looked at by position.
        sort(exact);
    }

    /// Drops candidates that cannot be among the `k` nearest and hands the others to the caller, who measures them before
    /// [`finish`](Self::finish).
    pub(super) fn hand_over(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        query: (&[T], f64),
        k: usize,
        error: ScoreError,
        mut to: impl FnMut(u32),
    ) {
        self.compact(indexed, query, k, error);
        self.keys[..self.len].iter().for_each(|&key| to(key as u32));
        self.len = 0;
    }

    /// Computes the exact distance of a candidate that was handed over.
    pub(super) fn measure(&mut self, indexed: &IndexedPoints<'_, T>, query: (&[T], f64), point: u32) {
        indexed.distances(query, &[point], self.exact.get_or_insert_default());
    }

    /// The `k` nearest, ascending by (distance, point).
    pub(super) fn finish(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        query: (&[T], f64),
        k: usize,
        error: ScoreError,
    ) -> &[(T, u32)] {
        self.compact(indexed, query, k, error);
        self.evaluate(indexed, query, k);
        self.exact.as_deref().unwrap_or_default()
    }
}

/// Appends the candidates among `scores` until all are seen or the buffer could overflow.
struct Filter<'b> {
    scores: &'b [f32],
    first: u32,
    own: u32,
    threshold: f32,
    keys: &'b mut [u64],
    len: usize,
}

impl simd::Task for Filter<'_> {
    /// Scores seen and candidates in the buffer.
    type Output = (usize, usize);
    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let Self { scores, first, own, threshold, keys, mut len } = self;
        let mut seen = 0;
        let (chunks, rest) = scores.as_chunks::<CHUNK>();
        for chunk in chunks {
            let mut any = false;
            for &s in chunk {
                any |= s <= threshold;
            }
            if any {
                if len + CHUNK > keys.len() {
                    return (seen, len);
                }
                // Most vectors of a chunk have no candidate, also where one has.
                let (vectors, _) = chunk.as_chunks::<VECTOR>();
                for (v, vector) in vectors.iter().enumerate() {
                    let mut any = false;
                    for &s in vector {
                        any |= s <= threshold;
                    }
                    if any {
                        len = append(vector, first + (seen + v * VECTOR) as u32, own, threshold, keys, len);
                    }
                }
            }
            seen += CHUNK;
        }
        if !rest.is_empty() {
            if len + rest.len() > keys.len() {
                return (seen, len);
            }
            len = append(rest, first + seen as u32, own, threshold, keys, len);
            seen += rest.len();
        }
        (seen, len)
    }
}

/// Writes the candidates among a few scores. Few are: a branch that is rarely taken costs less than writing all.
#[inline(always)]
fn append(scores: &[f32], first: u32, own: u32, threshold: f32, keys: &mut [u64], mut len: usize) -> usize {
    for (l, &s) in scores.iter().enumerate() {
        let point = first + l as u32;
        if s <= threshold
            && point != own
            && let Some(key) = keys.get_mut(len)
        {
            *key = pack(s, point);
            len += 1;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_candidates_order_by_score_then_point() {
        let scores = [-f32::MAX, -2.0, -1.0e-30, 0.0, 1.0e-30, 3.0, f32::INFINITY];
        for pair in scores.windows(2) {
            assert!(pack(pair[0], 9) < pack(pair[1], 1));
        }
        for s in scores {
            assert_eq!(score(pack(s, 7)), s);
            assert!(pack(s, 3) < pack(s, 4));
        }
    }
}
