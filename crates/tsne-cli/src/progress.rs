//! A progress bar per stage on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::sync::Mutex;
use tsne::{Progress, Stage};

/// How often a bar is drawn at most, per second.
const REFRESH: u8 = 10;

/// Bars for the stages as they come. Nothing is drawn unless standard error is a terminal.
#[derive(Debug)]
pub(crate) struct Bars {
    current: Mutex<Option<(Stage, ProgressBar)>>,
    hidden: bool,
}

impl Bars {
    /// Bars that are drawn unless `hidden`.
    pub(crate) const fn new(hidden: bool) -> Self {
        Self { current: Mutex::new(None), hidden }
    }

    /// Ends the last bar.
    pub(crate) fn finish(&self) {
        if let Ok(mut current) = self.current.lock()
            && let Some((_, bar)) = current.take()
        {
            bar.finish();
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

impl Progress for Bars {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        let Ok(mut current) = self.current.lock() else { return };
        if let Some((running, bar)) = &*current {
            if *running == stage {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
                return;
            }
            bar.finish();
        }
        let bar = self.bar(stage, total);
        bar.set_position(done as u64);
        *current = Some((stage, bar));
    }
}
