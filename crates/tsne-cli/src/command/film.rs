//! The film of a descent: recorded on the way, written at its end.

use super::progress::Bars;
use crate::args::EmbedArgs;
use crate::film::{Film, frame_count};
use anyhow::{Result, ensure};
use std::ops::ControlFlow;
use tsne::{Embedding, Float, Iteration, Observer, Scalar};

/// Checks that a film is asked for only where there can be one.
///
/// # Errors
///
/// For maps of another dimension than two.
pub(crate) fn check(args: &EmbedArgs, components: usize) -> Result<()> {
    ensure!(
        args.frames.is_none() || components == 2,
        "a film shows a map of two dimensions, not of {components}: leave --frames out"
    );
    Ok(())
}

/// The film that a call asks for, of which there is nothing yet.
pub(crate) fn film(args: &EmbedArgs) -> Option<Film> {
    args.frames.is_some().then(|| Film::new(args.n_frames.into()))
}

/// What is to be said about a film of so many points before it is recorded.
pub(crate) fn warnings(args: &EmbedArgs, n: usize) -> Vec<String> {
    let (wanted, count) = (usize::from(args.n_frames), frame_count(n, args.n_frames.into()));
    let text =
        format!("the film of {n} points has {count} frames and not {wanted}, so that memory and browsers bear it");
    if args.frames.is_some() && count < wanted { vec![text] } else { Vec::new() }
}

/// An observer that adds frames to a film, if there is one.
pub(crate) struct Recorder<'a> {
    film: Option<&'a mut Film>,
    /// The iteration at which the schedule ends: phases begin one by one.
    end: usize,
    bars: &'a Bars,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(film: Option<(&'a mut Film, usize)>, bars: &'a Bars) -> Self {
        let (film, end) = film.unzip();
        Self { film, end: end.unwrap_or_default(), bars }
    }

    /// What was recorded so far.
    pub(crate) fn film(&self) -> Option<&Film> {
        self.film.as_deref()
    }

    /// The map at which the run ends is the last frame, wherever that is.
    pub(crate) fn end<T: Float, const D: usize>(&mut self, embedding: &Embedding<T, D>) {
        if let Some(film) = &mut self.film {
            film.add(embedding.iterations(), Some(embedding.kl_divergence()), embedding.positions());
        }
    }
}

impl<T: Scalar, const D: usize> Observer<T, D> for Recorder<'_> {
    fn about_to_start(&mut self, y: &[[T; D]], _: usize) {
        if let Some(film) = &mut self.film {
            let before = self.bars.iterations();
            film.begin(before, self.end.saturating_sub(before), y);
        }
    }

    fn wants(&self, _: usize) -> bool {
        self.film.as_ref().is_some_and(|film| film.wants(self.bars.iterations()))
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        if let Some(film) = &mut self.film {
            film.add(self.bars.iterations(), Some(iteration.kl_divergence), iteration.embedding);
        }
        ControlFlow::Continue(())
    }
}
