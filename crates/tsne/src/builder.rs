//! The method and its builder.

use crate::float::Float;
use crate::initialization::{check_deviation, check_jitter};
use crate::params::affinity_method::AffinityMethod;
use crate::params::initialization::Initialization;
use crate::params::name::{IntoParam, Unknown};
use crate::params::neighbors::Neighbors;
use crate::params::optimize::OptimizeParams;
use crate::params::preset::Preset;
use crate::params::random_state::RandomState;
use crate::params::schedule::Schedule;
use std::num::NonZeroUsize;
use tsne_affinity::{Metric, PerplexityAffinity};
use tsne_core::{Error, Kernel, Result};

/// The t-SNE method with all its parameters, checked. Made by [`Tsne::builder`] with the recommended defaults, by
/// [`Tsne::opentsne`] with those of openTSNE 1.0.4, or by [`Tsne::documented`] with those of its documentation, release 0.3.
///
/// `T` is the number type of the data and the map, `D` the dimension of the map (openTSNE's `n_components`): 1 to 3 with the tree
/// and the grid, any with the exact repulsion.
#[derive(Debug, Clone)]
pub struct Tsne<T, const D: usize> {
    pub(crate) parameters: Parameters<T, D>,
}

/// All parameters of a fit, unchecked in the builder, checked in [`Tsne`].
#[derive(Debug, Clone)]
pub(crate) struct Parameters<T, const D: usize> {
    pub(crate) perplexities: Option<Vec<f64>>,
    pub(crate) affinities: Option<AffinityMethod<T>>,
    pub(crate) k_neighbors: Option<usize>,
    pub(crate) metric: Metric,
    pub(crate) neighbors: Neighbors<T>,
    pub(crate) keep_data: bool,
    pub(crate) keep_neighbors: usize,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) initialization: Initialization<T, D>,
    pub(crate) initialization_std: f64,
    pub(crate) initialization_jitter: f64,
    pub(crate) dof: f64,
    /// `None` is that of the index in a fit of an index, or else the default.
    pub(crate) random_state: Option<RandomState>,
    pub(crate) optimize: OptimizeParams<T, D>,
    pub(crate) unknown: Unknown,
}

/// The perplexity of a fit where none is set (openTSNE's default).
const PERPLEXITY: f64 = 30.0;

impl<T: Float, const D: usize> Tsne<T, D> {
    /// A builder with the recommended defaults: [`Preset::Recommended`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Momentum, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// // A map in three dimensions.
    /// let tsne = Tsne::<f32, 3>::builder().perplexity(3.0).build()?;
    /// let embedding = tsne.fit(Rows::new(&data[..60], 12, 5)?)?;
    /// assert!(embedding.iterations() <= 180);
    /// let position: [f32; 3] = embedding.positions()[0];
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn builder() -> TsneBuilder<T, D> {
        Self::preset(Preset::Recommended)
    }

    /// A builder with the defaults of openTSNE 1.0.4: [`Preset::OpenTsne`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(3.0).build()?;
    /// let embedding = tsne.fit(Rows::new(&data[..60], 12, 5)?)?;
    /// assert_eq!((embedding.preset(), embedding.iterations()), (Preset::OpenTsne, 250 + 500));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn opentsne() -> TsneBuilder<T, D> {
        Self::preset(Preset::OpenTsne)
    }

    /// A builder with the documented defaults of openTSNE 0.3: [`Preset::Documented`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::documented().perplexity(10.0).early_exaggeration_iter(5).n_iter(10).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.preset(), Preset::Documented);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn documented() -> TsneBuilder<T, D> {
        Self::preset(Preset::Documented)
    }

    /// A builder with the defaults of a preset.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Tsne};
    ///
    /// let tsne = Tsne::<f32, 2>::preset("documented".parse()?).build()?;
    /// assert_eq!(tsne.schedule(), Preset::Documented.schedule());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn preset(preset: Preset) -> TsneBuilder<T, D> {
        let neighbors = match preset {
            Preset::Documented => Neighbors::Approx,
            Preset::OpenTsne | Preset::Recommended | Preset::Exaggerated => Neighbors::Auto,
        };
        let (mut initialization, mut optimize) = (Initialization::Pca, OptimizeParams::preset(preset));
        if preset == Preset::Recommended {
            initialization = Initialization::Coarse;
            // The start decides, which may be another one: see `build`.
            optimize.schedule.early_exaggeration_iter = None;
        }
        TsneBuilder {
            parameters: Parameters {
                perplexities: None,
                affinities: None,
                k_neighbors: None,
                metric: Metric::Euclidean,
                neighbors,
                keep_data: true,
                keep_neighbors: 0,
                memory_limit: None,
                initialization,
                initialization_std: preset.initialization_std(),
                initialization_jitter: preset.initialization_jitter(),
                dof: 1.0,
                random_state: None,
                optimize,
                unknown: Unknown::default(),
            },
        }
    }

    /// The schedule of a fit: [`Tsne::fit`] is [`Tsne::prepare_initial`] and
    /// [`optimize`](crate::Embedding::optimize) with this, to the bit.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let x = Rows::new(&data[..100], 20, 5)?;
    /// let tsne = Tsne::<_, 2>::builder().perplexity(4.0).n_iter(100).build()?;
    /// let mut embedding = tsne.prepare_initial(x)?;
    /// embedding.optimize(tsne.schedule())?;
    /// assert_eq!(embedding.positions(), tsne.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn schedule(&self) -> Schedule {
        self.parameters.optimize.schedule.clone()
    }

    /// All parameters of the optimization of a fit: its [`schedule`](Self::schedule), its repulsion, and how it runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(10.0).n_iter(40).build()?;
    /// let mut embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
    /// embedding.optimize(tsne.params().early_exaggeration_iter(100))?;
    /// assert_eq!(embedding.iterations(), 100 + 40);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn params(&self) -> OptimizeParams<T, D> {
        self.parameters.optimize.clone()
    }
}

/// Builds a [`Tsne`]. Setters bear the names of openTSNE's parameters and can be called in any order; [`TsneBuilder::build`] checks
/// all of them at once. [`Preset`] tables the defaults.
#[derive(Debug, Clone)]
#[must_use]
pub struct TsneBuilder<T, const D: usize> {
    pub(crate) parameters: Parameters<T, D>,
}

impl<T: Float, const D: usize> TsneBuilder<T, D> {
    /// The perplexity, the continuous number of neighbors whose distances count, at least 1. Where three times it exceeds
    /// `n - 1`, `(n - 1) / 3` is used and a [`Warning`](crate::Warning) is returned with the embedding.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let nnz = |perplexity| {
    ///     let index = Tsne::<_, 2>::builder().perplexity(perplexity).build()?.affinities(Rows::new(&data, 60, 5)?)?;
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
    /// decides the number of neighbors.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let p = |perplexities: &[f64]| {
    ///     let tsne = Tsne::<_, 2>::builder().perplexities(perplexities).k_neighbors(30).build()?;
    ///     tsne.affinities(Rows::new(&data, 60, 5)?)
    /// };
    /// assert_ne!(p(&[3.0, 10.0])?.affinities(), p(&[10.0])?.affinities());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn perplexities(mut self, perplexities: &[f64]) -> Self {
        self.parameters.perplexities = Some(perplexities.to_vec());
        self
    }

    /// How neighbor distances become affinities, in place of the perplexity: one of
    /// [`tsne::affinity`](crate::affinity)'s rules or your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne, affinity::FixedSigma};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().affinities(FixedSigma::new(20.0)?);
    /// let index = tsne.clone().build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// // Thirty neighbors in place of three times a perplexity.
    /// assert_eq!(index.graph().map(|graph| graph.k()), Some(30));
    /// // Both are more than one rule.
    /// assert!(tsne.perplexity(5.0).build().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities(mut self, method: impl Into<AffinityMethod<T>>) -> Self {
        self.parameters.affinities = Some(method.into());
        self
    }

    /// How nearest neighbors are found: a [`Neighbors`], its name, `"auto"`, `"exact"` or `"approx"`, or a search of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Neighbors, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let graph = |neighbors: Neighbors<f32>| {
    ///     let tsne = Tsne::<_, 2>::builder().perplexity(10.0).neighbors(neighbors).build()?;
    ///     Ok::<_, tsne::Error>(tsne.affinities(Rows::new(&data, 60, 5)?)?.graph().cloned())
    /// };
    /// // So few points are searched exactly in any case.
    /// assert_eq!(graph("annoy".parse()?)?, graph(Neighbors::Exact)?);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn neighbors(mut self, neighbors: impl IntoParam<Neighbors<T>>) -> Self {
        if let Some(value) = self.parameters.unknown.take("neighbors", neighbors) {
            self.parameters.neighbors = value;
        }
        self
    }

    /// How distances between data points are measured: a [`Metric`] or its name. A search of your own measures by itself; another metric
    /// beside it is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Metric, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().metric("cosine").perplexity(3.0).build()?;
    /// assert_eq!(tsne.affinities(Rows::new(&data, 12, 5)?)?.metric(), &Metric::Cosine);
    /// assert!(Tsne::<f32, 2>::builder().metric("beeline").build().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn metric(mut self, metric: impl IntoParam<Metric>) -> Self {
        if let Some(value) = self.parameters.unknown.take("metric", metric) {
            self.parameters.metric = value;
        }
        self
    }

    /// The number of neighbors of each point that the perplexity is reached with, below `n`; `None` is three times the
    /// perplexity. Rules set by [`affinities`](Self::affinities) have a number of their own: there, more are kept for a later
    /// change of the rule, and fewer are an error of the fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().k_neighbors(30).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().k_neighbors(0).build().is_err());
    /// ```
    pub fn k_neighbors(mut self, k_neighbors: impl Into<Option<usize>>) -> Self {
        self.parameters.k_neighbors = k_neighbors.into();
        self
    }

    /// Whether the embedding keeps the data points, which placing new points needs.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(3.0).n_iter(30).keep_data(false).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 12, 5)?)?;
    /// assert!(!embedding.affinity_index().has_data());
    /// assert!(embedding.transform(Rows::new(&data[..5], 1, 5)?).is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn keep_data(mut self, keep_data: bool) -> Self {
        self.parameters.keep_data = keep_data;
        self
    }

    /// How many of each point's nearest neighbors, at most those that were searched, the embedding keeps with their distances:
    /// [`AffinityIndex::graph`](crate::AffinityIndex::graph). None unless it is asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(3.0).n_iter(30).keep_neighbors(4).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 12, 5)?)?;
    /// assert_eq!(embedding.affinity_index().graph().map(|graph| (graph.n(), graph.k())), Some((12, 4)));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn keep_neighbors(mut self, keep_neighbors: usize) -> Self {
        self.parameters.keep_neighbors = keep_neighbors;
        self
    }

    /// The bytes that a fit may take, with the data: one that is [planned](Tsne::plan) to take more is refused before it begins.
    /// `None` refuses none.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(3.0).memory_limit(10_000).build()?;
    /// let error = tsne.fit(Rows::new(&data, 60, 5)?).unwrap_err();
    /// assert!(error.to_string().starts_with("memory_limit is 10000 bytes, but must be at least "));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn memory_limit(mut self, memory_limit: impl Into<Option<u64>>) -> Self {
        self.parameters.memory_limit = memory_limit.into();
        self
    }

    /// Where the points start: positions, an [`Initialization`], or its name, `"pca"`, `"spectral"` or `"random"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let line: Vec<[f32; 2]> = (0..60).map(|i| [i as f32 * 1e-4, 0.0]).collect();
    /// let tsne = Tsne::builder().perplexity(10.0).initialization(line.clone());
    /// assert_eq!(tsne.clone().build()?.prepare_initial(Rows::new(&data, 60, 5)?)?.positions(), line);
    /// assert!(tsne.initialization("spectral").build().is_ok());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn initialization(mut self, initialization: impl IntoParam<Initialization<T, D>>) -> Self {
        if let Some(value) = self.parameters.unknown.take("initialization", initialization) {
            self.parameters.initialization = value;
        }
        self
    }

    /// The standard deviation of computed initial positions along their first axis, from 1e-30 to 1e10; not of a
    /// [coarse](Initialization::Coarse) start.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().initialization_std(1e-3).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().initialization_std(0.0).build().is_err());
    /// ```
    pub const fn initialization_std(mut self, initialization_std: f64) -> Self {
        self.parameters.initialization_std = initialization_std;
        self
    }

    /// The standard deviation of what is added to computed initial positions, in units of
    /// [`initialization_std`](Self::initialization_std); it parts duplicates, which else stay together. Not negative.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().initialization_jitter(0.0).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().initialization_jitter(-1.0).build().is_err());
    /// ```
    pub const fn initialization_jitter(mut self, initialization_jitter: f64) -> Self {
        self.parameters.initialization_jitter = initialization_jitter;
        self
    }

    /// The degrees of freedom of the kernel of the map, from 0.001 to 1000; 1 is the Cauchy kernel.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// assert!(Tsne::<f32, 2>::builder().dof(0.5).build().is_ok());
    /// assert!(Tsne::<f32, 2>::builder().dof(0.0).build().is_err());
    /// ```
    pub const fn dof(mut self, dof: f64) -> Self {
        self.parameters.dof = dof;
        self
    }

    /// The seed of everything random: a number or a [`RandomState`]; `None` is [fresh entropy](RandomState::Fresh) for each fit.
    /// A fit of an [`AffinityIndex`](crate::AffinityIndex) goes on with [its seed](crate::AffinityIndex::random_state) unless a number is set
    /// here.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let start = |seed| {
    ///     let tsne = Tsne::<_, 2>::builder().perplexity(3.0).initialization("random").random_state(seed).build()?;
    ///     tsne.prepare_initial(Rows::new(&data, 12, 5)?)
    /// };
    /// assert_eq!(start(1)?.positions(), start(1)?.positions());
    /// assert_ne!(start(1)?.positions(), start(2)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn random_state(mut self, random_state: impl Into<RandomState>) -> Self {
        self.parameters.random_state = Some(random_state.into());
        self
    }

    schedule_setters! { [parameters.optimize.schedule] "tsne::Tsne::<f32, 2>::builder()" "build" }
    repulsion_setters! { [parameters.optimize.repulsion] "tsne::Tsne::<f32, 2>::builder()" "build" }
    run_setters! { [parameters.optimize] "tsne::Tsne::<f32, 2>::builder()" "build" }

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
        let mut parameters = self.parameters;
        if D == 0 {
            return Err(Error::parameter("n_components", D, "at least 1"));
        }
        parameters.unknown.check()?;
        if parameters.perplexities.is_some() && parameters.affinities.is_some() {
            return Err(Error::parameter(
                "perplexity",
                "set beside affinities",
                "left out, or set alone: both are rules",
            ));
        }
        parameters.method()?;
        if matches!(parameters.neighbors, Neighbors::Custom(_)) && parameters.metric != Metric::default() {
            let allowed = "left out beside a neighbor search of your own, which measures distances itself";
            return Err(Error::parameter("metric", &parameters.metric, allowed));
        }
        let (std, jitter) = (parameters.initialization_std, parameters.initialization_jitter);
        check_deviation("initialization_std", std)?;
        check_jitter("initialization_jitter", jitter)?;
        if check_jitter("", jitter * std).is_err() {
            let allowed = "such that its product with initialization_std is at most 1e10 (0.01 is a good choice)";
            return Err(Error::parameter("initialization_jitter", jitter, allowed));
        }
        if parameters.k_neighbors.is_some_and(|k| NonZeroUsize::new(k).is_none()) {
            return Err(Error::parameter("k_neighbors", 0, "at least 1, or None for what the affinities need"));
        }
        parameters.optimize.check()?;
        Kernel::new(parameters.dof)?;
        let coarse = parameters.initialization == Initialization::Coarse;
        parameters.optimize.schedule = parameters.optimize.schedule.after(coarse);
        Ok(Tsne { parameters })
    }
}

impl<T: Float, const D: usize> Parameters<T, D> {
    /// The rule of the affinities.
    pub(crate) fn method(&self) -> Result<AffinityMethod<T>> {
        if let Some(method) = &self.affinities {
            return Ok(method.clone());
        }
        let model = PerplexityAffinity::mixture(self.perplexities.as_deref().unwrap_or(&[PERPLEXITY]))?;
        Ok(AffinityMethod::Perplexity(match self.k_neighbors.and_then(NonZeroUsize::new) {
            Some(k) => model.with_neighbors(k),
            None => model,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Tsne;
    use crate::params::preset::Preset;
    use crate::params::transform::{NewPerplexities, TransformParams};
    use std::fmt::Display;

    fn or_none(value: Option<impl Display>) -> String {
        value.map_or_else(|| "none".into(), |value| value.to_string())
    }

    /// The defaults of each preset, in the order of [`Preset::ALL`], from the values that are in use.
    fn table() -> String {
        let fits = Preset::ALL.map(|preset| Tsne::<f32, 2>::preset(preset).parameters);
        let news = Preset::ALL.map(TransformParams::<f32, 2>::preset);
        let mut table = String::from(
            "| parameter | recommended | exaggerated | openTSNE 1.0.4 | documented (0.3) |\n|---|---|---|---|---|\n",
        );
        let mut row = |name: &str, values: [String; 4]| table += &format!("| {name} | {} |\n", values.join(" | "));
        macro_rules! fit {
            ($name:literal, |$p:ident| $value:expr) => {
                row(
                    concat!("`", $name, "`"),
                    [0, 1, 2, 3].map(|i: usize| {
                        let $p = &fits[i];
                        $value
                    }),
                )
            };
        }
        macro_rules! new {
            ($name:literal, |$p:ident| $value:expr) => {
                row(
                    concat!("new points: `", $name, "`"),
                    [0, 1, 2, 3].map(|i: usize| {
                        let $p = &news[i];
                        $value
                    }),
                )
            };
        }
        fit!("perplexity", |p| p.perplexities.as_ref().map_or(super::PERPLEXITY, |given| given[0]).to_string());
        fit!("k_neighbors", |p| or_none(p.k_neighbors));
        fit!("metric", |p| p.metric.to_string());
        fit!("neighbors", |p| p.neighbors.to_string());
        fit!("keep_data", |p| p.keep_data.to_string());
        fit!("keep_neighbors", |p| p.keep_neighbors.to_string());
        fit!("memory_limit", |p| or_none(p.memory_limit));
        fit!("initialization", |p| format!("{:?}", p.initialization).to_lowercase());
        fit!("initialization_std", |p| p.initialization_std.to_string());
        fit!("initialization_jitter", |p| p.initialization_jitter.to_string());
        fit!("random_state", |p| format!("{:?}", p.random_state.unwrap_or_default()));
        fit!("dof", |p| p.dof.to_string());
        fit!("early_exaggeration_iter", |p| {
            p.optimize.schedule.early_exaggeration_iter.map_or("0, or 30 from another start".into(), |n| n.to_string())
        });
        fit!("early_exaggeration", |p| p.optimize.schedule.early_exaggeration.to_string());
        fit!("initial_momentum", |p| p
            .optimize
            .schedule
            .initial_momentum
            .map_or("by the start".into(), |m| m.to_string()));
        fit!("transition_iter", |p| p
            .optimize
            .schedule
            .transition_iter
            .map_or("by the start".into(), |n| n.to_string()));
        fit!("n_iter", |p| p.optimize.schedule.n_iter.to_string());
        fit!("exaggeration", |p| or_none(p.optimize.schedule.exaggeration));
        fit!("learning_rate", |p| p.optimize.schedule.learning_rate.to_string());
        fit!("momentum_rule", |p| format!("{:?}", p.optimize.schedule.momentum_rule).to_lowercase());
        fit!("final_momentum", |p| {
            p.optimize.schedule.final_momentum.map_or("by `dof`: 0.97, or 0.9 above 1".into(), |m| m.to_string())
        });
        fit!("adaptive_momentum", |p| p.optimize.schedule.adaptive_momentum.to_string());
        fit!("min_grad_norm", |p| or_none(p.optimize.schedule.min_grad_norm));
        fit!("max_grad_norm", |p| or_none(p.optimize.schedule.max_grad_norm));
        fit!("max_step_norm", |p| or_none(p.optimize.schedule.max_step_norm));
        fit!("min_kl_improvement", |p| or_none(p.optimize.schedule.min_kl_improvement));
        fit!("negative_gradient_method", |p| p.optimize.repulsion.method.to_string());
        fit!("force_tolerance", |p| or_none(p.optimize.repulsion.force_tolerance));
        fit!("theta", |p| p.optimize.repulsion.theta.to_string());
        fit!("n_interpolation_points", |p| p.optimize.repulsion.grid.n_interpolation_points.to_string());
        fit!("min_num_intervals", |p| p.optimize.repulsion.grid.min_num_intervals.to_string());
        fit!("ints_in_interval", |p| p.optimize.repulsion.grid.ints_in_interval.to_string());
        fit!("interpolation", |p| format!("{:?}", p.optimize.repulsion.grid.interpolation).to_lowercase());
        fit!("optimizer", |p| or_none(p.optimize.optimizer.as_ref().map(|_| "custom")));
        fit!("callbacks", |p| or_none(Some(p.optimize.callbacks.len()).filter(|&count| count > 0)));
        fit!("callbacks_every_iters", |p| p.optimize.callbacks_every_iters.to_string());
        fit!("n_jobs", |p| p.optimize.n_jobs.map_or("the caller's pool".into(), |n_jobs| n_jobs.to_string()));
        new!("perplexity", |p| match p.perplexities {
            NewPerplexities::Default => "5".into(),
            _ => "other".into(),
        });
        new!("initialization", |p| format!("{:?}", p.initialization).to_lowercase());
        new!("initialization_std", |p| p.initialization_std.to_string());
        new!("k", |p| p.k.to_string());
        new!("early_exaggeration_iter", |p| or_none(p.schedule.early_exaggeration_iter));
        new!("early_exaggeration", |p| p.schedule.early_exaggeration.to_string());
        new!("initial_momentum", |p| or_none(p.schedule.initial_momentum));
        new!("n_iter", |p| p.schedule.n_iter.to_string());
        new!("exaggeration", |p| or_none(p.schedule.exaggeration));
        new!("learning_rate", |p| p.schedule.learning_rate.to_string());
        new!("momentum_rule", |p| format!("{:?}", p.schedule.momentum_rule).to_lowercase());
        new!("final_momentum", |p| or_none(p.schedule.final_momentum));
        new!("max_grad_norm", |p| or_none(p.schedule.max_grad_norm));
        new!("max_step_norm", |p| or_none(p.schedule.max_step_norm));
        new!("repulsion, callbacks, threads, seed", |p| {
            let kept = p.negative_gradient_method.is_none() && p.callbacks.is_none() && p.n_jobs.is_none();
            (if kept && p.random_state.is_none() { "the fit's" } else { "other" }).into()
        });
        table
    }

    #[test]
    fn the_table_of_defaults_is_made_from_the_values() {
        let (made, documented) = (table(), include_str!("params/defaults.md"));
        assert!(made == documented, "params/defaults.md has to be:\n{made}");
    }
}
