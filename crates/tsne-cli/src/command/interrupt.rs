//! What Ctrl-C does: the first one ends a run in order, the second at once.
//!
//! In a descent, the iteration is finished and what there is of the map is written; before it there is nothing to write, and the
//! stage is cancelled. A request to terminate, as batch systems send it before they kill, is the same as Ctrl-C.

use anyhow::{Context, Result};
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use tsne::CancelToken;

/// The exit code of a run that was interrupted: what shells give a program that Ctrl-C has ended.
pub(crate) const CODE: u8 = 130;

/// A descent that was interrupted, once what there is of it was written.
#[derive(Debug)]
pub(crate) struct Interrupted {
    /// The iterations that are left.
    pub(crate) remaining: usize,
    /// A file from which the run can go on.
    pub(crate) resumable: Option<String>,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted, with {} iterations to come: ", self.remaining)?;
        match &self.resumable {
            Some(file) => write!(f, "`tsne resume {file}` goes on"),
            None => f.write_str("with --checkpoint FILE the run could go on"),
        }
    }
}

impl std::error::Error for Interrupted {}

/// What the handler and the run know of each other.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    asked: AtomicBool,
    descending: AtomicBool,
    token: CancelToken,
}

/// The one of this process: the system calls a function, not an object.
static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();

/// Whether the system calls it already: once is for all runs of a process, of which members of a team may be several.
static HANDLER: Mutex<bool> = Mutex::new(false);

impl Interrupt {
    /// Takes Ctrl-C over from the system.
    ///
    /// # Errors
    ///
    /// If the system does not allow it.
    pub(crate) fn install() -> Result<&'static Self> {
        let mut installed = HANDLER.lock().unwrap_or_else(PoisonError::into_inner);
        if !*installed {
            ctrlc::set_handler(|| INTERRUPT.get_or_init(Self::default).ask()).context("cannot handle Ctrl-C")?;
            *installed = true;
        }
        Ok(INTERRUPT.get_or_init(Self::default))
    }

    fn ask(&self) {
        if self.asked.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(CODE));
        }
        let what = if self.descending.load(Ordering::SeqCst) {
            "finishing the iteration, then writing what there is"
        } else {
            self.token.cancel();
            "ending"
        };
        let _ = writeln!(std::io::stderr(), "\ninterrupted: {what} (Ctrl-C again: at once)");
    }

    /// Whether the run is to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// To be called when a descent begins: from then on there is something to write.
    pub(crate) fn descend(&self) {
        self.descending.store(true, Ordering::SeqCst);
    }

    /// Whether the run of this process, if there is one, was interrupted.
    pub(crate) fn of_this_process() -> bool {
        INTERRUPT.get().is_some_and(Self::is_asked)
    }

    /// What ends the stages before the descent.
    pub(crate) const fn token(&self) -> &CancelToken {
        &self.token
    }
}
