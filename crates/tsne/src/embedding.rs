use crate::{Float, NegativeGradientMethod};
use std::sync::Arc;
use std::time::Duration;
use tsne_affinity::Warning;
use tsne_core::{Affinities, Context, Kernel, Repulsion, Result};
use tsne_optim::{Exact, Finish, MomentumGains, kl_divergence};

/// A fitted map: positions, their KL divergence, and what led to them.
#[derive(Debug, Clone)]
pub struct Embedding<T, const D: usize> {
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) kl_divergence: f64,
    pub(crate) affinities: Arc<Affinities<T>>,
    pub(crate) optimizer: MomentumGains<T, D>,
    pub(crate) kernel: Kernel,
    pub(crate) iterations: usize,
    pub(crate) finish: Finish,
    pub(crate) method: NegativeGradientMethod,
    pub(crate) n_jobs: i32,
    pub(crate) timings: Timings,
    pub(crate) warnings: Vec<Warning>,
}

/// The time that each stage of a fit took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// The neighbor search.
    pub neighbors: Duration,
    /// Perplexity calibration and symmetrization.
    pub affinities: Duration,
    /// The initial positions.
    pub initialization: Duration,
    /// The descent, with the final KL divergence.
    pub optimization: Duration,
    /// The early phase of the descent.
    pub early: PhaseTime,
    /// The normal phase of the descent.
    pub late: PhaseTime,
}

/// The time that a phase of the descent took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PhaseTime {
    /// The number of iterations.
    pub iterations: usize,
    /// The time for all of them.
    pub duration: Duration,
}

impl<T: Float, const D: usize> Embedding<T, D> {
    /// The position of each point, in the order of the data.
    pub fn positions(&self) -> &[[T; D]] {
        &self.positions
    }

    /// The positions, by value.
    pub fn into_positions(self) -> Vec<[T; D]> {
        self.positions
    }

    /// The KL divergence of these positions, without exaggeration, with the normalizer `Z` from the repulsion in use.
    pub const fn kl_divergence(&self) -> f64 {
        self.kl_divergence
    }

    /// The KL divergence of these positions with `Z` summed over all pairs, in `O(n²)`.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn exact_kl_divergence(&self, cx: Context<'_>) -> Result<f64> {
        crate::threads::run(self.n_jobs, || {
            let mut forces = vec![[T::ZERO; D]; self.positions.len()];
            let z = Exact::new().repulse(self.kernel, &self.positions, &mut forces, cx)?;
            kl_divergence(&self.affinities, self.kernel, &self.positions, z)
        })
    }

    /// The joint affinities that the map was fitted to.
    pub fn affinities(&self) -> &Affinities<T> {
        &self.affinities
    }

    /// The optimizer with its gains and velocities.
    pub const fn optimizer(&self) -> &MomentumGains<T, D> {
        &self.optimizer
    }

    /// The kernel of the map.
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The number of iterations that were run.
    pub const fn iterations(&self) -> usize {
        self.iterations
    }

    /// Why the descent ended.
    pub const fn finish(&self) -> Finish {
        self.finish
    }

    /// The repulsion that was used; never [`NegativeGradientMethod::Auto`].
    pub const fn negative_gradient_method(&self) -> NegativeGradientMethod {
        self.method
    }

    /// The length of the longest side of the box around the map.
    pub fn extent(&self) -> f64 {
        crate::metrics::extent(&self.positions)
    }

    /// The time that each stage took.
    pub const fn timings(&self) -> &Timings {
        &self.timings
    }

    /// What was not used as given.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
