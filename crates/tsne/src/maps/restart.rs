//! The guard of schedules with momentum in Nesterov's form.
//!
//! With the automatic learning rate they were stable on all data measured (`docs/schedule.md`), but nothing proves it: should the
//! first descent of a map fail, it begins again with classical momentum.

use crate::maps::run::Descended;
use crate::params::learning_rate::LearningRate;
use crate::params::optimize::OptimizeParams;
use crate::params::preset::Preset;
use crate::params::schedule::{CLASSICAL_MOMENTUM, EARLY_ITERATIONS, WHOLE};
use crate::warning::RestartCause;
use tsne_core::{Error, Result};
use tsne_optim::Momentum;

/// What a divergence rises by in a failure, relative and absolute: a map that starts at its minimum stays there within
/// rounding (1e-6 in `f32`), one that is flung apart gains a half and more.
const RISE: (f64, f64) = (1e-3, 1e-6);

/// The shortest normal phase after which the divergence must have fallen: the first iterations after the exaggeration may
/// raise it while the map expands.
pub(crate) const WATCHED_ITERATIONS: usize = 50;

/// Whether a descent is guarded: the first of a map, by a whole schedule, whose rate and optimizer nobody chose.
pub(crate) fn guards<T, const D: usize>(params: &OptimizeParams<T, D>, iterations_before: usize) -> bool {
    let schedule = &params.schedule;
    iterations_before == 0
        && schedule.is_whole()
        && schedule.momentum_rule == Momentum::Nesterov
        && !matches!(schedule.learning_rate, LearningRate::Fixed(_))
        && params.optimizer.is_none()
}

/// Why a guarded descent has to begin again, if it has to.
pub(crate) fn cause(outcome: &Result<Descended>) -> Option<RestartCause> {
    match outcome {
        Err(Error::Diverged { iteration, .. }) => Some(RestartCause::Diverged(*iteration)),
        Err(_) => None,
        Ok(done) => {
            let (from, to) = (done.before_normal?, done.kl_divergence?);
            let watched = done.phase.state.completed() >= WATCHED_ITERATIONS;
            let judged = done.whole && watched;
            (judged && to > from + RISE.0 * from.abs() + RISE.1).then_some(RestartCause::Rose { from, to })
        }
    }
}

/// The parameters of the second descent. The classical rule needs more iterations than the preset that failed; counts of the caller's
/// own stand.
pub(crate) fn classical<T: Clone, const D: usize>(params: &OptimizeParams<T, D>) -> OptimizeParams<T, D> {
    let (preset, classical) = (params.preset.schedule(), Preset::OpenTsne.schedule());
    let mut params = params.clone();
    let schedule = &mut params.schedule;
    // Also where it fails in a later part.
    schedule.part = WHOLE;
    if [preset.early_exaggeration_iter, Some(EARLY_ITERATIONS)].contains(&schedule.early_exaggeration_iter) {
        schedule.early_exaggeration_iter = classical.early_exaggeration_iter;
    }
    if schedule.n_iter == preset.n_iter {
        schedule.n_iter = classical.n_iter;
    }
    schedule.adaptive_momentum = false;
    schedule.transition_iter = classical.transition_iter;
    schedule.momentum_rule = classical.momentum_rule;
    (schedule.initial_momentum, schedule.final_momentum) = (Some(CLASSICAL_MOMENTUM), Some(CLASSICAL_MOMENTUM));
    schedule.learning_rate = classical.learning_rate;
    schedule.max_step_norm = schedule.max_step_norm.or(classical.max_step_norm);
    params
}
