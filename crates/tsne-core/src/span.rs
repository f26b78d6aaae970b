//! Work and span: how long a computation would take on any number of threads, told by one.
//!
//! The *work* is the time of all that is done, the *span* that of the longest chain of what must wait for one another: what is
//! done outside of parallel regions, and of each region the longest task. With `p` threads nothing takes less than the larger of
//! the span and a `p`-th of the work, and with tasks that are taken as they come hardly more than their sum (Brent 1974, "The
//! parallel evaluation of general arithmetic expressions"; Graham 1969, "Bounds on multiprocessing timing anomalies"). Both are
//! properties of the code and not of the machine: what would idle 64 threads is seen on a machine with one.
//!
//! What a region does besides its tasks (handing them out, collecting their results) counts for neither.
//!
//! Every parallel loop of the toolkit announces its [`Region`] and its tasks. That does nothing unless the crate is built with
//! the feature `span`, whose `record` notes them.

#[cfg(feature = "span")]
use crate::recorder;
use std::marker::PhantomData;

#[cfg(feature = "span")]
pub use crate::recorder::{Place, Profile, record};

/// A parallel region, from its making to its end, while a recorder is on; nothing without the feature `span`.
///
/// # Examples
///
/// ```
/// use tsne_core::span::Region;
///
/// let region = Region::enter();
/// let squares: Vec<u32> = (0..3).map(|i| region.task(|| i * i)).collect();
/// assert_eq!(squares, [0, 1, 4]);
/// ```
#[derive(Debug)]
#[must_use = "the region ends where it is dropped"]
pub struct Region(PhantomData<()>);

impl Region {
    /// Enters a region at the place of the caller.
    #[inline]
    #[track_caller]
    pub fn enter() -> Self {
        #[cfg(feature = "span")]
        recorder::enter(std::panic::Location::caller());
        Self(PhantomData)
    }

    /// Runs a task of the region.
    #[inline(always)]
    pub fn task<R>(&self, f: impl FnOnce() -> R) -> R {
        #[cfg(feature = "span")]
        return recorder::task(f);
        #[cfg(not(feature = "span"))]
        f()
    }
}

#[cfg(feature = "span")]
impl Drop for Region {
    fn drop(&mut self) {
        recorder::leave();
    }
}
