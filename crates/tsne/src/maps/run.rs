//! A map on its way: what a descent moves, and what is kept from one call to the next.

use crate::float::Float;
use crate::maps::start::Start;
use crate::maps::timings::PhaseTime;
use crate::params::callbacks::Listeners;
use crate::params::optimize::OptimizeParams;
use crate::params::optimizer::{OptimizerState, SavedState};
use crate::params::repulsion::RepulsionParams;
use crate::params::schedule::{AutomaticRate, Beginning};
use crate::warning::Warning;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tsne_core::{Context, Observer, Progress, Result, Stage, memory};
use tsne_optim::{Descent, Finish, Momentum, Objective, Part, PhaseState};

/// What maps of fitted points and of new ones have in common. `K` is what the descent keeps.
#[derive(Debug)]
pub(crate) struct Run<T, const D: usize, K> {
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) optimizer: OptimizerState<T, D>,
    /// What further optimization takes where it is told nothing else.
    pub(crate) params: OptimizeParams<T, D>,
    /// The repulsion that was used last, of which nothing is automatic.
    pub(crate) repulsion: RepulsionParams<T, D>,
    pub(crate) iterations: usize,
    pub(crate) finish: Finish,
    pub(crate) warnings: Vec<Warning>,
    /// Where the map began.
    pub(crate) beginning: Beginning,
    /// Where the last normal phase is, for a part that goes on with it.
    pub(crate) phase: NormalPhase,
    /// What is known of these positions, once their divergence was asked for.
    judged: OnceLock<Judged>,
    /// Rebuilt where it is missing; no result depends on it.
    kept: Mutex<Option<Box<K>>>,
}

/// How far a normal phase has been run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NormalPhase {
    pub(crate) state: PhaseState,
    /// Whether a rule of convergence has ended it.
    pub(crate) settled: bool,
}

/// The divergence of a map, and its warnings with those that follow from it.
#[derive(Debug, Clone)]
struct Judged {
    kl_divergence: f64,
    warnings: Vec<Warning>,
}

impl<T: Float, const D: usize, K> Clone for Run<T, D, K> {
    fn clone(&self) -> Self {
        Self {
            positions: self.positions.clone(),
            optimizer: self.optimizer.clone(),
            params: self.params.clone(),
            repulsion: self.repulsion.clone(),
            iterations: self.iterations,
            finish: self.finish,
            warnings: self.warnings.clone(),
            beginning: self.beginning,
            phase: self.phase,
            judged: self.judged.clone(),
            kept: Mutex::default(),
        }
    }
}

/// The buffers of a descent, and where it began.
#[derive(Debug)]
pub(crate) struct Buffers<T, const D: usize> {
    descent: Descent<T, D>,
    positions: Vec<[T; D]>,
    optimizer: SavedState<T, D>,
}

impl<T: Float, const D: usize> Default for Buffers<T, D> {
    fn default() -> Self {
        Self { descent: Descent::new(), positions: Vec::new(), optimizer: SavedState::default() }
    }
}

/// What a descent came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descended {
    pub(crate) iterations: usize,
    pub(crate) finish: Finish,
    /// The divergence at its end, if it was computed.
    pub(crate) kl_divergence: Option<f64>,
    /// The divergence before the normal phase, if it was to be watched.
    pub(crate) before_normal: Option<f64>,
    pub(crate) times: [PhaseTime; 2],
    /// The iteration of the whole schedule before which it ended.
    pub(crate) at: usize,
    /// Whether it came to the end of its schedule, where it may have been stopped, too.
    pub(crate) whole: bool,
    pub(crate) phase: NormalPhase,
}

/// What a descent depends on besides the map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course<'a, T, const D: usize> {
    pub(crate) params: &'a OptimizeParams<T, D>,
    pub(crate) dof: f64,
    pub(crate) automatic: AutomaticRate,
    /// The fewest iterations of a normal phase before and after which the divergence is computed.
    pub(crate) watched: Option<usize>,
    /// The divergence before the normal phase, where an earlier part of the descent has computed it.
    pub(crate) before_normal: Option<f64>,
}

impl<T: Float, const D: usize, K> Run<T, D, K> {
    /// A map that was not optimized yet.
    pub(crate) fn new(
        positions: Vec<[T; D]>,
        optimizer: Option<OptimizerState<T, D>>,
        params: &OptimizeParams<T, D>,
        repulsion: RepulsionParams<T, D>,
        warnings: Vec<Warning>,
    ) -> Self {
        let new = || OptimizerState::new(params.optimizer.as_ref(), params.schedule.momentum_rule);
        Self {
            positions,
            optimizer: optimizer.unwrap_or_else(new),
            params: params.further(),
            repulsion,
            iterations: 0,
            finish: Finish::Completed,
            warnings,
            beginning: Beginning::default(),
            phase: NormalPhase::default(),
            judged: OnceLock::new(),
            kept: Mutex::default(),
        }
    }

    /// The divergence of these positions, if it is known.
    pub(crate) fn known(&self) -> Option<f64> {
        self.judged.get().map(|judged| judged.kl_divergence)
    }

    /// Takes the divergence of these positions into account, and what follows from it, unless another call has.
    pub(crate) fn judge(&self, kl_divergence: f64, doubt: Option<Warning>) -> f64 {
        let warnings = self.warnings.iter().cloned().chain(doubt);
        self.judged.get_or_init(|| Judged { kl_divergence, warnings: warnings.collect() }).kl_divergence
    }

    /// To be called where positions or affinities have changed: what was known was of others.
    pub(crate) fn forget(&mut self) {
        self.judged = OnceLock::new();
    }

    /// All warnings; with those that follow from the divergence, once it is known.
    pub(crate) fn warnings(&self) -> &[Warning] {
        self.judged.get().map_or(&self.warnings, |judged| &judged.warnings)
    }

    /// What was kept, by value, so that none waits for it: a second caller makes its own.
    pub(crate) fn take_kept(&self) -> Option<Box<K>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn keep(&self, kept: Box<K>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    /// Moves the map along a schedule. The divergence at the end is left to who asks for it.
    pub(crate) fn descend(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        buffers: &mut Buffers<T, D>,
        course: Course<'_, T, D>,
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Descended> {
        let params = course.params;
        let schedule = &params.schedule;
        self.optimizer.become_of(params.optimizer.as_ref(), schedule.momentum_rule);
        let mut done = Descended {
            iterations: 0,
            finish: Finish::Completed,
            kl_divergence: self.known(),
            before_normal: course.before_normal,
            times: [PhaseTime::default(); 2],
            at: 0,
            whole: false,
            phase: NormalPhase::default(),
        };
        let total = schedule.iterations();
        // A descent may be the second of a call: who watches counts from here.
        cx.advance(Stage::Optimization, 0, total);
        let stretches = schedule.stretches(course.dof, course.automatic, self.beginning);
        let early = stretches[0].phase.iterations;
        for (p, stretch) in stretches.iter().enumerate() {
            if stretch.iterations == 0 {
                continue;
            }
            let before = self.phase.state.completed();
            let later = p == 1 && stretch.first > 0 && stretch.first >= before;
            if later && self.phase.settled {
                // As the whole phase would have ended there.
                (done.finish, done.phase) = (Finish::Converged, self.phase);
                continue;
            }
            // With exaggeration it is not the divergence that is minimized.
            let watched = course.watched.is_some_and(|least| stretch.phase.iterations >= least) && stretch.first == 0;
            if p == 1 && schedule.factor() == 1.0 && watched {
                let known = done
                    .kl_divergence
                    .map_or_else(|| buffers.descent.kl_divergence(objective, &self.positions, cx), Ok);
                done.before_normal = Some(known?);
            }
            let clock = Instant::now();
            let progress = Shifted { cx, before: done.iterations, first: stretch.first, total };
            let inner = cx.with_progress(&progress);
            let observer = observer.as_deref_mut().map(|observer| observer as &mut (dyn Observer<T, D> + Send));
            let every = params.callbacks_every_iters.max(1);
            let mut listeners = Listeners { callbacks: &params.callbacks, every, observer };
            let optimizer = self.optimizer.as_mut();
            let positions = &mut self.positions;
            let compared = if later && stretch.first == before { self.phase.state.compared_kl() } else { None };
            let mut state = PhaseState::new(stretch.first, compared);
            let part = Part::new(&stretch.phase, &mut state, stretch.iterations);
            let outcome =
                buffers.descent.run_part(objective, optimizer, positions, part, Some(&mut listeners), inner)?;
            done.iterations += outcome.iterations;
            done.at = p * early + stretch.first + outcome.iterations;
            done.finish = outcome.finish;
            done.kl_divergence = outcome.kl_divergence;
            if p == 1 {
                done.phase = NormalPhase { state, settled: outcome.finish == Finish::Converged };
            }
            done.times[p] = PhaseTime { iterations: outcome.iterations, duration: clock.elapsed() };
            if outcome.finish == Finish::Stopped {
                break;
            }
        }
        done.whole = done.finish != Finish::Stopped || schedule.rest(done.at).iterations() == 0;
        if done.before_normal.is_some() && done.kl_divergence.is_none() {
            done.kl_divergence = Some(buffers.descent.kl_divergence(objective, &self.positions, cx)?);
        }
        Ok(done)
    }

    /// Takes a descent into account; [`judge`](Self::judge) its divergence.
    pub(crate) fn accept(&mut self, done: &Descended) {
        self.iterations = self.iterations.saturating_add(done.iterations);
        (self.finish, self.phase) = (done.finish, done.phase);
        self.forget();
    }
}

impl<T: Float, const D: usize> Buffers<T, D> {
    /// Copies the state of a map, to go back to.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(crate) fn save<K>(&mut self, run: &Run<T, D, K>) -> Result<()> {
        memory::copy_into("saved positions", &mut self.positions, &run.positions)?;
        self.optimizer.save(&run.optimizer)
    }

    /// Makes a map what it was when it was saved, to go back to once more.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(crate) fn restore<K>(&self, run: &mut Run<T, D, K>) -> Result<()> {
        run.positions.copy_from_slice(&self.positions);
        self.optimizer.restore(&mut run.optimizer)
    }

    /// Makes a map what it was when it was saved, for good: this takes no memory, which may be what is missing.
    pub(crate) fn put_back<K>(&mut self, run: &mut Run<T, D, K>) -> Result<()> {
        run.positions.copy_from_slice(&self.positions);
        self.optimizer.put_back(&mut run.optimizer)
    }

    /// Copies what was saved.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(crate) fn start(&self) -> Result<Start<T, D>> {
        let mut optimizer = OptimizerState::new(None, Momentum::default());
        self.optimizer.restore(&mut optimizer)?;
        Ok(Start { positions: memory::copied("first positions", &self.positions)?, optimizer })
    }

    /// The divergence of positions.
    pub(crate) fn kl_divergence(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        positions: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        self.descent.kl_divergence(objective, positions, cx)
    }
}

/// Counts the iterations of a call, of which `before` were in an earlier phase; this one begins at its iteration `first`.
struct Shifted<'a> {
    cx: Context<'a>,
    before: usize,
    first: usize,
    total: usize,
}

impl Progress for Shifted<'_> {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        // Code of the user's own may report stages of its own, whose counts are its own.
        if stage == Stage::Optimization {
            self.cx.advance(stage, self.before.saturating_add(done.saturating_sub(self.first)), self.total);
        } else {
            self.cx.advance(stage, done, total);
        }
    }
}
