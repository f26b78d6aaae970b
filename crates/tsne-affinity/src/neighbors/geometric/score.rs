//! Scores, which matrix products compute in the place of distances, and the bounds on their error.
//!
//! A score is `s = |y|²/2 - x·y`, so that the squared distance is `|x|² + 2 s`. Scores are computed in `f32`. With the
//! unit roundoff `u = 2^-24`, inputs rounded once and a sum of `w` products in any order, the computed score is off by
//! at most `γ (|x||y| + |y|²/2) + a` where `γ = 1.05 (w + 8) u` (Higham 2002, "Accuracy and Stability of Numerical
//! Algorithms", section 3.1) and `a` covers underflow.

/// The bounds on the error of the scores.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoreError {
    relative: f64,
    absolute: f64,
}

impl ScoreError {
    /// For scores that are sums of `terms` products, of numbers whose largest is about 1 in the indexed points.
    pub(super) fn new(terms: usize, absolute: f64) -> Self {
        let terms = terms as f64 + 8.0;
        Self { relative: 1.05 * terms * (0.5 * f64::from(f32::EPSILON)), absolute: absolute + terms * 2f64.powi(-126) }
    }

    /// The most by which the score of a row of length `x` and a point no longer than `y` can be off.
    fn at(&self, x: f64, y: f64) -> f64 {
        self.relative * (x * y + 0.5 * y * y) + self.absolute * (1.0 + x)
    }

    /// A score that no point exceeds whose squared distance to a row of length `x` is at most `squared`.
    pub(super) fn threshold_of_distance(&self, x: f64, squared: f64) -> f64 {
        // By the triangle inequality such a point is no longer than this.
        let y = x + squared.sqrt();
        0.5 * (squared - x * x) + self.at(x, y)
    }

    /// A score that no point reaches whose squared distance to a row of length `x` is at least `squared`.
    pub(super) fn floor_of_distance(&self, x: f64, squared: f64) -> f64 {
        // Of a point at distance r, which is no longer than x + r, the least score is (r² - x²)/2 less the error, which falls
        // up to r = 2 γ x / (1 - γ) and rises from there.
        let r = squared.max(0.0).sqrt().max(2.0 * self.relative * x / (1.0 - self.relative));
        0.5 * (r * r - x * x) - self.at(x, x + r)
    }

    /// A squared distance that is exceeded by none of the points with a computed score of at most `score`.
    pub(super) fn distance_of_score(&self, x: f64, score: f64) -> f64 {
        // The longest y with (1 - γ) y²/2 - (1 + γ) x y - a <= score.
        let (more, less) = (1.0 + self.relative, 1.0 - self.relative);
        let rest = score.max(-0.5 * x * x) + self.absolute * (1.0 + x);
        let y = (more * x + (more * more * x * x + 2.0 * less * rest).max(0.0).sqrt()) / less;
        (x * x + 2.0 * (score + self.at(x, y))).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores at the edge of their error: the true neighbor is shifted up by the whole bound and all others down. It
    /// must stay below the threshold that follows from the others.
    #[test]
    fn threshold_keeps_a_neighbor_with_the_worst_error() {
        for terms in [2, 50, 800] {
            let error = ScoreError::new(terms, 0.0);
            for x in [0.0, 0.01, 1.0, 30.0] {
                for distance in [0.0, 1e-3, 0.5, 40.0] {
                    // Points on the line through the row: y = x - distance and y = x + distance.
                    for y in [x - distance, x + distance] {
                        let s = 0.5 * (distance * distance - x * x);
                        let low = s - error.at(x, f64::abs(y));
                        let high = s + error.at(x, f64::abs(y));
                        let squared = error.distance_of_score(x, low);
                        assert!(squared >= distance * distance * (1.0 - 1e-12), "{terms} {x} {distance} {y}");
                        assert!(error.threshold_of_distance(x, squared) >= high - 1e-12 * high.abs());
                        // And no point that is at least as far has a score below this, whatever is asked for.
                        for nearer in [1.0, 0.999, 0.5, 0.0] {
                            let floor = error.floor_of_distance(x, nearer * distance * distance);
                            assert!(floor <= low + 1e-12 * low.abs(), "{terms} {x} {distance} {y} {nearer}");
                        }
                    }
                }
            }
        }
    }
}
