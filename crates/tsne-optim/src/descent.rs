use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use tsne_core::{Context, Error, Iteration, Observer, Optimizer, Result, Scalar, Stage, Step, blocks, check_embedding};

use crate::objective::Objective;

/// A stretch of the descent. Its parameters are constant, but for those that a [`Transition`] leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// How many iterations to run at the most.
    pub iterations: usize,
    /// The factor on the attraction; 1 for none.
    pub exaggeration: f64,
    /// The learning rate, for gradients without the factor 4.
    pub learning_rate: f64,
    /// The momentum, from 0 to below 1.
    pub momentum: f64,
    /// Gradients of single points longer than this are scaled down to it.
    pub max_grad_norm: Option<f64>,
    /// The phase ends when the norm of the whole gradient (the root of the sum of all squares) is below this.
    pub min_grad_norm: Option<f64>,
    /// Velocities of single points longer than this, in units of the embedding, are scaled down to it.
    pub max_step_norm: Option<f64>,
    /// The phase ends when an iteration lowers the KL divergence by less than this fraction of it, on average over the
    /// last [`Phase::KL_INTERVAL`] iterations (Belkina et al. 2019 stop at 1/5000). Costs one divergence per interval.
    pub min_kl_improvement: Option<f64>,
    /// How the phase begins, if not with its own parameters at once.
    pub transition: Option<Transition>,
}

/// A gradual start of a phase: over its first iterations, exaggeration and learning rate go geometrically, the momentum linearly
/// from the values given here to those of the phase.
///
/// The end of the exaggeration sets all points in motion at once. With the momentum that makes the rest of the descent fast, they
/// overshoot, and clusters are torn: of 1,797 digits at perplexity 100, KL divergence 0.682 without and 0.600 with a transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// How many iterations it takes.
    pub iterations: usize,
    /// The exaggeration that it starts from.
    pub exaggeration: f64,
    /// The learning rate that it starts from.
    pub learning_rate: f64,
    /// The momentum that it starts from.
    pub momentum: f64,
}

/// The parameters of one iteration.
#[derive(Debug, Clone, Copy)]
struct Moment {
    exaggeration: f64,
    learning_rate: f64,
    momentum: f64,
}

impl Default for Phase {
    /// The normal phase of openTSNE 1.0.4, but for the learning rate, which there is `n`: 500 iterations without
    /// exaggeration, learning rate 200, momentum 0.8, steps of at most 5.
    fn default() -> Self {
        Self {
            iterations: 500,
            exaggeration: 1.0,
            learning_rate: 200.0,
            momentum: 0.8,
            max_grad_norm: None,
            min_grad_norm: None,
            max_step_norm: Some(5.0),
            min_kl_improvement: None,
            transition: None,
        }
    }
}

impl Phase {
    /// The iterations between two divergences that [`Phase::min_kl_improvement`] compares: as many as one divergence costs a
    /// tenth of, and enough for the swings of a momentum of 0.97 (some 30 iterations) to pass.
    pub const KL_INTERVAL: usize = 25;

    /// Checks every number.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for the first that is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::Phase;
    ///
    /// assert_eq!(Phase::default().check(), Ok(()));
    /// assert!(Phase { momentum: 1.0, ..Phase::default() }.check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        positive("exaggeration", self.exaggeration)?;
        positive("learning_rate", self.learning_rate)?;
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(Error::parameter("momentum", self.momentum, "from 0 to below 1"));
        }
        self.max_grad_norm.map_or(Ok(()), |v| positive("max_grad_norm", v))?;
        self.max_step_norm.map_or(Ok(()), |v| positive("max_step_norm", v))?;
        if let Some(from) = self.transition {
            let Transition { iterations: _, exaggeration, learning_rate, momentum } = from;
            Self { exaggeration, learning_rate, momentum, transition: None, ..*self }.check()?;
        }
        for (name, value) in [("min_grad_norm", self.min_grad_norm), ("min_kl_improvement", self.min_kl_improvement)] {
            if let Some(v) = value.filter(|v| !(v.is_finite() && *v >= 0.0)) {
                return Err(Error::parameter(name, v, "finite and not negative"));
            }
        }
        Ok(())
    }

    /// Whether a divergence is compared with the one before after `completed` iterations.
    fn compares(&self, completed: usize) -> bool {
        self.min_kl_improvement.is_some()
            && completed.is_multiple_of(Self::KL_INTERVAL)
            && self.transition.is_none_or(|transition| completed >= transition.iterations)
    }

    /// The parameters of the iteration after `completed`.
    fn moment(&self, completed: usize) -> Moment {
        match self.transition {
            Some(from) if completed < from.iterations => {
                let done = (completed as f64 + 0.5) / from.iterations as f64;
                let geometric = |from: f64, to: f64| (from.ln() + done * (to.ln() - from.ln())).exp();
                Moment {
                    exaggeration: geometric(from.exaggeration, self.exaggeration),
                    learning_rate: geometric(from.learning_rate, self.learning_rate),
                    momentum: from.momentum + done * (self.momentum - from.momentum),
                }
            }
            _ => Moment { exaggeration: self.exaggeration, learning_rate: self.learning_rate, momentum: self.momentum },
        }
    }
}

fn positive(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(Error::parameter(name, value, "positive and finite")) }
}

/// Why a phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finish {
    /// All iterations were run.
    Completed,
    /// An observer, or a callback of the facade, asked to stop.
    Stopped,
    /// The norm of the gradient fell below `min_grad_norm`, or the divergence no longer fell by `min_kl_improvement`.
    Converged,
}

/// How a phase ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The number of iterations that were run.
    pub iterations: usize,
    /// Why no more were run.
    pub finish: Finish,
    /// The KL divergence of the final positions where it is known without further work: an observer saw them.
    pub kl_divergence: Option<f64>,
}

/// Runs phases of gradient descent. Owns the gradient, so that an iteration allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Descent<T, const D: usize> {
    gradient: Vec<[T; D]>,
    norms: Vec<f64>,
    moments: Vec<Moments<D>>,
}

/// What one pass over the positions finds: where their mean is, and whether they diverged.
#[derive(Debug, Clone, Copy)]
struct Moments<const D: usize> {
    sums: [f64; D],
    /// The sum of all squared coordinates, each squared in the scalar's own precision: not finite where a position is
    /// not, and already where distances overflow, from where on no gradient would bring the points back.
    squares: f64,
}

impl<const D: usize> Default for Moments<D> {
    fn default() -> Self {
        Self { sums: [0.0; D], squares: 0.0 }
    }
}

impl<T: Scalar, const D: usize> Descent<T, D> {
    /// A descent whose buffers grow with the first phase.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, Kernel};
    /// use tsne_optim::{Descent, Exact, Joint};
    ///
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f64; 2], 2, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// // Two points are in every map as they are in the data: half of the weight on each direction.
    /// assert!(Descent::new().kl_divergence(&mut joint, &[[0.0], [3.0]], Context::new())?.abs() < 1e-15);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self { gradient: Vec::new(), norms: Vec::new(), moments: Vec::new() }
    }

    /// Moves `y` through one phase.
    ///
    /// An iteration evaluates the gradient, scales down the gradients of single points (`max_grad_norm`), lets
    /// `optimizer` move the points, and subtracts the mean position if the objective allows. An optimizer without state
    /// is prepared for `y`; one with state goes on where it was, so that `n` phases of one iteration equal one of `n`.
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
    /// use tsne_core::{Context, Kernel};
    /// use tsne_optim::{Descent, Exact, Finish, Joint, Momentum, MomentumGains, Phase};
    ///
    /// # use tsne_core::{Affinities, AffinityKind};
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Classical), [[0.3], [0.1], [-0.2]]);
    /// let phase = Phase { iterations: 100, learning_rate: 0.5, ..Phase::default() };
    /// let outcome = Descent::new().run(&mut joint, &mut rule, &mut y, &phase, None, Context::new())?;
    /// assert_eq!((outcome.iterations, outcome.finish), (100, Finish::Completed));
    /// assert!((y[0][0] + y[1][0] + y[2][0]).abs() < 1e-9); // Centered.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn run(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        optimizer: &mut dyn Optimizer<T, D>,
        y: &mut [[T; D]],
        phase: &Phase,
        mut observer: Option<&mut dyn Observer<T, D>>,
        cx: Context<'_>,
    ) -> Result<Outcome> {
        phase.check()?;
        let n = objective.n();
        if y.len() != n {
            return Err(Error::shape("embedding", n, y.len()));
        }
        match optimizer.n() {
            0 => optimizer.reset(n),
            state if state == n => {}
            state => return Err(Error::shape("optimizer state", n, state)),
        }
        check_embedding(y)?;
        self.gradient.resize(n, [T::ZERO; D]);
        let outcome = |iterations, finish, kl_divergence| Ok(Outcome { iterations, finish, kl_divergence });

        if let Some(observer) = observer.as_deref_mut() {
            observer.about_to_start(y, phase.iterations);
        }
        let mut completed = 0;
        let mut finish = Finish::Completed;
        let mut compared_kl = None;
        while completed < phase.iterations && finish == Finish::Completed {
            cx.check()?;
            let observed = completed > 0 && observer.as_ref().is_some_and(|o| o.wants(completed));
            let compared = phase.compares(completed);
            let Moment { exaggeration, learning_rate, momentum } = phase.moment(completed);
            let evaluation = objective.evaluate(y, exaggeration, observed | compared, &mut self.gradient, cx)?;
            if let Some(kl) = evaluation.kl_divergence {
                if observed
                    && let Some(observer) = observer.as_deref_mut()
                    && observer.observe(&Iteration::new(completed, y, kl)) == ControlFlow::Break(())
                {
                    return outcome(completed, Finish::Stopped, Some(kl));
                }
                if compared && let Some(fraction) = phase.min_kl_improvement {
                    let least = fraction * Phase::KL_INTERVAL as f64 * kl.abs();
                    // A divergence that rises has not converged: it may do so while the map expands.
                    if compared_kl.is_some_and(|before: f64| (0.0..=least).contains(&(before - kl))) {
                        return outcome(completed, Finish::Converged, Some(kl));
                    }
                    compared_kl = Some(kl);
                }
            }
            if let Some(max_norm) = phase.max_grad_norm {
                scale_down(&mut self.gradient, T::from_f64(max_norm));
            }
            if phase.min_grad_norm.is_some_and(|min_norm| norm(&self.gradient, &mut self.norms) < min_norm) {
                finish = Finish::Converged;
            }
            let step = Step::new(learning_rate, momentum).with_max_norm(phase.max_step_norm);
            optimizer.step(step, &self.gradient, y)?;
            completed += 1;
            let moments = moments(y, &mut self.moments);
            if !moments.squares.is_finite() {
                return Err(Error::diverged(completed));
            }
            if objective.is_translation_invariant() {
                subtract(y, moments.sums.map(|sum| sum / n as f64));
            }
            cx.advance(Stage::Optimization, completed, phase.iterations);
        }
        // The positions after the last iteration share their evaluation with no other.
        if let Some(observer) = observer
            && completed > 0
            && observer.wants(completed)
        {
            let evaluation = objective.evaluate(y, phase.exaggeration, true, &mut self.gradient, cx)?;
            if let Some(kl) = evaluation.kl_divergence {
                if observer.observe(&Iteration::new(completed, y, kl)) == ControlFlow::Break(()) {
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
    /// use tsne_core::{Context, Kernel};
    /// use tsne_optim::{Descent, Exact, Joint};
    ///
    /// # use tsne_core::{Affinities, AffinityKind};
    /// // A path of three points.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
    /// let mut repulsion = Exact::new();
    /// let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut repulsion)?;
    /// let mut kl = |y: [[f64; 1]; 3]| Descent::new().kl_divergence(&mut joint, &y, Context::new());
    /// // The middle point belongs into the middle.
    /// assert!(kl([[-1.0], [0.0], [1.0]])? < kl([[0.0], [-1.0], [1.0]])?);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn kl_divergence(&mut self, objective: &mut dyn Objective<T, D>, y: &[[T; D]], cx: Context<'_>) -> Result<f64> {
        self.gradient.resize(objective.n(), [T::ZERO; D]);
        let evaluation = objective.evaluate(y, 1.0, true, &mut self.gradient, cx)?;
        evaluation.kl_divergence.ok_or_else(|| Error::numerical("KL divergence", "the objective did not compute it"))
    }
}

/// Added to the norm before dividing by it, as openTSNE does: gradients exactly at the limit are scaled as well.
const NORM_MARGIN: f64 = 1e-6;

fn scale_down<T: Scalar, const D: usize>(gradient: &mut [[T; D]], max_norm: T) {
    let margin = T::from_f64(NORM_MARGIN);
    gradient.par_chunks_mut(blocks::BLOCK).for_each(|block| {
        for g in block {
            let norm = g.iter().fold(T::ZERO, |sum, &v| sum + v * v).sqrt();
            let scale = max_norm / (norm + margin);
            if scale < T::ONE {
                for v in g {
                    *v *= scale;
                }
            }
        }
    });
}

fn norm<T: Scalar, const D: usize>(gradient: &[[T; D]], partials: &mut Vec<f64>) -> f64 {
    let squares = |range: Range<usize>| gradient[range].as_flattened().iter().map(|v| v.to_f64().powi(2)).sum();
    blocks::sum(partials, gradient.len(), squares).sqrt()
}

fn moments<T: Scalar, const D: usize>(y: &[[T; D]], partials: &mut Vec<Moments<D>>) -> Moments<D> {
    let blocks = blocks::map(partials, y.len(), |range: Range<usize>| {
        let mut block = Moments::default();
        for point in &y[range] {
            for c in 0..D {
                block.sums[c] += point[c].to_f64();
                block.squares += (point[c] * point[c]).to_f64();
            }
        }
        block
    });
    let mut total = Moments::default();
    for block in blocks {
        for c in 0..D {
            total.sums[c] += block.sums[c];
        }
        total.squares += block.squares;
    }
    total
}

fn subtract<T: Scalar, const D: usize>(y: &mut [[T; D]], mean: [f64; D]) {
    let mean = mean.map(T::from_f64);
    y.par_chunks_mut(blocks::BLOCK).for_each(|block| {
        for point in block {
            for c in 0..D {
                point[c] -= mean[c];
            }
        }
    });
}
