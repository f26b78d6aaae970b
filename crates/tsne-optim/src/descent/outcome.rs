//! How a descent ends: a value with a reason.

/// Why a phase, or a part of one, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Finish {
    /// All iterations were run.
    #[default]
    Completed,
    /// An observer, or a callback of the facade, asked to stop.
    Stopped,
    /// The norm of the gradient fell below `min_grad_norm`, or the divergence no longer fell by `min_kl_improvement`.
    Converged,
}

/// How a phase, or a part of one, ended. The default is that of no iteration.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Outcome {
    /// The number of iterations that this call ran.
    pub iterations: usize,
    /// Why no more were run.
    pub finish: Finish,
    /// The KL divergence of the final positions where it is known without further work: an observer saw them.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::nullable"))]
    pub kl_divergence: Option<f64>,
}
