use crate::error::{Error, Result};
use crate::scratch::Scratch;
use crate::team::Team;
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
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::CancelToken;
    ///
    /// assert!(!CancelToken::new().is_cancelled());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the computation to stop; it returns [`Error::Cancelled`] soon after.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// let other = token.clone();
    /// std::thread::spawn(move || other.cancel()).join().ok();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// assert!(!token.is_cancelled());
    /// token.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The stages of a fit, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
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
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use tsne_core::{Context, Progress, Stage};
///
/// /// The percentage of the descent that is done.
/// struct Percent(AtomicUsize);
///
/// impl Progress for Percent {
///     fn advance(&self, stage: Stage, done: usize, total: usize) {
///         if stage == Stage::Optimization {
///             self.0.store(100 * done / total.max(1), Ordering::Relaxed);
///         }
///     }
/// }
///
/// let percent = Percent(AtomicUsize::new(0));
/// Context::new().with_progress(&percent).advance(Stage::Optimization, 150, 300);
/// assert_eq!(percent.0.into_inner(), 50);
/// ```
pub trait Progress: Sync {
    /// `done` of `total` units of `stage` are complete. The units are the stage's own: rows, points, iterations.
    fn advance(&self, stage: Stage, done: usize, total: usize);
}

/// What a long call may consult while it runs: a cancellation switch, a progress listener, the team of processes that compute
/// together, and a place for what memory need not hold. Cheap to copy.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    cancel: Option<&'a CancelToken>,
    progress: Option<&'a dyn Progress>,
    team: Option<&'a dyn Team>,
    scratch: Option<&'a dyn Scratch>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let team = self.team.map(|team| (team.rank(), team.size()));
        f.debug_struct("Context")
            .field("cancel", &self.cancel)
            .field("progress", &self.progress.is_some())
            .field("team", &team)
            .field("scratch", &self.scratch.is_some())
            .finish()
    }
}

impl<'a> Context<'a> {
    /// A context that neither cancels nor reports, of a process that is its own team.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert_eq!(Context::new().check(), Ok(()));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The same context with a cancellation switch.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{CancelToken, Context, Error};
    ///
    /// let token = CancelToken::new();
    /// let cx = Context::new().with_cancel(&token);
    /// token.cancel();
    /// assert_eq!(cx.check(), Err(Error::Cancelled));
    /// ```
    #[must_use]
    pub fn with_cancel(self, token: &'a CancelToken) -> Self {
        Self { cancel: Some(token), ..self }
    }

    /// The same context with a progress listener.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use tsne_core::{Context, Progress, Stage};
    ///
    /// struct Log(Mutex<Vec<String>>);
    ///
    /// impl Progress for Log {
    ///     fn advance(&self, stage: Stage, done: usize, total: usize) {
    ///         self.0.lock().unwrap().push(format!("{stage}: {done} of {total}"));
    ///     }
    /// }
    ///
    /// let log = Log(Mutex::default());
    /// Context::new().with_progress(&log).advance(Stage::Neighbors, 3, 4);
    /// assert_eq!(log.0.into_inner().unwrap(), ["neighbors: 3 of 4"]);
    /// ```
    #[must_use]
    pub fn with_progress(self, progress: &'a dyn Progress) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// The same context with a team of processes, all of which make the same calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let ranks = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).rank())?;
    /// assert_eq!(ranks, [0, 1]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_team(self, team: &'a dyn Team) -> Self {
        Self { team: Some(team), ..self }
    }

    /// The team, if the context was given one. What stages ask of it they ask the context: [`share`](Self::share),
    /// [`gather`](Self::gather).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert!(Context::new().team().is_none());
    /// ```
    pub const fn team(&self) -> Option<&'a dyn Team> {
        self.team
    }

    /// The same context without a team: for what each member computes alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let sizes = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).without_team().members())?;
    /// assert_eq!(sizes, [1, 1]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn without_team(self) -> Self {
        Self { team: None, ..self }
    }

    /// The same context with a place for the arrays that grow with the neighbors of all points, so that they need not be in memory
    /// ([`Context::zeros`]). No result depends on it.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, Error, Mapping, Result, Scratch};
    ///
    /// /// A disk that is full.
    /// struct Full;
    ///
    /// impl Scratch for Full {
    ///     fn room(&self, what: &'static str, _bytes: usize) -> Result<Box<dyn Mapping>> {
    ///         Err(Error::other("the scratch directory", format!("no room for {what}")))
    ///     }
    /// }
    ///
    /// let cx = Context::new().with_scratch(&Full);
    /// assert!(cx.zeros::<u32>("few", 1_000).is_ok()); // In memory.
    /// let error = cx.zeros::<u32>("neighbors", 1_000_000).unwrap_err();
    /// assert_eq!(error.to_string(), "the scratch directory failed: no room for neighbors");
    /// ```
    #[must_use]
    pub fn with_scratch(self, scratch: &'a dyn Scratch) -> Self {
        Self { scratch: Some(scratch), ..self }
    }

    /// The place for arrays that memory need not hold, if the context was given one.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert!(Context::new().scratch().is_none());
    /// ```
    pub const fn scratch(&self) -> Option<&'a dyn Scratch> {
        self.scratch
    }

    /// The same context without one: for what is small.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert!(Context::new().without_scratch().scratch().is_none());
    /// ```
    #[must_use]
    pub fn without_scratch(self) -> Self {
        Self { scratch: None, ..self }
    }

    /// The cancellation switch, to pass it on in another context.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{CancelToken, Context};
    ///
    /// let token = CancelToken::new();
    /// let cx = Context::new().with_cancel(&token);
    /// token.cancel();
    /// assert!(cx.cancel_token().is_some_and(CancelToken::is_cancelled));
    /// assert!(Context::new().cancel_token().is_none());
    /// ```
    pub const fn cancel_token(&self) -> Option<&'a CancelToken> {
        self.cancel
    }

    /// Checks whether to go on.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] once the token is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{CancelToken, Context, Error};
    ///
    /// let token = CancelToken::new();
    /// let cx = Context::new().with_cancel(&token);
    /// assert_eq!(cx.check(), Ok(()));
    /// token.cancel();
    /// assert_eq!(cx.check(), Err(Error::Cancelled));
    /// ```
    pub fn check(&self) -> Result<()> {
        match self.cancel {
            Some(token) if token.is_cancelled() => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }

    /// Tells the listener, if there is one, that `done` of `total` units of `stage` are complete.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use tsne_core::{Context, Progress, Stage};
    ///
    /// struct Done(AtomicUsize);
    ///
    /// impl Progress for Done {
    ///     fn advance(&self, _stage: Stage, done: usize, _total: usize) {
    ///         self.0.store(done, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// let rows = Done(AtomicUsize::new(0));
    /// Context::new().with_progress(&rows).advance(Stage::Affinities, 10, 100);
    /// assert_eq!(rows.0.into_inner(), 10);
    /// ```
    pub fn advance(&self, stage: Stage, done: usize, total: usize) {
        if let Some(progress) = self.progress {
            progress.advance(stage, done, total);
        }
    }
}
