//! How far a search looks: which of the clusters, ranked by the distance of their centroids, a row visits.
//!
//! A row deep inside its own cluster has its neighbors there, one between clusters has them in many. The same number of
//! clusters for all would be that of the hard rows. So a cluster is visited by how much farther it is than the nearest one,
//! `d_r - d_0`, and by its rank `r` (0 for the nearest): where `(d_r - d_0) √r` is at most a limit that the calibration
//! finds. At the same recall of 0.99 of the sample, `k = 90`, rows are compared with 2,630 points in place of 3,470 (fixed
//! number of clusters; 70,000 × 50), 2,730 in place of 4,590 (250,000 × 50), 3,360 in place of 3,780 (70,000 × 784). Powers of
//! the rank from 1/4 to 1 are within 7 % of that, but 1/4 at 784 columns (11 %); squares or logarithms of distances, and the
//! distance to the plane between two centroids, are no better on all three.

use std::num::NonZeroUsize;
use tsne_core::Scalar;

/// Which of its nearest clusters a row visits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reach {
    /// The largest remoteness of a cluster that is visited.
    pub(super) limit: f64,
    /// Clusters visited by any row, at most: so many are ranked.
    pub(super) most: NonZeroUsize,
}

impl Reach {
    /// All of `count` clusters.
    pub(super) const fn all(count: NonZeroUsize) -> Self {
        Self { limit: f64::INFINITY, most: count }
    }

    /// How many of the ranked clusters a row visits, by their distances, ascending: the first at least.
    pub(super) fn visited<V: Scalar>(&self, distances: &[V]) -> usize {
        let nearest = distances.first().map_or(0.0, |d| d.to_f64());
        // Ascending as the distances and the ranks are: every step of it rounds monotonically.
        let mut rank = 0;
        while rank < distances.len().min(self.most.get()) {
            if remoteness(rank, distances[rank].to_f64(), nearest) > self.limit {
                break;
            }
            rank += 1;
        }
        rank
    }
}

/// How remote a cluster is: by its rank, its distance, and that of the nearest.
pub(super) fn remoteness(rank: usize, distance: f64, nearest: f64) -> f64 {
    (distance - nearest) * (rank as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_visit_a_part_that_grows_with_the_limit() {
        let distances = [1.0, 1.0, 1.5, 2.0, 2.0, 7.0f64];
        let most = NonZeroUsize::new(5).unwrap_or(NonZeroUsize::MIN);
        let visited = |limit| Reach { limit, most }.visited(&distances);
        // By hand: 0, 0, 0.5 √2, √3, 2, and the last one is beyond the most.
        for (limit, expected) in [(0.0, 2), (0.7, 2), (0.71, 3), (1.8, 4), (2.0, 5), (1e9, 5)] {
            assert_eq!(visited(limit), expected, "{limit}");
        }
        assert_eq!(Reach::all(most).visited(&distances), 5);
        assert_eq!(Reach { limit: 0.0, most }.visited::<f64>(&[]), 0);
    }
}
