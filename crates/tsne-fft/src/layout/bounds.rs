//! The box around a map.

use crate::scalar::GridScalar;
use tsne_core::{Context, Error, Result, Scalar, blocks};

/// The smallest box around a set of points, along the axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds<T, const D: usize> {
    pub(crate) low: [T; D],
    pub(crate) high: [T; D],
}

impl<T: GridScalar, const D: usize> Default for Bounds<T, D> {
    fn default() -> Self {
        Self { low: [T::INFINITY; D], high: [-T::INFINITY; D] }
    }
}

impl<T: GridScalar, const D: usize> Bounds<T, D> {
    /// [`Bounds::of`] of positions that all members of a team have: each looks at those of its points.
    pub(crate) fn of_team(y: &[[T; D]], partials: &mut Vec<(Self, bool)>, cx: Context<'_>) -> Result<(Self, bool)> {
        let (own, finite) = Self::of(&y[cx.rows(y.len())], partials);
        // An iteration of one process allocates nothing.
        if cx.members() < 2 {
            return Ok((own, finite));
        }
        let parts = cx.gather_one(([own.low, own.high], u8::from(finite)))?;
        let parts = parts.into_iter().map(|([low, high], finite)| (Self { low, high }, finite == 1));
        Ok(parts.fold((Self::default(), true), Self::and))
    }

    /// The bounds of finite positions, and whether all are finite.
    pub(crate) fn of(y: &[[T; D]], partials: &mut Vec<(Self, bool)>) -> (Self, bool) {
        let parts = blocks::map(partials, y.len(), |range| {
            let mut bounds = Self::default();
            let mut finite = true;
            for point in &y[range] {
                for c in 0..D {
                    bounds.low[c] = bounds.low[c].min(point[c]);
                    bounds.high[c] = bounds.high[c].max(point[c]);
                    finite &= Scalar::is_finite(point[c]);
                }
            }
            (bounds, finite)
        });
        parts.iter().copied().fold((Self::default(), true), Self::and)
    }

    fn and((mut all, finite): (Self, bool), (part, part_finite): (Self, bool)) -> (Self, bool) {
        for c in 0..D {
            all.low[c] = all.low[c].min(part.low[c]);
            all.high[c] = all.high[c].max(part.high[c]);
        }
        (all, finite & part_finite)
    }

    /// Whether a place is inside or on the border.
    #[inline(always)]
    pub(crate) fn holds(&self, place: &[T; D]) -> bool {
        (0..D).all(|c| place[c] >= self.low[c] && place[c] <= self.high[c])
    }

    /// The longest side.
    pub(crate) fn extent(&self) -> f64 {
        (0..D).map(|c| self.high[c].to_f64() - self.low[c].to_f64()).fold(0.0, f64::max)
    }
}

/// The largest extent: the square of a distance stays within `f64`.
const MAX_EXTENT: f64 = 1e150;

/// Checks that there are few enough points for their indices, and that differences of their coordinates are finite.
pub(crate) fn check_range<T: GridScalar, const D: usize>(n: usize, bounds: &Bounds<T, D>) -> Result<()> {
    let max = u32::MAX as usize;
    if n > max {
        return Err(Error::capacity("the number of points", n, max));
    }
    let limit = MAX_EXTENT.min(0.25 * T::MAX.to_f64());
    let extent = bounds.extent();
    if n > 0 && extent > limit {
        let allowed = format_args!("at most {limit:.3e}: the descent has diverged, lower learning_rate");
        return Err(Error::parameter("the extent of the embedding", format_args!("{extent:.3e}"), allowed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_beyond_the_scalar_are_refused() {
        let bounds = |low: f32, high: f32| Bounds { low: [low; 2], high: [high; 2] };
        assert!(check_range(10, &bounds(-1e37, 1e37)).is_ok());
        let message = check_range(10, &bounds(-3e38, 3e38)).unwrap_err().to_string();
        assert!(message.contains("6.000e38") && message.contains("8.507e37"), "{message}");
        let wide = Bounds { low: [-1e308], high: [1e308f64] };
        assert!(check_range(10, &wide).is_err());
    }
}
