//! The models in documents: private fields by the names of their accessors, read with the checks of their constructors.

use super::fixed_sigma::FixedSigma;
use super::perplexity::PerplexityAffinity;
use super::uniform::Uniform;
use crate::symmetrize::Symmetrization;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::num::NonZeroUsize;
use tsne_core::serial::Number;
use tsne_core::{Error, Result};

#[derive(Serialize, Deserialize)]
#[serde(rename = "PerplexityAffinity", deny_unknown_fields)]
struct PerplexityDocument {
    perplexities: Vec<Number>,
    #[serde(default)]
    k_neighbors: Option<NonZeroUsize>,
    #[serde(default)]
    multiscale: bool,
    #[serde(default)]
    symmetrization: Option<Symmetrization>,
}

impl From<&PerplexityAffinity> for PerplexityDocument {
    fn from(model: &PerplexityAffinity) -> Self {
        Self {
            perplexities: model.perplexities().iter().copied().map(Number).collect(),
            k_neighbors: model.k_neighbors(),
            multiscale: model.is_multiscale(),
            symmetrization: Some(model.symmetrization()),
        }
    }
}

impl TryFrom<PerplexityDocument> for PerplexityAffinity {
    type Error = Error;

    fn try_from(document: PerplexityDocument) -> Result<Self> {
        let perplexities: Vec<f64> = document.perplexities.into_iter().map(f64::from).collect();
        let mut model =
            if document.multiscale { Self::multiscale(&perplexities)? } else { Self::mixture(&perplexities)? };
        if let Some(k) = document.k_neighbors {
            model = model.with_neighbors(k);
        }
        if let Some(symmetrization) = document.symmetrization {
            model = model.with_symmetrization(symmetrization);
        }
        Ok(model)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "FixedSigma", deny_unknown_fields)]
struct FixedSigmaDocument {
    sigma: Number,
    #[serde(default)]
    k_neighbors: Option<NonZeroUsize>,
    #[serde(default)]
    symmetrization: Option<Symmetrization>,
}

impl From<&FixedSigma> for FixedSigmaDocument {
    fn from(model: &FixedSigma) -> Self {
        let (k_neighbors, symmetrization) = (Some(model.k_neighbors()), Some(model.symmetrization()));
        Self { sigma: Number(model.sigma()), k_neighbors, symmetrization }
    }
}

impl TryFrom<FixedSigmaDocument> for FixedSigma {
    type Error = Error;

    fn try_from(document: FixedSigmaDocument) -> Result<Self> {
        let model = Self::new(document.sigma.0)?;
        let model = document.k_neighbors.map_or(model, |k| model.with_neighbors(k));
        Ok(document.symmetrization.map_or(model, |symmetrization| model.with_symmetrization(symmetrization)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Uniform", deny_unknown_fields)]
struct UniformDocument {
    #[serde(default)]
    k_neighbors: Option<NonZeroUsize>,
    #[serde(default)]
    symmetrization: Option<Symmetrization>,
}

impl From<&Uniform> for UniformDocument {
    fn from(model: &Uniform) -> Self {
        Self { k_neighbors: Some(model.k_neighbors()), symmetrization: Some(model.symmetrization()) }
    }
}

impl From<UniformDocument> for Uniform {
    fn from(document: UniformDocument) -> Self {
        let model = document.k_neighbors.map_or_else(Self::default, Self::new);
        document.symmetrization.map_or(model, |symmetrization| model.with_symmetrization(symmetrization))
    }
}

macro_rules! documents {
    ($($model:ident as $document:ident),*) => {
        $(
            impl Serialize for $model {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    $document::from(self).serialize(serializer)
                }
            }

            impl<'de> Deserialize<'de> for $model {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $document::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
                }
            }
        )*
    };
}

documents!(PerplexityAffinity as PerplexityDocument, FixedSigma as FixedSigmaDocument, Uniform as UniformDocument);
