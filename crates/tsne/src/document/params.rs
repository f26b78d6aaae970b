//! The parameter types, field by field.

use super::changes::{Changes, Document};
use super::values::{Part, Perplexities};
use crate::builder::{Parameters, Tsne, TsneBuilder};
use crate::float::Float;
use crate::params::affinity_method::AffinityMethod;
use crate::params::initialization::{Initialization, PartialInitialization};
use crate::params::learning_rate::{EarlyExaggeration, LearningRate};
use crate::params::neighbors::Neighbors;
use crate::params::optimize::OptimizeParams;
use crate::params::preset::Preset;
use crate::params::random_state::RandomState;
use crate::params::repulsion::{RepulsionMethod, RepulsionParams};
use crate::params::schedule::Schedule;
use crate::params::transform::{NewPerplexities, TransformParams};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tsne_affinity::Metric;
use tsne_core::serial::{Number, Optional};
use tsne_fft::GridParams;
use tsne_optim::Momentum;

document! {
    [] Schedule, "Schedule" over Preset::schedule, {
        early_exaggeration_iter: Optional<usize>,
        early_exaggeration: EarlyExaggeration,
        initial_momentum: Optional<Number>,
        transition_iter: Optional<usize>,
        n_iter: usize,
        exaggeration: Optional<Number>,
        learning_rate: LearningRate,
        momentum_rule: Momentum,
        final_momentum: Optional<Number>,
        adaptive_momentum: bool,
        min_grad_norm: Optional<Number>,
        max_grad_norm: Optional<Number>,
        max_step_norm: Optional<Number>,
        min_kl_improvement: Optional<Number>,
        part: Part,
    } texts unknown
}

document! {
    [T: Float, const D: usize] RepulsionParams<T, D>, "RepulsionParams" over |_| Self::default(), {
        method: RepulsionMethod<T, D>,
        force_tolerance: Optional<Number>,
        theta: Number,
        grid: GridParams,
    } texts unknown
}

document! {
    [T: Float, const D: usize] OptimizeParams<T, D>, "OptimizeParams" over Self::preset, {
        callbacks_every_iters: usize,
        n_jobs: Optional<i32>,
        ..schedule: Schedule,
        ..repulsion: RepulsionParams<T, D>,
    } preset preset own optimizer without callbacks
}

document! {
    [T: Float, const D: usize] TransformParams<T, D>, "TransformParams" over Self::preset, {
        perplexities: NewPerplexities,
        affinities: Option<AffinityMethod<T>>,
        initialization: PartialInitialization<T, D>,
        initialization_std: Number,
        k: usize,
        negative_gradient_method: Option<RepulsionMethod<T, D>>,
        callbacks_every_iters: Option<usize>,
        n_jobs: Option<i32>,
        random_state: Option<RandomState>,
        ..schedule: Schedule,
    } preset preset texts unknown without callbacks
}

document! {
    [T: Float, const D: usize] Parameters<T, D>, "Tsne" over |preset| Tsne::preset(preset).parameters, {
        perplexities: Perplexities,
        affinities: Option<AffinityMethod<T>>,
        k_neighbors: Option<usize>,
        metric: Metric,
        neighbors: Neighbors<T>,
        keep_data: bool,
        keep_neighbors: usize,
        memory_limit: Option<u64>,
        initialization: Initialization<T, D>,
        initialization_std: Number,
        initialization_jitter: Number,
        dof: Number,
        random_state: Option<RandomState>,
        ..optimize: OptimizeParams<T, D>,
    } texts unknown
}

/// All parameters of a fit, unchecked: those of its descent are under `optimize`.
impl<T: Float, const D: usize> Serialize for TsneBuilder<T, D> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        self.parameters.serialize(serializer)
    }
}

/// Unchecked: [`TsneBuilder::build`] checks.
impl<'de, T: Float, const D: usize> Deserialize<'de> for TsneBuilder<T, D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        Parameters::deserialize(deserializer).map(|parameters| Self { parameters })
    }
}

/// As the builder.
impl<T: Float, const D: usize> Serialize for Tsne<T, D> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        self.parameters.serialize(serializer)
    }
}

/// Checked, as by [`TsneBuilder::build`].
impl<'de, T: Float, const D: usize> Deserialize<'de> for Tsne<T, D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        TsneBuilder::deserialize(deserializer)?.build().map_err(serde::de::Error::custom)
    }
}
