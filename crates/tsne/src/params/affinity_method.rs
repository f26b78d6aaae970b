//! How neighbor distances become affinities.

use std::sync::Arc;
use tsne_affinity::{FixedSigma, PerplexityAffinity, Uniform};
use tsne_core::{AffinityModel, Scalar};

/// How neighbor distances become affinities.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AffinityMethod<T> {
    /// Gaussians of one perplexity, a mixture of several, or the mean of the joint affinities of several.
    Perplexity(PerplexityAffinity),
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
            Self::FixedSigma(model) => model,
            Self::Uniform(model) => model,
            Self::Custom(model) => &**model,
        }
    }

    /// Whether it has a perplexity.
    pub(crate) const fn has_perplexity(&self) -> bool {
        matches!(self, Self::Perplexity(_))
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

affinity_method!(PerplexityAffinity => Perplexity, FixedSigma => FixedSigma, Uniform => Uniform);

impl<T> From<Arc<dyn AffinityModel<T>>> for AffinityMethod<T> {
    fn from(model: Arc<dyn AffinityModel<T>>) -> Self {
        Self::Custom(model)
    }
}
