//! The course of a descent, for a fit, for further optimization and for new points alike.

use crate::params::learning_rate::{EarlyExaggeration, LearningRate};
use crate::params::name::Unknown;
use std::ops::{Bound, RangeBounds};
use tsne_core::{Error, Result};
use tsne_optim::{Momentum, Phase, Transition};

/// The course of a descent: an early phase with exaggeration and a normal phase, with a transition from one to the other.
///
/// It is a function of the number of the iteration, so that it can be run in [parts](Self::part): each has the numbers that the
/// whole has at its place, and parts one after the other give the bits of the whole; where a rule of convergence ends the normal
/// phase, parts of it that are still to come do nothing. (Unless [`min_grad_norm`](Self::min_grad_norm) ends the early phase, which
/// then ends one part only, or a fit begins again: a part has no memory of where it began. See [`Tsne::fit`](crate::Tsne::fit).)
///
/// Learning rates are symbolic: what `"auto"` stands for depends on the map.
///
/// # Examples
///
/// A fit by hand, in three parts:
///
/// ```
/// use tsne::{Rows, Tsne};
///
/// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// # let x = Rows::new(&data[..100], 20, 5)?;
/// let tsne = Tsne::<_, 2>::builder().perplexity(4.0).build()?;
/// let schedule = tsne.schedule();
/// let mut embedding = tsne.prepare_initial(x)?;
/// embedding.optimize(schedule.part(..30))?;
/// embedding.optimize(schedule.part(30..100))?;
/// embedding.optimize(schedule.part(100..))?;
/// assert_eq!(embedding.positions(), tsne.fit(x)?.positions());
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Schedule {
    /// Iterations of the early phase; `None` is 30, but none after a [coarse start](crate::Initialization::Coarse).
    pub early_exaggeration_iter: Option<usize>,
    /// The factor on the attraction in the early phase.
    pub early_exaggeration: EarlyExaggeration,
    /// The momentum of the early phase, or that of the beginning where there is none; `None` depends on the start.
    pub initial_momentum: Option<f64>,
    /// The first iterations of the normal phase, in which it comes from the early one, or gathers momentum without one.
    /// `None` depends on the start.
    pub transition_iter: Option<usize>,
    /// Iterations of the normal phase.
    pub n_iter: usize,
    /// The factor on the attraction in the normal phase; `None` is 1.
    pub exaggeration: Option<f64>,
    /// The learning rate of both phases.
    pub learning_rate: LearningRate,
    /// The form of momentum.
    pub momentum_rule: Momentum,
    /// The momentum of the normal phase; `None` depends on the degrees of freedom.
    pub final_momentum: Option<f64>,
    /// Whether the momentum of the normal phase gives way where it carries uphill.
    pub adaptive_momentum: bool,
    /// The norm of the whole gradient below which a phase ends.
    pub min_grad_norm: Option<f64>,
    /// The longest gradient of a point.
    pub max_grad_norm: Option<f64>,
    /// The longest step of a point.
    pub max_step_norm: Option<f64>,
    /// The fraction by which an iteration has to lower the divergence, or the normal phase ends.
    pub min_kl_improvement: Option<f64>,
    /// The first iteration that is run, and the one before which it ends.
    pub(crate) part: (usize, usize),
    pub(crate) unknown: Unknown,
}

/// The momentum of all classical schedules.
pub(crate) const CLASSICAL_MOMENTUM: f64 = 0.8;

/// The momentum of the recommended preset. Light tails forgive less: what overshoots is not drawn back.
///
/// Measured, KL divergence of 1,797 digits with 0.8, 0.9, 0.93, 0.95 and 0.97 (the *openTSNE* preset): dof 1.5 0.729, 0.725, 0.725,
/// 0.726, 0.744 (0.732); dof 2 0.758, 0.758, 0.758, 0.763, 0.800 (0.774); dof 3 0.832, 0.832, 0.839, 0.939, 1.254 (0.844). For dof 1
/// and below see `docs/schedule.md`.
const fn nesterov_momentum(dof: f64) -> f64 {
    if dof > 1.0 { 0.9 } else { 0.97 }
}

/// Iterations of an early phase that nothing was said about. 30, 50 and 75 were measured: `docs/schedule.md`.
pub(crate) const EARLY_ITERATIONS: usize = 30;

/// What the automatic learning rate stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AutomaticRate {
    /// `n / exaggeration`, for the points of a map (Belkina et al. 2019; Kobak and Berens 2019).
    Points(usize),
    /// For new points, whose objectives are of the same size however many they are, and whatever their exaggeration.
    NewPoints,
}

/// The automatic learning rate of new points (openTSNE's default).
pub(crate) const NEW_POINTS_RATE: f64 = 0.1;

/// Where a map began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Beginning {
    /// At a map of the points themselves that had room already.
    Points,
    /// Close together.
    #[default]
    Elsewhere,
}

/// The initial momentum and the iterations of the transition about which nothing was said.
///
/// From groups, the map has to grow: KL divergence of 70,000 and 10,000 rows of Fashion-MNIST after 150 iterations 2.240 and 1.418
/// from .5 in 20 iterations, 2.328 and 1.449 in 60, 2.313 and 1.451 from .9 in 60. A map that has room is torn by the same: 2,000
/// points along a line, a trefoil knot and 1,797 digits, 180 iterations, .246, .232 and .721 from .5 in 20 iterations, .218, .225 and
/// .722 from .9 in 60. After an early phase: those of the preset with exaggeration.
const fn gathering(early: bool, beginning: Beginning) -> (f64, usize) {
    match (early, beginning) {
        (true, _) => (CLASSICAL_MOMENTUM, 90),
        (false, Beginning::Elsewhere) => (0.5, 20),
        (false, Beginning::Points) => (0.9, 60),
    }
}

/// A phase, and the iterations of it that are run: `iterations` from `first` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) phase: Phase,
    pub(crate) first: usize,
    pub(crate) iterations: usize,
}

impl Schedule {
    /// Both presets of openTSNE, but for what [`Preset`](crate::Preset) changes.
    pub(crate) fn classical() -> Self {
        Self {
            early_exaggeration_iter: Some(250),
            early_exaggeration: EarlyExaggeration::Auto,
            initial_momentum: Some(CLASSICAL_MOMENTUM),
            transition_iter: Some(0),
            n_iter: 500,
            exaggeration: None,
            learning_rate: LearningRate::Auto,
            momentum_rule: Momentum::Classical,
            final_momentum: Some(CLASSICAL_MOMENTUM),
            adaptive_momentum: false,
            min_grad_norm: None,
            max_grad_norm: None,
            max_step_norm: Some(5.0),
            min_kl_improvement: None,
            part: WHOLE,
            unknown: Unknown::default(),
        }
    }

    schedule_setters! { [] "tsne::Preset::Recommended.schedule()" "check" }

    /// The momentum of the normal phase: the name that a call of `optimize` has for [`final_momentum`](Self::final_momentum).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// assert_eq!(Preset::Recommended.schedule().momentum(0.5).final_momentum, Some(0.5));
    /// ```
    pub const fn momentum(mut self, momentum: f64) -> Self {
        self.final_momentum = Some(momentum);
        self
    }

    /// The iterations of a range only, counted from the beginning of the early phase through both.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::opentsne().perplexity(3.0).build()?;
    /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
    /// let schedule = tsne.schedule();
    /// for step in 0..75 {
    ///     embedding.optimize(schedule.part(10 * step..10 * (step + 1)))?;
    /// }
    /// assert_eq!(embedding.iterations(), schedule.iterations());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn part(&self, iterations: impl RangeBounds<usize>) -> Self {
        let first = match iterations.start_bound() {
            Bound::Included(&first) => first,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match iterations.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => usize::MAX,
        };
        Self { part: (first, end), ..self.clone() }
    }

    /// What is left of this part from an iteration of the whole on.
    pub(crate) fn rest(&self, from: usize) -> Self {
        Self { part: (from.max(self.part.0), self.part.1), ..self.clone() }
    }

    /// The early phase only.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// assert_eq!(Preset::Exaggerated.schedule().early().iterations(), 30);
    /// ```
    pub fn early(&self) -> Self {
        self.part(..self.early_iterations())
    }

    /// The normal phase only, with its transition.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// assert_eq!(Preset::Exaggerated.schedule().normal().iterations(), 270);
    /// ```
    pub fn normal(&self) -> Self {
        self.part(self.early_iterations()..)
    }

    /// The iterations of the early phase, whatever the start.
    fn early_iterations(&self) -> usize {
        self.early_exaggeration_iter.unwrap_or(EARLY_ITERATIONS)
    }

    /// The schedule of a map that starts from a coarse one or does not.
    pub(crate) fn after(self, coarse: bool) -> Self {
        let iterations = if coarse { 0 } else { EARLY_ITERATIONS };
        Self { early_exaggeration_iter: Some(self.early_exaggeration_iter.unwrap_or(iterations)), ..self }
    }

    /// The number of iterations of this part.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// let schedule = Preset::Exaggerated.schedule();
    /// assert_eq!((schedule.iterations(), schedule.part(20..50).iterations()), (300, 30));
    /// ```
    pub fn iterations(&self) -> usize {
        let [early, normal] = self.ranges();
        (early.1 - early.0) + (normal.1 - normal.0)
    }

    /// The iterations of each phase that this part runs, counted in the phase.
    fn ranges(&self) -> [(usize, usize); 2] {
        let (early, n_iter) = (self.early_iterations(), self.n_iter);
        let (from, to) = self.part;
        let range = |first: usize, end: usize| (first, end.max(first));
        let normal = |at: usize| at.saturating_sub(early).min(n_iter);
        [range(from.min(early), to.min(early)), range(normal(from), normal(to))]
    }

    /// Whether it runs from the first iteration to the last.
    pub(crate) fn is_whole(&self) -> bool {
        self.ranges() == [(0, self.early_iterations()), (0, self.n_iter)]
    }

    /// What is left to optimize a map further: the normal phase, which has its momentum, without exaggeration, which belongs to the
    /// call that names it.
    pub(crate) fn further(&self) -> Self {
        Self {
            early_exaggeration_iter: Some(0),
            transition_iter: Some(0),
            exaggeration: None,
            part: WHOLE,
            ..self.clone()
        }
    }

    /// The factor of the early phase.
    pub(crate) fn early_factor(&self) -> f64 {
        self.early_exaggeration.resolve(self.exaggeration)
    }

    /// The factor of the normal phase.
    pub(crate) fn factor(&self) -> f64 {
        self.exaggeration.unwrap_or(1.0)
    }

    /// Both phases in numbers, for a map with these degrees of freedom, and how much of each this part has.
    pub(crate) fn stretches(&self, dof: f64, automatic: AutomaticRate, beginning: Beginning) -> [Stretch; 2] {
        let (initial_momentum, transition_iter) = gathering(self.early_iterations() > 0, beginning);
        let initial_momentum = self.initial_momentum.unwrap_or(initial_momentum);
        let transition_iter = self.transition_iter.unwrap_or(transition_iter);
        let phase = |iterations: usize, exaggeration: f64, momentum: f64| {
            let rate = match automatic {
                AutomaticRate::Points(n) => n as f64 / exaggeration,
                AutomaticRate::NewPoints => NEW_POINTS_RATE,
            };
            let rate = match self.learning_rate {
                LearningRate::Auto => rate,
                LearningRate::Scaled(factor) => factor * rate,
                LearningRate::Fixed(rate) => rate,
            };
            Phase::default()
                .iterations(iterations)
                .exaggeration(exaggeration)
                .learning_rate(rate)
                .momentum(momentum)
                .max_grad_norm(self.max_grad_norm)
                .min_grad_norm(self.min_grad_norm)
                .max_step_norm(self.max_step_norm)
        };
        let early = phase(self.early_iterations(), self.early_factor(), initial_momentum);
        let momentum = self.final_momentum.unwrap_or_else(|| nesterov_momentum(dof));
        let mut normal = phase(self.n_iter, self.factor(), momentum)
            .adaptive_momentum(self.adaptive_momentum)
            .min_kl_improvement(self.min_kl_improvement);
        if transition_iter > 0 {
            // Where there was no early phase, there is no exaggeration to come from.
            let from = if early.iterations > 0 { early } else { normal.momentum(initial_momentum) };
            normal = normal.transition(Transition::from_phase(&from, transition_iter.min(self.n_iter)));
        }
        let [(early_first, early_end), (normal_first, normal_end)] = self.ranges();
        [
            Stretch { phase: early, first: early_first, iterations: early_end - early_first },
            Stretch { phase: normal, first: normal_first, iterations: normal_end - normal_first },
        ]
    }

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for the first that is out of range, with its name, the value and what is allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// let schedule = Preset::Recommended.schedule();
    /// assert_eq!(schedule.check(), Ok(()));
    /// assert!(schedule.final_momentum(1.5).check().unwrap_err().to_string().starts_with("final_momentum is 1.5, but must be"));
    /// ```
    pub fn check(&self) -> Result<()> {
        self.unknown.check()?;
        match self.learning_rate {
            LearningRate::Auto => {}
            LearningRate::Scaled(number) | LearningRate::Fixed(number) => positive("learning_rate", number)?,
        }
        exaggeration("exaggeration", self.factor())?;
        exaggeration("early_exaggeration", self.early_factor())?;
        self.initial_momentum.map_or(Ok(()), |value| momentum("initial_momentum", value))?;
        self.final_momentum.map_or(Ok(()), |value| momentum("final_momentum", value))?;
        for (name, iterations) in [("early_exaggeration_iter", self.early_iterations()), ("n_iter", self.n_iter)] {
            if iterations > MOST_ITERATIONS {
                return Err(Error::parameter(name, iterations, format_args!("at most {MOST_ITERATIONS}")));
            }
        }
        self.stretches(1.0, AutomaticRate::Points(1), Beginning::Elsewhere)
            .iter()
            .try_for_each(|stretch| stretch.phase.check())
    }
}

/// All iterations.
pub(crate) const WHOLE: (usize, usize) = (0, usize::MAX);

/// The most iterations of a phase: more than any machine gets through, and few enough that no sum of them overflows.
pub(crate) const MOST_ITERATIONS: usize = 1 << 30;

pub(crate) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(Error::parameter(name, value, "positive and finite")) }
}

/// Factors that leave room for the products of a descent in `f32`; typical ones are 1 to 32.
fn exaggeration(name: &'static str, value: f64) -> Result<()> {
    if (1e-6..=1e6).contains(&value) {
        Ok(())
    } else {
        Err(Error::parameter(name, value, "from 0.000001 to 1000000 (1 is none, 12 the usual early one)"))
    }
}

fn momentum(name: &'static str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) { Ok(()) } else { Err(Error::parameter(name, value, "from 0 to below 1")) }
}
