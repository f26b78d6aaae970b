//! The parameters of new points.

use crate::float::Float;
use crate::initialization::check_deviation;
use crate::params::affinity_method::AffinityMethod;
use crate::params::callbacks::Callbacks;
use crate::params::initialization::PartialInitialization;
use crate::params::name::{IntoParam, Unknown};
use crate::params::optimize::OptimizeParams;
use crate::params::preset::Preset;
use crate::params::random_state::RandomState;
use crate::params::repulsion::RepulsionMethod;
use crate::params::schedule::Schedule;
use crate::threads;
use tsne_affinity::PerplexityAffinity;
use tsne_core::{Error, Result};

/// The parameters of [`Embedding::transform`](crate::Embedding::transform) and
/// [`Embedding::prepare_partial`](crate::Embedding::prepare_partial). Setters bear the names of openTSNE's parameters.
///
/// [`TransformParams::preset`] has the defaults, which [`Preset`] tables. Without any, new points are placed with those of the
/// preset that the map was made with; what is `None` is the fit's.
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct TransformParams<T, const D: usize> {
    /// The perplexities of the affinities to the fitted points.
    pub perplexities: NewPerplexities,
    /// Another rule for these affinities.
    pub affinities: Option<AffinityMethod<T>>,
    /// Where the new points start.
    pub initialization: PartialInitialization<T, D>,
    /// The standard deviation of random starting positions.
    pub initialization_std: f64,
    /// How many nearest fitted points the start is taken from.
    pub k: usize,
    /// The course of the descent.
    pub schedule: Schedule,
    /// How the repulsion of the fitted points is computed.
    pub negative_gradient_method: Option<RepulsionMethod<T, D>>,
    /// Functions that see the descent and may stop it.
    pub callbacks: Option<Callbacks<T, D>>,
    /// The iterations from one call of them to the next.
    pub callbacks_every_iters: Option<usize>,
    /// The number of threads.
    pub n_jobs: Option<i32>,
    /// The seed of random starting positions.
    pub random_state: Option<RandomState>,
    pub(crate) preset: Preset,
    pub(crate) unknown: Unknown,
}

/// The perplexities of new points' affinities.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NewPerplexities {
    /// 5 where the rule of the fit has a perplexity; else the rule of the fit as it is.
    Default,
    /// The rule of the fit as it is.
    Fitted,
    /// These.
    Given(Vec<f64>),
}

/// The perplexity of new points (openTSNE's default).
const PERPLEXITY: f64 = 5.0;

impl<T: Float, const D: usize> TransformParams<T, D> {
    /// The defaults of a preset.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::OpenTsne);
    /// assert_eq!(embedding.transform_with(new, &params, None, Context::new())?.iterations(), 250);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn preset(preset: Preset) -> Self {
        Self {
            perplexities: NewPerplexities::Default,
            affinities: None,
            initialization: PartialInitialization::Median,
            initialization_std: preset.initialization_std(),
            k: 25,
            schedule: preset.schedule_of_new_points(),
            negative_gradient_method: None,
            callbacks: None,
            callbacks_every_iters: None,
            n_jobs: None,
            random_state: None,
            preset,
            unknown: Unknown::default(),
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
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let neighbors = |perplexity: Option<f64>| {
    ///     let params = TransformParams::preset(Preset::Recommended).perplexity(perplexity);
    ///     Ok::<_, tsne::Error>(embedding.prepare_partial_with(new, &params, Context::new())?.affinities().row(0).0.len())
    /// };
    /// assert_eq!((neighbors(Some(5.0))?, neighbors(None)?), (15, 30));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn perplexity(mut self, perplexity: impl Into<Option<f64>>) -> Self {
        self.perplexities = match perplexity.into() {
            Some(perplexity) => NewPerplexities::Given(vec![perplexity]),
            None => NewPerplexities::Fitted,
        };
        self
    }

    /// Several perplexities, combined as in the fit.
    ///
    /// A fit with a multiscale model ([`PerplexityAffinity::is_multiscale`]) takes their mean, every other one their mixture.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let start = |perplexities: &[f64]| {
    ///     let params = TransformParams::preset(Preset::Recommended).perplexities(perplexities);
    ///     embedding.prepare_partial_with(new, &params, Context::new())
    /// };
    /// assert_ne!(start(&[3.0, 10.0])?.affinities(), start(&[10.0])?.affinities());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn perplexities(mut self, perplexities: &[f64]) -> Self {
        self.perplexities = NewPerplexities::Given(perplexities.to_vec());
        self
    }

    /// Another rule for the affinities to the fitted points, in place of the perplexities.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams, affinity::Uniform};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::Recommended).affinities(Uniform::default());
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!(placed.affinities().row(0).1, [1.0 / 30.0; 30]);
    /// // Both are more than one rule.
    /// assert!(params.perplexity(5.0).check().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities(mut self, method: impl Into<AffinityMethod<T>>) -> Self {
        self.affinities = Some(method.into());
        self
    }

    /// Where the new points start: positions, a [`PartialInitialization`] or its name, `"median"`, `"weighted"` or `"random"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
    /// # let embedding = tsne::Tsne::<_, 2>::builder().perplexity(4.0).build()?.fit(fitted)?;
    /// let params = TransformParams::preset(Preset::Recommended).initialization(vec![[1.0, 2.0]; 4]);
    /// let start = embedding.prepare_partial_with(new, &params, Context::new())?;
    /// assert_eq!(start.positions(), [[1.0, 2.0]; 4]);
    /// assert!(params.initialization("weighted").check().is_ok());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn initialization(mut self, initialization: impl IntoParam<PartialInitialization<T, D>>) -> Self {
        if let Some(value) = self.unknown.take("initialization", initialization) {
            self.initialization = value;
        }
        self
    }

    number! {
        [] "tsne::TransformParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check";
        /// The standard deviation of random starting positions, positive.
        initialization_std: f64 = 1e-3, not 0.0
    }

    number! {
        [] "tsne::TransformParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check";
        /// How many nearest fitted points the starting position is taken from, at least 1: searched whatever the perplexity, all
        /// of them if there are fewer, and no more than a given graph has.
        k: usize = 10, not 0
    }

    schedule_setters! { [schedule] "tsne::TransformParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check" }

    /// How the repulsion of the fitted points is computed; `None` unless set, which is the fit's method, where automatic depends on
    /// the number of fitted points only. A [`CustomRepulsion`](crate::CustomRepulsion) needs a form for new points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, RepulsionMethod, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::Recommended).negative_gradient_method("fft");
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!(placed.negative_gradient_method(), RepulsionMethod::Fft);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn negative_gradient_method(mut self, method: impl IntoParam<RepulsionMethod<T, D>>) -> Self {
        if let Some(value) = self.unknown.take("negative_gradient_method", method) {
            self.negative_gradient_method = Some(value);
        }
        self
    }

    /// Functions, one or several, that see the descent and may stop it, in place of those of the fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Callback, Context, Finish, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
    /// # let embedding = tsne::Tsne::<_, 2>::builder().perplexity(4.0).build()?.fit(fitted)?;
    /// let stop = Callback::new(|_| ControlFlow::Break(()));
    /// let params = TransformParams::preset(Preset::OpenTsne).callbacks(stop).callbacks_every_iters(5);
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!((placed.finish(), placed.iterations()), (Finish::Stopped, 5));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn callbacks(mut self, callbacks: impl Into<Callbacks<T, D>>) -> Self {
        self.callbacks = Some(callbacks.into());
        self
    }

    number! {
        [] "tsne::TransformParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check";
        /// The iterations from one call of the callbacks to the next, at least 1; `None` is the fit's.
        callbacks_every_iters: impl Into<Option<usize>> = 10, not 0
    }

    number! {
        [] "tsne::TransformParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check";
        /// The number of threads in scikit-learn's convention; `None` is the fit's.
        n_jobs: impl Into<Option<i32>> = -2, not 0
    }

    /// The seed of random starting positions: a number or a [`RandomState`]. Unless set, that of the fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..100).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let (fitted, new) = (tsne::Rows::new(&data[..80], 16, 5)?, tsne::Rows::new(&data[80..], 4, 5)?);
    /// # let embedding = tsne::Tsne::<_, 2>::builder().perplexity(4.0).build()?.fit(fitted)?;
    /// let start = |seed| {
    ///     let params = TransformParams::preset(Preset::OpenTsne).initialization("random");
    ///     embedding.prepare_partial_with(new, &params.random_state(seed), Context::new())
    /// };
    /// assert_eq!(start(1)?.positions(), start(1)?.positions());
    /// assert_ne!(start(1)?.positions(), start(2)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn random_state(mut self, random_state: impl Into<RandomState>) -> Self {
        self.random_state = Some(random_state.into());
        self
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
        self.unknown.check()?;
        if let NewPerplexities::Given(perplexities) = &self.perplexities {
            PerplexityAffinity::mixture(perplexities)?;
        }
        if self.affinities.is_some() && self.perplexities != NewPerplexities::Default {
            return Err(Error::parameter(
                "perplexity",
                "set beside affinities",
                "left out, or set alone: both are rules",
            ));
        }
        if self.k == 0 {
            return Err(Error::parameter("k", 0, "at least 1 (25 is the default)"));
        }
        check_deviation("initialization_std", self.initialization_std)?;
        self.schedule.check()?;
        if self.callbacks_every_iters == Some(0) {
            return Err(Error::parameter("callbacks_every_iters", 0, "at least 1"));
        }
        threads::check(self.n_jobs)
    }

    /// The rule for the affinities, where it is not the fit's.
    pub(crate) fn method(&self, fitted: &AffinityMethod<T>) -> Result<Option<AffinityMethod<T>>> {
        let with = |perplexities: &[f64]| -> Result<AffinityMethod<T>> {
            Ok(match fitted {
                AffinityMethod::Perplexity(model) if model.is_multiscale() => {
                    PerplexityAffinity::multiscale(perplexities)?.into()
                }
                _ => PerplexityAffinity::mixture(perplexities)?.into(),
            })
        };
        match (&self.affinities, &self.perplexities) {
            (Some(method), _) => Ok(Some(method.clone())),
            (None, NewPerplexities::Default) if fitted.has_perplexity() => with(&[PERPLEXITY]).map(Some),
            (None, NewPerplexities::Fitted | NewPerplexities::Default) => Ok(None),
            (None, NewPerplexities::Given(perplexities)) => with(perplexities).map(Some),
        }
    }

    /// The parameters of the descent in a fitted map.
    pub(crate) fn optimize(&self, fitted: &OptimizeParams<T, D>) -> Result<OptimizeParams<T, D>> {
        self.check()?;
        let mut repulsion = fitted.repulsion.clone();
        if let Some(method) = &self.negative_gradient_method {
            repulsion.method = method.clone();
        }
        let params = OptimizeParams {
            schedule: self.schedule.clone(),
            repulsion,
            optimizer: fitted.optimizer.clone(),
            callbacks: self.callbacks.clone().unwrap_or_else(|| fitted.callbacks.clone()),
            callbacks_every_iters: self.callbacks_every_iters.unwrap_or(fitted.callbacks_every_iters),
            n_jobs: self.n_jobs.or(fitted.n_jobs),
            preset: self.preset,
        };
        params.check()?;
        Ok(params)
    }
}
