//! Where a descent stops for a while: to be saved, or because it was asked to end.

use super::interrupt::Interrupt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tsne::{Iteration, Observer, Scalar};

/// An observer that stops a descent when it is time to save it, or when the run is to end. Whatever the clock says, a descent that
/// stops and goes on has the bits of one that does not.
pub(crate) struct Pause<'a> {
    interrupt: &'a Interrupt,
    /// How often it is saved, if at all.
    every: Option<Duration>,
    /// When that was last; the first time is as soon as there is something to save, since what is before took long.
    saved: Option<Instant>,
}

impl<'a> Pause<'a> {
    pub(crate) const fn new(interrupt: &'a Interrupt, every: Option<Duration>) -> Self {
        Self { interrupt, every, saved: None }
    }

    /// To be called when the descent has been saved.
    pub(crate) fn has_saved(&mut self) {
        self.saved = Some(Instant::now());
    }

    fn is_due(&self) -> bool {
        let save = |every| self.saved.is_none_or(|saved| saved.elapsed() >= every);
        self.interrupt.is_asked() || self.every.is_some_and(save)
    }
}

impl<T: Scalar, const D: usize> Observer<T, D> for Pause<'_> {
    fn about_to_start(&mut self, _: &[[T; D]], _: usize) {
        self.interrupt.descend();
    }

    fn wants(&self, _: usize) -> bool {
        self.is_due()
    }

    fn observe(&mut self, _: &Iteration<'_, T, D>) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}
