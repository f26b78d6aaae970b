//! The one loop of a descent: for a phase, for a part of one, for a fit and for new points.

use super::center::{Moments, moments, subtract};
use super::coincidence;
use super::limits::{norm, scale_down};
use super::outcome::{Finish, Outcome};
use super::part::{Part, PhaseState};
use super::phase::{Moment, Phase};
use crate::objective::evaluate::Objective;
use std::ops::ControlFlow;
use tsne_core::{
    Context, Error, Iteration, Observer, Optimizer, Result, Scalar, Stage, Step, blocks, check_embedding, memory,
};

/// Runs phases of gradient descent. Owns the gradient, so that an iteration allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Descent<T, const D: usize> {
    gradient: Vec<[T; D]>,
    norms: Vec<f64>,
    moments: Vec<Moments<D>>,
    coincidence: coincidence::Memory,
}

impl<T: Scalar, const D: usize> Descent<T, D> {
    /// A descent whose buffers grow with the first phase.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Descent, Exact, Joint, Kernel};
    ///
    /// # use tsne_optim::{Affinities, AffinityKind};
    /// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f64; 2], 2, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// // Two points are in every map as they are in the data: half of the weight on each direction.
    /// assert!(Descent::new().kl_divergence(&mut joint, &[[0.0], [3.0]], Context::new())?.abs() < 1e-15);
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn new() -> Self {
        Self {
            gradient: Vec::new(),
            norms: Vec::new(),
            moments: Vec::new(),
            coincidence: coincidence::Memory::default(),
        }
    }

    /// Moves `y` through one phase.
    ///
    /// An iteration evaluates the gradient, scales down the gradients of single points (`max_grad_norm`), lets
    /// `optimizer` move the points, and subtracts the mean position if the objective allows. An optimizer without state
    /// is prepared for `y`; one with state goes on where it was, so that `n` phases of one iteration equal one of `n`.
    ///
    /// Every 50 [steps](Optimizer::steps) of the optimizer, points of a translation-invariant objective that coincide exactly are
    /// parted by a ten-thousandth of the map: no gradient would do it, and drawn together by exaggeration they would stay one
    /// point for ever.
    ///
    /// In a [`Team`](tsne_core::Team), `y` has all points on all members, the gradient and the optimizer's state those of this member
    /// ([`Objective::own`]): it moves them, and the positions are gathered. The phase ends for all where one member's observer ends it.
    ///
    /// `observer` is told of the start, and called with positions and their own KL divergence after those iterations that it
    /// [wants](Observer::wants); the evaluation is shared with the next iteration's.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a phase out of range; [`Error::Shape`] where `y`, the objective and the optimizer's state
    /// differ in length; [`Error::NonFinite`] for an initial position that is not finite; [`Error::Diverged`] when a
    /// position or its square stops being finite, with `y` as it was then; [`Error::Cancelled`] with `y` after the last whole iteration.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Descent, Exact, Finish, Joint, Kernel, Momentum, MomentumGains, Phase};
    ///
    /// # use tsne_optim::{Affinities, AffinityKind};
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Classical), [[0.3], [0.1], [-0.2]]);
    /// let phase = Phase::default().iterations(100).learning_rate(0.5);
    /// let outcome = Descent::new().run(&mut joint, &mut rule, &mut y, &phase, None, Context::new())?;
    /// assert_eq!((outcome.iterations, outcome.finish), (100, Finish::Completed));
    /// assert!((y[0][0] + y[1][0] + y[2][0]).abs() < 1e-9); // Centered.
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn run(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        optimizer: &mut dyn Optimizer<T, D>,
        y: &mut [[T; D]],
        phase: &Phase,
        observer: Option<&mut dyn Observer<T, D>>,
        cx: Context<'_>,
    ) -> Result<Outcome> {
        let mut state = PhaseState::default();
        self.run_part(objective, optimizer, y, Part::new(phase, &mut state, phase.iterations), observer, cx)
    }

    /// Moves `y` through some iterations of a phase, from where its state is, which goes on with them: the parts of a phase
    /// together give the bits of [`Descent::run`].
    ///
    /// Iterations are numbered as in the whole phase, for its transition, its stopping rule, observers, progress and errors. An
    /// observer is told of the start of each part. An optimizer without state is prepared for `y` in any part.
    ///
    /// # Errors
    ///
    /// Those of [`Descent::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Affinities, AffinityKind, Context, Descent, Exact, Joint, Kernel, Momentum, MomentumGains, Part, Phase, PhaseState};
    ///
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let phase = Phase::default().iterations(30).learning_rate(0.5);
    /// let (mut repulsion, mut descent) = (Exact::new(), Descent::new());
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    ///
    /// let (mut rule, mut whole) = (MomentumGains::new(Momentum::Classical), [[0.3], [0.1], [-0.2]]);
    /// descent.run(&mut joint, &mut rule, &mut whole, &phase, None, Context::new())?;
    ///
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Classical), [[0.3], [0.1], [-0.2]]);
    /// let mut state = PhaseState::default();
    /// while state.completed() < phase.iterations {
    ///     let part = Part::new(&phase, &mut state, 7);
    ///     descent.run_part(&mut joint, &mut rule, &mut y, part, None, Context::new())?;
    /// }
    /// assert_eq!(y, whole);
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn run_part(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        optimizer: &mut dyn Optimizer<T, D>,
        y: &mut [[T; D]],
        part: Part<'_>,
        mut observer: Option<&mut dyn Observer<T, D>>,
        cx: Context<'_>,
    ) -> Result<Outcome> {
        let end = part.end();
        let Part { phase, state, .. } = part;
        phase.check()?;
        let (n, own) = (objective.n(), objective.own());
        if y.len() != n {
            return Err(Error::shape("embedding", n, y.len()));
        }
        match optimizer.n() {
            // The state of a member of a team that has no points: it has taken its steps.
            0 if own.is_empty() && optimizer.steps() > 0 => {}
            0 => optimizer.reset(own.len())?,
            state if state == own.len() => {}
            state => return Err(Error::shape("optimizer state", own.len(), state)),
        }
        check_embedding(y)?;
        memory::resize("gradient", &mut self.gradient, own.len(), [T::ZERO; D])?;
        let start = state.completed;
        let outcome = |completed: usize, finish, kl_divergence| {
            Ok(Outcome { iterations: completed - start, finish, kl_divergence })
        };

        if let Some(observer) = observer.as_deref_mut() {
            observer.about_to_start(y, end.saturating_sub(start));
        }
        let mut finish = Finish::Completed;
        while state.completed < end && finish == Finish::Completed {
            cx.check()?;
            let completed = state.completed;
            // The positions at the start were seen at the end of the part before.
            let wants = completed > start && observer.as_ref().is_some_and(|o| o.wants(completed));
            // Where one member of a team looks, all compute what it sees.
            let observed = cx.any(wants)?;
            let compared = phase.compares(completed);
            let Moment { exaggeration, learning_rate, momentum, adaptive } = phase.moment(completed);
            let evaluation = objective.evaluate(y, exaggeration, observed | compared, &mut self.gradient, cx)?;
            if let Some(kl) = evaluation.kl_divergence {
                if observed && cx.any(wants && stops(&mut observer, &Iteration::new(completed, y, kl)))? {
                    return outcome(completed, Finish::Stopped, Some(kl));
                }
                if compared && let Some(fraction) = phase.min_kl_improvement {
                    let least = fraction * Phase::KL_INTERVAL as f64 * kl.abs();
                    // A divergence that rises has not converged: it may do so while the map expands.
                    if state.compared_kl.is_some_and(|before: f64| (0.0..=least).contains(&(before - kl))) {
                        return outcome(completed, Finish::Converged, Some(kl));
                    }
                    state.compared_kl = Some(kl);
                }
            }
            if let Some(max_norm) = phase.max_grad_norm {
                scale_down(&mut self.gradient, T::from_f64(max_norm));
            }
            if let Some(min_norm) = phase.min_grad_norm
                && norm((&self.gradient, own.clone()), n, &mut self.norms, cx)? < min_norm
            {
                finish = Finish::Converged;
            }
            let step = Step::new(learning_rate, momentum).with_max_norm(phase.max_step_norm).with_adaptive(adaptive);
            optimizer.step(step, &self.gradient, &mut y[own.clone()], cx)?;
            state.completed += 1;
            if objective.is_translation_invariant() && coincidence::is_due(optimizer.steps()) {
                cx.gather(y, blocks::BLOCK)?;
                coincidence::part(y, &mut self.coincidence)?;
            }
            let moments = moments(y, &mut self.moments, cx)?;
            if !moments.squares.is_finite() {
                return Err(Error::diverged(state.completed));
            }
            if objective.is_translation_invariant() {
                subtract(&mut y[own.clone()], moments.sums.map(|sum| sum / n as f64));
            }
            cx.gather(y, blocks::BLOCK)?;
            cx.advance(Stage::Optimization, state.completed, phase.iterations);
        }
        // The positions after the last iteration share their evaluation with no other.
        let completed = state.completed;
        let wants = completed > start && observer.as_ref().is_some_and(|o| o.wants(completed));
        if cx.any(wants)? {
            let evaluation = objective.evaluate(y, phase.exaggeration, true, &mut self.gradient, cx)?;
            if let Some(kl) = evaluation.kl_divergence {
                if cx.any(wants && stops(&mut observer, &Iteration::new(completed, y, kl)))? {
                    finish = Finish::Stopped;
                }
                return outcome(completed, finish, Some(kl));
            }
        }
        outcome(completed, finish, None)
    }

    /// The KL divergence of `y`, by one evaluation of the objective.
    ///
    /// # Errors
    ///
    /// Those of [`Objective::evaluate`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Descent, Exact, Joint, Kernel};
    ///
    /// # use tsne_optim::{Affinities, AffinityKind};
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// let mut kl = |y: [[f64; 1]; 3]| Descent::new().kl_divergence(&mut joint, &y, Context::new());
    /// // The middle point belongs in the middle.
    /// assert!(kl([[-1.0], [0.0], [1.0]])? < kl([[0.0], [-1.0], [1.0]])?);
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn kl_divergence(&mut self, objective: &mut dyn Objective<T, D>, y: &[[T; D]], cx: Context<'_>) -> Result<f64> {
        memory::resize("gradient", &mut self.gradient, objective.own().len(), [T::ZERO; D])?;
        let evaluation = objective.evaluate(y, 1.0, true, &mut self.gradient, cx)?;
        evaluation.kl_divergence.ok_or_else(|| Error::numerical("KL divergence", "the objective did not compute it"))
    }
}

/// Whether an observer, once it has looked, ends the descent.
fn stops<T: Scalar, const D: usize>(
    observer: &mut Option<&mut dyn Observer<T, D>>,
    iteration: &Iteration<'_, T, D>,
) -> bool {
    observer.as_deref_mut().is_some_and(|observer| observer.observe(iteration) == ControlFlow::Break(()))
}
