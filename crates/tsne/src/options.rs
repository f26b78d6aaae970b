//! The choices that are not numbers.

use crate::affinity::{
    ApproximateSearch, AutoSearch, ExactSearch, FixedSigma, Metric, Multiscale, PerplexityAffinity, Uniform,
};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tsne_core::{AffinityModel, Error, NeighborSearch, Repulsion, Scalar};

/// The learning rate of the descent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum LearningRate {
    /// `n / exaggeration` of the phase (Belkina et al. 2019; Kobak and Berens 2019).
    #[default]
    Auto,
    /// This many times the automatic one.
    Scaled(f64),
    /// The same in all phases.
    Fixed(f64),
}

/// How a scaled rate begins as text: the factor follows.
const SCALED: &str = "auto*";

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self::Fixed(rate)
    }
}

impl fmt::Display for LearningRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Scaled(factor) => write!(f, "{SCALED}{factor}"),
            Self::Fixed(rate) => write!(f, "{rate}"),
        }
    }
}

impl FromStr for LearningRate {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let number = |s: &str| {
            let allowed = "\"auto\", a positive number, or \"auto*2\" for twice the automatic rate";
            s.parse().map_err(|_| Error::parameter("learning_rate", format_args!("{s:?}"), allowed))
        };
        match s.strip_prefix(SCALED) {
            _ if s == "auto" => Ok(Self::Auto),
            Some(factor) => Ok(Self::Scaled(number(factor)?)),
            None => Ok(Self::Fixed(number(s)?)),
        }
    }
}

/// The factor on the attraction in the early phase.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum EarlyExaggeration {
    /// 12, or the exaggeration of the normal phase where that is larger.
    #[default]
    Auto,
    /// The given factor.
    Fixed(f64),
}

impl EarlyExaggeration {
    pub(crate) fn resolve(self, exaggeration: Option<f64>) -> f64 {
        match self {
            Self::Auto => exaggeration.unwrap_or(1.0).max(12.0),
            Self::Fixed(factor) => factor,
        }
    }
}

impl From<f64> for EarlyExaggeration {
    fn from(factor: f64) -> Self {
        Self::Fixed(factor)
    }
}

impl fmt::Display for EarlyExaggeration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(factor) => write!(f, "{factor}"),
        }
    }
}

impl FromStr for EarlyExaggeration {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match (s, s.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(factor)) => Ok(Self::Fixed(factor)),
            _ => Err(Error::parameter("early_exaggeration", format_args!("{s:?}"), "\"auto\" or a positive number")),
        }
    }
}

/// Where the points of a fit start.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Initialization<T, const D: usize> {
    /// The first principal components, scaled so that the first has the standard deviation
    /// [`initialization_std`](crate::TsneBuilder::initialization_std), with a jitter of 1 % of it that parts duplicates.
    /// Without coordinates (from affinities, a graph or distances) the spectral one is used, with a warning.
    #[default]
    Pca,
    /// The leading eigenvectors of the random walk along the affinities
    /// ([`initialization::spectral`](crate::initialization::spectral)), scaled and jittered likewise.
    Spectral,
    /// Normally distributed with that standard deviation.
    Random,
    /// The given positions, as they are.
    Given(Vec<[T; D]>),
}

impl<T, const D: usize> From<Vec<[T; D]>> for Initialization<T, D> {
    fn from(positions: Vec<[T; D]>) -> Self {
        Self::Given(positions)
    }
}

impl<T, const D: usize> FromStr for Initialization<T, D> {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "pca" => Ok(Self::Pca),
            "spectral" => Ok(Self::Spectral),
            "random" => Ok(Self::Random),
            _ => {
                let allowed = "\"pca\", \"spectral\" or \"random\" (or positions of your own)";
                Err(Error::parameter("initialization", format_args!("{s:?}"), allowed))
            }
        }
    }
}

/// Where new points start in a fitted map.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum PartialInitialization<T, const D: usize> {
    /// The median of the positions of their nearest fitted points, coordinate by coordinate.
    #[default]
    Median,
    /// The mean of these positions, nearer ones counting more
    /// ([`initialization::weighted_mean`](crate::initialization::weighted_mean)).
    Weighted,
    /// Normally distributed around the origin with the standard deviation 1e-4.
    Random,
    /// The given positions, as they are.
    Given(Vec<[T; D]>),
}

impl<T, const D: usize> From<Vec<[T; D]>> for PartialInitialization<T, D> {
    fn from(positions: Vec<[T; D]>) -> Self {
        Self::Given(positions)
    }
}

impl<T, const D: usize> FromStr for PartialInitialization<T, D> {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "median" => Ok(Self::Median),
            "weighted" => Ok(Self::Weighted),
            "random" => Ok(Self::Random),
            _ => {
                let allowed = "\"median\", \"weighted\" or \"random\" (or positions of your own)";
                Err(Error::parameter("initialization", format_args!("{s:?}"), allowed))
            }
        }
    }
}

/// How nearest neighbors are found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Neighbors<T> {
    /// Exactly where that is fast, approximately beyond ([`AutoSearch`]).
    #[default]
    Auto,
    /// Exactly ([`ExactSearch`]).
    Exact,
    /// Approximately, with the same result for any number of threads ([`ApproximateSearch`]).
    Approx,
    /// By a search of your own.
    Custom(Arc<dyn NeighborSearch<T>>),
}

impl<T: Scalar> Neighbors<T> {
    /// The search that this stands for.
    pub(crate) fn search(&self, metric: &Metric, seed: u64) -> Arc<dyn NeighborSearch<T>> {
        let metric = metric.clone();
        match self {
            Self::Auto => Arc::new(AutoSearch::new(metric, seed)),
            Self::Exact => Arc::new(ExactSearch::new(metric)),
            Self::Approx => Arc::new(ApproximateSearch { seed, ..ApproximateSearch::new(metric) }),
            Self::Custom(search) => Arc::clone(search),
        }
    }
}

impl<T> fmt::Display for Neighbors<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::Approx => "approx",
            Self::Custom(_) => "custom",
        })
    }
}

impl<T> FromStr for Neighbors<T> {
    type Err = Error;

    /// Accepts openTSNE's names. Those of its approximate searches (`annoy`, `pynndescent`, `hnsw`) stand for this toolkit's.
    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            "approx" | "annoy" | "pynndescent" | "hnsw" => Ok(Self::Approx),
            _ => {
                let allowed = "\"auto\", \"exact\" or \"approx\" (\"annoy\", \"pynndescent\", \"hnsw\")";
                Err(Error::parameter("neighbors", format_args!("{s:?}"), allowed))
            }
        }
    }
}

/// How neighbor distances become affinities.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AffinityMethod<T> {
    /// Gaussians of one perplexity, or a mixture of several.
    Perplexity(PerplexityAffinity),
    /// The mean of the joint affinities of several perplexities.
    Multiscale(Multiscale),
    /// Gaussians of one width.
    FixedSigma(FixedSigma),
    /// The same for all neighbors.
    Uniform(Uniform),
    /// A rule of your own.
    Custom(Arc<dyn AffinityModel<T>>),
}

impl<T: Scalar> AffinityMethod<T> {
    /// The rule as its trait.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{AffinityMethod, affinity::Uniform};
    ///
    /// let method: AffinityMethod<f32> = Uniform::default().into();
    /// assert_eq!(method.model().neighbors_needed(1_000)?.get(), 30);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn model(&self) -> &dyn AffinityModel<T> {
        match self {
            Self::Perplexity(model) => model,
            Self::Multiscale(model) => model,
            Self::FixedSigma(model) => model,
            Self::Uniform(model) => model,
            Self::Custom(model) => &**model,
        }
    }

    /// Whether it has a perplexity.
    pub(crate) const fn has_perplexity(&self) -> bool {
        matches!(self, Self::Perplexity(_) | Self::Multiscale(_))
    }
}

macro_rules! affinity_method {
    ($($model:ident => $variant:ident),*) => {
        $(
            impl<T> From<$model> for AffinityMethod<T> {
                fn from(model: $model) -> Self {
                    Self::$variant(model)
                }
            }
        )*
    };
}

affinity_method!(PerplexityAffinity => Perplexity, Multiscale => Multiscale, FixedSigma => FixedSigma, Uniform => Uniform);

impl<T> From<Arc<dyn AffinityModel<T>>> for AffinityMethod<T> {
    fn from(model: Arc<dyn AffinityModel<T>>) -> Self {
        Self::Custom(model)
    }
}

/// Makes the repulsion of each descent: a backend of your own.
///
/// It takes the place of the [`negative_gradient_method`](crate::TsneBuilder::negative_gradient_method) in fits and in
/// [`Embedding::optimize`](crate::Embedding::optimize). New points do not use it: they take a repulsion that is prepared once,
/// by that method.
///
/// # Examples
///
/// ```
/// use tsne::{Context, CustomRepulsion, Kernel, NegativeGradientMethod, Preset, Repulsion, Result, Rows, Tsne};
///
/// /// All pairs, one by one.
/// struct Pairs;
///
/// impl Repulsion<f64, 2> for Pairs {
///     fn repulse(&mut self, kernel: Kernel, y: &[[f64; 2]], out: &mut [[f64; 2]], cx: Context<'_>) -> Result<f64> {
///         cx.check()?;
///         tsne::core::check_embedding(y)?;
///         let mut z = 0.0;
///         for (i, force) in out.iter_mut().enumerate() {
///             *force = [0.0; 2];
///             for j in (0..y.len()).filter(|&j| j != i) {
///                 let difference = [y[i][0] - y[j][0], y[i][1] - y[j][1]];
///                 let squared = difference[0] * difference[0] + difference[1] * difference[1];
///                 z += kernel.weight(squared);
///                 (0..2).for_each(|c| force[c] += kernel.force(squared) * difference[c]);
///             }
///         }
///         Ok(z)
///     }
/// }
///
/// let data: Vec<f64> = (0..100).map(|i| f64::from((i * 7919) % 101)).collect();
/// let tsne = Tsne::preset(Preset::Recommended).perplexity(4.0).n_iter(20).early_exaggeration_iter(10);
/// let embedding = tsne.custom_repulsion(CustomRepulsion::new(|| Pairs)).build()?.fit(Rows::new(&data, 20, 5)?)?;
/// assert_eq!(embedding.negative_gradient_method(), NegativeGradientMethod::Custom);
/// assert!((embedding.kl_divergence() - embedding.exact_kl_divergence(Context::new())?).abs() < 1e-9);
/// # Ok::<(), tsne::Error>(())
/// ```
pub struct CustomRepulsion<T, const D: usize>(Arc<dyn Fn() -> Box<dyn Repulsion<T, D>> + Send + Sync>);

impl<T, const D: usize> CustomRepulsion<T, D> {
    /// A backend that `make` makes, once for each descent.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CustomRepulsion, NegativeGradientMethod, Preset, Rows, Tsne, bh::BarnesHut};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(3.0);
    /// let own = tsne.clone().custom_repulsion(CustomRepulsion::new(BarnesHut::default)).build()?;
    /// let tree = tsne.negative_gradient_method(NegativeGradientMethod::BarnesHut).build()?;
    /// let x = Rows::new(&data[..60], 12, 5)?;
    /// assert_eq!(own.fit(x)?.positions(), tree.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new<R: Repulsion<T, D> + 'static>(make: impl Fn() -> R + Send + Sync + 'static) -> Self
    where
        T: Scalar,
    {
        Self(Arc::new(move || Box::new(make())))
    }

    pub(crate) fn make(&self) -> Box<dyn Repulsion<T, D>> {
        (self.0)()
    }
}

impl<T, const D: usize> Clone for CustomRepulsion<T, D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, const D: usize> fmt::Debug for CustomRepulsion<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomRepulsion")
    }
}

/// How the repulsion is computed: what openTSNE calls the method of the negative gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum NegativeGradientMethod {
    /// The fastest of the others that is as accurate as the default grid, by `n` and `D` alone: in two dimensions all pairs
    /// up to 2,000 points, the grid beyond; in three up to 1,000, the tree up to 20,000, the grid beyond; in one up to 500, the grid
    /// beyond.
    #[default]
    Auto,
    /// Barnes-Hut, `D` up to 3.
    BarnesHut,
    /// The interpolation grid, `D` up to 3.
    Fft,
    /// All pairs, any `D`.
    Exact,
    /// A repulsion of your own, set by [`custom_repulsion`](crate::TsneBuilder::custom_repulsion).
    Custom,
}

impl fmt::Display for NegativeGradientMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::BarnesHut => "bh",
            Self::Fft => "fft",
            Self::Exact => "exact",
            Self::Custom => "custom",
        })
    }
}

impl FromStr for NegativeGradientMethod {
    type Err = Error;

    /// Accepts openTSNE's names and aliases.
    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "auto" => Ok(Self::Auto),
            "bh" | "BH" | "barnes-hut" => Ok(Self::BarnesHut),
            "fft" | "FFT" | "interpolation" => Ok(Self::Fft),
            "exact" => Ok(Self::Exact),
            _ => Err(Error::parameter(
                "negative_gradient_method",
                format_args!("{s:?}"),
                "\"auto\", \"bh\" (\"BH\", \"barnes-hut\"), \"fft\" (\"FFT\", \"interpolation\") or \"exact\"",
            )),
        }
    }
}
