//! Second moments of points about their mean: what a cell's action needs beside its mass, in as few numbers as three
//! dimensions need, since a walk reads them with each cell it takes.

use std::array;
use tsne_core::Scalar;

/// The sums of `δ_a δ_b` over points at `mean + δ`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments<T, const D: usize> {
    /// Those with `a = b`.
    pub(crate) spread: [T; D],
    /// Those with `b` the axis after `a`, of [`pairs`] axes. In two dimensions the second is the first again, and not read.
    pub(crate) shear: [T; D],
}

/// The number of pairs of axes, which is that of axes in three dimensions only.
pub(crate) const fn pairs(dimension: usize) -> usize {
    dimension * (dimension - 1) / 2
}

/// The axis that makes a pair with an axis.
pub(crate) const fn next(axis: usize, dimension: usize) -> usize {
    (axis + 1) % dimension
}

impl<T: Scalar, const D: usize> Moments<T, D> {
    pub(crate) const ZERO: Self = Self { spread: [T::ZERO; D], shear: [T::ZERO; D] };
}

impl<const D: usize> Moments<f64, D> {
    /// Adds those of a mass at a place relative to the mean.
    pub(crate) fn add(&mut self, place: &[f64; D], mass: f64) {
        for a in 0..D {
            self.spread[a] += mass * place[a] * place[a];
            self.shear[a] += mass * place[a] * place[next(a, D)];
        }
    }

    /// Adds those of other points about the same mean.
    pub(crate) fn join(&mut self, other: &Self) {
        for a in 0..D {
            self.spread[a] += other.spread[a];
            self.shear[a] += other.shear[a];
        }
    }

    /// In the scalar type, limited to where no product that a walk forms of them overflows, [`crate::sources`]: `ε²` of the
    /// largest number, 5e24 in `f32`. Larger ones belong to maps of an extent of 1e9 and more; there they are too small, and
    /// errors are at most those of masses alone.
    pub(crate) fn limited<T: Scalar>(&self) -> Moments<T, D> {
        let limit = T::MAX * T::EPSILON * T::EPSILON;
        let of = |value: f64| T::from_f64(value).min(limit).max(-limit);
        Moments { spread: array::from_fn(|a| of(self.spread[a])), shear: array::from_fn(|a| of(self.shear[a])) }
    }
}
