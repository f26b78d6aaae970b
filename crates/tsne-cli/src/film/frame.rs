use tsne::Scalar;

/// The largest number of 16 bits.
const TOP: f64 = u16::MAX as f64;

/// A map of two dimensions at one moment of its descent, on a grid of 65,536 × 65,536 places over the smallest square around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The iterations before it.
    pub iteration: usize,
    /// The KL divergence; none of the start, for which nobody computes it.
    pub kl_divergence: Option<f64>,
    /// The lower left corner of the square, and the distance between two places.
    pub(super) grid: [f64; 3],
    /// Along the first axis in the lower half of the bits, along the second in the upper half.
    pub(super) places: Vec<u32>,
}

impl Frame {
    pub(super) fn new<T: Scalar, const D: usize>(iteration: usize, kl_divergence: Option<f64>, y: &[[T; D]]) -> Self {
        let value = |point: &[T; D], axis: usize| point.get(axis).map_or(0.0, |value| value.to_f64());
        let range = |axis| {
            let values = y.iter().map(|point| value(point, axis));
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        };
        let ((left, right), (bottom, top)) = (range(0), range(1));
        let side = (right - left).max(top - bottom);
        let step = if side > 0.0 && side.is_finite() { side / TOP } else { 0.0 };
        // A conversion saturates, and takes what is no number for 0.
        let place = |value: f64, low: f64| u32::from(((value - low) / step).round() as u16);
        let places = y.iter().map(|point| place(value(point, 0), left) | place(value(point, 1), bottom) << 16);
        Self { iteration, kl_divergence, grid: [left, bottom, step], places: places.collect() }
    }

    /// The number of points.
    pub fn n(&self) -> usize {
        self.places.len()
    }

    /// Where the points were, to half the distance of two places.
    pub fn positions(&self) -> impl Iterator<Item = [f64; 2]> + Clone + '_ {
        let [left, bottom, step] = self.grid;
        self.places
            .iter()
            .map(move |place| [left + step * f64::from(place & 0xffff), bottom + step * f64::from(place >> 16)])
    }

    /// The places as they are kept: along the first axis in the lower 16 bits, along the second in the upper ones.
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// The lower left corner of the grid of places, and the distance of two neighbors on it.
    pub const fn grid(&self) -> ([f64; 2], f64) {
        ([self.grid[0], self.grid[1]], self.grid[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_map_to_half_a_place() {
        for size in [1e-4f64, 1.0, 3e4] {
            let y: Vec<[f64; 2]> =
                (0..500).map(|i| [(f64::from(i) * 0.7).sin() * size, size + 0.3 * f64::from(i % 7) * size]).collect();
            let frame = Frame::new(3, Some(1.0), &y);
            let step = frame.grid().1;
            assert!((step - 2.0 * size / 65535.0).abs() < 0.01 * step);
            for (found, wanted) in frame.positions().zip(&y) {
                // Half a place, and rounding of numbers of this size.
                assert!(
                    (0..2).all(|c| (found[c] - wanted[c]).abs() <= 0.5 * step + 1e-12 * size),
                    "{found:?} {wanted:?}"
                );
            }
        }
    }

    #[test]
    fn one_place_and_no_numbers_are_places_too() {
        let frame = Frame::new(0, None, &[[2.0f32, 3.0]; 4]);
        assert_eq!(frame.positions().collect::<Vec<_>>(), [[2.0, 3.0]; 4]);
        assert!(Frame::new(0, None, &[[f32::NAN, 1.0], [0.0, f32::INFINITY]]).positions().all(|p| p[0] == 0.0));
    }
}
