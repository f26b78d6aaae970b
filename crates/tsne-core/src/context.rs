use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A switch with which one thread asks a computation on another to stop.
///
/// Clones share one switch.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the computation to stop; it returns [`Error::Cancelled`] soon after.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The stages of a fit, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The neighbor search.
    Neighbors,
    /// Perplexity calibration and symmetrization.
    Affinities,
    /// The initial positions.
    Initialization,
    /// The descent.
    Optimization,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Neighbors => "neighbors",
            Self::Affinities => "affinities",
            Self::Initialization => "initialization",
            Self::Optimization => "optimization",
        })
    }
}

/// A listener to the progress of a long call. It may be called from any thread, also concurrently.
pub trait Progress: Sync {
    /// `done` of `total` units of `stage` are complete. The units are the stage's own: rows, points, iterations.
    fn advance(&self, stage: Stage, done: usize, total: usize);
}

/// What a long call may consult while it runs: a cancellation switch and a progress listener. Cheap to copy.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    cancel: Option<&'a CancelToken>,
    progress: Option<&'a dyn Progress>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("cancel", &self.cancel).field("progress", &self.progress.is_some()).finish()
    }
}

impl<'a> Context<'a> {
    /// A context that neither cancels nor reports.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same context with a cancellation switch.
    #[must_use]
    pub fn with_cancel(self, token: &'a CancelToken) -> Self {
        Self { cancel: Some(token), ..self }
    }

    /// The same context with a progress listener.
    #[must_use]
    pub fn with_progress(self, progress: &'a dyn Progress) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// The cancellation switch, to pass it on in another context.
    pub const fn cancel_token(&self) -> Option<&'a CancelToken> {
        self.cancel
    }

    /// Checks whether to go on.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] once the token is cancelled.
    pub fn check(&self) -> Result<()> {
        match self.cancel {
            Some(token) if token.is_cancelled() => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }

    /// Tells the listener that `done` of `total` units of `stage` are complete.
    pub fn advance(&self, stage: Stage, done: usize, total: usize) {
        if let Some(progress) = self.progress {
            progress.advance(stage, done, total);
        }
    }
}
