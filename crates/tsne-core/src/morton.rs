//! Morton codes: numbers along a curve that fills space, so that points which stand near each other in their order are near
//! each other in space, and every cell of a halved cube holds consecutive ones (Morton 1966, "A computer oriented geodetic
//! data base and a new technique in file sequencing").
//!
//! A [`Cube`] gives the code of a point; a [`key`] is a code with the index of its point below it. Keys are distinct, so that
//! every way to sort them gives the same order.

use crate::bounds::Bounds;
use crate::scalar::Scalar;

/// Bits of a code: with a 32-bit index it fills the 64-bit key that is sorted.
const CODE_BITS: u32 = 32;

/// What makes lengths below 2⁻⁹⁹¹, of which 2³² in a length of 1 are beyond all numbers, normal ones: exactly, a power of two.
/// 2⁻¹⁰⁷⁴, the least of them, becomes 2⁻⁷⁴.
const MAGNIFICATION: f64 = f64::from_bits((1023 + 1000) << 52);

/// A cube of space, halved [`Cube::LEVELS`] times along each axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cube<const D: usize> {
    lower: [f64; D],
    side: f64,
}

impl<const D: usize> Cube<D> {
    /// Halvings of the cube that a code resolves: 32 in 1-D, 16 in 2-D, 10 in 3-D; none beyond 32 dimensions.
    pub const LEVELS: u32 = if D == 0 { 0 } else { CODE_BITS / D as u32 };

    /// Cells of the last level along an axis.
    const CELLS: f64 = (1u64 << Self::LEVELS) as f64;

    /// The smallest cube that holds a box, anchored at its lower corner.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    /// use tsne_core::morton::Cube;
    ///
    /// assert_eq!(Cube::around(&Bounds::of(&[[1.0f32, 0.0], [3.0, 5.0]])).side(), 5.0);
    /// ```
    pub fn around<T: Scalar>(bounds: &Bounds<T, D>) -> Self {
        let lower = bounds.lower.map(T::to_f64);
        let side = (0..D).map(|a| bounds.upper[a].to_f64() - lower[a]).fold(0.0, f64::max);
        Self { lower, side }
    }

    /// The side of the cube.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    /// use tsne_core::morton::Cube;
    ///
    /// assert_eq!(Cube::around(&Bounds::of(&[[1.0f64], [3.0]])).side(), 2.0);
    /// ```
    pub const fn side(&self) -> f64 {
        self.side
    }

    /// The side of a cell of a level; the cube itself is level 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    /// use tsne_core::morton::Cube;
    ///
    /// assert_eq!(Cube::around(&Bounds::of(&[[1.0f64], [3.0]])).side_at(3), 0.25);
    /// ```
    pub fn side_at(&self, level: u32) -> f64 {
        self.side / (1u64 << level.min(63)) as f64
    }

    /// The Morton code of a point: the bits of its cell along the axes, interleaved from the most significant bit, those of the
    /// first axis first.
    ///
    /// The lower end of an axis gets 0 and the upper end of the longest axis the last cell (casts saturate and take NaN to 0).
    /// A cube of any side has all its cells, also where the side is so small that its reciprocal overflows: points multiplied by a
    /// power of two have the codes that they had before.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    /// use tsne_core::morton::Cube;
    ///
    /// let cube = Cube::around(&Bounds::new([0.0f32, 0.0], [1.0, 1.0]));
    /// // The quarters of a square, in their order: the second axis runs faster.
    /// let codes = [[0.2, 0.2], [0.2, 0.8], [0.8, 0.2], [0.8, 0.8]].map(|p| cube.code(&p));
    /// assert!(codes.is_sorted());
    /// ```
    #[inline(always)]
    pub fn code<T: Scalar>(&self, p: &[T; D]) -> u32 {
        let scale = Self::CELLS / self.side;
        if scale < f64::INFINITY { self.code_by(p, |offset| offset * scale) } else { self.code_of_tiny(p) }
    }

    /// [`Cube::code`] where the number of cells in a length of 1 is beyond all numbers. By it all points but those on the lower
    /// sides would have the last cell: a tree would take off a point or two at each level, in quadratic time.
    #[cold]
    #[inline(never)]
    fn code_of_tiny<T: Scalar>(&self, p: &[T; D]) -> u32 {
        let scale = Self::CELLS / (self.side * MAGNIFICATION);
        self.code_by(p, |offset| offset * MAGNIFICATION * scale)
    }

    /// The code by what makes an offset from the lower corner a number of cells.
    #[inline(always)]
    fn code_by<T: Scalar>(&self, p: &[T; D], cells: impl Fn(f64) -> f64) -> u32 {
        let last = ((1u64 << Self::LEVELS) - 1) as u32;
        let mut code = 0;
        for a in 0..D {
            let cell = cells(p[a].to_f64() - self.lower[a]) as u32;
            code |= spread::<D>(cell.min(last)).unbounded_shl((D - 1 - a) as u32);
        }
        code
    }

    /// The level of the smallest cell that holds both codes.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::morton::Cube;
    ///
    /// // The two halves of an interval, and the two halves of the first of them.
    /// assert_eq!(Cube::<1>::common_level(0, 1 << 31), 0);
    /// assert_eq!(Cube::<1>::common_level(0, 1 << 30), 1);
    /// ```
    #[inline(always)]
    pub fn common_level(a: u32, b: u32) -> u32 {
        let unused = CODE_BITS - Self::LEVELS * D as u32;
        let same = (a ^ b).leading_zeros().saturating_sub(unused);
        same / (D as u32).max(1)
    }

    /// Which of its `2^D` children a cell of a level below [`Cube::LEVELS`] has a code in.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::morton::Cube;
    ///
    /// // Bits of both axes, from the most significant one: the fourth quarter, and in it the third.
    /// let code = 0b11_10 << 28;
    /// assert_eq!((Cube::<2>::child(code, 0), Cube::<2>::child(code, 1)), (3, 2));
    /// ```
    #[inline(always)]
    pub fn child(code: u32, level: u32) -> u32 {
        let below = Self::LEVELS.saturating_sub(level.saturating_add(1));
        let mask = 1u32.unbounded_shl(D as u32).wrapping_sub(1);
        (code >> (below * D as u32)) & mask
    }
}

/// Moves bit `i` to bit `D i`.
#[inline(always)]
fn spread<const D: usize>(x: u32) -> u32 {
    match D {
        0 | 1 => x,
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
        _ => (0..CODE_BITS / D as u32).fold(0, |spread, bit| spread | (x >> bit & 1) << (bit * D as u32)),
    }
}

/// A code and the index of its point in one number: keys are distinct, so that every sort gives the same order,
/// points of one code ascending by index.
///
/// # Examples
///
/// ```
/// use tsne_core::morton::{key, key_code, key_index};
///
/// let mut keys = [key(7, 0), key(3, 1), key(3, 2)];
/// keys.sort_unstable();
/// assert_eq!(keys.map(key_index), [1, 2, 0]);
/// assert_eq!(key_code(keys[2]), 7);
/// ```
#[inline(always)]
pub const fn key(code: u32, index: u32) -> u64 {
    (code as u64) << 32 | index as u64
}

/// The code of a [`key`].
///
/// # Examples
///
/// ```
/// use tsne_core::morton::{key, key_code};
///
/// assert_eq!(key_code(key(7, 5)), 7);
/// ```
#[inline(always)]
pub const fn key_code(key: u64) -> u32 {
    (key >> 32) as u32
}

/// The index of the point of a [`key`].
///
/// # Examples
///
/// ```
/// use tsne_core::morton::{key, key_index};
///
/// assert_eq!(key_index(key(7, 5)), 5);
/// ```
#[inline(always)]
pub const fn key_index(key: u64) -> u32 {
    key as u32
}
