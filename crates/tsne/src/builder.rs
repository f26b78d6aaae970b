use crate::callbacks::Callback;
use crate::optimize::{exaggeration, momentum, positive};
use crate::options::{AffinityMethod, CustomRepulsion, EarlyExaggeration, Initialization, LearningRate, Neighbors};
use crate::settings::Parameters;
use crate::{Float, NegativeGradientMethod, OptimizeParams, Preset};
use std::num::NonZeroUsize;
use tsne_affinity::{Metric, PerplexityAffinity};
use tsne_core::{Error, Kernel, Result};
use tsne_fft::Interpolation;
use tsne_optim::Momentum;

/// The t-SNE method with all its parameters, checked. Made by [`Tsne::preset`], or by [`Tsne::builder`] with the defaults that
/// openTSNE's documentation of release 0.3 has; those of release 1.0.4 are [`Preset::OpenTsne`].
///
/// `T` is the number type of the data and the map, `D` the dimension of the map.
#[derive(Debug, Clone)]
pub struct Tsne<T, const D: usize> {
    pub(crate) parameters: Parameters<T, D>,
}

impl<T: Float> Tsne<T, 2> {
    /// A builder with the documented defaults of openTSNE 0.3: [`Preset::Documented`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::builder().perplexity(10.0).early_exaggeration_iter(5).n_iter(10).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.preset(), Preset::Documented);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn builder() -> TsneBuilder<T, 2> {
        Self::preset(Preset::Documented)
    }

    /// A builder with the defaults of a preset.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Momentum, Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(3.0).build()?;
    /// let embedding = tsne.fit(Rows::new(&data[..60], 12, 5)?)?;
    /// assert_eq!((embedding.iterations(), embedding.optimizer().momentum()), (30 + 270, Momentum::Nesterov));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn preset(preset: Preset) -> TsneBuilder<T, 2> {
        TsneBuilder { parameters: Parameters::preset(preset) }
    }
}

impl<T: Float, const D: usize> Tsne<T, D> {
    /// The parameters of the early phase: what [`Tsne::fit`] runs first.
    ///
    /// # Examples
    ///
    /// A fit without a transition, step by step:
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let x = Rows::new(&data[..100], 20, 5)?;
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(4.0).n_iter(20).transition_iter(0).build()?;
    /// let mut embedding = tsne.prepare_initial(x)?;
    /// embedding.optimize(&tsne.early_params())?;
    /// embedding.optimize(&tsne.params())?;
    /// assert_eq!(embedding.positions(), tsne.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn early_params(&self) -> OptimizeParams<T, D> {
        self.parameters.early_phase()
    }

    /// The parameters of the normal phase, for [`Embedding::new`](crate::Embedding::new) and
    /// [`Embedding::optimize`](crate::Embedding::optimize).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(10.0).n_iter(40).build()?;
    /// let mut embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
    /// embedding.optimize(&tsne.params())?;
    /// assert_eq!(embedding.iterations(), 40);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn params(&self) -> OptimizeParams<T, D> {
        self.parameters.normal_phase()
    }
}

/// Builds a [`Tsne`]. Setters bear the names of openTSNE's parameters; [`TsneBuilder::build`] checks all of them at once.
#[derive(Debug, Clone)]
#[must_use]
pub struct TsneBuilder<T, const D: usize> {
    parameters: Parameters<T, D>,
}

/// Setters of the settings of the same name. `= value, not other` adds the doc test that `value` builds and that `other` is
/// an error which names the parameter; where no value is wrong, the example stands in the comment.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $argument:ty $(= $value:expr, not $other:expr)?;)*) => {
        $(
            $(#[$doc])*
            $(
                #[doc = concat!(
                    "\n# Examples\n\n```\nuse tsne::{Error, Tsne};\n\n",
                    "assert!(Tsne::<f32, 2>::builder().", stringify!($name), "(", stringify!($value), ").build().is_ok());\n",
                    "let error = Tsne::<f32, 2>::builder().", stringify!($name), "(", stringify!($other), ").build().unwrap_err();\n",
                    "assert!(matches!(error, Error::Parameter { name: \"", stringify!($name), "\", .. }));\n```"
                )]
            )?
            pub fn $name(mut self, $name: $argument) -> Self {
                self.parameters.settings.$name = $name.into();
                self
            }
        )*
    };
}

impl<T: Float, const D: usize> TsneBuilder<T, D> {
    /// The dimension of the map, 2 unless set: 1 to 3 with the tree and the grid, any with the exact repulsion.
    ///
    /// Positions of another dimension, callbacks and a repulsion of your own belong to the dimension for which they were set: set
    /// them after this, else [`build`](Self::build) reports them.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::builder().n_components::<3>().perplexity(10.0).build()?;
    /// let positions: Vec<[f32; 3]> = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?.into_positions();
    /// assert_eq!(positions.len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn n_components<const C: usize>(self) -> TsneBuilder<T, C> {
        let Parameters { settings, neighbors, affinities, initialization, custom_repulsion, callbacks, mut dropped } =
            self.parameters;
        let mut drop = |name, there: bool| {
            if there && !dropped.contains(&name) {
                dropped.push(name);
            }
        };
        drop("custom_repulsion", custom_repulsion.is_some());
        drop("callbacks", !callbacks.is_empty());
        let initialization = match initialization {
            Initialization::Pca => Initialization::Pca,
            Initialization::Random => Initialization::Random,
            Initialization::Spectral => Initialization::Spectral,
            Initialization::Given(positions) if C == D => {
                Initialization::Given(positions.as_flattened().as_chunks::<C>().0.to_vec())
            }
            Initialization::Given(_) => {
                drop("initialization", true);
                Initialization::Pca
            }
        };
        let (custom_repulsion, callbacks) = (None, Vec::new());
        let parameters =
            Parameters { settings, neighbors, affinities, initialization, custom_repulsion, callbacks, dropped };
        TsneBuilder { parameters }
    }

    /// The perplexity, the continuous number of neighbors whose distances count, at least 1. Where three times it exceeds
    /// `n - 1`, `(n - 1) / 3` is used and a [`Warning`](crate::Warning) is returned with the embedding. Default 30.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let nnz = |perplexity| {
    ///     let index = Tsne::builder().perplexity(perplexity).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    ///     Ok::<usize, tsne::Error>(index.affinities().nnz())
    /// };
    /// assert!(nnz(3.0)? < nnz(10.0)?);
    /// assert!(Tsne::<f32, 2>::builder().perplexity(0.5).build().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn perplexity(self, perplexity: f64) -> Self {
        self.perplexities(&[perplexity])
    }

    /// Several perplexities, whose Gaussians are mixed.
    ///
    /// Their Gaussians are added before they are normalized (openTSNE's `MultiscaleMixture`); each is at least 1, and the largest
    /// decides the number of neighbors. Replaces [`affinities`](Self::affinities).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let p = |perplexities: &[f64]| {
    ///     Tsne::builder().perplexities(perplexities).k_neighbors(Some(30)).build()?.affinities(Rows::new(&data, 60, 5)?)
    /// };
    /// assert_ne!(p(&[3.0, 10.0])?.affinities(), p(&[10.0])?.affinities());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn perplexities(mut self, perplexities: &[f64]) -> Self {
        self.parameters.settings.perplexities = perplexities.to_vec();
        self.parameters.affinities = None;
        self
    }

    /// How neighbor distances become affinities, in place of the perplexity: one of
    /// [`tsne::affinity`](crate::affinity)'s rules or your own. Default: the mixture of the
    /// [`perplexities`](Self::perplexities).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne, affinity::FixedSigma};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::builder().affinities(FixedSigma::new(20.0)?).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// // Thirty neighbors in place of three times a perplexity.
    /// assert_eq!(index.graph().map(|graph| graph.k()), Some(30));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities(mut self, method: impl Into<AffinityMethod<T>>) -> Self {
        self.parameters.affinities = Some(method.into());
        self
    }

    /// How nearest neighbors are found. Default [`Neighbors::Auto`] ([`Neighbors::Approx`] in the documented preset).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Neighbors, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let graph = |neighbors| {
    ///     let tsne = Tsne::builder().perplexity(10.0).neighbors(neighbors).build()?;
    ///     Ok::<_, tsne::Error>(tsne.affinities(Rows::new(&data, 60, 5)?)?.graph().cloned())
    /// };
    /// // So few points are searched exactly in any case.
    /// assert_eq!(graph("annoy".parse()?)?, graph(Neighbors::Exact)?);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn neighbors(mut self, neighbors: Neighbors<T>) -> Self {
        self.parameters.neighbors = neighbors;
        self
    }

    /// Where the points start. Default [`Initialization::Pca`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let line: Vec<[f32; 2]> = (0..60).map(|i| [i as f32 * 1e-4, 0.0]).collect();
    /// let tsne = Tsne::builder().perplexity(10.0).initialization(line.clone()).build()?;
    /// assert_eq!(tsne.prepare_initial(Rows::new(&data, 60, 5)?)?.positions(), line);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn initialization(mut self, initialization: impl Into<Initialization<T, D>>) -> Self {
        self.parameters.dropped.retain(|name| *name != "initialization");
        self.parameters.initialization = initialization.into();
        self
    }

    /// A repulsion of your own, in place of the [`negative_gradient_method`](Self::negative_gradient_method). New points
    /// do not use it: see [`CustomRepulsion`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CustomRepulsion, NegativeGradientMethod, Preset, Rows, Tsne, optim::Exact};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(3.0).early_exaggeration_iter(20).n_iter(30);
    /// let own = tsne.clone().custom_repulsion(CustomRepulsion::new(Exact::new)).build()?;
    /// let exact = tsne.negative_gradient_method(NegativeGradientMethod::Exact).build()?;
    /// let x = Rows::new(&data[..60], 12, 5)?;
    /// assert_eq!(own.fit(x)?.positions(), exact.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn custom_repulsion(mut self, repulsion: CustomRepulsion<T, D>) -> Self {
        self.parameters.dropped.retain(|name| *name != "custom_repulsion");
        self.parameters.custom_repulsion = Some(repulsion);
        self
    }

    /// Functions that see the descent every [`callbacks_every_iters`](Self::callbacks_every_iters) iterations and may stop
    /// it. Default none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use tsne::{Callback, Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let count = Callback::new(|_| {
    ///     CALLS.fetch_add(1, Ordering::Relaxed);
    ///     ControlFlow::Continue(())
    /// });
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(3.0).callbacks(vec![count]).callbacks_every_iters(25).build()?;
    /// tsne.fit(Rows::new(&data[..60], 12, 5)?)?;
    /// assert_eq!(CALLS.load(Ordering::Relaxed), 30 / 25 + 270 / 25);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn callbacks(mut self, callbacks: Vec<Callback<T, D>>) -> Self {
        self.parameters.dropped.retain(|name| *name != "callbacks");
        self.parameters.callbacks = callbacks;
        self
    }

    /// Nodes per cell of the grid and axis, 1 to 9. Default 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().n_interpolation_points(5).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().n_interpolation_points(10).build().is_err());
    /// ```
    pub fn n_interpolation_points(mut self, n_interpolation_points: usize) -> Self {
        self.parameters.settings.grid.n_interpolation_points = n_interpolation_points;
        self
    }

    /// The smallest number of cells of the grid along the longer side of the map. Default 50; three
    /// dimensions allow some 15 ([`GridParams`](tsne_fft::GridParams)).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().min_num_intervals(30).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().min_num_intervals(0).build().is_err());
    /// ```
    pub fn min_num_intervals(mut self, min_num_intervals: usize) -> Self {
        self.parameters.settings.grid.min_num_intervals = min_num_intervals;
        self
    }

    /// The side of a cell of the grid, in units of the map. Default 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().ints_in_interval(0.5).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().ints_in_interval(0.0).build().is_err());
    /// ```
    pub fn ints_in_interval(mut self, ints_in_interval: f64) -> Self {
        self.parameters.settings.grid.ints_in_interval = ints_in_interval;
        self
    }

    /// The interpolation of the grid. Default [`Interpolation::BSpline`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Interpolation, NegativeGradientMethod, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// // openTSNE's own interpolation.
    /// let tsne = Tsne::builder().perplexity(10.0).interpolation(Interpolation::Lagrange);
    /// let tsne = tsne.early_exaggeration_iter(0).n_iter(5).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.negative_gradient_method(), NegativeGradientMethod::Fft);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.parameters.settings.grid.interpolation = interpolation;
        self
    }

    setters! {
        /// How distances between data points are measured. Default [`Metric::Euclidean`].
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Metric, Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let tsne = Tsne::builder().metric(Metric::Cosine).perplexity(3.0).build()?;
        /// assert_eq!(tsne.affinities(Rows::new(&data, 12, 5)?)?.metric(), &Metric::Cosine);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        metric: impl Into<Metric>;
        /// The number of neighbors of each point that the perplexity is reached with, below `n`; `None` is three times the
        /// perplexity. Rules set by [`affinities`](Self::affinities) have a number of their own: there, more are kept for a later
        /// change of the rule. Default `None`.
        k_neighbors: impl Into<Option<usize>> = Some(30), not Some(0);
        /// The standard deviation of the initial positions along their first axis, positive. Default 1e-4 (1e-2 in the
        /// documented preset, as in openTSNE 0.3).
        initialization_std: f64 = 1e-3, not 0.0;
        /// The learning rate, for gradients without the factor 4. Default [`LearningRate::Auto`] (200 in the
        /// documented preset), recommended twice that.
        learning_rate: impl Into<LearningRate> = 50.0, not 0.0;
        /// Iterations of the early phase. Default 250, recommended 30.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let tsne = Tsne::builder().perplexity(3.0).early_exaggeration_iter(20).n_iter(30).build()?;
        /// assert_eq!(tsne.fit(Rows::new(&data, 12, 5)?)?.timings().early.iterations, 20);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        early_exaggeration_iter: usize;
        /// The factor on the attraction in the early phase: a number from 1e-6 to 1e6, or [`EarlyExaggeration::Auto`].
        /// Default automatic (12 in the documented preset).
        early_exaggeration: impl Into<EarlyExaggeration> = 4.0, not 0.0;
        /// Iterations of the normal phase. Default 750 (documented), 500 (openTSNE), 270 (recommended).
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let tsne = Tsne::builder().perplexity(3.0).early_exaggeration_iter(20).n_iter(30).build()?;
        /// let embedding = tsne.fit(Rows::new(&data, 12, 5)?)?;
        /// assert_eq!((embedding.timings().late.iterations, embedding.iterations()), (30, 50));
        /// # Ok::<(), tsne::Error>(())
        /// ```
        n_iter: usize;
        /// The first iterations of the normal phase, over which exaggeration, learning rate and momentum go from those of the early
        /// phase to its own ([`Transition`](tsne_optim::Transition)); all of them if it has fewer. Default 0, recommended 90.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let fit = |transition| {
        ///     let tsne = Tsne::builder().perplexity(3.0).early_exaggeration_iter(20).n_iter(30);
        ///     tsne.transition_iter(transition).build()?.fit(Rows::new(&data, 12, 5)?)
        /// };
        /// assert_ne!(fit(0)?.positions(), fit(10)?.positions());
        /// # Ok::<(), tsne::Error>(())
        /// ```
        transition_iter: usize;
        /// The factor on the attraction in the normal phase, positive; `None` is 1. Default `None`.
        exaggeration: impl Into<Option<f64>> = 2.0, not -1.0;
        /// The form of momentum. Default [`Momentum::Classical`], recommended [`Momentum::Nesterov`].
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Momentum, Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let tsne = Tsne::builder().perplexity(3.0).momentum_rule(Momentum::Nesterov).n_iter(30).build()?;
        /// assert_eq!(tsne.fit(Rows::new(&data, 12, 5)?)?.optimizer().momentum(), Momentum::Nesterov);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        momentum_rule: Momentum;
        /// The momentum of the early phase, from 0 to below 1. Default 0.8 (0.5 in the documented preset).
        initial_momentum: f64 = 0.5, not 1.0;
        /// The momentum of the normal phase, from 0 to below 1. Default 0.8, recommended 0.97,
        /// and 0.9 for [`dof`](Self::dof) above 1.
        final_momentum: f64 = 0.9, not 1.0;
        /// A phase ends when the norm of the whole gradient is below this. Default `None` (1e-8 in the documented preset).
        min_grad_norm: impl Into<Option<f64>> = 1e-7, not -1.0;
        /// Gradients of single points longer than this are scaled down to it. Default `None`.
        max_grad_norm: impl Into<Option<f64>> = 0.25, not 0.0;
        /// Steps of single points longer than this, in units of the map, are scaled down to it. Default 5 (`None` in the
        /// documented preset).
        max_step_norm: impl Into<Option<f64>> = 1.0, not 0.0;
        /// The normal phase ends when an iteration lowers the KL divergence by less than this fraction of it, on average over 25
        /// iterations; 2e-4 is the rule of opt-SNE (Belkina et al. 2019). Set [`n_iter`](Self::n_iter) to the most that you
        /// would wait for. Default `None`.
        min_kl_improvement: impl Into<Option<f64>> = 2e-4, not -1.0;
        /// The degrees of freedom of the kernel of the map, from 0.001 to 1000. Default 1, the Cauchy kernel.
        dof: f64 = 0.5, not 0.0;
        /// How the repulsion is computed. Default [`NegativeGradientMethod::Auto`] ([`NegativeGradientMethod::Fft`] in the
        /// documented preset).
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{NegativeGradientMethod, Tsne};
        ///
        /// let four_axes = || Tsne::<f32, 2>::builder().n_components::<4>();
        /// assert!(four_axes().negative_gradient_method(NegativeGradientMethod::Exact).build().is_ok());
        /// assert!(four_axes().negative_gradient_method(NegativeGradientMethod::Fft).build().is_err());
        /// ```
        negative_gradient_method: NegativeGradientMethod;
        /// The relative error of the repulsive force (root mean square) that is acceptable, from 0.0001 to 0.5; `None` is the
        /// accuracy of the other parameters. Default `None`.
        ///
        /// With a tolerance, Barnes-Hut takes its threshold from it, and the grid its spacing and order at each iteration:
        /// [`theta`](Self::theta) and the parameters of the grid are not used. [`Embedding::force_error`] measures what
        /// came of it.
        ///
        /// [`Embedding::force_error`]: crate::Embedding::force_error
        force_tolerance: impl Into<Option<f64>> = 0.01, not 0.0;
        /// The threshold of Barnes-Hut, not negative; 0 is exact. Default 0.5.
        theta: f64 = 0.3, not -1.0;
        /// The number of threads in scikit-learn's convention: -1 all processors, -2 all but one. 0 is an error; beyond
        /// 64, no more are started than there are processors. The result does not depend on it. Default 1, recommended -1.
        n_jobs: i32 = -2, not 0;
        /// The seed of everything random. Default 0.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Initialization, Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let start = |seed| {
        ///     let tsne = Tsne::builder().perplexity(3.0).initialization(Initialization::Random).random_state(seed).build()?;
        ///     tsne.prepare_initial(Rows::new(&data, 12, 5)?)
        /// };
        /// assert_eq!(start(1)?.positions(), start(1)?.positions());
        /// assert_ne!(start(1)?.positions(), start(2)?.positions());
        /// # Ok::<(), tsne::Error>(())
        /// ```
        random_state: u64;
        /// The iterations from one call of the [`callbacks`](Self::callbacks) to the next, at least 1. Default 50.
        callbacks_every_iters: usize = 10, not 0;
        /// Whether the embedding keeps a copy of the data points, which placing new points needs. Default true.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Rows, Tsne};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// let tsne = Tsne::builder().perplexity(3.0).n_iter(30).keep_data(false).build()?;
        /// let embedding = tsne.fit(Rows::new(&data, 12, 5)?)?;
        /// assert!(!embedding.affinity_index().has_data());
        /// assert!(embedding.transform(Rows::new(&data[..5], 1, 5)?).is_err());
        /// # Ok::<(), tsne::Error>(())
        /// ```
        keep_data: bool;
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
    /// use tsne::Tsne;
    ///
    /// let error = Tsne::<f32, 2>::builder().theta(-0.5).build().unwrap_err();
    /// assert!(error.to_string().starts_with("theta is -0.5, but must be"));
    /// ```
    pub fn build(self) -> Result<Tsne<T, D>> {
        let parameters = self.parameters;
        let settings = &parameters.settings;
        if let Some(&name) = parameters.dropped.first() {
            return Err(Error::parameter(
                name,
                "set before n_components",
                "set after it, for the dimension of the map",
            ));
        }
        if D == 0 {
            return Err(Error::parameter("n_components", D, "at least 1"));
        }
        PerplexityAffinity::mixture(&settings.perplexities)?;
        positive("initialization_std", settings.initialization_std)?;
        if settings.k_neighbors.is_some_and(|k| NonZeroUsize::new(k).is_none()) {
            return Err(Error::parameter("k_neighbors", 0, "at least 1, or None for what the affinities need"));
        }
        exaggeration("early_exaggeration", settings.early_factor())?;
        momentum("initial_momentum", settings.initial_momentum)?;
        settings.final_momentum.map_or(Ok(()), |value| momentum("final_momentum", value))?;
        parameters.normal_phase().check()?;
        parameters.early_phase().check()?;
        Kernel::new(settings.dof)?;
        Ok(Tsne { parameters })
    }
}
