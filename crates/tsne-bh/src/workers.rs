//! Tasks that workers take from a flat list, one after the other.

use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};
use tsne_core::Result;
use tsne_core::span::Region;

/// The most workers: more than machines have threads. One without work costs a look at an empty list.
const MAX_WORKERS: usize = 256;

/// The number of workers for `tasks` tasks. It depends on them alone; a pool with fewer threads leaves some without work.
pub(crate) fn count(tasks: usize) -> usize {
    tasks.min(MAX_WORKERS)
}

/// Runs `run` on all `tasks`, in parallel: each worker, with what it keeps from task to task, takes the next one when it is
/// done with its last.
///
/// The stack that this takes does not depend on the tasks: there are as many branches as workers, and nothing waits
/// within a task, so that no other work can be put on top of it. Which worker has which task depends on time; results must go
/// to places of the task's own.
///
/// # Errors
///
/// One of those that `run` returned; the tasks of the other workers go on to theirs.
pub(crate) fn run<I, W>(tasks: I, workers: &mut [W], run: impl Fn(&mut W, I::Item) -> Result<()> + Sync) -> Result<()>
where
    I: Iterator + Send,
    W: Send,
{
    let tasks = Mutex::new(tasks);
    let region = Region::enter();
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    at_once(workers, &|worker| {
        while let Some(task) = next() {
            region.task(|| run(worker, task))?;
        }
        Ok(())
    })
}

// By the address of the closure: rayon's functions are compiled once for each type of worker, and not for each closure.
#[inline(never)]
fn at_once<W: Send>(workers: &mut [W], work: &(dyn Fn(&mut W) -> Result<()> + Sync)) -> Result<()> {
    workers.par_iter_mut().with_max_len(1).try_for_each(work)
}
