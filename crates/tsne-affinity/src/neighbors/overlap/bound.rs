//! How far scores can be trusted.

/// How far a score may be from what the distance is computed from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// The error of a score and of the distance's own sum.
    pub(super) error: f64,
    /// The scores of two distances that are equal once rounded may differ by this fraction.
    pub(super) relative: f64,
    /// Scores up to this may stand for one distance, the smallest there is.
    pub(super) floor: f64,
}

impl Bound {
    /// The largest score of a point that may be no farther than one with the score `kth`.
    pub(super) fn limit(&self, kth: f64) -> f64 {
        let sum = kth + self.error;
        (sum + self.relative * sum.abs()).max(self.floor) + self.error
    }
}
