//! The threads that a call runs in.

use rayon::ThreadPoolBuilder;
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread;
use tsne_core::{Error, Result};

/// Up to this many threads are started even on fewer processors, where they only cost: 3,000 of them did not get through a
/// fit of 200 points in minutes on two processors. The result does not depend on the number.
const FEWEST_LIMIT: usize = 64;

/// What a thread is inside of, so that it may wait there with other work at hand. A thread of a pool takes up a call by the caller's
/// pool only where it is inside of less: on each, one may stand on the other, and no third on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Inside {
    Nothing,
    /// Code that a caller runs by [`with_threads`], in which the toolkit's calls have the same pool.
    Callers,
    /// A call of the toolkit.
    Toolkits,
}

thread_local! {
    static INSIDE: Cell<Inside> = const { Cell::new(Inside::Nothing) };
}

/// Runs `f`, for example measures of a map, in as many threads as `n_jobs` says in scikit-learn's convention: -1 all processors, -2
/// all but one; `None` is the caller's pool. Every call of the toolkit with such a parameter runs like this.
///
/// - Without a number, `f` runs in the rayon pool that the caller is in, or else in the global one.
/// - With a number, it runs in a pool of its own. Beyond 64, no more threads are started than there are processors.
///
/// Calls of the toolkit within `f` that have no number of their own run in the same threads as `f`.
///
/// In no case does the calling thread take up other work of its pool while it waits, as rayon's own `install` does. So any number of
/// calls that are started in a pool at the same time run one after the other on each of its threads, and do not pile up on the
/// thread's stack. Where rayon runs one call on top of another that waits (because both belong to its pool), the upper one runs in one
/// thread of its own: it waits for nothing that the lower one would have to do.
///
/// # Errors
///
/// [`Error::Parameter`] for 0 and where the threads cannot be started; those of `f`.
///
/// # Examples
///
/// ```
/// use tsne::{metrics, with_threads};
///
/// let line: Vec<[f32; 2]> = (0..60).map(|i| [i as f32, 0.0]).collect();
/// let labels: Vec<u32> = (0..60).map(|i| i / 30).collect();
/// let agreement = with_threads(2, || metrics::label_agreement(&line, &labels, 5))?;
/// assert!(agreement > 0.9);
/// assert!(with_threads(0, || Ok::<(), tsne::Error>(())).is_err());
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn with_threads<R: Send, E: Send + From<Error>>(
    n_jobs: impl Into<Option<i32>>,
    f: impl FnOnce() -> Result<R, E> + Send,
) -> Result<R, E> {
    // A pool of one's own holds nothing but what `f` starts, so that nothing foreign comes on top of what waits there.
    call(n_jobs.into(), (Inside::Callers, Inside::Nothing), f)
}

/// [`with_threads`] for the toolkit's own calls.
pub(crate) fn run<R: Send>(n_jobs: Option<i32>, f: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    call(n_jobs, (Inside::Toolkits, Inside::Toolkits), f)
}

/// Runs `f`, with the first mark in the caller's pool and with the second in one of its own.
fn call<R: Send, E: Send + From<Error>>(
    n_jobs: Option<i32>,
    marks: (Inside, Inside),
    f: impl FnOnce() -> Result<R, E> + Send,
) -> Result<R, E> {
    let (mut f, mut result) = (Some(f), None);
    enter(n_jobs, marks, &mut || result = f.take().map(|f| f()))?;
    // What returned has called `f`.
    result.unwrap_or_else(|| Err(E::from(Error::Cancelled)))
}

/// A call that is made once, and keeps its result.
type Call<'f> = &'f mut (dyn FnMut() + Send);

/// [`call`], not generic: what starts and waits is compiled once.
fn enter(n_jobs: Option<i32>, (shared, own): (Inside, Inside), f: Call<'_>) -> Result<()> {
    check(n_jobs)?;
    match n_jobs {
        Some(n_jobs) => in_own_pool(number(n_jobs), own, f),
        None if rayon::current_thread_index().is_some() => on_this_worker(shared, f),
        // From outside of any pool this blocks, and a thread of the global pool goes on.
        None => rayon::scope(|_| on_this_worker(shared, f)),
    }
}

pub(crate) fn check(n_jobs: Option<i32>) -> Result<()> {
    if n_jobs == Some(0) {
        let allowed = "a positive number of threads, or -1 for all processors, -2 for all but one, and so on";
        return Err(Error::parameter("n_jobs", 0, allowed));
    }
    Ok(())
}

/// As many threads as `n_jobs` says, at least one.
fn number(n_jobs: i32) -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    match usize::try_from(n_jobs) {
        Ok(threads) => threads.clamp(1, processors.max(FEWEST_LIMIT)),
        Err(_) => processors.saturating_sub(n_jobs.unsigned_abs() as usize - 1).max(1),
    }
}

/// The threads that a call with this parameter runs in; of the caller's own pool, which is not asked, as many as there are processors.
pub(crate) fn count(n_jobs: Option<i32>) -> usize {
    n_jobs.map_or_else(|| number(-1), number)
}

/// Runs `f` on this thread of a pool, unless another such call waits on it: rayon has begun this one within the wait of that.
fn on_this_worker(mark: Inside, f: Call<'_>) -> Result<()> {
    if INSIDE.get() < mark {
        marked(mark, f);
        Ok(())
    } else {
        in_own_pool(1, Inside::Toolkits, f)
    }
}

/// Runs `f` with a mark on this thread.
fn marked(mark: Inside, f: Call<'_>) {
    struct Before(Inside);
    impl Drop for Before {
        fn drop(&mut self) {
            INSIDE.set(self.0);
        }
    }
    let _before = Before(INSIDE.replace(mark));
    f();
}

/// Runs `f` in a new pool, and waits without doing anything else.
fn in_own_pool(threads: usize, mark: Inside, f: Call<'_>) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::parameter("n_jobs", threads, format_args!("a number of threads that can be started ({error})"))
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| failed(&error))?;
    if rayon::current_thread_index().is_none() {
        pool.install(|| marked(mark, f));
        return Ok(());
    }
    // A worker that installs into another pool takes up work of its own meanwhile; a plain thread between the two cannot.
    thread::scope(|scope| {
        let call = thread::Builder::new().spawn_scoped(scope, || pool.install(|| marked(mark, f)));
        call.map_err(|error| failed(&error))?.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok(())
    })
}
