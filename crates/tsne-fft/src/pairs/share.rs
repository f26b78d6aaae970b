//! What a pair adds: all of the kernel, or what a grid leaves of it.

use crate::scalar::GridScalar;
use crate::spline::split::Rest;
use tsne_core::{Kernel, Profile, ProfileVisitor};

/// What a pair adds, in a form that inner loops can inline.
pub(crate) trait PairShare<T>: Copy + Send + Sync {
    /// The weight, and the factor of the difference of the positions, of a squared distance.
    fn of(self, d2: T) -> (T, T);
}

/// A computation over any [`PairShare`], given to [`visit_share`].
pub(crate) trait ShareVisitor<T> {
    type Output;
    fn visit<P: PairShare<T>>(self, share: P) -> Self::Output;
}

/// Calls `visitor` with all of `kernel`, or with what a grid leaves of it.
pub(crate) fn visit_share<T: GridScalar, V: ShareVisitor<T>>(
    kernel: Kernel,
    rest: Option<Rest<T>>,
    visitor: V,
) -> V::Output {
    match rest {
        None => kernel.visit(Everything(visitor)),
        Some(rest) => visit_rest(kernel, rest, visitor),
    }
}

/// Calls `visitor` with what a grid leaves of `kernel`: apart from [`visit_share`], so that what never sees all of a kernel
/// is not compiled for it.
pub(crate) fn visit_rest<T: GridScalar, V: ShareVisitor<T>>(kernel: Kernel, rest: Rest<T>, visitor: V) -> V::Output {
    kernel.visit(Remaining(visitor, rest))
}

struct Everything<V>(V);
struct Remaining<V, T>(V, Rest<T>);

impl<T: GridScalar, V: ShareVisitor<T>> ProfileVisitor<T> for Everything<V> {
    type Output = V::Output;
    fn visit<P: Profile<T>>(self, profile: P) -> V::Output {
        self.0.visit(All(profile))
    }
}

impl<T: GridScalar, V: ShareVisitor<T>> ProfileVisitor<T> for Remaining<V, T> {
    type Output = V::Output;
    fn visit<P: Profile<T>>(self, profile: P) -> V::Output {
        // A constant: the form that is not taken is not compiled.
        if const { P::IS_CAUCHY } { self.0.visit(RestOfCauchy(self.1)) } else { self.0.visit(RestOf(profile, self.1)) }
    }
}

#[derive(Clone, Copy)]
struct All<P>(P);
#[derive(Clone, Copy)]
struct RestOf<P, T>(P, Rest<T>);
#[derive(Clone, Copy)]
struct RestOfCauchy<T>(Rest<T>);

impl<T: GridScalar, P: Profile<T>> PairShare<T> for All<P> {
    #[inline(always)]
    fn of(self, d2: T) -> (T, T) {
        self.0.weight_and_force(d2)
    }
}

impl<T: GridScalar, P: Profile<T>> PairShare<T> for RestOf<P, T> {
    #[inline(always)]
    fn of(self, d2: T) -> (T, T) {
        self.1.of(d2, self.0.weight_and_force(d2))
    }
}

impl<T: GridScalar> PairShare<T> for RestOfCauchy<T> {
    #[inline(always)]
    fn of(self, d2: T) -> (T, T) {
        self.0.of_cauchy(d2)
    }
}
