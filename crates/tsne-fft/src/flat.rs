//! Maps on which the kernel is a parabola: forces are a closed form, of which a grid would leave no digits.
//!
//! `w(r²) = 1 - r²` and the force weighs each difference with 1, up to `(1 + 1/dof) r²` of it: the force of all points on one is
//! `Σ_j (y_i - y_j)`, their number times the way from their mean. A position is known on a grid to a rounding of its spacing only,
//! which on maps far below the finest spacing is more than the map.

use crate::layout::bounds::Bounds;
use crate::scalar::GridScalar;
use tsne_core::blocks;

/// The largest extent of such maps. In three dimensions and at the least degrees of freedom, 1e-3, the next term is then 3e-19 of
/// each difference, an 800th of the rounding of `f64`.
const FLAT: f64 = 1e-11;

/// What such a map does to any place on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flat<const D: usize> {
    n: f64,
    /// A corner of the map: differences from it have all their digits.
    corner: [f64; D],
    /// The mean, from that corner.
    mean: [f64; D],
}

impl<const D: usize> Flat<D> {
    /// Of the positions `y` within `bounds`, if they are near enough to each other.
    pub(crate) fn of<T: GridScalar>(
        y: &[[T; D]],
        bounds: &Bounds<T, D>,
        partials: &mut Vec<Option<[f64; D]>>,
    ) -> Option<Self> {
        if y.is_empty() || bounds.extent() > FLAT {
            return None;
        }
        let corner = bounds.low.map(|v| v.to_f64());
        let n = y.len() as f64;
        let sums = blocks::map(partials, y.len(), |range| {
            let mut sum = [0.0; D];
            for point in &y[range] {
                for c in 0..D {
                    sum[c] += point[c].to_f64() - corner[c];
                }
            }
            Some(sum)
        });
        let mut mean = [0.0; D];
        for sum in sums.iter().flatten() {
            for c in 0..D {
                mean[c] += sum[c] / n;
            }
        }
        Some(Self { n, corner, mean })
    }

    /// The force of all points on a place; that of a point on itself is 0.
    pub(crate) fn force<T: GridScalar>(&self, place: &[T; D]) -> [T; D] {
        std::array::from_fn(|c| T::from_f64(self.n * ((place[c].to_f64() - self.corner[c]) - self.mean[c])))
    }

    /// The number of points, which is the sum of their weights.
    pub(crate) fn n(&self) -> f64 {
        self.n
    }
}
