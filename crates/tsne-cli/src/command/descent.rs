//! A descent to its end, or to where it is interrupted, saved on the way.

use super::film::Recorder;
use super::interrupt::Interrupt;
use super::meter::Meter;
use super::pause::Pause;
use super::progress::{Bars, History};
use super::saved::Extras;
use super::team::is_first;
use crate::film::Film;
use crate::report::SentBytes;
use anyhow::{Context as _, Result};
use std::path::Path;
use std::time::Duration;
use tsne::core::Team;
use tsne::files::ScratchDir;
use tsne::{Context, Embedding, Float, Observer, Observers, Stage};

/// Where a run is saved on its way, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkpoint<'a> {
    pub(crate) path: &'a Path,
    pub(crate) every: Duration,
    pub(crate) extras: &'a Extras,
}

impl Checkpoint<'_> {
    /// By all processes: the first writes, and returns within why it could not.
    fn save<T: Float, const D: usize>(
        &self,
        embedding: &mut Embedding<T, D>,
        film: Option<&Film>,
        cx: Context<'_>,
    ) -> Result<Result<()>> {
        let saved = embedding.save_with(self.path, cx, |writer| -> Result<()> {
            self.extras.add(writer)?;
            film.map_or(Ok(()), |film| film.put(writer))
        })?;
        Ok(saved.with_context(|| format!("the checkpoint {} cannot be written", self.path.display())))
    }
}

/// What a descent came to.
pub(crate) struct Descent<T, const D: usize> {
    pub(crate) embedding: Embedding<T, D>,
    /// Whether there is a checkpoint of it.
    pub(crate) saved: bool,
    /// What this process has sent to others.
    pub(crate) sent: SentBytes,
}

/// Begins a descent, and goes on with it to its end unless the run is interrupted: then something of it
/// [remains](Embedding::remaining). `film` is recorded, with the iteration at which the schedule ends.
///
/// # Errors
///
/// Those of the descent.
pub(crate) fn descend<T: Float, const D: usize>(
    begin: impl FnOnce(&mut (dyn Observer<T, D> + Send), Context<'_>) -> Result<Embedding<T, D>>,
    history: &mut History<'_>,
    (bars, interrupt): (&Bars, &Interrupt),
    checkpoint: Option<Checkpoint<'_>>,
    film: Option<(&mut Film, usize)>,
    (team, scratch): (Option<&dyn Team>, Option<&ScratchDir>),
) -> Result<Descent<T, D>> {
    let mut saved = false;
    // What goes by the clock, or is written, is the first one's affair: the others stop and look with it.
    let (checkpoint_every, film) =
        (checkpoint.filter(|_| is_first(team)).map(|checkpoint| checkpoint.every), film.filter(|_| is_first(team)));
    let mut pause = Pause::new(interrupt, checkpoint_every);
    let meter = Meter::new(bars, team);
    let cx = Context::new().with_progress(&meter).with_cancel(interrupt.token());
    let cx = team.map_or(cx, |team| cx.with_team(team));
    let cx = scratch.map_or(cx, |scratch| cx.with_scratch(scratch));
    let mut recorder = Recorder::new(film, bars);
    let mut embedding = begin(&mut Observers::new().with(&mut *history).with(&mut recorder).with(&mut pause), cx)?;
    while embedding.remaining() > 0 {
        if let Some(checkpoint) = checkpoint {
            // The map is worth more than a copy of it on the way.
            match checkpoint.save(&mut embedding, recorder.film(), cx)? {
                Err(error) => bars.line(&format!("warning: {error:#}")),
                Ok(()) => saved = true,
            }
            pause.has_saved();
        }
        // Signals reach the members of a team one by one.
        if cx.any(interrupt.is_asked())? {
            break;
        }
        bars.go_on_from(embedding.iterations());
        let mut observers = Observers::new().with(&mut *history).with(&mut recorder).with(&mut pause);
        embedding.resume_with(Some(&mut observers), cx)?;
    }
    // Together, while the affinities are where they were.
    embedding.evaluate_kl_divergence(cx)?;
    recorder.end(&embedding);
    bars.finish();
    Ok(Descent { embedding, saved, sent: meter.sent(Stage::Optimization) })
}
