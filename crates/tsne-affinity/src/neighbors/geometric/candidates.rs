//! The candidates of one row: scores from a matrix product, filtered against a threshold that provably keeps every
//! true neighbor.
//!
//! From a bound on the `k`-th best distance the [error of the scores](super::score) gives a score that no true neighbor exceeds.

use super::indexed::IndexedPoints;
use super::score::ScoreError;
use crate::neighbors::nearest::sort;
use tsne_core::{Result, Scalar, memory, simd};

/// Scores tested at once: a branch for each chunk, none for a score.
const CHUNK: usize = 64;

/// Halvings of the range of the first scores of a row.
const HALVINGS: usize = 10;
/// Lanes of the least and the largest score.
const LANES: usize = 16;

/// Candidates beyond `k` before the buffer is compacted. Between compactions the threshold stays where it was: a long
/// buffer lets more scores through, a short one is compacted more often. On 70,000 × 50 points with `k = 90`, 192
/// spends 4 % of the CPU time on compactions (384: 3 %) and lets an estimated third fewer scores through.
/// (Measured when the first threshold was that of the first compaction, not a count.)
const SPARE: usize = 192;

/// The name of what is made here in errors.
const CANDIDATES: &str = "candidates of a row";

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
    pub(super) fn reset(&mut self, k: usize, own: u32, x: f64, trusted: bool) -> Result<()> {
        self.own = own;
        self.x = x;
        self.threshold = f32::INFINITY;
        memory::resize(CANDIDATES, &mut self.keys, k.saturating_add(SPARE), 0)?;
        self.len = 0;
        self.trusted = trusted;
        self.exact = if trusted { None } else { Some(Vec::new()) };
        Ok(())
    }

    /// Takes in that `k` other points are known to be at this distance or nearer: farther ones are no candidates.
    pub(super) fn known(&mut self, indexed: &IndexedPoints<'_, T>, error: ScoreError, distance: T) {
        self.lower(error.threshold_of_distance(self.x, indexed.squared_bound(distance)));
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
    ) -> Result<()> {
        if self.trusted
            && self.threshold == f32::INFINITY
            && let Some(bound) = simd::dispatch(KthBound { scores, k: k.saturating_add(1) })
        {
            // One more than k: the row itself may be among them.
            self.lower(self.threshold_of_score(indexed, error, bound));
        }
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
                return Ok(());
            }
            self.compact(indexed, query, k, error)?;
        }
    }

    /// Drops candidates that cannot be among the `k` nearest, and lowers the threshold.
    fn compact(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        query: (&[T], f64),
        k: usize,
        error: ScoreError,
    ) -> Result<()> {
        if self.exact.is_none() {
            if self.len < k {
                return Ok(());
            }
            let keys = &mut self.keys[..self.len];
            let (_, &mut kth, _) = keys.select_nth_unstable(k - 1);
            self.lower(self.threshold_of_score(indexed, error, score(kth)));
            let limit = pack(self.threshold, u32::MAX);
            let mut kept = k;
            for i in k..self.len {
                let key = self.keys[i];
                self.keys[kept] = key;
                kept += usize::from(key <= limit);
            }
            self.len = kept;
            if kept <= k + SPARE / 2 {
                return Ok(());
            }
        }
        self.evaluate(indexed, query, k)?;
        if let Some(kth) = self.exact.as_ref().and_then(|exact| exact.get(k - 1)) {
            self.lower(error.threshold_of_distance(self.x, indexed.squared_bound(kth.0)));
        }
        Ok(())
    }

    /// A score that none of the `k` nearest exceeds, where `k` points have a score of at most `score`.
    fn threshold_of_score(&self, indexed: &IndexedPoints<'_, T>, error: ScoreError, score: f32) -> f64 {
        let squared = error.distance_of_score(self.x, f64::from(score));
        let slack = indexed.squared_bound(indexed.distance_of(squared)).max(squared);
        error.threshold_of_distance(self.x, slack)
    }

    /// Lowers the threshold to `score`, rounded up.
    fn lower(&mut self, score: f64) {
        if self.trusted {
            self.threshold = self.threshold.min((score as f32).next_up());
        }
    }

    /// Moves all candidates to the exact list and keeps the `k` nearest there.
    fn evaluate(&mut self, indexed: &IndexedPoints<'_, T>, query: (&[T], f64), k: usize) -> Result<()> {
        let exact = self.exact.get_or_insert_default();
        let points = memory::collected(CANDIDATES, self.keys[..self.len].iter().map(|&key| key as u32))?;
        self.len = 0;
        indexed.distances(query, &points, exact)?;
        // A few more than k are sorted with them.
        if exact.len() > k + k / 4 {
            exact.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            exact.truncate(k);
        }
        // The k-th is looked at by position.
        sort(exact);
        exact.truncate(k);
        Ok(())
    }

    /// Drops candidates that cannot be among the `k` nearest and hands the others to the caller, who measures them before
    /// [`finish`](Self::finish).
    pub(super) fn hand_over(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        query: (&[T], f64),
        k: usize,
        error: ScoreError,
    ) -> Result<impl ExactSizeIterator<Item = u32>> {
        self.compact(indexed, query, k, error)?;
        let len = std::mem::take(&mut self.len);
        Ok(self.keys[..len].iter().map(|&key| key as u32))
    }

    /// Computes the exact distance of a candidate that was handed over.
    pub(super) fn measure(&mut self, indexed: &IndexedPoints<'_, T>, query: (&[T], f64), point: u32) -> Result<()> {
        indexed.distances(query, &[point], self.exact.get_or_insert_default())
    }

    /// The `k` nearest, ascending by (distance, point).
    pub(super) fn finish(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        query: (&[T], f64),
        k: usize,
        error: ScoreError,
    ) -> Result<&mut [(T, u32)]> {
        self.compact(indexed, query, k, error)?;
        self.evaluate(indexed, query, k)?;
        Ok(self.exact.as_deref_mut().unwrap_or_default())
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
                len = append(chunk, first + seen as u32, own, threshold, keys, len);
            }
            seen += CHUNK;
        }
        if !rest.is_empty() {
            if len + rest.len() > keys.len() {
                return (seen, len);
            }
            let mut chunk = [f32::NAN; CHUNK];
            chunk[..rest.len()].copy_from_slice(rest);
            len = append(&chunk, first + seen as u32, own, threshold, keys, len);
            seen += rest.len();
        }
        (seen, len)
    }
}

/// Writes the candidates of a chunk: a bit for each score, then a step for each bit that is set. A branch for each score
/// would be predicted wrongly twice for each candidate.
#[inline(always)]
fn append(scores: &[f32; CHUNK], first: u32, own: u32, threshold: f32, keys: &mut [u64], mut len: usize) -> usize {
    let mut flags = [0u8; CHUNK];
    for (flag, &s) in flags.iter_mut().zip(scores) {
        *flag = u8::from(s <= threshold);
    }
    let mut bits = 0u64;
    for (b, flags) in flags.as_chunks::<8>().0.iter().enumerate() {
        // The product moves the lowest bit of byte i to bit 56 + i; no two terms meet, so nothing carries.
        bits |= (u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * b);
    }
    let own = own.wrapping_sub(first);
    if own < CHUNK as u32 {
        bits &= !(1 << own);
    }
    while bits != 0 {
        let l = bits.trailing_zeros();
        bits &= bits - 1;
        if let Some(key) = keys.get_mut(len) {
            *key = pack(scores[l as usize % CHUNK], first + l);
            len += 1;
        }
    }
    len
}

/// A score that at least `k` of the scores do not exceed, close to the `k`-th: by halving the range. A count of all scores is
/// a pass without branches; a histogram of 256 ranges takes three times as long as [`HALVINGS`] of them (500 scores).
struct KthBound<'b> {
    scores: &'b [f32],
    k: usize,
}

impl simd::Task for KthBound<'_> {
    /// `None` where there are too few scores.
    type Output = Option<f32>;
    #[inline(always)]
    fn run(self) -> Option<f32> {
        let Self { scores, k } = self;
        if scores.len() <= k {
            return None;
        }
        let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        let (chunks, rest) = scores.as_chunks::<LANES>();
        for chunk in chunks {
            for l in 0..LANES {
                low[l] = if chunk[l] < low[l] { chunk[l] } else { low[l] };
                high[l] = if chunk[l] > high[l] { chunk[l] } else { high[l] };
            }
        }
        let mut low = low.iter().chain(rest).fold(f32::INFINITY, |a, &b| a.min(b));
        let mut high = high.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        // Always `k` or more are at or below `high`: at first all are.
        for _ in 0..HALVINGS {
            let middle = 0.5 * low + 0.5 * high;
            let mut within = 0u32;
            for &s in scores {
                within += u32::from(s <= middle);
            }
            if (within as usize) < k {
                low = middle;
            } else {
                high = middle;
                if within as usize <= k + k / 8 {
                    break;
                }
            }
        }
        Some(high)
    }
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

    /// All candidates and no others, in their order, wherever they and the row itself lie.
    #[test]
    fn filter_takes_what_is_below_the_threshold() {
        for count in [1, 63, 64, 65, 200, 1000] {
            let scores: Vec<f32> =
                (0..count).map(|i| (tsne_core::random::element_seed(1, 1, i) % 50) as f32 - 25.0).collect();
            for threshold in [-30.0, -25.0, -10.0, 0.0, 24.0, f32::INFINITY] {
                for own in [u32::MAX, 100, 107, 163, 164, 100 + count as u32 - 1] {
                    let mut keys = vec![0; 2000];
                    let filter = Filter { scores: &scores, first: 100, own, threshold, keys: &mut keys, len: 3 };
                    let (seen, len) = simd::dispatch(filter);
                    let expected: Vec<u64> = (100u32..)
                        .zip(&scores)
                        .filter(|&(point, &s)| s <= threshold && point != own)
                        .map(|(point, &s)| pack(s, point))
                        .collect();
                    assert_eq!((seen, &keys[3..len]), (scores.len(), &expected[..]));
                }
            }
        }
    }

    /// A bound has `k` scores at or below it; of scores that are spread evenly, few more.
    #[test]
    fn the_bound_of_the_kth_score_has_k_below() {
        let unit = |i| tsne_core::random::unit(tsne_core::random::element_seed(3, 1, i)) as f32;
        for scale in [1e-38, 1e-30, 1.0, 1e30] {
            for offset in [0.0, -1e6, 1e6] {
                let scores: Vec<f32> = (0..700).map(|i| (unit(i) + offset) * scale).collect();
                for k in [1, 2, 91, 500, 699, 700] {
                    let Some(bound) = simd::dispatch(KthBound { scores: &scores, k }) else {
                        assert_eq!(k, 700);
                        continue;
                    };
                    let below = scores.iter().filter(|&&s| s <= bound).count();
                    assert!(below >= k, "{scale} {offset} {k}");
                    // The last range has 700 / 1024 of them, give or take; at an offset of 1e6 all take one of 17 values.
                    assert!(offset != 0.0 || below <= k + k / 8 + 8, "{scale} {offset} {k}: {below}");
                }
            }
        }
        for (s, expected) in [(2.0, Some(2.0)), (-f32::MAX, Some(-f32::MAX)), (f32::MAX, Some(f32::MAX))] {
            assert_eq!(simd::dispatch(KthBound { scores: &[s; 300], k: 5 }), expected);
        }
    }
}
