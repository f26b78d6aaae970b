use crate::error::{Error, Result};
use crate::math;
use crate::scalar::Scalar;

/// The kernel of the embedding, `w(d²) = (1 + d²/dof)^-dof` of a squared distance.
///
/// `dof = 1` is the Cauchy kernel of standard t-SNE (van der Maaten and Hinton 2008); smaller values have heavier
/// tails (Kobak et al. 2019, "Heavy-tailed kernels reveal a finer cluster structure in t-SNE visualisations"),
/// with the exponent as openTSNE defines it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kernel {
    dof: f64,
}

impl Default for Kernel {
    fn default() -> Self {
        Self::CAUCHY
    }
}

impl Kernel {
    /// The kernel of standard t-SNE, `1 / (1 + d²)`.
    pub const CAUCHY: Self = Self { dof: 1.0 };

    /// The smallest and largest degrees of freedom: beyond them the powers leave the range of `f32`.
    pub const DOF_RANGE: (f64, f64) = (1e-3, 1e3);

    /// The kernel with the given degrees of freedom.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] outside of [`Kernel::DOF_RANGE`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// assert_eq!(Kernel::new(1.0)?, Kernel::CAUCHY);
    /// // Fewer degrees of freedom, a heavier tail.
    /// assert!(Kernel::new(0.5)?.weight(100.0) > Kernel::CAUCHY.weight(100.0));
    /// assert!(Kernel::new(0.0).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(dof: f64) -> Result<Self> {
        let (low, high) = Self::DOF_RANGE;
        if (low..=high).contains(&dof) {
            Ok(Self { dof })
        } else {
            Err(Error::parameter("dof", dof, format_args!("a number from {low} to {high} (1 is standard t-SNE)")))
        }
    }

    /// The degrees of freedom.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// assert_eq!(Kernel::new(0.5)?.dof(), 0.5);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn dof(self) -> f64 {
        self.dof
    }

    /// `w(d²)`, in double precision.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// assert_eq!(Kernel::CAUCHY.weight(3.0), 1.0 / 4.0);
    /// assert!((Kernel::new(2.0)?.weight(2.0) - 1.0 / 4.0).abs() < 1e-15); // (1 + 2/2)^-2
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn weight(self, d2: f64) -> f64 {
        if self.dof == 1.0 { 1.0 / (1.0 + d2) } else { (-self.neg_ln_weight(d2)).exp() }
    }

    /// `w(d²) - 1`, accurate for small distances, in double precision.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// // 1 + 1e-20 is 1, and the difference of the weights would be lost.
    /// assert_eq!(Kernel::CAUCHY.weight(1e-20) - 1.0, 0.0);
    /// assert_eq!(Kernel::CAUCHY.weight_m1(1e-20), -1e-20);
    /// ```
    pub fn weight_m1(self, d2: f64) -> f64 {
        if self.dof == 1.0 { -d2 / (1.0 + d2) } else { (-self.neg_ln_weight(d2)).exp_m1() }
    }

    /// The weight of a pair in the repulsion, `w^((dof+1)/dof) = (1 + d²/dof)^-(dof+1)`, in double precision.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// assert_eq!(Kernel::CAUCHY.force(3.0), 1.0 / 16.0); // The square of the weight.
    /// assert!((Kernel::new(2.0)?.force(2.0) - 1.0 / 8.0).abs() < 1e-15); // (1 + 2/2)^-3
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn force(self, d2: f64) -> f64 {
        if self.dof == 1.0 {
            let w = 1.0 / (1.0 + d2);
            w * w
        } else {
            (-(self.dof + 1.0) * (d2 / self.dof).ln_1p()).exp()
        }
    }

    /// The weight of a pair in the attraction, `(1 + d²/dof)^-1`, in double precision.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// assert_eq!(Kernel::CAUCHY.attraction(3.0), 1.0 / 4.0);
    /// assert_eq!(Kernel::new(2.0)?.attraction(2.0), 1.0 / 2.0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn attraction(self, d2: f64) -> f64 {
        1.0 / (1.0 + d2 / self.dof)
    }

    /// `-ln w(d²)`, in double precision.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// let kernel = Kernel::new(0.5)?;
    /// assert!((kernel.neg_ln_weight(7.0) + kernel.weight(7.0).ln()).abs() < 1e-14);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn neg_ln_weight(self, d2: f64) -> f64 {
        self.dof * (d2 / self.dof).ln_1p()
    }

    /// What a pair costs in a sum over pairs, in units of a pair of [`Kernel::CAUCHY`]: where sums over all pairs end and grids
    /// begin to be faster depends on it.
    ///
    /// Weight and force in a vectorized loop, ns in `f32` and `f64` (example `pair_cost`; an EPYC of the fourth generation, AVX2, the
    /// least of a thousand loops on a machine that others used too), and 0.1 ns more for what all kernels share, differences and
    /// sums: 0.15 and 0.31 at `dof` 1, 0.18 and 0.38 where `dof` is whole, up to 8, 0.30 and 0.94 at the halves between, 1.05 and
    /// 3.00 elsewhere, 0.78 and 2.26 in blocks (by the platform's `ln_1p` and `exp`, a call for each pair, 12.9 and 14.7).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Kernel;
    ///
    /// assert_eq!(Kernel::CAUCHY.pair_cost(), 1.0);
    /// assert!(Kernel::new(0.8)?.pair_cost() > Kernel::new(0.5)?.pair_cost());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn pair_cost(self) -> f64 {
        match self.form() {
            Form::Cauchy => 1.0,
            Form::Integer(_) => 1.1,
            Form::HalfInteger(_) => 1.6,
            Form::General => 4.6,
        }
    }

    fn form(self) -> Form {
        let twice = 2.0 * self.dof;
        if self.dof == 1.0 {
            Form::Cauchy
        } else if twice.fract() != 0.0 || twice > MAX_TWICE {
            Form::General
        } else if (twice as u32).is_multiple_of(2) {
            Form::Integer(twice as u32 / 2)
        } else {
            Form::HalfInteger(twice as u32 / 2)
        }
    }

    /// Calls `visitor` with the form of the kernel that is cheapest to evaluate in the inner loop of a pair sum:
    /// division only for `dof = 1`, a square root and products where `2 dof` is a small integer, else logarithm and exponential in
    /// arithmetic that vectorizes ([`math::inverse_power`], which says how accurate that is; a distance for which `d²/dof` is beyond a
    /// quarter of the largest number has the weight of that one).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Kernel, Profile, ProfileVisitor};
    ///
    /// /// The sum of the weights of some squared distances.
    /// struct Sum<'a>(&'a [f64]);
    ///
    /// impl ProfileVisitor<f64> for Sum<'_> {
    ///     type Output = f64;
    ///
    ///     fn visit<P: Profile<f64>>(self, profile: P) -> f64 {
    ///         self.0.iter().map(|d2| profile.weight_and_force(*d2).0).sum()
    ///     }
    /// }
    ///
    /// assert_eq!(Kernel::CAUCHY.visit(Sum(&[0.0, 1.0, 3.0])), 1.0 + 0.5 + 0.25);
    /// ```
    pub fn visit<T: Scalar, V: ProfileVisitor<T>>(self, visitor: V) -> V::Output {
        let inv_dof = T::from_f64(1.0 / self.dof);
        match self.form() {
            Form::Cauchy => visitor.visit(Cauchy),
            Form::Integer(dof) => visitor.visit(Integer { inv_dof, dof }),
            Form::HalfInteger(floor) => visitor.visit(HalfInteger { inv_dof, floor }),
            Form::General => {
                let (dof, limit) = (T::from_f64(self.dof), math::inverse_power_limit(self.dof));
                visitor.visit(General { inv_dof, dof, limit })
            }
        }
    }
}

/// How a kernel is evaluated in inner loops.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `dof` 1: a division.
    Cauchy,
    /// Whole `dof`: products too.
    Integer(u32),
    /// Half a degree more than this: and a square root.
    HalfInteger(u32),
    /// Logarithm and exponential.
    General,
}

/// The largest `2 dof` for which products are used. Five products in place of a logarithm and an exponential take a sixth of the
/// time up to here, and a third with the square root; larger exponents are not used in practice.
const MAX_TWICE: f64 = 16.0;

/// A kernel in a form that inner loops can inline.
pub trait Profile<T: Scalar>: Copy + Send + Sync {
    /// Whether this is [`Kernel::CAUCHY`], for what has a form of its own there.
    const IS_CAUCHY: bool = false;
    /// Whether a loop over many pairs is faster by [`Profile::weights_and_forces`]: where the operations on a pair are a chain so long
    /// that the processor waits for it. Blocks cost the other kernels a third to a half, for what they write and read again.
    const IN_BLOCKS: bool = false;
    /// `w(d²)` and the repulsive weight `w(d²) / (1 + d²/dof)` of a squared distance.
    fn weight_and_force(self, d2: T) -> (T, T);
    /// [`Profile::weight_and_force`] of a block of distances, with the same bits; in passes over the block where that is faster
    /// ([`Profile::IN_BLOCKS`]).
    #[inline(always)]
    fn weights_and_forces<const L: usize>(self, d2: &[T; L], weights: &mut [T; L], forces: &mut [T; L]) {
        for l in 0..L {
            (weights[l], forces[l]) = self.weight_and_force(d2[l]);
        }
    }
    /// The attractive weight `1 / (1 + d²/dof)`.
    fn attraction(self, d2: T) -> T;
}

/// A computation over any [`Profile`], given to [`Kernel::visit`].
pub trait ProfileVisitor<T: Scalar> {
    /// What the computation returns.
    type Output;
    /// The computation.
    fn visit<P: Profile<T>>(self, profile: P) -> Self::Output;
}

#[derive(Clone, Copy)]
struct Cauchy;

impl<T: Scalar> Profile<T> for Cauchy {
    const IS_CAUCHY: bool = true;

    #[inline(always)]
    fn weight_and_force(self, d2: T) -> (T, T) {
        let w = T::ONE / (T::ONE + d2);
        (w, w * w)
    }
    #[inline(always)]
    fn attraction(self, d2: T) -> T {
        T::ONE / (T::ONE + d2)
    }
}

#[derive(Clone, Copy)]
struct Integer<T> {
    inv_dof: T,
    dof: u32,
}

impl<T: Scalar> Profile<T> for Integer<T> {
    #[inline(always)]
    fn weight_and_force(self, d2: T) -> (T, T) {
        let u = T::ONE / (T::ONE + d2 * self.inv_dof);
        let w = power(u, self.dof);
        (w, w * u)
    }
    #[inline(always)]
    fn attraction(self, d2: T) -> T {
        T::ONE / (T::ONE + d2 * self.inv_dof)
    }
}

#[derive(Clone, Copy)]
struct HalfInteger<T> {
    inv_dof: T,
    floor: u32,
}

impl<T: Scalar> Profile<T> for HalfInteger<T> {
    #[inline(always)]
    fn weight_and_force(self, d2: T) -> (T, T) {
        let u = T::ONE / (T::ONE + d2 * self.inv_dof);
        let w = power(u, self.floor) * u.sqrt();
        (w, w * u)
    }
    #[inline(always)]
    fn attraction(self, d2: T) -> T {
        T::ONE / (T::ONE + d2 * self.inv_dof)
    }
}

/// `u` to a power of at most 15, by squaring: a loop over the exponent would keep the loop around it from being
/// vectorized, which costs the exact repulsion a factor of 3 to 5.
#[inline(always)]
fn power<T: Scalar>(u: T, exponent: u32) -> T {
    let factor = |bit: u32, power: T| if exponent & bit == 0 { T::ONE } else { power };
    let u2 = u * u;
    let u4 = u2 * u2;
    factor(1, u) * factor(2, u2) * factor(4, u4) * factor(8, u4 * u4)
}

#[derive(Clone, Copy)]
struct General<T> {
    inv_dof: T,
    dof: T,
    limit: T,
}

impl<T: Scalar> General<T> {
    /// `-log₂ w(d²)`, and `1 / (1 + d²/dof)`.
    #[inline(always)]
    fn exponent(self, d2: T) -> (T, T) {
        let a = d2 * self.inv_dof;
        math::inverse_power_exponent(if a < self.limit { a } else { self.limit }, self.dof)
    }

    /// `w(d²)` by its logarithm.
    #[inline(always)]
    fn weight(self, d2: T, exponent: T) -> T {
        let w = math::exp2_neg(exponent);
        // A square that overflowed is infinitely far away, whatever the limit.
        if d2 <= T::MAX { w } else { T::ZERO }
    }
}

impl<T: Scalar> Profile<T> for General<T> {
    const IN_BLOCKS: bool = true;

    #[inline(always)]
    fn weight_and_force(self, d2: T) -> (T, T) {
        let (t, u) = self.exponent(d2);
        let w = self.weight(d2, t);
        (w, w * u)
    }
    #[inline(always)]
    fn weights_and_forces<const L: usize>(self, d2: &[T; L], weights: &mut [T; L], forces: &mut [T; L]) {
        for l in 0..L {
            (weights[l], forces[l]) = self.exponent(d2[l]);
        }
        for l in 0..L {
            weights[l] = self.weight(d2[l], weights[l]);
            forces[l] = weights[l] * forces[l];
        }
    }
    #[inline(always)]
    fn attraction(self, d2: T) -> T {
        T::ONE / (T::ONE + d2 * self.inv_dof)
    }
}
