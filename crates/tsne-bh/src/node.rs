//! The cells of a tree as a walk reads them.

use crate::moments::Moments;
use tsne_core::Scalar;

/// The most points of a cell that is not divided further: they are summed one by one, in a vectorized loop.
///
/// On a map of 70,000 points in 2-D, 4, 8 and 16 took the same time (16 ms of one processor) with groups of 64 and of
/// 128; on one of 10,000, building took 0.28, 0.16 and 0.16 ms with two threads. 16 adds terms that a single new point
/// must sum, 4 doubles the nodes.
pub(crate) const BUCKET: usize = 8;

/// A cell with at least one point.
///
/// It has no flag for leaves: a cell is a leaf if it holds at most [`BUCKET`] points or if all of them coincide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<T, const D: usize> {
    /// The mean of its points.
    pub(crate) center: [T; D],
    /// The second moments of its points about their mean.
    pub(crate) moments: Moments<T, D>,
    /// The squared side of the smallest cell of the grid that holds its points. Negative where there is none: -1 if they coincide,
    /// minus the side, which is far above 1, if its square is beyond all numbers of the type.
    pub(crate) side2: T,
    /// Its first point in sorted order.
    pub(crate) start: u32,
    /// The number of its points.
    pub(crate) count: u32,
    /// The node that follows when the cell is not opened. When it is, the next one in the array does.
    pub(crate) skip: u32,
}

impl<T: Scalar, const D: usize> Node<T, D> {
    pub(crate) const EMPTY: Self =
        Self { center: [T::ZERO; D], moments: Moments::ZERO, side2: T::ZERO, start: 0, count: 0, skip: 0 };

    #[inline(always)]
    pub(crate) fn is_coincident(&self) -> bool {
        self.side2 == -T::ONE
    }

    /// The side of the smallest cell of the grid that holds its points.
    pub(crate) fn side(&self) -> f64 {
        match self.side2.to_f64() {
            _ if self.is_coincident() => 0.0,
            side2 if side2 >= 0.0 => side2.sqrt(),
            minus_side => -minus_side,
        }
    }

    #[inline(always)]
    pub(crate) fn is_leaf(&self) -> bool {
        self.count as usize <= BUCKET || self.is_coincident()
    }

    #[inline(always)]
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.count as usize
    }
}
