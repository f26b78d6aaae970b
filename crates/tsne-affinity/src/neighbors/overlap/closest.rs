//! The candidates of one row.

use super::bound::Bound;

/// Scores looked at together: most groups have none that counts.
const GROUP: usize = 16;
/// Candidates kept beyond `k` before the list is cut: each cut passes over the list.
const SPARE: usize = 64;

/// The points whose scores do not rule out that they are among the `k` nearest.
#[derive(Debug, Default)]
pub(super) struct Closest {
    k: usize,
    pairs: Vec<(f64, u32)>,
    /// Scores above it are ruled out.
    limit: f64,
    /// The length at which the list is cut.
    full: usize,
    /// The most candidates that are listed: where more tie, all but the `k` nearest are dropped.
    most: usize,
    /// The smallest score that was dropped.
    dropped: f64,
}

impl Closest {
    /// Forgets everything and prepares for `k >= 1` and lists of some `most` candidates.
    pub(super) fn reset(&mut self, k: usize, most: usize) {
        self.k = k;
        self.pairs.clear();
        self.limit = f64::INFINITY;
        self.full = 2 * k + SPARE;
        self.most = 4 * k + most;
        self.dropped = f64::INFINITY;
    }

    /// Adds the scores of points `first`, `first + 1`, ..., but for the one that is left out.
    pub(super) fn add(&mut self, scores: &[f64], first: u32, left_out: Option<u32>, bound: Bound) {
        for (group, start) in scores.chunks(GROUP).zip((first..).step_by(GROUP)) {
            if !group.iter().fold(false, |any, score| any | (*score <= self.limit)) {
                continue;
            }
            for (&score, point) in group.iter().zip(start..) {
                if score <= self.limit && Some(point) != left_out {
                    self.pairs.push((score, point));
                }
            }
            if self.pairs.len() >= self.full {
                self.cut(bound);
            }
        }
        self.cut(bound);
    }

    /// Lowers the limit to what the `k`-th of the scores allows.
    fn cut(&mut self, bound: Bound) {
        if self.pairs.len() >= self.k {
            let (_, (kth, _), _) = self.pairs.select_nth_unstable_by(self.k - 1, |a, b| a.0.total_cmp(&b.0));
            self.limit = self.limit.min(bound.limit(*kth));
            self.pairs.retain(|(score, _)| *score <= self.limit);
        }
        if self.pairs.len() > self.most {
            self.pairs.select_nth_unstable_by(self.k - 1, |a, b| a.0.total_cmp(&b.0));
            self.dropped = self.pairs[self.k..].iter().fold(self.dropped, |least, (score, _)| least.min(*score));
            self.pairs.truncate(self.k);
        }
        // Where most of the list are ties, the next cut waits until it has doubled.
        self.full = self.full.max(2 * self.pairs.len());
    }

    /// Writes the candidates and `others`, ascending, each once; says whether these are all, with none dropped.
    pub(super) fn finish(&mut self, others: &[u32], points: &mut Vec<u32>) -> bool {
        points.clear();
        points.extend(self.pairs.iter().map(|(_, point)| *point));
        points.extend(others);
        points.sort_unstable();
        points.dedup();
        self.dropped > self.limit || self.dropped == f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random;

    /// Whatever the tiles, all points up to the limit of the `k`-th remain, and none beyond.
    #[test]
    fn what_could_be_near_remains() {
        let scores: Vec<f64> =
            (0..5000).map(|i| (random::unit(random::element_seed(3, 4, i)) * 300.0).floor()).collect();
        let bound = Bound { error: 1.5, relative: 0.01, floor: f64::NEG_INFINITY };
        for (k, tile) in [(1, 5000), (90, 700), (90, 5000), (4000, 1000)] {
            let mut closest = Closest::default();
            for left_out in [None, Some(17)] {
                closest.reset(k, usize::MAX / 8);
                for (t, scores) in scores.chunks(tile).enumerate() {
                    closest.add(scores, (t * tile) as u32, left_out, bound);
                }
                let mut found = Vec::new();
                assert!(closest.finish(&[0, 5], &mut found));
                let others = || (0..5000u32).filter(|i| Some(*i) != left_out);
                let mut sorted: Vec<f64> = others().map(|i| scores[i as usize]).collect();
                sorted.sort_by(f64::total_cmp);
                let limit = (sorted[k - 1] + 1.5) * 1.01 + 1.5;
                let expected: Vec<u32> =
                    others().filter(|i| scores[*i as usize] <= limit || [0, 5].contains(i)).collect();
                assert_eq!(found, expected, "{k} {tile}");
            }
        }
    }

    /// Many ties are dropped; whether that matters is known at the end.
    #[test]
    fn ties_are_not_listed_for_ever() {
        let bound = Bound { error: 0.0, relative: 0.0, floor: 0.0 };
        let mut closest = Closest::default();
        let mut found = Vec::new();
        for (ties, all) in [(104, true), (105, false), (5000, false)] {
            closest.reset(1, 100);
            closest.add(&vec![1.0; ties], 0, None, bound);
            assert_eq!(closest.finish(&[], &mut found), all);
            assert!(found.len() <= 104);
            // A nearer point comes later: the ties are none of the nearest.
            closest.add(&[2.0, 0.5, 1.0], ties as u32, None, bound);
            assert!(closest.finish(&[], &mut found));
            assert_eq!(found, [ties as u32 + 1]);
        }
    }
}
