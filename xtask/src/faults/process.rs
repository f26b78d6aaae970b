//! One run of the command: started, sent signals, waited for.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// No run here takes longer unless it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// How often it is looked whether a run has ended.
const LOOK: Duration = Duration::from_millis(1);

/// What a run was told by the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Kill,
    Term,
    Int,
    Hup,
}

impl Signal {
    pub(super) const ALL: [Self; 4] = [Self::Kill, Self::Term, Self::Int, Self::Hup];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Hup => "HUP",
        }
    }

    const fn number(self) -> i32 {
        match self {
            Self::Kill => 9,
            Self::Term => 15,
            Self::Int => 2,
            Self::Hup => 1,
        }
    }
}

/// The program that is tried.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) program: PathBuf,
}

/// A run that has been started.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    streams: [Option<JoinHandle<Vec<u8>>>; 2],
    arguments: String,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; none if a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) stderr: String,
    arguments: String,
}

/// The exit code of a run that was interrupted in order.
const INTERRUPTED: i32 = 130;

impl Tool {
    /// The command with arguments that are separated by blanks, in a directory.
    pub(super) fn command(&self, directory: &Path, arguments: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(directory).args(arguments.split_whitespace()).stdin(Stdio::null());
        command
    }

    /// Runs it, which has to succeed, and tells how long that took.
    pub(super) fn succeed(&self, directory: &Path, arguments: &str) -> Result<Duration> {
        let start = Instant::now();
        let ended = start_command(self.command(directory, arguments), arguments)?.end()?;
        ensure!(ended.code == Some(0), "{}", ended.describe());
        Ok(start.elapsed())
    }

    pub(super) fn run(&self, directory: &Path, arguments: &str) -> Result<Ended> {
        self.start(directory, arguments)?.end()
    }

    pub(super) fn start(&self, directory: &Path, arguments: &str) -> Result<Running> {
        start_command(self.command(directory, arguments), arguments)
    }
}

/// Starts a command, whose output and errors are read to their ends; `what` names it in messages.
pub(super) fn start_command(mut command: Command, what: &str) -> Result<Running> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let streams = [child.stdout.take().map(follow), child.stderr.take().map(follow)];
    Ok(Running { child, streams, arguments: what.to_owned() })
}

fn follow(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

impl Running {
    /// Sends a signal, unless the run has ended: its number would be another process's then.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        // It is waited for only here, so that it keeps its number until then.
        let sent = Command::new("kill").args(["-s", signal.name(), &self.child.id().to_string()]).status()?;
        ensure!(sent.success() || self.child.try_wait()?.is_some(), "the signal could not be sent");
        Ok(())
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits for its end, and no longer than any run takes.
    pub(super) fn end(mut self) -> Result<Ended> {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if start.elapsed() > LIMIT {
                self.child.kill()?;
                self.child.wait()?;
                bail!("`tsne {}` did not end in {} s", self.arguments, LIMIT.as_secs());
            }
            thread::sleep(LOOK);
        };
        let [_, bytes] = self.streams.map(|stream| stream.and_then(|stream| stream.join().ok()).unwrap_or_default());
        Ok(Ended {
            code: status.code(),
            signal: signal_of(status),
            stderr: String::from_utf8_lossy(&bytes).into_owned(),
            arguments: self.arguments,
        })
    }
}

#[cfg(unix)]
fn signal_of(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
const fn signal_of(_: std::process::ExitStatus) -> Option<i32> {
    None
}

impl Ended {
    /// Whether it was asked to end and did so in order: what there is of the map is written then.
    pub(super) fn is_interrupted(&self) -> bool {
        self.code == Some(INTERRUPTED)
    }

    /// How it ended, for messages.
    pub(super) fn describe(&self) -> String {
        let how = match (self.code, self.signal) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "an unknown end".to_owned(),
        };
        format!("`tsne {}`: {how}: {}", self.arguments, self.stderr.trim())
    }

    /// An error unless the run ended as a run may to which this signal was sent.
    pub(super) fn ensure_ended_by(&self, sent: Signal) -> Result<()> {
        self.ensure_no_panic()?;
        let allowed = match self.code {
            Some(0) => true,
            Some(INTERRUPTED) => sent != Signal::Kill,
            Some(_) => false,
            // Also the gentle ones end it at once before the program has taken them over.
            None => self.signal == Some(sent.number()),
        };
        ensure!(allowed, "it was sent {} and ended otherwise: {}", sent.name(), self.describe());
        Ok(())
    }

    /// An error unless the run succeeded or ended with an error of its own.
    pub(super) fn ensure_orderly(&self) -> Result<()> {
        self.ensure_no_panic()?;
        ensure!(matches!(self.code, Some(0 | 1)), "{}", self.describe());
        Ok(())
    }

    pub(super) fn ensure_no_panic(&self) -> Result<()> {
        let bad = ["panicked", "memory allocation of", "stack overflow", "fatal runtime error"];
        ensure!(!bad.iter().any(|word| self.stderr.contains(word)), "{}", self.describe());
        Ok(())
    }
}
