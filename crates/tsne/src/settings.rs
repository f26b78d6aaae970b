//! Every parameter of a fit.

use crate::callbacks::Callback;
use crate::options::{AffinityMethod, CustomRepulsion, EarlyExaggeration, Initialization, LearningRate, Neighbors};
use crate::{Float, NegativeGradientMethod, OptimizeParams, Preset};
use tsne_affinity::Metric;
use tsne_fft::GridParams;
use tsne_optim::Momentum;

/// The parameters that depend neither on the number type nor on the dimension.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) preset: Preset,
    pub(crate) perplexities: Vec<f64>,
    pub(crate) metric: Metric,
    pub(crate) k_neighbors: Option<usize>,
    pub(crate) initialization_std: f64,
    pub(crate) learning_rate: LearningRate,
    pub(crate) early_exaggeration_iter: usize,
    pub(crate) early_exaggeration: EarlyExaggeration,
    pub(crate) n_iter: usize,
    pub(crate) transition_iter: usize,
    pub(crate) exaggeration: Option<f64>,
    pub(crate) momentum_rule: Momentum,
    pub(crate) initial_momentum: f64,
    /// `None`: by the degrees of freedom, [`nesterov_momentum`].
    pub(crate) final_momentum: Option<f64>,
    pub(crate) min_grad_norm: Option<f64>,
    pub(crate) max_grad_norm: Option<f64>,
    pub(crate) max_step_norm: Option<f64>,
    pub(crate) min_kl_improvement: Option<f64>,
    pub(crate) dof: f64,
    pub(crate) negative_gradient_method: NegativeGradientMethod,
    pub(crate) force_tolerance: Option<f64>,
    pub(crate) theta: f64,
    pub(crate) grid: GridParams,
    pub(crate) callbacks_every_iters: usize,
    pub(crate) n_jobs: i32,
    pub(crate) random_state: u64,
    pub(crate) keep_data: bool,
}

/// All parameters, unchecked in the builder, checked in [`Tsne`](crate::Tsne).
#[derive(Debug, Clone)]
pub(crate) struct Parameters<T, const D: usize> {
    pub(crate) settings: Settings,
    pub(crate) neighbors: Neighbors<T>,
    /// `None` is the mixture of the perplexities.
    pub(crate) affinities: Option<AffinityMethod<T>>,
    pub(crate) initialization: Initialization<T, D>,
    pub(crate) custom_repulsion: Option<CustomRepulsion<T, D>>,
    pub(crate) callbacks: Vec<Callback<T, D>>,
    /// What was set for another dimension and not again since.
    pub(crate) dropped: Vec<&'static str>,
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

impl Settings {
    pub(crate) fn preset(preset: Preset) -> Self {
        let documented = Self {
            preset,
            perplexities: vec![30.0],
            metric: Metric::Euclidean,
            k_neighbors: None,
            initialization_std: 1e-2,
            learning_rate: LearningRate::Fixed(200.0),
            early_exaggeration_iter: 250,
            early_exaggeration: EarlyExaggeration::Fixed(12.0),
            n_iter: 750,
            transition_iter: 0,
            exaggeration: None,
            momentum_rule: Momentum::Classical,
            initial_momentum: 0.5,
            final_momentum: Some(CLASSICAL_MOMENTUM),
            min_grad_norm: Some(1e-8),
            max_grad_norm: None,
            max_step_norm: None,
            min_kl_improvement: None,
            dof: 1.0,
            negative_gradient_method: NegativeGradientMethod::Fft,
            force_tolerance: None,
            theta: 0.5,
            grid: GridParams::default(),
            callbacks_every_iters: 50,
            n_jobs: 1,
            random_state: 0,
            keep_data: true,
        };
        let opentsne = |base: Self| Self {
            initialization_std: 1e-4,
            learning_rate: LearningRate::Auto,
            early_exaggeration: EarlyExaggeration::Auto,
            n_iter: 500,
            initial_momentum: 0.8,
            min_grad_norm: None,
            max_step_norm: Some(5.0),
            negative_gradient_method: NegativeGradientMethod::Auto,
            ..base
        };
        match preset {
            Preset::Documented => documented,
            Preset::OpenTsne => opentsne(documented),
            Preset::Recommended => Self {
                early_exaggeration_iter: 30,
                n_iter: 270,
                transition_iter: 90,
                learning_rate: LearningRate::Scaled(2.0),
                momentum_rule: Momentum::Nesterov,
                final_momentum: None,
                n_jobs: -1,
                ..opentsne(documented)
            },
        }
    }

    /// The factor of the early phase.
    pub(crate) fn early_factor(&self) -> f64 {
        self.early_exaggeration.resolve(self.exaggeration)
    }
}

impl<T: Float, const D: usize> Parameters<T, D> {
    pub(crate) fn preset(preset: Preset) -> Self {
        Self {
            settings: Settings::preset(preset),
            neighbors: match preset {
                Preset::Documented => Neighbors::Approx,
                Preset::OpenTsne | Preset::Recommended => Neighbors::Auto,
            },
            affinities: None,
            initialization: Initialization::Pca,
            custom_repulsion: None,
            callbacks: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// The parameters of the normal phase, which an embedding keeps for further optimization.
    pub(crate) fn normal_phase(&self) -> OptimizeParams<T, D> {
        let s = &self.settings;
        OptimizeParams {
            preset: s.preset,
            n_iter: s.n_iter,
            learning_rate: s.learning_rate,
            exaggeration: s.exaggeration,
            momentum: s.final_momentum.unwrap_or_else(|| nesterov_momentum(s.dof)),
            momentum_rule: s.momentum_rule,
            min_grad_norm: s.min_grad_norm,
            max_grad_norm: s.max_grad_norm,
            max_step_norm: s.max_step_norm,
            min_kl_improvement: s.min_kl_improvement,
            negative_gradient_method: s.negative_gradient_method,
            custom_repulsion: self.custom_repulsion.clone(),
            force_tolerance: s.force_tolerance,
            theta: s.theta,
            grid: s.grid,
            callbacks: self.callbacks.clone(),
            callbacks_every_iters: s.callbacks_every_iters,
            n_jobs: s.n_jobs,
            random_state: s.random_state,
        }
    }

    pub(crate) fn early_phase(&self) -> OptimizeParams<T, D> {
        let s = &self.settings;
        self.normal_phase()
            .n_iter(s.early_exaggeration_iter)
            .exaggeration(s.early_factor())
            .momentum(s.initial_momentum)
            .min_kl_improvement(None)
    }
}
