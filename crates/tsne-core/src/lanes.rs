//! The end of a sum in lanes. Loops sum in a constant number of them, whatever the vector unit, so that they are vectorized and
//! their results are those of every machine.

use crate::scalar::Scalar;

/// The sum of the lanes, pairwise: the same tree on every machine.
///
/// # Examples
///
/// ```
/// assert_eq!(tsne_core::lanes::fold([1.0f32, 2.0, 3.0, 4.0]), (1.0 + 3.0) + (2.0 + 4.0));
/// ```
#[inline(always)]
pub fn fold<T: Scalar, const L: usize>(mut lanes: [T; L]) -> T {
    let mut width = L;
    while width > 1 {
        let half = width / 2;
        for l in 0..half {
            lanes[l] += lanes[l + width - half];
        }
        width -= half;
    }
    lanes.first().copied().unwrap_or(T::ZERO)
}
