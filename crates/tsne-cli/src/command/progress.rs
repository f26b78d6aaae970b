//! What is seen of a run while it goes on: a bar per stage, and lines of the descent, on standard error.

use crate::report::HistoryEntry;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tsne::{Iteration, Observer, Progress, Scalar, Stage};

/// How often a bar is drawn at most, per second.
const REFRESH: u8 = 10;

/// Bars for the stages as they come, and the time of each. Nothing is drawn unless standard error is a terminal.
#[derive(Debug)]
pub(crate) struct Bars {
    current: Mutex<Current>,
    hidden: bool,
}

#[derive(Debug)]
struct Current {
    bar: Option<(Stage, ProgressBar)>,
    /// Since when the stage of the bar runs: its work begins where the one before it ends.
    since: Instant,
    times: Vec<(Stage, Duration)>,
    /// Iterations so far, over all phases.
    iterations: usize,
}

impl Bars {
    /// Bars that are drawn unless `hidden`.
    pub(crate) fn new(hidden: bool) -> Self {
        let current = Current { bar: None, since: Instant::now(), times: Vec::new(), iterations: 0 };
        Self { current: Mutex::new(current), hidden }
    }

    /// Ends the last bar.
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

    fn iterations(&self) -> usize {
        self.current.lock().map_or(0, |current| current.iterations)
    }

    /// Prints a line above the bar.
    fn line(&self, text: &str) {
        // The run goes on where standard error cannot be written.
        let print = || _ = writeln!(std::io::stderr(), "{text}");
        match self.current.lock() {
            Ok(current) => match &current.bar {
                Some((_, bar)) => bar.suspend(print),
                None => print(),
            },
            Err(_) => print(),
        }
    }

    fn bar(&self, stage: Stage, total: usize) -> ProgressBar {
        let target =
            if self.hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(REFRESH) };
        let style = ProgressStyle::with_template("{prefix:>14} {bar:40.cyan/dim} {pos:>9} / {len:<9} {elapsed:>5}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(Some(total as u64), target)
            .with_style(style.progress_chars("━━╌"))
            .with_prefix(stage.to_string())
            // Where an error ends the run, the bar stays where it was.
            .with_finish(ProgressFinish::Abandon)
    }
}

impl Current {
    fn end(&mut self) {
        if let Some((stage, bar)) = self.bar.take() {
            bar.finish();
            let now = Instant::now();
            self.times.push((stage, now - self.since));
            self.since = now;
        }
    }
}

impl Progress for Bars {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        let Ok(mut current) = self.current.lock() else { return };
        if stage == Stage::Optimization {
            current.iterations = done;
        }
        match &current.bar {
            Some((running, bar)) if *running == stage => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
            }
            _ => {
                current.end();
                let bar = self.bar(stage, total);
                bar.set_position(done as u64);
                current.bar = Some((stage, bar));
            }
        }
    }
}

/// Keeps the KL divergence every so many iterations, counted over all phases, and prints it.
#[derive(Debug)]
pub(crate) struct History<'a> {
    every: usize,
    print: bool,
    bars: &'a Bars,
    /// Iterations before this phase.
    before: usize,
    pub(crate) entries: Vec<HistoryEntry>,
}

impl<'a> History<'a> {
    pub(crate) const fn new(every: usize, print: bool, bars: &'a Bars) -> Self {
        Self { every, print, bars, before: 0, entries: Vec::new() }
    }
}

impl<T: Scalar, const D: usize> Observer<T, D> for History<'_> {
    fn about_to_start(&mut self, _: &[[T; D]], _: usize) {
        self.before = self.bars.iterations();
        // A fit that begins again has another history.
        if self.before == 0 {
            self.entries.clear();
        }
    }

    fn wants(&self, completed: usize) -> bool {
        (self.before + completed).is_multiple_of(self.every)
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        let entry = HistoryEntry { iteration: self.before + iteration.index, kl_divergence: iteration.kl_divergence };
        if self.print {
            self.bars.line(&format!("iteration {:>5}  KL divergence {:.4}", entry.iteration, entry.kl_divergence));
        }
        self.entries.push(entry);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Bars, History};
    use tsne::{Observer, Progress, Stage};
    use tsne_cli::report::HistoryEntry;

    #[test]
    fn a_fit_that_begins_again_has_a_history_of_its_own() {
        let bars = Bars::new(true);
        let mut history = History::new(100, false, &bars);
        let mut start = |done: usize| {
            bars.advance(Stage::Optimization, done, 750);
            Observer::<f64, 2>::about_to_start(&mut history, &[], 0);
            history.entries.push(HistoryEntry { iteration: done + 100, kl_divergence: 1.0 });
            history.entries.iter().map(|entry| entry.iteration).collect::<Vec<_>>()
        };
        assert_eq!(start(0), [100]);
        assert_eq!(start(250), [100, 350]);
        assert_eq!(start(0), [100]);
    }
}
