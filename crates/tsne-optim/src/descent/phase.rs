//! The parameters of a descent, as a function of the iteration's number.

use tsne_core::{Error, Result};

/// A stretch of the descent. Its parameters are constant, but for those that a [`Transition`] leads to.
///
/// # Examples
///
/// ```
/// use tsne_optim::Phase;
///
/// let phase = Phase::default().iterations(100).learning_rate(50.0).max_grad_norm(0.25);
/// assert_eq!((phase.iterations, phase.momentum, phase.max_grad_norm), (100, 0.8, Some(0.25)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Phase {
    /// How many iterations to run at the most.
    pub iterations: usize,
    /// The factor on the attraction; 1 for none.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub exaggeration: f64,
    /// The learning rate, for gradients without the factor 4.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub learning_rate: f64,
    /// The momentum, from 0 to below 1.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub momentum: f64,
    /// Whether the momentum gives way where it carries uphill ([`MomentumGains`](crate::MomentumGains) says how). Not while a
    /// transition changes the exaggeration, and with it the objective.
    pub adaptive_momentum: bool,
    /// Gradients of single points longer than this are scaled down to it.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::optional"))]
    pub max_grad_norm: Option<f64>,
    /// The phase ends when the norm of the whole gradient (the root of the sum of all squares) is below this.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::optional"))]
    pub min_grad_norm: Option<f64>,
    /// Velocities of single points longer than this, in units of the embedding, are scaled down to it.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::optional"))]
    pub max_step_norm: Option<f64>,
    /// The phase ends when an iteration lowers the KL divergence by less than this fraction of it, on average over the
    /// last [`Phase::KL_INTERVAL`] iterations (Belkina et al. 2019 stop at 1/5000). Costs one divergence per interval.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::optional"))]
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Transition {
    /// How many iterations it takes.
    pub iterations: usize,
    /// The exaggeration that it starts from.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub exaggeration: f64,
    /// The learning rate that it starts from.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub learning_rate: f64,
    /// The momentum that it starts from.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub momentum: f64,
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
            adaptive_momentum: false,
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

    /// The same phase with another number of iterations.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().iterations(250).iterations, 250);
    /// ```
    #[must_use]
    pub const fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// The same phase with another factor on the attraction.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().exaggeration(12.0).exaggeration, 12.0);
    /// ```
    #[must_use]
    pub const fn exaggeration(mut self, exaggeration: f64) -> Self {
        self.exaggeration = exaggeration;
        self
    }

    /// The same phase with another learning rate.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().learning_rate(50.0).learning_rate, 50.0);
    /// ```
    #[must_use]
    pub const fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// The same phase with another momentum.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().momentum(0.5).momentum, 0.5);
    /// ```
    #[must_use]
    pub const fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// The same phase with a momentum that gives way where it carries uphill, or does not.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(tsne_optim::Phase::default().adaptive_momentum(true).adaptive_momentum);
    /// ```
    #[must_use]
    pub const fn adaptive_momentum(mut self, adaptive_momentum: bool) -> Self {
        self.adaptive_momentum = adaptive_momentum;
        self
    }

    /// The same phase with another limit on the gradients of single points, or none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().max_grad_norm(0.25).max_grad_norm, Some(0.25));
    /// ```
    #[must_use]
    pub fn max_grad_norm(mut self, max_grad_norm: impl Into<Option<f64>>) -> Self {
        self.max_grad_norm = max_grad_norm.into();
        self
    }

    /// The same phase with another norm of the gradient at which it ends, or none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().min_grad_norm(1e-7).min_grad_norm, Some(1e-7));
    /// ```
    #[must_use]
    pub fn min_grad_norm(mut self, min_grad_norm: impl Into<Option<f64>>) -> Self {
        self.min_grad_norm = min_grad_norm.into();
        self
    }

    /// The same phase with another limit on the steps of single points, or none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().max_step_norm(None).max_step_norm, None);
    /// ```
    #[must_use]
    pub fn max_step_norm(mut self, max_step_norm: impl Into<Option<f64>>) -> Self {
        self.max_step_norm = max_step_norm.into();
        self
    }

    /// The same phase with another improvement of the KL divergence below which it ends, or none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::Phase::default().min_kl_improvement(2e-4).min_kl_improvement, Some(2e-4));
    /// ```
    #[must_use]
    pub fn min_kl_improvement(mut self, min_kl_improvement: impl Into<Option<f64>>) -> Self {
        self.min_kl_improvement = min_kl_improvement.into();
        self
    }

    /// The same phase with another beginning, or none.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Phase, Transition};
    ///
    /// let early = Phase::default().exaggeration(12.0);
    /// let normal = Phase::default().transition(Transition::from_phase(&early, 90));
    /// assert_eq!(normal.transition.map(|transition| transition.exaggeration), Some(12.0));
    /// ```
    #[must_use]
    pub fn transition(mut self, transition: impl Into<Option<Transition>>) -> Self {
        self.transition = transition.into();
        self
    }

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
    /// assert!(Phase::default().momentum(1.0).check().is_err());
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

    /// Whether a divergence is compared with the one before after `completed` iterations. At the start there is none before, so it
    /// is computed for the next only, where the phase gets so far.
    pub(super) fn compares(&self, completed: usize) -> bool {
        self.min_kl_improvement.is_some()
            && completed.is_multiple_of(Self::KL_INTERVAL)
            && (completed > 0 || self.iterations > Self::KL_INTERVAL)
            && self.transition.is_none_or(|transition| completed >= transition.iterations)
    }

    /// The parameters of the iteration after `completed`.
    pub(super) fn moment(&self, completed: usize) -> Moment {
        match self.transition {
            Some(from) if completed < from.iterations => {
                let done = (completed as f64 + 0.5) / from.iterations as f64;
                let geometric = |from: f64, to: f64| (from.ln() + done * (to.ln() - from.ln())).exp();
                Moment {
                    exaggeration: geometric(from.exaggeration, self.exaggeration),
                    learning_rate: geometric(from.learning_rate, self.learning_rate),
                    momentum: from.momentum + done * (self.momentum - from.momentum),
                    adaptive: self.adaptive_momentum && from.exaggeration == self.exaggeration,
                }
            }
            _ => Moment {
                exaggeration: self.exaggeration,
                learning_rate: self.learning_rate,
                momentum: self.momentum,
                adaptive: self.adaptive_momentum,
            },
        }
    }
}

impl Transition {
    /// A transition from the parameters of a phase, usually the one before.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Phase, Transition};
    ///
    /// let early = Phase::default().exaggeration(12.0).momentum(0.5);
    /// let transition = Transition::from_phase(&early, 90);
    /// assert_eq!((transition.iterations, transition.exaggeration, transition.momentum), (90, 12.0, 0.5));
    /// ```
    pub const fn from_phase(from: &Phase, iterations: usize) -> Self {
        let Phase { exaggeration, learning_rate, momentum, .. } = *from;
        Self { iterations, exaggeration, learning_rate, momentum }
    }
}

/// The parameters of one iteration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) exaggeration: f64,
    pub(super) learning_rate: f64,
    pub(super) momentum: f64,
    pub(super) adaptive: bool,
}

fn positive(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(Error::parameter(name, value, "positive and finite")) }
}
