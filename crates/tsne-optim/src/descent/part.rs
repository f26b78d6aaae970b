//! A phase that is run in parts.

use super::phase::Phase;

/// How far a phase has been run: its completed iterations, and what its stopping rule remembers.
///
/// A phase that is run in parts with the state of the part before gives the bits of the whole, sees its transition and its
/// stopping rule at the same iterations, and shows observers the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct PhaseState {
    pub(super) completed: usize,
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::nullable"))]
    pub(super) compared_kl: Option<f64>,
}

impl PhaseState {
    /// The state after `completed` iterations; `compared_kl` is the divergence that the stopping rule compared last, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::PhaseState;
    ///
    /// assert_eq!(PhaseState::new(0, None), PhaseState::default());
    /// ```
    pub const fn new(completed: usize, compared_kl: Option<f64>) -> Self {
        Self { completed, compared_kl }
    }

    /// The iterations of the phase that have been run.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::PhaseState::new(30, None).completed(), 30);
    /// ```
    pub const fn completed(&self) -> usize {
        self.completed
    }

    /// The divergence that the stopping rule ([`Phase::min_kl_improvement`]) compared last.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_optim::PhaseState::new(30, Some(1.25)).compared_kl(), Some(1.25));
    /// ```
    pub const fn compared_kl(&self) -> Option<f64> {
        self.compared_kl
    }
}

/// Some iterations of a phase, from where its state is.
#[derive(Debug)]
pub struct Part<'a> {
    pub(super) phase: &'a Phase,
    pub(super) state: &'a mut PhaseState,
    pub(super) iterations: usize,
}

impl<'a> Part<'a> {
    /// At most `iterations` more of a phase, up to the phase's own number.
    ///
    /// # Examples
    ///
    /// See [`Descent::run_part`](crate::Descent::run_part):
    ///
    /// ```
    /// use tsne_optim::{Part, Phase, PhaseState};
    ///
    /// let (phase, mut state) = (Phase::default(), PhaseState::default());
    /// let first_ten = Part::new(&phase, &mut state, 10);
    /// ```
    pub const fn new(phase: &'a Phase, state: &'a mut PhaseState, iterations: usize) -> Self {
        Self { phase, state, iterations }
    }

    /// The number of the iteration behind the last one of this part.
    pub(super) fn end(&self) -> usize {
        self.phase.iterations.min(self.state.completed.saturating_add(self.iterations))
    }
}
