//! The stages of a fit, one after the other.

use crate::affinity_index::{AffinityIndex, Keep, Recipe};
use crate::embedding::{Embedding, PhaseTime, Timings};
use crate::input::Input;
use crate::optimize::{Moving, Stretch};
use crate::options::{AffinityMethod, Initialization, LearningRate};
use crate::settings::{CLASSICAL_MOMENTUM, Settings};
use crate::warning::RestartCause;
use crate::{Float, Metric, OptimizeParams, Preset, Tsne, Warning, initialization, threads};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;
use tsne_affinity::PerplexityAffinity;
use tsne_core::{Context, Error, Kernel, Observer, Points, Result, Stage, check_embedding};
use tsne_optim::{Descent, Finish, Joint, Momentum, MomentumGains, Outcome, Transition};

/// The standard deviation of given initial positions beyond which a warning is returned: openTSNE's threshold.
const LARGE_SPREAD: f64 = 1e-2;

impl<T: Float, const D: usize> Tsne<T, D> {
    /// Fits a map: data points ([`Rows`](crate::Rows) or [`SparseRows`](crate::SparseRows), `n × d`), a
    /// [neighbor graph](crate::KnnGraph), joint [`Affinities`](crate::Affinities) or an [`AffinityIndex`].
    ///
    /// Runs the early phase and the normal phase. The points appear in the map in the order of the data. Should a descent with
    /// momentum in Nesterov's form and an automatic rate fail, the phases are run anew by the classical rule of
    /// [`Preset::OpenTsne`](crate::Preset::OpenTsne), with its counts of iterations where those of the preset were not changed,
    /// and [`Warning::Restarted`] says so; an observer sees them, too.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] for a value that is not finite, [`Error::TooFewPoints`] below two points, [`Error::Shape`] if
    /// given initial positions are not `n`, [`Error::Capacity`] beyond 2³² points (2³¹ for the tree), [`Error::Diverged`] if the descent leaves
    /// the finite numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(10.0).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.positions().len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn fit<'a>(&self, x: impl Into<Input<'a, T>>) -> Result<Embedding<T, D>> {
        self.fit_with(x, None, Context::new())
    }

    /// Fits a map as [`Tsne::fit`] does, with an observer of the descent that may stop it, and with a context for progress and
    /// cancellation.
    ///
    /// The observer sees both phases, each with iterations counted from 1. When it stops one, the map of that moment is the
    /// result; [`Embedding::propagate_interrupt`] makes an error of it.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// A closure is an observer, called every 50 iterations:
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Finish, Iteration, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(10.0).build()?;
    /// let mut stop_at_100 = |iteration: &Iteration<'_, f32, 2>| {
    ///     if iteration.index == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// };
    /// let embedding = tsne.fit_with(Rows::new(&data, 60, 5)?, Some(&mut stop_at_100), Context::new())?;
    /// assert_eq!((embedding.iterations(), embedding.finish()), (100, Finish::Stopped));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn fit_with<'a>(
        &self,
        x: impl Into<Input<'a, T>>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Embedding<T, D>> {
        let x = x.into();
        threads::run(self.parameters.settings.n_jobs, || {
            let mut embedding = self.start(x, cx)?;
            self.phases(&mut embedding, observer, cx)?;
            Ok(embedding)
        })
    }

    /// The map before its optimization: affinities and initial positions.
    /// [`Embedding::optimize`] takes it from there, step by step.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(10.0).build()?;
    /// let embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.iterations(), 0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_initial<'a>(&self, x: impl Into<Input<'a, T>>) -> Result<Embedding<T, D>> {
        self.prepare_initial_with(x, Context::new())
    }

    /// [`Tsne::prepare_initial`] with a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CancelToken, Context, Error, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let token = CancelToken::new();
    /// token.cancel(); // As another thread would.
    /// let tsne = Tsne::builder().perplexity(10.0).build()?;
    /// let cancelled = tsne.prepare_initial_with(Rows::new(&data, 60, 5)?, Context::new().with_cancel(&token));
    /// assert_eq!(cancelled.unwrap_err(), Error::Cancelled);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_initial_with<'a>(&self, x: impl Into<Input<'a, T>>, cx: Context<'_>) -> Result<Embedding<T, D>> {
        let x = x.into();
        threads::run(self.parameters.settings.n_jobs, || {
            let mut embedding = self.start(x, cx)?;
            embedding.kl_divergence = embedding.evaluate(cx)?;
            Ok(embedding)
        })
    }

    /// The affinities of data, with their neighbors, to be fitted (once or often), changed in perplexity, or used alone.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`] that concern the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(10.0).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let sum: f32 = index.affinities().weights().iter().sum();
    /// assert!((sum - 1.0).abs() < 1e-5);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities<'a>(&self, x: impl Into<Input<'a, T>>) -> Result<AffinityIndex<T>> {
        self.affinities_with(x, Context::new())
    }

    /// [`Tsne::affinities`] with a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::affinities`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use tsne::{Context, Progress, Rows, Stage, Tsne};
    ///
    /// #[derive(Default)]
    /// struct Stages(Mutex<Vec<Stage>>);
    ///
    /// impl Progress for Stages {
    ///     fn advance(&self, stage: Stage, _done: usize, _total: usize) {
    ///         self.0.lock().unwrap().push(stage);
    ///     }
    /// }
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let stages = Stages::default();
    /// let tsne = Tsne::builder().perplexity(10.0).build()?;
    /// tsne.affinities_with(Rows::new(&data, 60, 5)?, Context::new().with_progress(&stages))?;
    /// assert!(stages.0.lock().unwrap().contains(&Stage::Affinities));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities_with<'a>(&self, x: impl Into<Input<'a, T>>, cx: Context<'_>) -> Result<AffinityIndex<T>> {
        let x = x.into();
        let settings = &self.parameters.settings;
        let keep = Keep { data: settings.keep_data, graph: true };
        let index = threads::run(settings.n_jobs, || self.index(&x, keep, cx))?;
        Ok(Arc::unwrap_or_clone(index))
    }

    fn index(&self, x: &Input<'_, T>, keep: Keep, cx: Context<'_>) -> Result<Arc<AffinityIndex<T>>> {
        let settings = &self.parameters.settings;
        let recipe = || {
            Ok::<_, Error>(Recipe {
                method: match &self.parameters.affinities {
                    Some(method) => method.clone(),
                    None => {
                        let model = PerplexityAffinity::mixture(&settings.perplexities)?;
                        AffinityMethod::Perplexity(match settings.k_neighbors.and_then(NonZeroUsize::new) {
                            Some(k) => model.with_neighbors(k),
                            None => model,
                        })
                    }
                },
                metric: settings.metric.clone(),
                neighbors: self.parameters.neighbors.clone(),
                k_neighbors: settings.k_neighbors,
                random_state: settings.random_state,
            })
        };
        Ok(match x {
            Input::Points(points) => Arc::new(AffinityIndex::of_points(*points, recipe()?, keep, settings.n_jobs, cx)?),
            Input::Graph(graph) => {
                Arc::new(AffinityIndex::of_graph((*graph).clone(), recipe()?, keep, settings.n_jobs, cx)?)
            }
            Input::Affinities(joint) => {
                Arc::new(AffinityIndex::of_affinities(Arc::clone(joint), recipe()?, settings.n_jobs)?)
            }
            Input::Index(index) => Arc::clone(index),
        })
    }

    /// Affinities and initial positions. The divergence is left to the caller.
    fn start(&self, x: Input<'_, T>, cx: Context<'_>) -> Result<Embedding<T, D>> {
        let parameters = &self.parameters;
        let settings = &parameters.settings;
        let n = match &x {
            Input::Points(points) => points.n(),
            Input::Graph(graph) => graph.n(),
            Input::Affinities(affinities) => affinities.n(),
            Input::Index(index) => index.n(),
        };
        if n < 2 {
            return Err(Error::too_few_points(n, 2));
        }
        // Before the neighbor search: a wrong shape should not cost minutes.
        if let Initialization::Given(positions) = &parameters.initialization {
            if positions.len() != n {
                return Err(Error::shape("initialization", n, positions.len()));
            }
            check_embedding(positions)?;
        }
        let index = self.index(&x, Keep { data: settings.keep_data, graph: false }, cx)?;
        let clock = Instant::now();
        let mut warnings = index.warnings.clone();
        let positions = self.initial_positions(&x, &index, &mut warnings, cx)?;
        let timings = Timings {
            neighbors: index.durations.0,
            affinities: index.durations.1,
            initialization: clock.elapsed(),
            ..Timings::default()
        };
        let params = parameters.normal_phase();
        Ok(Embedding {
            kl_divergence: f64::NAN,
            optimizer: MomentumGains::new(settings.momentum_rule),
            kernel: Kernel::new(settings.dof)?,
            iterations: 0,
            finish: Finish::Completed,
            method: params.repulsion(n)?.1,
            params,
            preset: settings.preset,
            timings,
            warnings,
            reference: Default::default(),
            index,
            positions,
        })
    }

    fn initial_positions(
        &self,
        x: &Input<'_, T>,
        index: &AffinityIndex<T>,
        warnings: &mut Vec<Warning>,
        cx: Context<'_>,
    ) -> Result<Vec<[T; D]>> {
        let settings = &self.parameters.settings;
        let (n, std, seed) = (index.n(), settings.initialization_std, settings.random_state);
        cx.check()?;
        cx.advance(Stage::Initialization, 0, 1);
        let coordinates: Option<Points<'_, T>> = match x {
            Input::Points(points) => Some(*points),
            Input::Index(_) => index.data.as_ref().map(|data| data.points()).transpose()?,
            _ => None,
        };
        let coordinates = coordinates.filter(|_| index.recipe.metric != Metric::Precomputed);
        let positions = match &self.parameters.initialization {
            Initialization::Given(positions) => {
                warnings.extend((0..D).filter_map(|axis| {
                    let std = spread(positions, axis);
                    (std > LARGE_SPREAD).then_some(Warning::InitialSpread { axis, std })
                }));
                positions.clone()
            }
            Initialization::Random => initialization::random(n, std, seed),
            Initialization::Pca if coordinates.is_some() => {
                let coordinates = coordinates.ok_or(Error::too_few_points(n, 2))?;
                self.scaled(initialization::pca(coordinates, seed, cx)?)
            }
            chosen => {
                if matches!(chosen, Initialization::Pca) {
                    warnings.push(Warning::SpectralInitialization);
                }
                self.scaled(initialization::spectral(&index.joint, seed, cx)?)
            }
        };
        cx.advance(Stage::Initialization, 1, 1);
        Ok(positions)
    }

    /// Positions with the standard deviation of the settings, and a jitter that parts duplicates.
    fn scaled(&self, mut positions: Vec<[T; D]>) -> Vec<[T; D]> {
        let settings = &self.parameters.settings;
        let (std, seed) = (settings.initialization_std, settings.random_state);
        if initialization::rescale(&mut positions, std) {
            initialization::jitter(&mut positions, initialization::JITTER * std, seed);
            positions
        } else {
            // Constant data have no principal component.
            initialization::random(positions.len(), std, seed)
        }
    }

    /// The early and the normal phase, and the divergence at their end.
    ///
    /// Momentum in Nesterov's form with the automatic learning rate was stable on all data measured (`docs/schedule.md`), but
    /// nothing proves it: should it fail, the fit begins again with classical momentum.
    fn phases(
        &self,
        embedding: &mut Embedding<T, D>,
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<()> {
        let clock = Instant::now();
        let settings = &self.parameters.settings;
        let phases = [self.parameters.early_phase(), self.parameters.normal_phase()];
        let chosen = matches!(settings.learning_rate, LearningRate::Fixed(_));
        let start = (settings.momentum_rule == Momentum::Nesterov && !chosen).then(|| embedding.positions.clone());
        let watched = (start.is_some(), settings.transition_iter);
        let shortened = observer.as_deref_mut().map(|observer| observer as &mut (dyn Observer<T, D> + Send));
        let cause = match (self.descend(embedding, &phases, shortened, watched, cx), &start) {
            (Err(Error::Diverged { iteration, .. }), Some(_)) => Some(RestartCause::Diverged(iteration)),
            (outcome, _) => outcome?,
        };
        if let (Some(cause), Some(start)) = (cause, start) {
            embedding.warnings.push(Warning::Restarted { cause });
            embedding.positions = start;
            embedding.optimizer = MomentumGains::new(Momentum::Classical);
            embedding.iterations = 0;
            // The classical rule needs more iterations than the preset that failed; counts of the caller's own stand.
            let (preset, classical) = (Settings::preset(settings.preset), Settings::preset(Preset::OpenTsne));
            let count = |own, preset, classical| if own == preset { classical } else { own };
            let counts = [
                count(
                    settings.early_exaggeration_iter,
                    preset.early_exaggeration_iter,
                    classical.early_exaggeration_iter,
                ),
                count(settings.n_iter, preset.n_iter, classical.n_iter),
            ];
            let mut counts = counts.into_iter();
            let phases = phases.map(|params| {
                let max_step_norm = params.max_step_norm.or(classical.max_step_norm);
                let n_iter = counts.next().unwrap_or(params.n_iter);
                let params = params.momentum_rule(classical.momentum_rule).momentum(CLASSICAL_MOMENTUM);
                params.learning_rate(classical.learning_rate).max_step_norm(max_step_norm).n_iter(n_iter)
            });
            self.descend(embedding, &phases, observer, (false, 0), cx)?;
            [_, embedding.params] = phases;
        }
        embedding.timings.optimization = clock.elapsed();
        Ok(())
    }

    /// Runs both phases. With `watched`, the cause of a failure that the divergence tells.
    fn descend(
        &self,
        embedding: &mut Embedding<T, D>,
        phases: &[OptimizeParams<T, D>; 2],
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        (watched, transition_iter): (bool, usize),
        cx: Context<'_>,
    ) -> Result<Option<RestartCause>> {
        let n = embedding.positions.len();
        let total = phases.iter().map(|phase| phase.n_iter).sum();
        let (mut repulsion, _) = phases[1].repulsion(n)?;
        let mut objective = Joint::new(&embedding.index.joint, embedding.kernel, &mut *repulsion)?;
        let mut moving = Moving {
            descent: Descent::new(),
            optimizer: &mut embedding.optimizer,
            positions: &mut embedding.positions,
        };
        let mut times = [PhaseTime::default(); 2];
        let mut last = Outcome::default();
        let mut before = None;
        for (p, (params, time)) in phases.iter().zip(&mut times).enumerate() {
            // With exaggeration it is not the divergence that is minimized.
            if p == 1 && watched && params.n_iter >= WATCHED_ITERATIONS && params.factor() == 1.0 {
                before = Some(moving.kl_divergence(&mut objective, last.kl_divergence, cx)?);
            }
            let clock = Instant::now();
            let stretch = Stretch { before: embedding.iterations, total };
            let observer = observer.as_deref_mut().map(|observer| observer as &mut (dyn Observer<T, D> + Send));
            let mut phase = params.phase(n as f64);
            if p == 1 && transition_iter > 0 {
                let from = phases[0].phase(n as f64);
                phase = phase.transition(Transition::from_phase(&from, transition_iter.min(phase.iterations)));
            }
            last = moving.run_phase(&mut objective, (params, &phase), observer, stretch, cx)?;
            embedding.iterations += last.iterations;
            *time = PhaseTime { iterations: last.iterations, duration: clock.elapsed() };
            if last.finish == Finish::Stopped {
                break;
            }
        }
        embedding.kl_divergence = moving.kl_divergence(&mut objective, last.kl_divergence, cx)?;
        embedding.finish = last.finish;
        [embedding.timings.early, embedding.timings.late] = times;
        let to = embedding.kl_divergence;
        before = before.filter(|from| {
            last.finish != Finish::Stopped
                && last.iterations >= WATCHED_ITERATIONS
                && to > from + RISE.0 * from.abs() + RISE.1
        });
        Ok(before.map(|from| RestartCause::Rose { from, to }))
    }
}

/// What a divergence rises by in a failure, relative and absolute: a map that starts at its minimum stays there within
/// rounding (1e-6 in `f32`), one that is flung apart gains a half and more.
const RISE: (f64, f64) = (1e-3, 1e-6);

/// The shortest normal phase after which the divergence must have fallen: the first iterations after the exaggeration may
/// raise it while the map expands.
const WATCHED_ITERATIONS: usize = 50;

/// The standard deviation of positions along an axis.
fn spread<T: Float, const D: usize>(positions: &[[T; D]], axis: usize) -> f64 {
    let n = positions.len() as f64;
    let values = || positions.iter().map(|position| position[axis].to_f64());
    let mean = values().map(|v| v / n).sum::<f64>();
    values().map(|v| (v - mean) * (v - mean) / n).sum::<f64>().sqrt()
}
