//! What is seen of a run while it goes on, on standard error: a line for each stage that is drawn again and again on a terminal,
//! and a new line every some seconds elsewhere.

use crate::report::{HistoryEntry, printable};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tsne::{Iteration, Observer, Progress, Scalar, Stage};

/// How often a line is drawn at most, per second.
const REFRESH: u8 = 10;

/// How often a line is written where it cannot be drawn again: in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// How often the KL divergence is computed to be shown: it takes a third of an iteration more.
const BETWEEN_DIVERGENCES: Duration = Duration::from_secs(2);

/// The characters of a bar: with it, all that is said of a descent of thousands of iterations is within 80.
const BAR: usize = 12;

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Nothing,
    /// A line that is drawn again.
    Drawn,
    /// Lines, one below the other.
    Lines,
}

/// The stages of a run as they come, and the time of each.
#[derive(Debug)]
pub(crate) struct Bars {
    current: Mutex<Current>,
    show: Show,
}

#[derive(Debug)]
struct Current {
    running: Option<Running>,
    /// Since when the stage runs: its work begins where the one before it ends.
    since: Instant,
    times: Vec<(Stage, Duration)>,
    /// Iterations of the descent that were run before this call.
    before: usize,
    /// Iterations so far, over all phases and calls.
    iterations: usize,
    kl_divergence: Option<f64>,
}

/// The stage that runs.
#[derive(Debug)]
struct Running {
    stage: Stage,
    bar: ProgressBar,
    since: Instant,
    /// What was done when it was first heard of.
    first: usize,
    said: Instant,
}

impl Bars {
    /// Progress that is shown unless `hidden`.
    pub(crate) fn new(hidden: bool) -> Self {
        let show = match (hidden, std::io::stderr().is_terminal()) {
            (true, _) => Show::Nothing,
            (false, true) => Show::Drawn,
            (false, false) => Show::Lines,
        };
        let current = Current {
            running: None,
            since: Instant::now(),
            times: Vec::new(),
            before: 0,
            iterations: 0,
            kl_divergence: None,
        };
        Self { current: Mutex::new(current), show }
    }

    /// To be called before a descent goes on: so many iterations were run already.
    pub(crate) fn go_on_from(&self, iterations: usize) {
        if let Ok(mut current) = self.current.lock() {
            (current.before, current.iterations) = (iterations, iterations);
        }
    }

    /// Ends the last stage.
    pub(crate) fn finish(&self) {
        if let Ok(mut current) = self.current.lock() {
            current.end();
        }
    }

    /// The seconds that a stage took, after the end of the last one.
    pub(crate) fn seconds(&self, stage: Stage) -> f64 {
        let Ok(current) = self.current.lock() else { return 0.0 };
        let times = current.times.iter().filter(|(of, _)| *of == stage);
        times.map(|(_, time)| time.as_secs_f64()).sum()
    }

    /// The iterations of the descent so far, over all phases and calls.
    pub(crate) fn iterations(&self) -> usize {
        self.current.lock().map_or(0, |current| current.iterations)
    }

    fn show_divergence(&self, kl_divergence: f64) {
        if let Ok(mut current) = self.current.lock() {
            current.kl_divergence = Some(kl_divergence);
        }
    }

    /// Prints a line above the one that is drawn.
    pub(crate) fn line(&self, text: &str) {
        // The run goes on where standard error cannot be written.
        let print = || _ = writeln!(std::io::stderr(), "{}", printable(text));
        match self.current.lock() {
            Ok(current) => match &current.running {
                Some(running) => running.bar.suspend(print),
                None => print(),
            },
            Err(_) => print(),
        }
    }

    fn bar(&self, stage: Stage) -> ProgressBar {
        let target = match self.show {
            Show::Drawn => ProgressDrawTarget::stderr_with_hz(REFRESH),
            Show::Nothing | Show::Lines => ProgressDrawTarget::hidden(),
        };
        // What does not fit on the line is left out: on a narrow terminal, too, it is one.
        let style = ProgressStyle::with_template("{prefix:>14} {wide_msg}");
        ProgressBar::with_draw_target(None, target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
            .with_prefix(stage.to_string())
            // Where an error ends the run, the line stays as it was.
            .with_finish(ProgressFinish::Abandon)
    }
}

impl Current {
    fn end(&mut self) {
        if let Some(Running { stage, bar, .. }) = self.running.take() {
            bar.abandon();
            let now = Instant::now();
            self.times.push((stage, now - self.since));
            self.since = now;
        }
    }

    /// What there is to say about the stage that runs.
    fn text(&self, running: &Running, done: usize, total: usize) -> String {
        let mut text = format!("{} {done} / {total}", bar_of(done, total));
        let descends = running.stage == Stage::Optimization;
        if let Some(kl_divergence) = self.kl_divergence.filter(|_| descends) {
            text += &format!("  KL {kl_divergence:.4}");
        }
        let seconds = running.since.elapsed().as_secs_f64();
        let new = done.saturating_sub(running.first);
        if new > 0 && seconds > 0.5 {
            let rate = new as f64 / seconds;
            text += &format!("  {} left", duration(total.saturating_sub(done) as f64 / rate));
            if descends {
                text += &format!("  {rate:.1} it/s");
            }
        }
        text
    }
}

/// A share as a bar.
fn bar_of(done: usize, total: usize) -> String {
    let full = (BAR as f64 * (done as f64 / total.max(1) as f64).min(1.0)) as usize;
    "━".repeat(full) + &"╌".repeat(BAR - full)
}

/// Seconds in words.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

impl Progress for Bars {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        let Ok(mut current) = self.current.lock() else { return };
        let (mut done, mut total) = (done, total);
        if stage == Stage::Optimization {
            (done, total) = (done + current.before, total + current.before);
            current.iterations = done;
        }
        if current.running.as_ref().is_none_or(|running| running.stage != stage) {
            current.end();
            let now = Instant::now();
            current.running = Some(Running { stage, bar: self.bar(stage), since: now, first: done, said: now });
        }
        if self.show == Show::Nothing {
            return;
        }
        let Some(running) = &current.running else { return };
        if self.show == Show::Drawn {
            running.bar.set_message(current.text(running, done, total));
        } else if running.said.elapsed() >= BETWEEN_LINES {
            let text = current.text(running, done, total);
            // The run goes on where standard error cannot be written.
            let _ = writeln!(std::io::stderr(), "{stage}: {text}");
            if let Some(running) = &mut current.running {
                running.said = Instant::now();
            }
        }
    }
}

/// Keeps the KL divergence every so many iterations, counted over all phases, and prints it; now and then shows it with the progress.
#[derive(Debug)]
pub(crate) struct History<'a> {
    /// 0 keeps none.
    every: usize,
    print: bool,
    bars: &'a Bars,
    shown: Instant,
    pub(crate) entries: Vec<HistoryEntry>,
}

impl<'a> History<'a> {
    pub(crate) fn new(every: usize, print: bool, bars: &'a Bars) -> Self {
        Self { every, print, bars, shown: Instant::now(), entries: Vec::new() }
    }

    const fn keeps(&self, iterations: usize) -> bool {
        self.every > 0 && iterations.is_multiple_of(self.every)
    }
}

impl<T: Scalar, const D: usize> Observer<T, D> for History<'_> {
    fn about_to_start(&mut self, _: &[[T; D]], _: usize) {
        // A fit that begins again has another history.
        let before = self.bars.iterations();
        self.entries.retain(|entry| entry.iteration <= before);
    }

    fn wants(&self, _: usize) -> bool {
        let show = self.bars.show != Show::Nothing && self.shown.elapsed() >= BETWEEN_DIVERGENCES;
        show || self.keeps(self.bars.iterations())
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        let (iterations, kl_divergence) = (self.bars.iterations(), iteration.kl_divergence);
        self.bars.show_divergence(kl_divergence);
        self.shown = Instant::now();
        if self.keeps(iterations) {
            if self.print {
                self.bars.line(&format!("iteration {iterations:>5}  KL divergence {kl_divergence:.4}"));
            }
            self.entries.push(HistoryEntry { iteration: iterations, kl_divergence });
        }
        ControlFlow::Continue(())
    }
}
