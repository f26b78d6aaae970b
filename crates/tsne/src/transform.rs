//! Placing new points into a fitted map.

use crate::callbacks::Callback;
use crate::data::{NewAffinities, NewPoints};
use crate::embedding::Embedding;
use crate::optimize::{OptimizeParams, exaggeration, momentum};
use crate::options::{AffinityMethod, LearningRate, PartialInitialization};
use crate::partial::PartialEmbedding;
use crate::{Float, NegativeGradientMethod, Preset, initialization, threads};
use tsne_affinity::{Multiscale, PerplexityAffinity};
use tsne_core::{Context, Error, Observer, Result, Stage, check_embedding};
use tsne_fft::GridParams;
use tsne_optim::{Momentum, MomentumGains};

/// The standard deviation of random positions of new points: openTSNE's.
const RANDOM_STD: f64 = 1e-4;

/// The parameters of [`Embedding::transform`] and [`Embedding::prepare_partial`]. Setters bear the names of openTSNE's
/// parameters.
///
/// [`TransformParams::preset`] has the defaults. Without any, [`Embedding::transform`] takes those of the preset that the map
/// was made with.
///
/// | parameter | documented (0.3) | openTSNE 1.0.4 | recommended |
/// |---|---|---|---|
/// | perplexity | 5 | 5 | 5 |
/// | initialization, `k` | median, 25 | median, 25 | median, 25 |
/// | early exaggeration | 2 in 0 iterations | 4 in 0 iterations | 4 in 0 iterations |
/// | exaggeration | none | 1.5 | 1.5 |
/// | iterations | 250 | 250 | 100 |
/// | momentum | 0.5, 0.8 | 0.8, 0.8 | Nesterov, 0.8, 0.9 |
/// | learning rate | 0.1 | 0.1 | 1 |
/// | `max_grad_norm` | 0.25 | 0.25 | 0.25 |
/// | threads | those of the fit | those of the fit | all |
#[derive(Debug, Clone)]
pub struct TransformParams<T, const D: usize> {
    affinities: Choice<T>,
    initialization: PartialInitialization<T, D>,
    k: usize,
    early_exaggeration_iter: usize,
    early_exaggeration: f64,
    initial_momentum: f64,
    /// The last phase, and what both phases share. Threads and repulsion are those of the fit unless set.
    descent: OptimizeParams<T, D>,
    negative_gradient_method: Option<NegativeGradientMethod>,
    n_jobs: Option<i32>,
    random_state: Option<u64>,
}

/// How the affinities of new points are computed.
#[derive(Debug, Clone)]
enum Choice<T> {
    /// By the rule of the fit.
    Fitted,
    /// With these perplexities where the rule of the fit has some; else by the rule of the fit.
    Default(Vec<f64>),
    /// With these perplexities.
    Perplexities(Vec<f64>),
    Method(AffinityMethod<T>),
}

/// Setters of the fields at the paths. `= value, not other` adds the doc test that `value` passes the check and that `other`
/// is an error; where no value is wrong, the example stands in the comment.
macro_rules! params {
    ($($(#[$doc:meta])* $($path:ident).+: $name:ident: $argument:ty $(= $value:expr, not $other:expr)?;)*) => {
        $(
            $(#[$doc])*
            $(
                #[doc = concat!(
                    "\n# Examples\n\n```\nuse tsne::{Error, Preset, TransformParams};\n\n",
                    "let params = TransformParams::<f32, 2>::preset(Preset::Recommended);\n",
                    "assert!(params.clone().", stringify!($name), "(", stringify!($value), ").check().is_ok());\n",
                    "let error = params.", stringify!($name), "(", stringify!($other), ").check().unwrap_err();\n",
                    "assert!(matches!(error, Error::Parameter { .. }), \"{error}\");\n```"
                )]
            )?
            #[must_use]
            pub fn $name(mut self, $name: $argument) -> Self {
                self.$($path).+ = $name.into();
                self
            }
        )*
    };
}

impl<T: Float, const D: usize> TransformParams<T, D> {
    /// The defaults of a preset.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::OpenTsne);
    /// assert_eq!(embedding.transform_with(new, &params, None, Context::new())?.iterations(), 250);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn preset(preset: Preset) -> Self {
        let (exaggeration, early_exaggeration, initial_momentum) = match preset {
            Preset::Documented => (None, 2.0, 0.5),
            Preset::OpenTsne | Preset::Recommended => (Some(1.5), 4.0, 0.8),
        };
        let recommended = preset == Preset::Recommended;
        Self {
            affinities: Choice::Default(vec![5.0]),
            initialization: PartialInitialization::Median,
            k: 25,
            early_exaggeration_iter: 0,
            early_exaggeration,
            initial_momentum,
            descent: OptimizeParams {
                preset,
                n_iter: if recommended { RECOMMENDED.0 } else { 250 },
                learning_rate: LearningRate::Fixed(if recommended { RECOMMENDED.1 } else { PARTIAL_LEARNING_RATE }),
                exaggeration,
                momentum: if recommended { RECOMMENDED.2 } else { 0.8 },
                momentum_rule: if recommended { Momentum::Nesterov } else { Momentum::Classical },
                min_grad_norm: None,
                max_grad_norm: Some(0.25),
                max_step_norm: None,
                min_kl_improvement: None,
                negative_gradient_method: NegativeGradientMethod::Auto,
                custom_repulsion: None,
                force_tolerance: None,
                theta: 0.5,
                grid: GridParams::default(),
                callbacks: Vec::new(),
                callbacks_every_iters: 50,
                n_jobs: 1,
                random_state: 0,
            },
            negative_gradient_method: None,
            n_jobs: recommended.then_some(-1),
            random_state: None,
        }
    }

    /// The perplexity of the affinities to the fitted points. `None` computes them as the fit did.
    ///
    /// Unless set, maps whose affinities have no perplexity (uniform, of a fixed width, your own) keep their own rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let neighbors = |perplexity: Option<f64>| {
    ///     let params = TransformParams::preset(Preset::Recommended).perplexity(perplexity);
    ///     Ok::<_, tsne::Error>(embedding.prepare_partial(new, &params, Context::new())?.affinities().row(0).0.len())
    /// };
    /// assert_eq!((neighbors(Some(5.0))?, neighbors(None)?), (15, 30));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn perplexity(mut self, perplexity: impl Into<Option<f64>>) -> Self {
        self.affinities = match perplexity.into() {
            Some(perplexity) => Choice::Perplexities(vec![perplexity]),
            None => Choice::Fitted,
        };
        self
    }

    /// Several perplexities, combined as in the fit.
    ///
    /// A fit with [`AffinityMethod::Multiscale`] takes their mean, every other one their mixture.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let start = |perplexities: &[f64]| {
    ///     let params = TransformParams::preset(Preset::Recommended).perplexities(perplexities);
    ///     embedding.prepare_partial(new, &params, Context::new())
    /// };
    /// assert_ne!(start(&[3.0, 10.0])?.affinities(), start(&[10.0])?.affinities());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn perplexities(mut self, perplexities: &[f64]) -> Self {
        self.affinities = Choice::Perplexities(perplexities.to_vec());
        self
    }

    /// Another rule for the affinities to the fitted points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams, affinity::Uniform};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::Recommended).affinities(Uniform::default());
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!(placed.affinities().row(0).1, [1.0 / 30.0; 30]);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn affinities(mut self, method: impl Into<AffinityMethod<T>>) -> Self {
        self.affinities = Choice::Method(method.into());
        self
    }

    /// How the repulsion of the fitted points is computed. Default: the fit's parameter, where automatic depends on the
    /// number of fitted points only.
    ///
    /// A repulsion of your own does not serve new points: [`NegativeGradientMethod::Custom`] is an error here.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, NegativeGradientMethod, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::Recommended).negative_gradient_method(NegativeGradientMethod::Fft);
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!(placed.negative_gradient_method(), NegativeGradientMethod::Fft);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn negative_gradient_method(mut self, method: NegativeGradientMethod) -> Self {
        self.negative_gradient_method = Some(method);
        self
    }

    params! {
        /// Where the new points start. Default [`PartialInitialization::Median`].
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Context, Preset, TransformParams};
        ///
        /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
        /// # let embedding = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(4.0).build()?.fit(fitted)?;
        /// let params = TransformParams::preset(Preset::Recommended).initialization(vec![[1.0, 2.0]; 4]);
        /// let start = embedding.prepare_partial(new, &params, Context::new())?;
        /// assert_eq!(start.positions(), [[1.0, 2.0]; 4]);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        initialization: initialization: impl Into<PartialInitialization<T, D>>;
        /// How many nearest fitted points the starting position is taken from, at least 1: searched whatever the perplexity, all
        /// of them if there are fewer, and no more than a given graph has. Default 25.
        k: k: usize = 10, not 0;
        /// Iterations of an early phase. Default 0.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Context, Preset, TransformParams};
        ///
        /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
        /// # let embedding = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(4.0).build()?.fit(fitted)?;
        /// let params = TransformParams::preset(Preset::OpenTsne).early_exaggeration_iter(10).n_iter(20);
        /// assert_eq!(embedding.transform_with(new, &params, None, Context::new())?.iterations(), 30);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        early_exaggeration_iter: early_exaggeration_iter: usize;
        /// The factor on the attraction in the early phase, from 1e-6 to 1e6.
        early_exaggeration: early_exaggeration: f64 = 4.0, not 0.0;
        /// The momentum of the early phase, from 0 to below 1.
        initial_momentum: initial_momentum: f64 = 0.5, not 1.0;
        /// The learning rate, for gradients without the factor 4. Each new point has an objective of its own, so it does not
        /// grow with their number; automatic is 0.1.
        descent.learning_rate: learning_rate: impl Into<LearningRate> = 0.5, not 0.0;
        /// The factor on the attraction in the last phase, from 1e-6 to 1e6; `None` is 1.
        descent.exaggeration: exaggeration: impl Into<Option<f64>> = 1.5, not -1.0;
        /// Iterations of the last phase.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Context, Preset, TransformParams};
        ///
        /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
        /// # let embedding = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(4.0).build()?.fit(fitted)?;
        /// let params = TransformParams::preset(Preset::OpenTsne).n_iter(20);
        /// assert_eq!(embedding.transform_with(new, &params, None, Context::new())?.iterations(), 20);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        descent.n_iter: n_iter: usize;
        /// The momentum of the last phase, from 0 to below 1.
        descent.momentum: final_momentum: f64 = 0.9, not 1.0;
        /// The form of momentum. Default [`Momentum::Classical`], recommended [`Momentum::Nesterov`].
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Context, Momentum, Preset, TransformParams};
        ///
        /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
        /// # let embedding = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(4.0).build()?.fit(fitted)?;
        /// let params = TransformParams::preset(Preset::OpenTsne).momentum_rule(Momentum::Nesterov);
        /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
        /// assert_eq!(placed.optimizer().momentum(), Momentum::Nesterov);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        descent.momentum_rule: momentum_rule: Momentum;
        /// Ends a phase when the norm of the whole gradient is below this: the one thing that makes new points depend on each
        /// other. Default `None`.
        descent.min_grad_norm: min_grad_norm: impl Into<Option<f64>> = 1e-7, not -1.0;
        /// Scales longer gradients of single points down to this norm. Default 0.25: new points on top of fitted ones would
        /// shoot off else.
        descent.max_grad_norm: max_grad_norm: impl Into<Option<f64>> = 0.1, not 0.0;
        /// Scales longer steps of single points down to this length. Default `None`.
        descent.max_step_norm: max_step_norm: impl Into<Option<f64>> = 1.0, not 0.0;
        /// Ends the last phase when an iteration lowers the divergence by less than this fraction of it, on average over 25
        /// iterations. It, too, makes new points depend on each other. Default `None`.
        descent.min_kl_improvement: min_kl_improvement: impl Into<Option<f64>> = 2e-4, not -1.0;
        /// Functions that see the descent and may stop it. Default none.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::ops::ControlFlow;
        /// use tsne::{Callback, Context, Finish, Preset, TransformParams};
        ///
        /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
        /// # let embedding = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(4.0).build()?.fit(fitted)?;
        /// let stop = Callback::new(|_| ControlFlow::Break(()));
        /// let params = TransformParams::preset(Preset::OpenTsne).callbacks(vec![stop]).callbacks_every_iters(5);
        /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
        /// assert_eq!((placed.finish(), placed.iterations()), (Finish::Stopped, 5));
        /// # Ok::<(), tsne::Error>(())
        /// ```
        descent.callbacks: callbacks: Vec<Callback<T, D>>;
        /// The iterations from one call of the callbacks to the next, at least 1. Default 50.
        descent.callbacks_every_iters: callbacks_every_iters: usize = 10, not 0;
        /// The number of threads in scikit-learn's convention; `None` is the fit's.
        n_jobs: n_jobs: impl Into<Option<i32>> = -2, not 0;
        /// The seed of random starting positions; `None` is 0.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{Context, PartialInitialization, Preset, TransformParams};
        ///
        /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
        /// # let embedding = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(4.0).build()?.fit(fitted)?;
        /// let start = |seed| {
        ///     let params = TransformParams::preset(Preset::OpenTsne).initialization(PartialInitialization::Random);
        ///     embedding.prepare_partial(new, &params.random_state(Some(seed)), Context::new())
        /// };
        /// assert_eq!(start(1)?.positions(), start(1)?.positions());
        /// assert_ne!(start(1)?.positions(), start(2)?.positions());
        /// # Ok::<(), tsne::Error>(())
        /// ```
        random_state: random_state: impl Into<Option<u64>>;
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
    /// use tsne::{Preset, TransformParams};
    ///
    /// let params = TransformParams::<f32, 2>::preset(Preset::Recommended);
    /// assert_eq!(params.check(), Ok(()));
    /// assert!(params.k(0).check().unwrap_err().to_string().starts_with("k is 0, but must be at least 1"));
    /// ```
    pub fn check(&self) -> Result<()> {
        match &self.affinities {
            Choice::Default(perplexities) | Choice::Perplexities(perplexities) => {
                PerplexityAffinity::mixture(perplexities)?;
            }
            Choice::Fitted | Choice::Method(_) => {}
        }
        if self.k == 0 {
            return Err(Error::parameter("k", 0, "at least 1 (25 is the default)"));
        }
        exaggeration("early_exaggeration", self.early_exaggeration)?;
        momentum("initial_momentum", self.initial_momentum)?;
        if self.negative_gradient_method == Some(NegativeGradientMethod::Custom) {
            let allowed = "auto, bh, fft or exact: a repulsion of your own does not serve new points";
            return Err(Error::parameter("negative_gradient_method", "custom", allowed));
        }
        self.descent.check()?;
        self.n_jobs.map_or(Ok(()), threads::check)
    }

    /// The rule for the affinities, where it is not the fit's.
    fn method(&self, fitted: &AffinityMethod<T>) -> Result<Option<AffinityMethod<T>>> {
        let with = |perplexities: &[f64]| -> Result<AffinityMethod<T>> {
            Ok(match fitted {
                AffinityMethod::Multiscale(_) => Multiscale::new(perplexities)?.into(),
                _ => PerplexityAffinity::mixture(perplexities)?.into(),
            })
        };
        match &self.affinities {
            Choice::Default(perplexities) if fitted.has_perplexity() => with(perplexities).map(Some),
            Choice::Fitted | Choice::Default(_) => Ok(None),
            Choice::Perplexities(perplexities) => with(perplexities).map(Some),
            Choice::Method(method) => Ok(Some(method.clone())),
        }
    }

    /// The last phase for a fitted map.
    fn normal_phase(&self, fitted: &OptimizeParams<T, D>) -> OptimizeParams<T, D> {
        let descent = self.descent.clone();
        OptimizeParams {
            negative_gradient_method: match self.negative_gradient_method.unwrap_or(fitted.negative_gradient_method) {
                NegativeGradientMethod::Custom => NegativeGradientMethod::Auto,
                method => method,
            },
            force_tolerance: fitted.force_tolerance,
            theta: fitted.theta,
            grid: fitted.grid,
            n_jobs: self.n_jobs.unwrap_or(fitted.n_jobs),
            random_state: self.random_state.unwrap_or(0),
            ..descent
        }
    }
}

/// The learning rate of new points (openTSNE's default).
pub(crate) const PARTIAL_LEARNING_RATE: f64 = 0.1;

/// Iterations, learning rate and momentum (in Nesterov's form) of the recommended preset.
///
/// 10,000 rows of Fashion-MNIST (50 columns) into a map of the other 60,000, divergence for each new point and label agreement:
/// openTSNE's 250 iterations 3.620 and 0.8348; these 100 iterations 3.590 and 0.8361. Rates 0.3 and 0.1: 3.610 and 3.640;
/// momentum 0.8 and 0.95: 3.610 and 3.587 with outliers further out.
const RECOMMENDED: (usize, f64, f64) = (100, 1.0, 0.9);

impl<T: Float, const D: usize> Embedding<T, D> {
    /// Places new points into the map, with the default parameters of its preset.
    ///
    /// New points feel the fitted ones and not each other: one by one they come to the same places as all at once. The
    /// map itself does not change. `x` are points in the columns of the fitted data, or their nearest fitted points, or their
    /// affinities.
    ///
    /// The neighbor index over the fitted points is built for each call (0.1 s for 60,000 points in 50 dimensions), so hand over
    /// many points at once; the repulsion is prepared once for all calls.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for points if the fit did not keep its data, [`Error::Shape`] if columns do not fit,
    /// [`Error::NonFinite`] for a value that is not finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::preset(Preset::Recommended).n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let placed = embedding.transform(Rows::new(new, 10, 5)?)?;
    /// assert_eq!(placed.positions().len(), 10);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn transform<'a>(&self, x: impl Into<NewPoints<'a, T>>) -> Result<PartialEmbedding<T, D>> {
        self.transform_with(x, &TransformParams::preset(self.preset), None, Context::new())
    }

    /// Places new points into the map, with parameters, an observer that may stop the descent, and a context for progress and
    /// cancellation.
    ///
    /// Callers on several threads get the same as one after the other; let each take one thread with
    /// [`n_jobs(1)`](TransformParams::n_jobs). [`prepare_reference`](Self::prepare_reference) spares them preparing the map each for itself.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::transform`], [`Error::Parameter`] for a parameter out of range, and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, Rows, TransformParams, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::preset(Preset::Recommended).n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let params = TransformParams::preset(Preset::OpenTsne).perplexity(10.0).n_iter(50);
    /// let placed = embedding.transform_with(Rows::new(new, 10, 5)?, &params, None, Context::new())?;
    /// assert_eq!(placed.iterations(), 50);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn transform_with<'a>(
        &self,
        x: impl Into<NewPoints<'a, T>>,
        params: &TransformParams<T, D>,
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<PartialEmbedding<T, D>> {
        params.check()?;
        let x = x.into();
        let last = params.normal_phase(&self.params);
        last.check()?;
        threads::run(last.n_jobs, || {
            let mut partial = self.partial(x, params, cx)?;
            let early = last
                .clone()
                .n_iter(params.early_exaggeration_iter)
                .exaggeration(params.early_exaggeration)
                .momentum(params.initial_momentum);
            partial.run(&[early, last.clone()], observer.take(), cx)?;
            Ok(partial)
        })
    }

    /// New points at their starting positions, to be optimized step by step by [`PartialEmbedding::optimize`].
    ///
    /// openTSNE's `prepare_partial` takes the perplexity of the fit unless told otherwise: that is
    /// `params.perplexity(None)` here.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::transform_with`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{PartialInitialization, Preset, Rows, TransformParams, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::preset(Preset::Recommended).n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let params = TransformParams::preset(Preset::Recommended).initialization(PartialInitialization::Weighted).k(10);
    /// let mut partial = embedding.prepare_partial(Rows::new(new, 10, 5)?, &params, Default::default())?;
    /// let start = partial.kl_divergence();
    /// partial.optimize(&partial.params().n_iter(50))?;
    /// assert!(partial.kl_divergence() < start);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_partial<'a>(
        &self,
        x: impl Into<NewPoints<'a, T>>,
        params: &TransformParams<T, D>,
        cx: Context<'_>,
    ) -> Result<PartialEmbedding<T, D>> {
        params.check()?;
        let x = x.into();
        threads::run(params.normal_phase(&self.params).n_jobs, || {
            let mut partial = self.partial(x, params, cx)?;
            partial.run(&[], None, cx)?;
            Ok(partial)
        })
    }

    /// Prepares the repulsion of this map for new points, which the first [`transform`](Self::transform) does else: openTSNE's
    /// `prepare_interpolation_grid`. The map is not moved.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`], and those of the repulsion.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::Recommended);
    /// embedding.prepare_reference(&params, Context::new())?;
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!(placed.positions(), embedding.clone().transform(new)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_reference(&self, params: &TransformParams<T, D>, cx: Context<'_>) -> Result<()> {
        params.check()?;
        let last = params.normal_phase(&self.params);
        last.check()?;
        threads::run(last.n_jobs, || self.prepared(&last, cx).map(drop))
    }

    /// New points at their starting positions; the divergence is left to the caller.
    fn partial(
        &self,
        x: NewPoints<'_, T>,
        params: &TransformParams<T, D>,
        cx: Context<'_>,
    ) -> Result<PartialEmbedding<T, D>> {
        let method = params.method(self.index.method())?;
        let wanted = match params.initialization {
            PartialInitialization::Median | PartialInitialization::Weighted => params.k,
            _ => 0,
        };
        let NewAffinities { affinities, graph, warnings } =
            self.index.to_new_in_pool(&x, method.as_ref(), wanted, cx)?;
        let n = affinities.n();
        cx.check()?;
        cx.advance(Stage::Initialization, 0, 1);
        let positions = match (&params.initialization, x.graph().or(graph.as_ref())) {
            (PartialInitialization::Given(positions), _) => {
                if positions.len() != n {
                    return Err(Error::shape("initialization", n, positions.len()));
                }
                check_embedding(positions)?;
                positions.clone()
            }
            (PartialInitialization::Random, _) => {
                initialization::random(n, RANDOM_STD, params.random_state.unwrap_or(0))
            }
            (chosen, Some(graph)) => {
                let weighted = matches!(chosen, PartialInitialization::Weighted);
                let place = if weighted { initialization::weighted_mean } else { initialization::median };
                place(&self.positions, graph, params.k)?
            }
            (_, None) => {
                let allowed = "random or given where affinities are given: there are no neighbors to start from";
                return Err(Error::parameter("initialization", "median or weighted", allowed));
            }
        };
        cx.advance(Stage::Initialization, 1, 1);
        let last = params.normal_phase(&self.params);
        let reference = self.prepared(&last, cx)?;
        Ok(PartialEmbedding::unevaluated(
            positions,
            affinities,
            reference,
            MomentumGains::new(last.momentum_rule),
            last,
        )
        .with_warnings(warnings))
    }
}
