//! The number of threads, in scikit-learn's convention.

use std::num::NonZeroUsize;
use tsne_core::{Error, Result};

/// Up to this many threads are started even on fewer processors, where they only cost: 3,000 of them did not get through a
/// fit of 200 points in minutes on two processors. The result does not depend on the number.
const FEWEST_LIMIT: usize = 64;

pub(crate) fn check(n_jobs: i32) -> Result<()> {
    if n_jobs == 0 {
        let allowed = "a positive number of threads, or -1 for all processors, -2 for all but one, and so on";
        return Err(Error::parameter("n_jobs", n_jobs, allowed));
    }
    Ok(())
}

/// Runs `f` in a pool of its own with as many threads as `n_jobs` says, at least one.
pub(crate) fn run<R: Send>(n_jobs: i32, f: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    check(n_jobs)?;
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = match usize::try_from(n_jobs) {
        Ok(threads) => threads.min(processors.max(FEWEST_LIMIT)),
        Err(_) => processors.saturating_sub(n_jobs.unsigned_abs() as usize - 1).max(1),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| {
        Error::parameter("n_jobs", n_jobs, format_args!("a number of threads that can be started ({e})"))
    })?;
    pool.install(f)
}
