//! Random numbers that a seed repeats.

use std::time::Duration;

/// The generator SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number from 0 to below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((self.unit() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// A time within a run that takes `whole`: as often as not any, else near its end, where files are written, or at its beginning.
    pub(super) fn moment(&mut self, whole: Duration) -> Duration {
        let share = match self.below(4) {
            0 | 1 => self.unit(),
            2 => 0.75 + 0.35 * self.unit(),
            _ => 0.15 * self.unit(),
        };
        whole.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_and_are_within_their_bounds() {
        let drawn = |seed: u64| {
            let mut chance = Chance::new(seed);
            (0..1000).map(|_| chance.below(7)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
        assert!((0..7).all(|value| drawn(3).iter().filter(|&&drawn| drawn == value).count() > 90));
        let (mut chance, second) = (Chance::new(5), Duration::from_secs(1));
        assert!((0..1000).all(|_| chance.moment(second) <= second.mul_f64(1.1)));
    }
}
