//! Sums over pairs.

pub(crate) mod all;
pub(crate) mod near;
pub(crate) mod rows;
pub(crate) mod share;

/// Below this number of points all pairs are summed directly, at `dof` 1.
///
/// Measured, `f32`, ms per call on two threads. In two dimensions, 512, 768 and 1,024 points: 0.17, 0.37, 0.63 directly,
/// 0.28 to 0.30 by the smallest grid, 0.33 at extent 60, 0.77 at extent 100; exactness decides where the two are close.
/// In three dimensions, 4,095 points at extent 30: 23 directly, 29 by the grid. In one, 255 points: 0.051 directly, 0.0067 by
/// the grid; at 64 points, a sixteenth of the pairs, direct sums take about half as long.
const fn direct_below<const D: usize>() -> usize {
    match D {
        1 => 64,
        2 => 768,
        _ => 4096,
    }
}

/// Whether so few points are summed pair by pair, whatever the kernel: few points are exact to rounding.
pub(crate) const fn is_direct<const D: usize>(n: usize) -> bool {
    n < direct_below::<D>()
}
