//! The presets, as values of the parameters.

use crate::params::learning_rate::{EarlyExaggeration, LearningRate};
use crate::params::schedule::{NEW_POINTS_RATE, Schedule};
use std::fmt;
use std::str::FromStr;
use tsne_core::Error;
use tsne_optim::Momentum;

/// A set of defaults.
///
#[doc = include_str!("defaults.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preset {
    /// The documented defaults of openTSNE 0.3: learning rate 200, momentum 0.5 then 0.8, 250 + 750 iterations, one
    /// thread, the interpolation grid.
    Documented,
    /// The defaults of openTSNE 1.0.4: learning rate `n / exaggeration` in each phase, momentum 0.8, 250 + 500
    /// iterations, steps of at most 5, automatic repulsion.
    OpenTsne,
    /// A Nesterov schedule from principal components: 30 iterations with exaggeration and 270 without, learning rate
    /// `2 n / exaggeration`, momentum 0.8 then 0.97, with a transition of 90 iterations between the two; in the caller's threads.
    Exaggerated,
    /// From a [coarse map](crate::Initialization::Coarse), without exaggeration: 180 iterations with a momentum that rises to 0.985 and
    /// gives way where it carries uphill; otherwise as [`Exaggerated`](Self::Exaggerated). From any other start, the early
    /// phase of that comes before (`docs/schedule.md`).
    #[default]
    Recommended,
}

impl Preset {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 4] = [Self::Recommended, Self::Exaggerated, Self::OpenTsne, Self::Documented];

    /// The schedule of a fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// assert_eq!(Preset::OpenTsne.schedule().iterations(), 250 + 500);
    /// ```
    pub fn schedule(self) -> Schedule {
        let classical = Schedule::classical();
        match self {
            Self::OpenTsne => classical,
            Self::Documented => Schedule {
                early_exaggeration: EarlyExaggeration::Fixed(12.0),
                initial_momentum: Some(0.5),
                n_iter: 750,
                learning_rate: LearningRate::Fixed(200.0),
                min_grad_norm: Some(1e-8),
                max_step_norm: None,
                ..classical
            },
            Self::Exaggerated => Schedule {
                early_exaggeration_iter: Some(30),
                transition_iter: Some(90),
                n_iter: 270,
                learning_rate: LearningRate::Scaled(2.0),
                momentum_rule: Momentum::Nesterov,
                final_momentum: None,
                ..classical
            },
            Self::Recommended => Schedule {
                early_exaggeration_iter: Some(0),
                initial_momentum: None,
                transition_iter: None,
                n_iter: 180,
                final_momentum: Some(0.985),
                adaptive_momentum: true,
                min_kl_improvement: Some(SETTLED),
                ..Self::Exaggerated.schedule()
            },
        }
    }

    /// The schedule of new points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Preset;
    ///
    /// assert_eq!(Preset::Recommended.schedule_of_new_points().iterations(), 100);
    /// ```
    pub fn schedule_of_new_points(self) -> Schedule {
        let classical = Schedule {
            early_exaggeration_iter: Some(0),
            early_exaggeration: EarlyExaggeration::Fixed(4.0),
            n_iter: 250,
            exaggeration: Some(1.5),
            learning_rate: LearningRate::Fixed(NEW_POINTS_RATE),
            max_grad_norm: Some(0.25),
            max_step_norm: None,
            ..Schedule::classical()
        };
        match self {
            Self::OpenTsne => classical,
            Self::Documented => Schedule {
                early_exaggeration: EarlyExaggeration::Fixed(2.0),
                initial_momentum: Some(0.5),
                exaggeration: None,
                ..classical
            },
            Self::Recommended | Self::Exaggerated => Schedule {
                n_iter: NEW_POINTS.0,
                learning_rate: LearningRate::Fixed(NEW_POINTS.1),
                momentum_rule: Momentum::Nesterov,
                final_momentum: Some(NEW_POINTS.2),
                ..classical
            },
        }
    }

    /// The standard deviation of initial positions along their first axis, and that of random new points.
    pub(crate) const fn initialization_std(self) -> f64 {
        match self {
            Self::Documented => 1e-2,
            Self::OpenTsne | Self::Recommended | Self::Exaggerated => 1e-4,
        }
    }

    /// The jitter of computed initial positions, in units of that deviation.
    pub(crate) const fn initialization_jitter(self) -> f64 {
        match self {
            Self::Documented => 0.0,
            Self::OpenTsne | Self::Recommended | Self::Exaggerated => 0.01,
        }
    }

    /// The number of threads: `None` is the caller's.
    pub(crate) const fn n_jobs(self) -> Option<i32> {
        match self {
            Self::Documented | Self::OpenTsne => Some(1),
            Self::Recommended | Self::Exaggerated => None,
        }
    }
}

/// The improvement of the KL divergence by one iteration, as a fraction of it, at which a map has settled: a twentieth of what
/// Belkina et al. (2019) stop at.
const SETTLED: f64 = 1e-5;

/// Iterations, learning rate and momentum (in Nesterov's form) of new points in the recommended preset.
///
/// 10,000 rows of Fashion-MNIST (50 columns) into a map of the other 60,000, divergence for each new point and label agreement:
/// openTSNE's 250 iterations 3.620 and 0.8348; these 100 iterations 3.590 and 0.8361. Rates 0.3 and 0.1: 3.610 and 3.640;
/// momentum 0.8 and 0.95: 3.610 and 3.587 with outliers further out.
const NEW_POINTS: (usize, f64, f64) = (100, 1.0, 0.9);

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::OpenTsne => "opentsne",
            Self::Recommended => "recommended",
            Self::Exaggerated => "exaggerated",
        })
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "documented" => Ok(Self::Documented),
            "opentsne" => Ok(Self::OpenTsne),
            "recommended" => Ok(Self::Recommended),
            "exaggerated" => Ok(Self::Exaggerated),
            _ => {
                let allowed = "\"recommended\", \"exaggerated\", \"opentsne\" or \"documented\"";
                Err(Error::parameter("preset", format_args!("{s:?}"), allowed))
            }
        }
    }
}
