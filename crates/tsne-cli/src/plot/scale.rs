//! The scale of numbers: its limits and its ticks.

use super::options::Limits;

/// The share at either end that robust limits leave out.
const TAIL: f64 = 0.02;

/// The limits are robust where the extremes would widen them by more than this.
const FAR: f64 = 1.5;

/// A scale of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Whether there are numbers beyond either end.
    pub(crate) beyond: [bool; 2],
}

impl Scale {
    /// The scale of numbers in any order.
    pub(crate) fn new(mut numbers: Vec<f64>, limits: Limits) -> Self {
        numbers.sort_unstable_by(f64::total_cmp);
        let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else {
            return Self { low: 0.0, high: 1.0, beyond: [false; 2] };
        };
        let (low, high) = match limits {
            Limits::Given(low, high) => (low, high),
            Limits::Robust => {
                let at = |share: f64| numbers[(share * (numbers.len() - 1) as f64).round() as usize];
                let (low, high) = (at(TAIL), at(1.0 - TAIL));
                if last / 2.0 - first / 2.0 > FAR * (high / 2.0 - low / 2.0) && low < high {
                    (low, high)
                } else {
                    (first, last)
                }
            }
        };
        Self { low, high, beyond: [first < low, last > high] }
    }

    /// Where a number is, from 0 to 1; NaN on a scale without extent.
    pub(super) fn position(&self, number: f64) -> f64 {
        // Halved, so that the span of the largest numbers is finite.
        (0.5 * number - 0.5 * self.low) / (0.5 * self.high - 0.5 * self.low)
    }

    /// Round numbers within the limits, about `wanted` of them, with their texts.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let span = self.high - self.low;
        if !(span.is_finite() && span > 0.0) {
            return vec![(self.low, text(self.low, 6))];
        }
        let raw = span / wanted.max(1) as f64;
        let power = raw.log10().floor();
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|unit| unit * 10f64.powf(power))
            .find(|step| *step >= raw * 0.999)
            .unwrap_or(raw);
        // Steps below the spacing of the numbers would not end.
        if !(step.is_normal() && self.low + step > self.low && self.high - step < self.high) {
            return vec![(self.low, text(self.low, 6)), (self.high, text(self.high, 6))];
        }
        let decimals = (-(step * 1.0001).log10().floor()).max(0.0) as usize;
        let (first, last) = ((self.low / step - 1e-6).ceil(), (self.high / step + 1e-6).floor());
        let count = (last - first).clamp(0.0, 50.0) as usize;
        let tick = |i: usize| {
            let value = (first + i as f64) * step;
            (value, text(if value == 0.0 { 0.0 } else { value }, decimals))
        };
        (0..=count).map(tick).collect()
    }
}

fn text(value: f64, decimals: usize) -> String {
    if value != 0.0 && (value.abs() >= 1e6 || value.abs() < 1e-4) {
        return format!("{value:.2e}").replace(".00e", "e").replace('-', "−");
    }
    let text = format!("{value:.decimals$}");
    let text =
        if decimals >= 6 && text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robust_limits_leave_far_numbers_out() {
        let mut numbers: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(Scale::new(numbers.clone(), Limits::Robust), Scale { low: 0.0, high: 999.0, beyond: [false; 2] });
        numbers.push(1e9);
        let scale = Scale::new(numbers.clone(), Limits::Robust);
        assert!(scale.low >= 0.0 && scale.high < 1000.0 && scale.beyond[1], "{scale:?}");
        let scale = Scale::new(numbers, Limits::Given(-5.0, 50.0));
        assert_eq!((scale.low, scale.high, scale.beyond), (-5.0, 50.0, [false, true]));
    }

    #[test]
    fn ticks_are_round_and_within_the_limits() {
        for (low, high) in [(0.0, 1.0), (-3.7, 12.9), (1e-9, 3e-9), (1.0e6, 9.9e6), (0.02, 0.98), (-1e300, 1e300)] {
            let scale = Scale { low, high, beyond: [false; 2] };
            let ticks = scale.ticks(5);
            assert!((3..=11).contains(&ticks.len()), "{low} {high} {ticks:?}");
            let step = ticks[1].0 - ticks[0].0;
            let digit = step / 10f64.powf((step * 1.0001).log10().floor());
            assert!([1.0, 2.0, 5.0].iter().any(|unit| (digit - unit).abs() < 1e-6), "{low} {high} {step}");
            for (value, text) in &ticks {
                assert!(*value >= low - 1e-6 * step && *value <= high + 1e-6 * step);
                let read: f64 = text.replace('−', "-").parse().unwrap();
                assert!((read - value).abs() <= 0.01 * step.abs().max(value.abs()), "{text} {value}");
            }
            // They cover the scale: less than a step is free at either end.
            assert!(ticks[0].0 - low < step && high - ticks[ticks.len() - 1].0 < step * (1.0 + 1e-9));
        }
        assert_eq!(Scale { low: 0.0, high: 1.0, beyond: [false; 2] }.ticks(5)[1].1, "0.2");
    }

    #[test]
    fn scales_without_extent_have_one_tick() {
        for numbers in [vec![], vec![3.0, 3.0], vec![f64::MAX, -f64::MAX]] {
            let scale = Scale::new(numbers, Limits::Robust);
            assert!(!scale.ticks(5).is_empty() && scale.ticks(5).len() < 60);
        }
    }
}
