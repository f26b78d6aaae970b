//! Long work beside the interpreter: another thread computes, and the calling one answers it, hears signals and reports progress.

use crate::error::exception;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tsne::{CancelToken, Context, Progress, Stage};

/// How often signals are looked for.
const TICK: Duration = Duration::from_millis(100);
/// How long a descent has to stop after an iteration before it is cancelled.
const GRACE: Duration = Duration::from_millis(400);

/// What the computing thread asks of the calling one: a call of Python, whose answer is whether to stop.
type Request = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

/// The first exception of a function of Python that computing threads call by themselves.
pub(crate) type Failure = Arc<Mutex<Option<PyErr>>>;

/// The way from the computing thread to the calling one.
#[derive(Debug)]
pub(crate) struct Line {
    /// Nothing is the end of the work.
    messages: Sender<Option<Request>>,
    stop: AtomicBool,
    stage: AtomicU8,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Line {
    /// Whether the work is to stop as soon as what there is can be kept.
    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Has the calling thread call Python, and waits for the answer: true, or an exception, is a wish to stop.
    pub(crate) fn ask(&self, call: impl FnOnce(Python<'_>) -> PyResult<bool> + Send + 'static) -> ControlFlow<()> {
        let (reply, answer) = sync_channel(1);
        let request: Request = Box::new(move |py: Python<'_>| {
            let (stop, outcome) = match call(py) {
                Ok(stop) => (stop, Ok(())),
                Err(error) => (true, Err(error)),
            };
            // The other side waits for it, unless it has ended.
            let _ = reply.send(stop);
            outcome
        });
        if self.messages.send(Some(request)).is_err() || answer.recv().unwrap_or(true) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Line {
    /// Tells Python of a stage and its counts, where they have changed.
    fn report(&self, py: Python<'_>, progress: Option<&Py<PyAny>>, reported: &mut (u8, usize, usize)) -> PyResult<()> {
        let load = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let state = (self.stage.load(Ordering::Relaxed), load(&self.done), load(&self.total));
        match (progress, stage_name(state.0)) {
            (Some(progress), Some(name)) if state != *reported => {
                *reported = state;
                progress.call1(py, (name, state.1, state.2)).map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl Progress for Line {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        self.stage.store(1 + stage as u8, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }
}

/// The name of a stage, as it was stored.
fn stage_name(stage: u8) -> Option<String> {
    let stages = [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization];
    stages.into_iter().find(|known| 1 + *known as u8 == stage).map(|known| known.to_string())
}

/// Runs `work` in a thread of its own, without the interpreter.
///
/// Signals are answered within [`TICK`]: the work is asked to stop, and cancelled after [`GRACE`] or where it has nothing to keep
/// (`keeps`). `progress` is called with a stage and its counts, every tick that brought something new. The exception of a signal,
/// of a request or of `failure` comes through, after the work has ended.
pub(crate) fn run<R: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    failure: &Failure,
    keeps: bool,
    work: impl FnOnce(&Line, Context<'_>) -> tsne::Result<R> + Send,
) -> PyResult<R> {
    let token = CancelToken::new();
    let (sender, messages) = channel();
    let line = Line {
        messages: sender,
        stop: AtomicBool::new(false),
        stage: AtomicU8::new(0),
        done: AtomicUsize::new(0),
        total: AtomicUsize::new(0),
    };
    let progress = progress.map(|progress| progress.clone().unbind());
    let failed = || failure.lock().unwrap_or_else(PoisonError::into_inner);
    let (outcome, raised) = py.detach(move || {
        thread::scope(|scope| {
            let (line, token) = (&line, &token);
            let worker = scope.spawn(move || {
                let outcome = work(line, Context::new().with_cancel(token).with_progress(line));
                // Who waits for it finds the thread ended, too.
                let _ = line.messages.send(None);
                outcome
            });
            let mut raised: Option<(PyErr, Instant)> = None;
            let mut reported = (0, 0, 0);
            loop {
                let answered = match messages.recv_timeout(TICK) {
                    Ok(Some(request)) => Python::attach(request),
                    Ok(None) => break,
                    Err(_) if worker.is_finished() => break,
                    Err(_) => Python::attach(|py| line.report(py, progress.as_ref(), &mut reported)),
                };
                if let Err(error) = answered.and_then(|()| Python::attach(|py| py.check_signals())) {
                    line.stop.store(true, Ordering::Relaxed);
                    if !keeps {
                        // A metric of Python's is not called any more: thousands of calls may lie between two looks at the token,
                        // and without the interpreter's lock each takes longer.
                        let copy = Python::attach(|py| error.clone_ref(py));
                        failed().get_or_insert(copy);
                    }
                    raised.get_or_insert((error, Instant::now()));
                }
                if raised.as_ref().is_some_and(|(_, since)| !keeps || since.elapsed() >= GRACE) {
                    token.cancel();
                }
            }
            let outcome = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            (outcome, raised)
        })
    });
    let failed = failed().take();
    if let Some(error) = failed.or(raised.map(|(error, _)| error)) {
        return Err(error);
    }
    outcome.map_err(exception)
}
