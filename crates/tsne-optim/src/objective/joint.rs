//! The objective of a fit.

use super::cross_entropy::{cross_entropy, row_cross_entropy, row_p_ln_p};
use super::evaluate::{Evaluation, Objective, check_lengths, check_normalizer};
use super::normalizer::ln_if_lost;
use crate::attraction::attract;
use crate::attraction::renumber::{Renumbered, has_counts};
use std::ops::Range;
use tsne_core::{Affinities, AffinityKind, Context, Error, Kernel, Repulsion, Result, Scalar, blocks, chunks, memory};

/// The objective of a fit: the KL divergence of joint affinities from the embedding's.
///
/// In `f32` and from 8,192 points on, the attraction rounds each affinity to a 65,535th part of the largest of its row, which is
/// half as much to read; those of a perplexity are well above it. In `f64`, and for the divergence itself, nothing is rounded.
pub struct Joint<'a, T, const D: usize> {
    p: &'a Affinities<T>,
    kernel: Kernel,
    repulsion: &'a mut dyn Repulsion<T, D>,
    state: JointState<T, D>,
}

/// What a [`Joint`] has found out about its affinities, for the next one of the same: constants of the divergence, buffers, and
/// the numbering of the points that makes the attraction of large data fast.
///
/// It borrows nothing, so a map that is optimized step by step keeps it from one call to the next. No result depends on it: fifty
/// objectives of one evaluation, each with the state of the one before, give the bits of one objective of fifty evaluations, and
/// take its time.
#[derive(Clone)]
pub struct JointState<T, const D: usize> {
    /// The affinities that the rest is of.
    p: Option<Affinities<T>>,
    /// `Σ p ln p` and `Σ p`: constant through a descent, computed with the first KL divergence.
    constants: Option<Constants>,
    partials: Vec<f64>,
    renumbered: Renumbered<T, D>,
}

impl<T, const D: usize> Default for JointState<T, D> {
    /// Of no affinities yet.
    fn default() -> Self {
        Self { p: None, constants: None, partials: Vec::new(), renumbered: Renumbered::default() }
    }
}

impl<T, const D: usize> std::fmt::Debug for JointState<T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JointState").field("constants", &self.constants).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct Constants {
    p_ln_p: f64,
    sum: f64,
}

impl<T, const D: usize> std::fmt::Debug for Joint<'_, T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joint").field("kernel", &self.kernel).finish_non_exhaustive()
    }
}

impl<'a, T: Scalar, const D: usize> Joint<'a, T, D> {
    /// The objective of affinities `p` with repulsion by `repulsion`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless the affinities are joint.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Exact, Joint, Kernel, Objective};
    ///
    /// # use tsne_optim::{Affinities, AffinityKind};
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// let mut gradient = [[0.0f64]; 3];
    /// joint.evaluate(&[[-1.0], [0.0], [1.0]], 1.0, false, &mut gradient, Context::new())?;
    /// assert!((gradient[0][0] + gradient[2][0]).abs() < 1e-15 && gradient[1][0].abs() < 1e-15); // By symmetry.
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn new(p: &'a Affinities<T>, kernel: Kernel, repulsion: &'a mut dyn Repulsion<T, D>) -> Result<Self> {
        if p.kind() != AffinityKind::Joint {
            return Err(Error::invalid("affinities", "a fit needs joint affinities, but conditional ones were given"));
        }
        let state = JointState { p: Some(p.clone()), ..JointState::default() };
        Ok(Self { p, kernel, repulsion, state })
    }

    /// The same objective with what an earlier one found out about the same affinities.
    ///
    /// The same are these and clones of them ([`Affinities::ptr_eq`]); the state of others is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Affinities, AffinityKind, Context, Exact, Joint, JointState, Kernel, Objective};
    ///
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let (mut repulsion, mut gradient) = (Exact::new(), [[0.0f64]; 3]);
    /// let mut state = JointState::default();
    /// for call in 0..3 {
    ///     let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?.with_state(state);
    ///     joint.evaluate(&[[-1.0], [0.0], [1.0]], 1.0, true, &mut gradient, Context::new())?;
    ///     state = joint.into_state();
    /// }
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    #[must_use]
    pub fn with_state(mut self, state: JointState<T, D>) -> Self {
        if state.p.as_ref().is_some_and(|p| p.ptr_eq(self.p)) {
            self.state = state;
        }
        self
    }

    /// What this objective found out about its affinities, for [`Joint::with_state`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Affinities, AffinityKind, Exact, Joint, Kernel};
    ///
    /// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f32; 2], 2, AffinityKind::Joint)?;
    /// let (mut one, mut other) = (Exact::<f32, 2>::new(), Exact::new());
    /// let state = Joint::new(&p, Kernel::CAUCHY, &mut one)?.into_state();
    /// // The kernel and the repulsion may differ from call to call.
    /// let joint = Joint::new(&p, Kernel::new(0.5)?, &mut other)?.with_state(state);
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn into_state(self) -> JointState<T, D> {
        self.state
    }

    fn divergence(&mut self, y: &[[T; D]], z: f64, cx: Context<'_>) -> Result<f64> {
        let JointState { constants, partials, .. } = &mut self.state;
        // All members of a team compute them where one has them not, whose affinities came anew, say.
        let is_known = !cx.any(constants.is_none())?;
        let constants = match constants {
            Some(known) if is_known => *known,
            _ => *constants.insert(constants_of(self.p, partials, cx)?),
        };
        let cross = cross_entropy(self.p, self.kernel, y, partials, cx)?;
        // What a repulsion makes of weights that are lost in `T` is no divergence.
        let ln_z = match ln_if_lost(self.kernel, y, z, cx)? {
            Some(ln_z) => ln_z,
            None if z > 0.0 => z.ln(),
            // With one point there is no pair: Z = 0, and nothing to diverge from.
            None => 0.0,
        };
        Ok(constants.p_ln_p + cross + constants.sum * ln_z)
    }
}

impl<T: Scalar, const D: usize> Objective<T, D> for Joint<'_, T, D> {
    fn n(&self) -> usize {
        self.p.n_columns()
    }

    fn own(&self) -> Range<usize> {
        self.p.points()
    }

    fn is_translation_invariant(&self) -> bool {
        true
    }

    fn evaluate(
        &mut self,
        y: &[[T; D]],
        exaggeration: f64,
        with_kl: bool,
        gradient: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<Evaluation> {
        let own = self.own();
        check_lengths(self.n(), own.len(), y, gradient)?;
        self.p.check_own(cx)?;
        let z = self.repulsion.repulse(self.kernel, y, gradient, cx)?;
        check_normalizer(z, format_args!(""))?;
        let exaggeration = T::from_f64(exaggeration);
        // Without a pair, or where all weights underflow, there is no repulsion: 0 / ∞.
        let z_or_infinity = if z > 0.0 { z } else { f64::INFINITY };
        // In f64 and not by the inverse of Z, which overflows in `f32` where Z is just above zero.
        let gradient_of = |a: T, g: T| exaggeration * a - T::from_f64(g.to_f64() / z_or_infinity);
        if self.state.renumbered.prepare(self.p, y, cx)? {
            self.state.renumbered.for_each_point(self.kernel, (y, own.start), gradient, |attraction, g| {
                for c in 0..D {
                    g[c] = gradient_of(attraction[c], g[c]);
                }
            });
        } else {
            let as_counts = has_counts::<T>(y.len());
            attract::for_each_row_block(
                self.p,
                self.kernel,
                &y[own],
                (y, as_counts),
                gradient,
                |_, attraction, gradient| {
                    for (g, a) in gradient.as_flattened_mut().iter_mut().zip(attraction.as_flattened()) {
                        *g = gradient_of(*a, *g);
                    }
                },
            );
        }
        let kl_divergence = if with_kl { Some(self.divergence(y, z, cx)?) } else { None };
        Ok(Evaluation::new(kl_divergence))
    }
}

/// The KL divergence of joint affinities `p` from an embedding with normalizer `z`, which [`Repulsion::repulse`]
/// returns: `Σ p_ij ln p_ij - Σ p_ij ln w(r_ij²) + ln Z Σ p_ij`. In a [`Team`](tsne_core::Team) `p` are the rows of this member.
///
/// # Errors
///
/// [`Error::Shape`] unless `y` has a position for each row of `p`; [`Error::Parameter`] unless `z` is positive.
///
/// # Examples
///
/// ```
/// use tsne_optim::{Context, Exact, Kernel, Repulsion, kl_divergence};
///
/// # use tsne_optim::{Affinities, AffinityKind};
/// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f64; 2], 2, AffinityKind::Joint)?;
/// let (y, mut force) = ([[0.0], [1.0]], [[0.0f64]; 2]);
/// let z = Exact::new().repulse(Kernel::CAUCHY, &y, &mut force, Context::new())?;
/// assert!(kl_divergence(&p, Kernel::CAUCHY, &y, z, Context::new())?.abs() < 1e-15); // Two points: P and Q are the same.
/// assert!(kl_divergence(&p, Kernel::CAUCHY, &y, 0.0, Context::new()).is_err());
/// # Ok::<(), tsne_optim::Error>(())
/// ```
pub fn kl_divergence<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    z: f64,
    cx: Context<'_>,
) -> Result<f64> {
    check_divergence(p, y, z)?;
    p.check_own(cx)?;
    let mut partials = Vec::new();
    let constants = constants_of(p, &mut partials, cx)?;
    Ok(constants.p_ln_p + cross_entropy(p, kernel, y, &mut partials, cx)? + constants.sum * z.ln())
}

/// The part of each row in the [`kl_divergence`]: `Σ_j p_ij ln(p_ij / q_ij)` for each point `i`. They sum up to it, and one may be
/// negative: a point whose affine ones are nearer in the map than their affinities ask for.
///
/// # Errors
///
/// Those of [`kl_divergence`], and [`Error::OutOfMemory`].
///
/// # Examples
///
/// ```
/// use tsne_optim::{Context, Kernel, kl_divergence, kl_shares, normalizer};
///
/// # use tsne_optim::{Affinities, AffinityKind};
/// // A path of three points, the last of which is too far away.
/// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
/// let y = [[0.0], [1.0], [9.0]];
/// let z = normalizer(Kernel::CAUCHY, &y, Context::new())?;
/// let shares = kl_shares(&p, Kernel::CAUCHY, &y, z)?;
/// assert!(shares[2] > shares[0]);
/// assert!((shares.iter().sum::<f64>() - kl_divergence(&p, Kernel::CAUCHY, &y, z, Context::new())?).abs() < 1e-14);
/// # Ok::<(), tsne_optim::Error>(())
/// ```
pub fn kl_shares<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    z: f64,
) -> Result<Vec<f64>> {
    check_divergence(p, y, z)?;
    let mut shares = memory::filled("shares of the divergence", p.n(), 0.0)?;
    let (ln_z, first) = (z.ln(), p.points().start);
    chunks::for_each(&mut shares, blocks::BLOCK, |block, shares| {
        for (i, share) in (block * blocks::BLOCK..).zip(shares) {
            let weights = p.row(i).1;
            let sum: f64 = weights.iter().map(|w| w.to_f64()).sum();
            *share = row_p_ln_p(weights) + row_cross_entropy(p, kernel, &y[first + i], y, i) + sum * ln_z;
        }
    });
    Ok(shares)
}

fn check_divergence<T: Scalar, const D: usize>(p: &Affinities<T>, y: &[[T; D]], z: f64) -> Result<()> {
    if y.len() != p.n_columns() {
        return Err(Error::shape("embedding", p.n_columns(), y.len()));
    }
    if p.kind() != AffinityKind::Joint && p.n() != y.len() {
        return Err(Error::shape("embedding", p.n(), y.len()));
    }
    if !(z.is_finite() && z > 0.0) {
        return Err(Error::parameter("z", z, "positive and finite"));
    }
    Ok(())
}

fn constants_of<T: Scalar>(p: &Affinities<T>, partials: &mut Vec<f64>, cx: Context<'_>) -> Result<Constants> {
    let (n, first) = (p.n_columns(), p.points().start);
    let weights = |i: usize| p.row(i - first).1;
    Ok(Constants {
        p_ln_p: cx.sum_blocks(partials, n, |points| points.map(|i| row_p_ln_p(weights(i))).sum())?,
        sum: cx.sum_blocks(partials, n, |points| {
            points.map(|i| weights(i).iter().map(|w| w.to_f64()).sum::<f64>()).sum()
        })?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each point is affine to the nine before it on a circle.
    fn circle(n: usize) -> (Affinities<f32>, Vec<[f32; 2]>) {
        let mut columns = Vec::new();
        for i in 0..n {
            let mut row: Vec<u32> = (1..10).map(|back| ((i + n - back) % n) as u32).collect();
            row.sort_unstable();
            columns.extend(row);
        }
        let weights = (0..9 * n).map(|e| (1 + e % 5) as f32 / (27 * n) as f32).collect();
        let row_pointers = (0..=n).map(|i| 9 * i).collect();
        let p = Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap();
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / n as f64;
        (p, (0..n).map(|i| [(40.0 * angle(i).cos()) as f32, (40.0 * angle(i).sin()) as f32]).collect())
    }

    /// A repulsion that costs nothing.
    struct Nothing;

    impl Repulsion<f32, 2> for Nothing {
        fn repulse(&mut self, _: Kernel, _: &[[f32; 2]], out: &mut [[f32; 2]], _: Context<'_>) -> Result<f64> {
            out.fill([0.0; 2]);
            Ok(1.0)
        }
    }

    #[test]
    fn a_state_counts_over_calls_and_serves_its_own_affinities_only() {
        let n = 9000;
        let (p, y) = circle(n);
        let mut state = JointState::default();
        let mut divergences = Vec::new();
        for call in 1..=10 {
            let mut nothing = Nothing;
            let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut nothing).unwrap().with_state(state);
            let mut gradient = vec![[0.0; 2]; n];
            let evaluation = joint.evaluate(&y, 1.0, true, &mut gradient, Context::new()).unwrap();
            divergences.push((evaluation.kl_divergence.map(f64::to_bits), gradient));
            state = joint.into_state();
            // One call of ten evaluations numbers the points in the second.
            assert_eq!(state.renumbered.is_numbered(), call >= 2, "call {call}");
            assert!(state.constants.is_some());
        }
        assert!(divergences.iter().all(|one| *one == divergences[0]));
        // A clone is the same affinities; what was made anew is not, though it be equal.
        let mut nothing = Nothing;
        let state = Joint::new(&p.clone(), Kernel::CAUCHY, &mut nothing).unwrap().with_state(state).into_state();
        assert!(state.renumbered.is_numbered() && state.constants.is_some());
        let other = circle(n).0;
        let state = Joint::new(&other, Kernel::CAUCHY, &mut nothing).unwrap().with_state(state).into_state();
        assert!(!state.renumbered.is_numbered() && state.constants.is_none());
    }
}
