use crate::options::{Initialization, LearningRate, NegativeGradientMethod, Neighbors};
use crate::{Float, Preset};
use tsne_affinity::{Metric, PerplexityAffinity};
use tsne_bh::BarnesHut;
use tsne_core::{Error, Kernel, Result};
use tsne_fft::{GridParams, Interpolation};
use tsne_optim::{Momentum, Phase};

/// The t-SNE method with all its parameters, checked. Made by [`Tsne::builder`] or [`Tsne::preset`].
///
/// `T` is the number type of the data and the map, `D` the dimension of the map.
#[derive(Debug, Clone)]
pub struct Tsne<T, const D: usize> {
    pub(crate) parameters: Parameters<T, D>,
}

impl<T: Float> Tsne<T, 2> {
    /// A builder with the documented defaults of openTSNE 0.3: [`Preset::Documented`].
    pub fn builder() -> TsneBuilder<T, 2> {
        Self::preset(Preset::Documented)
    }

    /// A builder with the defaults of a preset.
    pub fn preset(preset: Preset) -> TsneBuilder<T, 2> {
        TsneBuilder { parameters: Parameters::preset(preset) }
    }
}

/// Every parameter, unchecked in the builder, checked in [`Tsne`].
#[derive(Debug, Clone)]
pub(crate) struct Parameters<T, const D: usize> {
    pub(crate) perplexities: Vec<f64>,
    pub(crate) metric: Metric,
    pub(crate) neighbors: Neighbors<T>,
    pub(crate) initialization: Initialization<T, D>,
    pub(crate) initialization_std: f64,
    pub(crate) learning_rate: LearningRate,
    pub(crate) early_exaggeration_iter: usize,
    pub(crate) early_exaggeration: f64,
    pub(crate) n_iter: usize,
    pub(crate) exaggeration: Option<f64>,
    pub(crate) momentum: Momentum,
    pub(crate) initial_momentum: f64,
    pub(crate) final_momentum: f64,
    pub(crate) min_grad_norm: Option<f64>,
    pub(crate) max_grad_norm: Option<f64>,
    pub(crate) max_step_norm: Option<f64>,
    pub(crate) dof: f64,
    pub(crate) negative_gradient_method: NegativeGradientMethod,
    pub(crate) theta: f64,
    pub(crate) grid: GridParams,
    pub(crate) n_jobs: i32,
    pub(crate) random_state: u64,
}

impl<T, const D: usize> Parameters<T, D> {
    fn preset(preset: Preset) -> Self {
        let documented = Self {
            perplexities: vec![30.0],
            metric: Metric::Euclidean,
            neighbors: Neighbors::Exact,
            initialization: Initialization::Pca,
            initialization_std: 1e-2,
            learning_rate: LearningRate::Fixed(200.0),
            early_exaggeration_iter: 250,
            early_exaggeration: 12.0,
            n_iter: 750,
            exaggeration: None,
            momentum: Momentum::Classical,
            initial_momentum: 0.5,
            final_momentum: 0.8,
            min_grad_norm: Some(1e-8),
            max_grad_norm: None,
            max_step_norm: None,
            dof: 1.0,
            negative_gradient_method: NegativeGradientMethod::Fft,
            theta: 0.5,
            grid: GridParams::default(),
            n_jobs: 1,
            random_state: 0,
        };
        let opentsne = |base: Self| Self {
            initialization_std: 1e-4,
            learning_rate: LearningRate::Auto,
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
                early_exaggeration_iter: 75,
                n_iter: 225,
                momentum: Momentum::Nesterov,
                final_momentum: 0.97,
                n_jobs: -1,
                ..opentsne(documented)
            },
        }
    }
}

/// Builds a [`Tsne`]. Setters bear the names of openTSNE's parameters; [`TsneBuilder::build`] checks all of them at once.
#[derive(Debug, Clone)]
#[must_use]
pub struct TsneBuilder<T, const D: usize> {
    parameters: Parameters<T, D>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $name: $type) -> Self {
                self.parameters.$name = $name;
                self
            }
        )*
    };
}

impl<T: Float, const D: usize> TsneBuilder<T, D> {
    /// The dimension of the map, 2 unless set: 1 to 3 with the tree and the grid, any with the exact repulsion.
    /// Positions given for another dimension are replaced by PCA.
    pub fn n_components<const C: usize>(self) -> TsneBuilder<T, C> {
        let Parameters {
            perplexities,
            metric,
            neighbors,
            initialization,
            initialization_std,
            learning_rate,
            early_exaggeration_iter,
            early_exaggeration,
            n_iter,
            exaggeration,
            momentum,
            initial_momentum,
            final_momentum,
            min_grad_norm,
            max_grad_norm,
            max_step_norm,
            dof,
            negative_gradient_method,
            theta,
            grid,
            n_jobs,
            random_state,
        } = self.parameters;
        let initialization = match initialization {
            Initialization::Random => Initialization::Random,
            Initialization::Given(positions) if C == D => {
                Initialization::Given(positions.as_flattened().as_chunks::<C>().0.to_vec())
            }
            _ => Initialization::Pca,
        };
        let parameters = Parameters {
            perplexities,
            metric,
            neighbors,
            initialization,
            initialization_std,
            learning_rate,
            early_exaggeration_iter,
            early_exaggeration,
            n_iter,
            exaggeration,
            momentum,
            initial_momentum,
            final_momentum,
            min_grad_norm,
            max_grad_norm,
            max_step_norm,
            dof,
            negative_gradient_method,
            theta,
            grid,
            n_jobs,
            random_state,
        };
        TsneBuilder { parameters }
    }

    /// The perplexity, the continuous number of neighbors whose distances count, at least 1. Where three times it exceeds
    /// `n - 1`, `(n - 1) / 3` is used and a [`Warning`](crate::Warning) is returned with the embedding. Default 30.
    pub fn perplexity(self, perplexity: f64) -> Self {
        self.perplexities(&[perplexity])
    }

    /// Several perplexities, whose Gaussians are mixed.
    pub fn perplexities(mut self, perplexities: &[f64]) -> Self {
        self.parameters.perplexities = perplexities.to_vec();
        self
    }

    /// Nodes per cell of the grid and axis, 1 to 9. Default 3.
    pub fn n_interpolation_points(mut self, n_interpolation_points: usize) -> Self {
        self.parameters.grid.n_interpolation_points = n_interpolation_points;
        self
    }

    /// The smallest number of cells of the grid along the longer side of the map. Default 50.
    pub fn min_num_intervals(mut self, min_num_intervals: usize) -> Self {
        self.parameters.grid.min_num_intervals = min_num_intervals;
        self
    }

    /// The side of a cell of the grid, in units of the map. Default 1.
    pub fn ints_in_interval(mut self, ints_in_interval: f64) -> Self {
        self.parameters.grid.ints_in_interval = ints_in_interval;
        self
    }

    /// The interpolation of the grid. Default [`Interpolation::BSpline`].
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.parameters.grid.interpolation = interpolation;
        self
    }

    setters! {
        /// How distances between data points are measured. Default [`Metric::Euclidean`].
        metric: Metric;
        /// How nearest neighbors are found. Default [`Neighbors::Exact`].
        neighbors: Neighbors<T>;
        /// Where the points start. Default [`Initialization::Pca`].
        initialization: Initialization<T, D>;
        /// The standard deviation of the initial positions along their first axis, positive. Default 1e-4 (1e-2 in the
        /// documented preset, as in openTSNE 0.3).
        initialization_std: f64;
        /// The learning rate, for gradients without the factor 4. Default [`LearningRate::Auto`] (200 in the documented preset).
        learning_rate: LearningRate;
        /// Iterations of the early phase. Default 250, recommended 75.
        early_exaggeration_iter: usize;
        /// The factor on the attraction in the early phase, positive. Default 12.
        early_exaggeration: f64;
        /// Iterations of the normal phase. Default 750 (documented), 500 (openTSNE), 225 (recommended).
        n_iter: usize;
        /// The factor on the attraction in the normal phase, positive; `None` is 1. Default `None`.
        exaggeration: Option<f64>;
        /// The form of momentum. Default [`Momentum::Classical`], recommended [`Momentum::Nesterov`].
        momentum: Momentum;
        /// The momentum of the early phase, from 0 to below 1. Default 0.8 (0.5 in the documented preset).
        initial_momentum: f64;
        /// The momentum of the normal phase, from 0 to below 1. Default 0.8, recommended 0.97.
        final_momentum: f64;
        /// A phase ends when the norm of the whole gradient is below this. Default `None` (1e-8 in the documented preset).
        min_grad_norm: Option<f64>;
        /// Gradients of single points longer than this are scaled down to it. Default `None`.
        max_grad_norm: Option<f64>;
        /// Steps of single points longer than this, in units of the map, are scaled down to it. Default 5 (`None` in the
        /// documented preset).
        max_step_norm: Option<f64>;
        /// The degrees of freedom of the kernel of the map, from 0.001 to 1000. Default 1, the Cauchy kernel.
        dof: f64;
        /// How the repulsion is computed. Default [`NegativeGradientMethod::Auto`] ([`NegativeGradientMethod::Fft`] in the
        /// documented preset).
        negative_gradient_method: NegativeGradientMethod;
        /// The threshold of Barnes-Hut, not negative; 0 is exact. Default 0.5.
        theta: f64;
        /// The number of threads in scikit-learn's convention: -1 all processors, -2 all but one. 0 is an error. The result
        /// does not depend on it. Default 1, recommended -1.
        n_jobs: i32;
        /// The seed of everything random. Default 0.
        random_state: u64;
    }

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for the first that is out of range, with its name, the value and what is allowed.
    pub fn build(self) -> Result<Tsne<T, D>> {
        let parameters = self.parameters;
        if D == 0 {
            return Err(Error::parameter("n_components", D, "at least 1"));
        }
        PerplexityAffinity::mixture(&parameters.perplexities)?;
        positive("initialization_std", parameters.initialization_std)?;
        if let LearningRate::Fixed(rate) = parameters.learning_rate {
            positive("learning_rate", rate)?;
        }
        exaggeration("early_exaggeration", parameters.early_exaggeration)?;
        exaggeration("exaggeration", parameters.exaggeration.unwrap_or(1.0))?;
        momentum("initial_momentum", parameters.initial_momentum)?;
        momentum("final_momentum", parameters.final_momentum)?;
        // The learning rate of the phases depends on the data; the other numbers are checked where they are defined.
        parameters.early_phase(1).check()?;
        Kernel::new(parameters.dof)?;
        parameters.grid.check()?;
        BarnesHut::<T, 2>::new(parameters.theta)?;
        crate::threads::check(parameters.n_jobs)?;
        let method = parameters.negative_gradient_method;
        if D > 3 && matches!(method, NegativeGradientMethod::BarnesHut | NegativeGradientMethod::Fft) {
            let allowed = "1, 2 or 3 for Barnes-Hut and the grid: choose the exact repulsion beyond";
            return Err(Error::parameter("n_components", D, allowed));
        }
        Ok(Tsne { parameters })
    }
}

fn positive(name: &'static str, value: f64) -> Result<()> {
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

impl<T, const D: usize> Parameters<T, D> {
    pub(crate) fn early_phase(&self, n: usize) -> Phase {
        Phase {
            iterations: self.early_exaggeration_iter,
            momentum: self.initial_momentum,
            ..self.phase(n, self.early_exaggeration)
        }
    }

    pub(crate) fn normal_phase(&self, n: usize) -> Phase {
        Phase {
            iterations: self.n_iter,
            momentum: self.final_momentum,
            ..self.phase(n, self.exaggeration.unwrap_or(1.0))
        }
    }

    fn phase(&self, n: usize, exaggeration: f64) -> Phase {
        Phase {
            exaggeration,
            learning_rate: self.learning_rate.resolve(n, exaggeration),
            max_grad_norm: self.max_grad_norm,
            min_grad_norm: self.min_grad_norm,
            max_step_norm: self.max_step_norm,
            ..Phase::default()
        }
    }
}
