use tsne_core::Scalar;

/// A cube of space, cut into `2^levels` cells along each axis.
///
/// The root cube of a tree is the smallest one that holds all points, anchored at their lower corner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cube<const D: usize> {
    lower: [f64; D],
    side: f64,
}

/// The smallest axis-aligned box around points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<T, const D: usize> {
    pub(crate) lower: [T; D],
    pub(crate) upper: [T; D],
}

impl<T: Scalar, const D: usize> Default for Bounds<T, D> {
    fn default() -> Self {
        Self { lower: [T::INFINITY; D], upper: [-T::INFINITY; D] }
    }
}

impl<T: Scalar, const D: usize> Bounds<T, D> {
    #[inline(always)]
    pub(crate) fn of(points: &[[T; D]]) -> Self {
        points.iter().fold(Self::default(), |b, p| b.union(&Self { lower: *p, upper: *p }))
    }

    #[inline(always)]
    pub(crate) fn union(mut self, other: &Self) -> Self {
        for a in 0..D {
            self.lower[a] = self.lower[a].min(other.lower[a]);
            self.upper[a] = self.upper[a].max(other.upper[a]);
        }
        self
    }

    /// The squared distance from the box to a point: 0 inside.
    #[inline(always)]
    pub(crate) fn squared_distance(&self, p: &[T; D]) -> T {
        let mut d2 = T::ZERO;
        for a in 0..D {
            let (below, above) = (self.lower[a] - p[a], p[a] - self.upper[a]);
            // No number is NaN here, which `max` would have to look at.
            let d = if below > above { below } else { above };
            let d = if d > T::ZERO { d } else { T::ZERO };
            d2 += d * d;
        }
        d2
    }
}

/// Bits of a Morton code: with a 32-bit index it fills the 64-bit key that is sorted.
const CODE_BITS: u32 = 32;

impl<const D: usize> Cube<D> {
    /// Halvings of the cube that a code resolves: 32 in 1-D, 16 in 2-D, 10 in 3-D. A cell of the last level that
    /// still holds too many points becomes a cube of its own, so that this does not limit the depth of the tree.
    pub(crate) const LEVELS: u32 = if D == 0 { 0 } else { CODE_BITS / D as u32 };

    /// The children of a cell.
    pub(crate) const CHILDREN: usize = 1 << D;

    /// The cube of a box.
    pub(crate) fn new<T: Scalar>(bounds: &Bounds<T, D>) -> Self {
        let lower = bounds.lower.map(T::to_f64);
        let side = (0..D).map(|a| bounds.upper[a].to_f64() - lower[a]).fold(0.0, f64::max);
        Self { lower, side }
    }

    /// The side of the root cell.
    pub(crate) const fn side(&self) -> f64 {
        self.side
    }

    /// The side of a cell of a level; the root is level 0.
    pub(crate) fn side_at(&self, level: u32) -> f64 {
        self.side / (1u64 << level) as f64
    }

    /// The Morton code of a point: the bits of its cell along the axes, interleaved from the most significant bit.
    ///
    /// The lower end of an axis gets 0 and the upper end of the longest axis the last cell, also where the side is
    /// so small that its reciprocal overflows (casts saturate and take NaN to 0): a cube of distinct points always
    /// has at least two codes.
    #[inline(always)]
    pub(crate) fn code<T: Scalar>(&self, p: &[T; D]) -> u32 {
        let cells = (1u64 << Self::LEVELS) as f64;
        let last = ((1u64 << Self::LEVELS) - 1) as u32;
        let scale = cells / self.side;
        let mut code = 0;
        for a in 0..D {
            let cell = ((p[a].to_f64() - self.lower[a]) * scale) as u32;
            code |= Self::spread(cell.min(last)) << (D - 1 - a);
        }
        code
    }

    /// Moves bit `i` to bit `D i`.
    #[inline(always)]
    fn spread(x: u32) -> u32 {
        match D {
            2 => {
                let x = (x | (x << 8)) & 0x00ff_00ff;
                let x = (x | (x << 4)) & 0x0f0f_0f0f;
                let x = (x | (x << 2)) & 0x3333_3333;
                (x | (x << 1)) & 0x5555_5555
            }
            3 => {
                let x = (x | (x << 16)) & 0x0300_00ff;
                let x = (x | (x << 8)) & 0x0300_f00f;
                let x = (x | (x << 4)) & 0x030c_30c3;
                (x | (x << 2)) & 0x0924_9249
            }
            _ => x,
        }
    }

    /// The level of the smallest cell that holds both codes.
    #[inline(always)]
    pub(crate) fn common_level(a: u32, b: u32) -> u32 {
        let unused = CODE_BITS - Self::LEVELS * D as u32;
        let same = (a ^ b).leading_zeros() - unused;
        same / (D as u32).max(1)
    }

    /// Which child of its cell of a level (below [`Cube::LEVELS`]) a code lies in.
    #[inline(always)]
    pub(crate) fn child(code: u32, level: u32) -> usize {
        (code >> ((Self::LEVELS - 1 - level) * D as u32)) as usize & (Self::CHILDREN - 1)
    }
}

/// A code and the index of its point in one number: keys are distinct, so that every sort gives the same order,
/// coincident points ascending by index.
#[inline(always)]
pub(crate) fn key(code: u32, index: u32) -> u64 {
    u64::from(code) << 32 | u64::from(index)
}

/// The code of a key.
#[inline(always)]
pub(crate) fn key_code(key: u64) -> u32 {
    (key >> 32) as u32
}

/// The point of a key.
#[inline(always)]
pub(crate) fn key_index(key: u64) -> u32 {
    key as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One bit at a time: the definition.
    fn interleaved<const D: usize>(cells: [u32; D]) -> u32 {
        let mut code = 0;
        for level in 0..Cube::<D>::LEVELS {
            for (a, cell) in cells.iter().enumerate() {
                let bit = cell >> (Cube::<D>::LEVELS - 1 - level) & 1;
                code |= bit << ((Cube::<D>::LEVELS - 1 - level) * D as u32 + (D - 1 - a) as u32);
            }
        }
        code
    }

    fn check<const D: usize>() {
        let side = (1u64 << Cube::<D>::LEVELS) as f64;
        let cube = Cube::new(&Bounds { lower: [0.0; D], upper: [side; D] });
        for seed in 0..200 {
            let cells: [u32; D] = std::array::from_fn(|a| {
                (tsne_core::random::element_seed(1, a as u64, seed) & ((1u64 << Cube::<D>::LEVELS) - 1)) as u32
            });
            // The middle of each cell: no rounding can move it to another.
            let code = cube.code(&cells.map(|c| f64::from(c) + 0.5));
            assert_eq!(code, interleaved(cells));
            assert_eq!(Cube::<D>::common_level(code, code), Cube::<D>::LEVELS);
            for level in 0..Cube::<D>::LEVELS {
                let shift = Cube::<D>::LEVELS - 1 - level;
                let child = cells.iter().fold(0, |child, c| child << 1 | (c >> shift & 1) as usize);
                assert_eq!(Cube::<D>::child(code, level), child);
                let neighbor =
                    interleaved::<D>(std::array::from_fn(|a| if a == 0 { cells[a] ^ 1 << shift } else { cells[a] }));
                assert_eq!(Cube::<D>::common_level(code, neighbor), level);
            }
        }
    }

    #[test]
    fn codes_interleave_the_bits_of_the_cells() {
        check::<1>();
        check::<2>();
        check::<3>();
    }

    #[test]
    fn the_ends_of_the_longest_axis_have_different_codes_at_any_scale() {
        for side in [f64::from_bits(1), f64::MIN_POSITIVE, 1e-300, 1.0, 3.7, 1e300, f64::MAX] {
            let cube = Cube::new(&Bounds { lower: [0.0, 0.0], upper: [side, side / 3.0] });
            assert_eq!(Cube::<2>::common_level(cube.code(&[0.0, 0.0]), cube.code(&[side, 0.0])), 0, "side {side:e}");
        }
    }
}
