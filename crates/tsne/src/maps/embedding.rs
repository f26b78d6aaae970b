//! A fitted map.

use crate::data::affinity_index::AffinityIndex;
use crate::data::own::own_affinities;
use crate::float::Float;
use crate::maps::reference::Reference;
use crate::maps::restart::{self, WATCHED_ITERATIONS};
use crate::maps::run::{Buffers, Course, Descended, Run};
use crate::maps::timings::Timings;
use crate::maps::unfinished::{Unfinished, Watch};
use crate::metrics;
use crate::params::optimize::OptimizeParams;
use crate::params::optimizer::OptimizerState;
use crate::params::preset::Preset;
use crate::params::repulsion::RepulsionParams;
use crate::params::schedule::{AutomaticRate, Schedule};
use crate::threads;
use crate::warning::{RestartCause, Warning};
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tsne_core::{Affinities, Context, Error, Kernel, Observer, Repulsion, Result, check_embedding};
use tsne_optim::{Finish, Joint, JointState, Momentum, MomentumGains};

/// A map of data points: positions, their KL divergence, and what led to them. openTSNE's `TSNEEmbedding`.
///
/// It can be [optimized](Embedding::optimize) further, new points can be [placed](Embedding::transform) into it, and it can be
/// [saved](Embedding::save). Placing new points never changes it and works from many threads at once.
#[derive(Debug)]
pub struct Embedding<T, const D: usize> {
    pub(crate) run: Run<T, D, Kept<T, D>>,
    pub(crate) index: Arc<AffinityIndex<T>>,
    pub(crate) kernel: Kernel,
    pub(crate) random_state: u64,
    pub(crate) timings: Timings,
    /// What is left of the last descent, where it was stopped.
    pub(crate) unfinished: Option<Box<Unfinished<T, D>>>,
    /// The map as new points saw it last, with its repulsion prepared.
    pub(crate) reference: Mutex<Option<Arc<Reference<T, D>>>>,
}

/// What the descent of a map keeps: the repulsion with what it was made from, what the objective found out, and buffers.
pub(crate) struct Kept<T, const D: usize> {
    params: RepulsionParams<T, D>,
    repulsion: Box<dyn Repulsion<T, D>>,
    objective: JointState<T, D>,
    buffers: Buffers<T, D>,
}

/// What a descent came to that may have begun again.
struct Watched<T, const D: usize> {
    done: Descended,
    /// What the divergence says against the map, if there is one.
    doubt: Option<Warning>,
    unfinished: Option<Unfinished<T, D>>,
    /// Why it began again, and the schedule that the map keeps then.
    further: Option<(RestartCause, Schedule)>,
}

impl<T, const D: usize> fmt::Debug for Kept<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<T: Float, const D: usize> Clone for Embedding<T, D> {
    fn clone(&self) -> Self {
        let reference = self.reference.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            run: self.run.clone(),
            index: Arc::clone(&self.index),
            kernel: self.kernel,
            random_state: self.random_state,
            timings: self.timings,
            unfinished: self.unfinished.clone(),
            reference: Mutex::new(reference),
        }
    }
}

impl<T: Float, const D: usize> Embedding<T, D> {
    map_methods! {
        "# let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();\n\
         # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(5).n_iter(25).build()?;\n\
         # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;\n",
        "embedding"
    }

    /// A map at given positions, to be optimized: openTSNE's constructor of `TSNEEmbedding`.
    ///
    /// `optimizer` is one whose gains and velocities go on; `None` starts anew, also by one of your own in `params`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless there is a position for each point of the index (and of the optimizer's state, if any);
    /// [`Error::NonFinite`] for one that is not finite; [`Error::Parameter`] for `dof` or a parameter out of range, and for a given
    /// optimizer beside one of `params`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Embedding, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let circle: Vec<[f32; 2]> = (0..60).map(|i| [(i as f32).cos() * 1e-4, (i as f32).sin() * 1e-4]).collect();
    /// let mut embedding = Embedding::new(circle, index.into(), 1.0, tsne.params(), None)?;
    /// embedding.optimize(tsne.schedule())?;
    /// // Positions of one's own, moved on with the momentum of another map.
    /// let moved: Vec<[f32; 2]> = embedding.positions().iter().map(|[x, y]| [-x, *y]).collect();
    /// let (index, optimizer) = (embedding.affinity_index().clone(), embedding.optimizer().cloned());
    /// let next = Embedding::new(moved, index, 1.0, embedding.params(), optimizer)?;
    /// assert_eq!(next.optimizer(), embedding.optimizer());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(
        positions: Vec<[T; D]>,
        index: Arc<AffinityIndex<T>>,
        dof: f64,
        params: OptimizeParams<T, D>,
        optimizer: Option<MomentumGains<T, D>>,
    ) -> Result<Self> {
        let n = positions.len();
        if n != index.n() {
            return Err(Error::shape("embedding", index.n(), n));
        }
        check_embedding(&positions)?;
        params.check()?;
        let given = |optimizer| OptimizerState::given(optimizer, params.optimizer.as_ref(), n);
        let optimizer = optimizer.map(given).transpose()?;
        Ok(Self::start(positions, index, Kernel::new(dof)?, &params, optimizer))
    }

    /// A map before its optimization. All is checked.
    pub(crate) fn start(
        positions: Vec<[T; D]>,
        index: Arc<AffinityIndex<T>>,
        kernel: Kernel,
        params: &OptimizeParams<T, D>,
        optimizer: Option<OptimizerState<T, D>>,
    ) -> Self {
        let repulsion = params.repulsion.resolve(positions.len(), kernel);
        Self {
            run: Run::new(positions, optimizer, params, repulsion, index.warnings.clone()),
            random_state: index.recipe.random_state,
            index,
            kernel,
            timings: Timings::default(),
            unfinished: None,
            reference: Mutex::default(),
        }
    }

    /// The KL divergence of these positions with `Z` summed over all pairs, in `O(n²)`.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Context;
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// // So few points are repelled exactly: both are the same up to rounding.
    /// let exact = embedding.exact_kl_divergence(Context::new())?;
    /// assert!((exact - embedding.kl_divergence()).abs() < 1e-4);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn exact_kl_divergence(&self, cx: Context<'_>) -> Result<f64> {
        threads::run(self.run.params.n_jobs, || {
            let own = own_affinities(&self.index.joint, cx)?;
            metrics::kl_divergence(own.as_ref().unwrap_or(&self.index.joint), self.kernel, &self.run.positions, cx)
        })
    }

    /// The joint affinities that the map is fitted to: of all points, or of those of this member where a
    /// [`Team`](tsne_core::Team) has made them.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let p = embedding.affinities();
    /// assert_eq!((p.n(), p.n_columns()), (60, 60));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities(&self) -> &Affinities<T> {
        &self.index.joint
    }

    /// The affinities with what it takes to place new points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Rows};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// // The affinities of one more point to the fitted ones.
    /// let new = embedding.affinity_index().to_new(Rows::new(&[1.0, 2.0, 3.0, 4.0, 5.0], 1, 5)?, None, Context::new())?;
    /// assert_eq!((new.affinities.n(), new.affinities.n_columns()), (1, 60));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn affinity_index(&self) -> &Arc<AffinityIndex<T>> {
        &self.index
    }

    /// Puts other affinities of the same points in place: an annealed perplexity, for example. Positions and optimizer stay.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless they have as many points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(15.0).n_iter(20).build()?;
    /// let mut index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let mut embedding = tsne.fit(index.clone())?;
    /// index.set_perplexity(5.0)?;
    /// embedding.set_affinities(index.into())?;
    /// embedding.optimize(20)?;
    /// assert_eq!(embedding.iterations(), 20 + 20);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn set_affinities(&mut self, index: Arc<AffinityIndex<T>>) -> Result<()> {
        if index.n() != self.run.positions.len() {
            return Err(Error::shape("affinities", self.run.positions.len(), index.n()));
        }
        self.index = index;
        self.unfinished = None;
        self.run.forget();
        self.run.warnings.retain(|warning| !warning.is_of_index());
        self.run.warnings.extend(self.index.warnings.iter().cloned());
        Ok(())
    }

    /// The kernel of the map.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.kernel().dof(), 1.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The preset that the map was made with; it decides the defaults of [`Embedding::transform`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.preset(), tsne::Preset::Recommended);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn preset(&self) -> Preset {
        self.run.params.preset
    }

    /// The seed of everything random in the fit: the number that was given, or that was drawn.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(3.0).random_state(42).build()?;
    /// assert_eq!(tsne.prepare_initial(Rows::new(&data, 12, 5)?)?.random_state(), 42);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn random_state(&self) -> u64 {
        self.random_state
    }

    /// The length of the longest side of the box around the map.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let along = |axis: usize| {
    ///     let values = || embedding.positions().iter().map(|position| f64::from(position[axis]));
    ///     values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
    /// };
    /// assert_eq!(embedding.extent(), along(0).max(along(1)));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn extent(&self) -> f64 {
        metrics::extent(&self.run.positions)
    }

    /// The time that each stage took.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let timings = embedding.timings();
    /// assert_eq!((timings.early.iterations, timings.normal.iterations), (5, 25));
    /// assert!(timings.early.duration + timings.normal.duration <= timings.optimization);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn timings(&self) -> &Timings {
        &self.timings
    }

    /// The iterations that are left of a descent that an observer or a callback has stopped: what [`resume`](Self::resume) runs.
    /// None where it came to its end, and once the map was optimized otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.remaining(), 0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn remaining(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |unfinished| unfinished.params.schedule.iterations())
    }

    /// Goes on with a descent that an observer or a callback has stopped, to the end of its schedule: the map comes to the bits that
    /// it would have come to without the stop, also when it was [saved](Self::save) and [loaded](Self::load) in between (a loaded
    /// map has no callbacks). Does nothing where nothing [remains](Self::remaining).
    ///
    /// # Errors
    ///
    /// Those of [`optimize`](Self::optimize).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Iteration, Observers, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let x = Rows::new(&data, 60, 5)?;
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    /// let mut stopped = tsne.fit_with(x, Some(&mut Observers::new().every(40, &mut stop)), Context::new())?;
    /// assert_eq!(stopped.iterations(), 40);
    /// stopped.resume()?;
    /// assert_eq!((stopped.remaining(), stopped.positions()), (0, tsne.fit(x)?.positions()));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn resume(&mut self) -> Result<Finish> {
        self.resume_with(None, Context::new())
    }

    /// [`resume`](Self::resume) with an observer that may stop the descent again, and a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`optimize`](Self::optimize), and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Iteration, Observers, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let x = Rows::new(&data, 60, 5)?;
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// // Stopped every 40 iterations, to save it, say.
    /// let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    /// let mut stop = Observers::new().every(40, &mut stop);
    /// let mut embedding = tsne.fit_with(x, Some(&mut stop), Context::new())?;
    /// while embedding.remaining() > 0 {
    ///     embedding.resume_with(Some(&mut stop), Context::new())?;
    /// }
    /// assert_eq!(embedding.positions(), tsne.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn resume_with(
        &mut self,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Finish> {
        self.agree(self.unfinished.as_ref().map_or(&self.run.params, |unfinished| &unfinished.params), cx)?;
        self.take_own(cx)?;
        let Some(Unfinished { params, guard }) = self.unfinished.as_deref().cloned() else {
            return Ok(self.run.finish);
        };
        let watch = guard.map_or(Watch::Unguarded, Watch::From);
        threads::run(params.n_jobs, || {
            self.advance_watched(&params, watch, observer, cx)?;
            self.settle(cx)
        })?;
        Ok(self.run.finish)
    }

    /// Optimizes, and begins again if a guard of the schedule says so. On an error nothing has changed, nor after a panic of whoever
    /// watches.
    pub(crate) fn advance(
        &mut self,
        params: &OptimizeParams<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<()> {
        self.agree(params, cx)?;
        self.take_own(cx)?;
        let guarded = restart::guards(params, self.run.iterations);
        self.advance_watched(params, if guarded { Watch::FromHere } else { Watch::Unguarded }, observer, cx)
    }

    fn advance_watched(
        &mut self,
        params: &OptimizeParams<T, D>,
        watch: Watch<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<()> {
        let clock = Instant::now();
        let mut kept = self.kept(params.repulsion.resolve(self.run.positions.len(), self.kernel))?;
        kept.buffers.save(&self.run)?;
        let iterations = self.run.iterations;
        let descend = || self.descend_watched(&mut kept, params, watch, observer, cx);
        // Whoever watches may panic, and the caller go on.
        let outcome = catch_unwind(AssertUnwindSafe(descend)).unwrap_or_else(|panic| {
            // What was saved fits: it is this map's.
            _ = kept.buffers.put_back(&mut self.run);
            self.run.iterations = iterations;
            resume_unwind(panic)
        });
        match outcome {
            Ok(Watched { done, doubt, unfinished, further }) => {
                if let Some((cause, schedule)) = further {
                    self.run.warnings.push(Warning::Restarted { cause });
                    self.run.params.schedule = schedule;
                }
                self.unfinished = unfinished.map(Box::new);
                self.run.accept(&done);
                if let Some(divergence) = done.kl_divergence {
                    self.run.judge(divergence, doubt);
                }
                if self.run.repulsion != kept.params {
                    self.run.repulsion = kept.params.clone();
                }
                self.run.keep(kept);
                self.reference = Mutex::default();
                [self.timings.early, self.timings.normal] = done.times;
                self.timings.optimization = clock.elapsed();
                Ok(())
            }
            Err(error) => {
                kept.buffers.put_back(&mut self.run)?;
                self.run.iterations = iterations;
                Err(error)
            }
        }
    }

    /// Moves the map, and begins again where the guard says so.
    fn descend_watched(
        &mut self,
        kept: &mut Kept<T, D>,
        params: &OptimizeParams<T, D>,
        mut watch: Watch<T, D>,
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Watched<T, D>> {
        let shortened = observer.as_deref_mut().map(|observer| observer as &mut (dyn Observer<T, D> + Send));
        let mut outcome = self.descend(kept, params, &watch, shortened, cx);
        let mut params = Cow::Borrowed(params);
        let mut further = None;
        if let Some(cause) = restart::cause(&outcome).filter(|_| watch.is_guarded()) {
            params = Cow::Owned(restart::classical(&params));
            watch.restore(&kept.buffers, &mut self.run)?;
            watch = Watch::Unguarded;
            self.run.optimizer = OptimizerState::new(None, Momentum::Classical);
            // A repulsion of the user's own may be what failed: the second descent has a new one.
            kept.repulsion = kept.params.make(self.run.positions.len(), self.kernel)?;
            outcome = self.descend(kept, &params, &watch, observer, cx);
            // What the map keeps follows the rule, too, and nothing else of what this call was told.
            further = Some((cause, restart::classical(&self.run.params).schedule.further()));
        }
        let done = outcome?;
        let iterations = self.run.iterations.saturating_add(done.iterations);
        let doubt = match done.kl_divergence {
            Some(divergence) => self.doubt_after(iterations, divergence, cx)?,
            None => None,
        };
        Ok(Watched { unfinished: watch.unfinished(&params, &done, &kept.buffers)?, done, doubt, further })
    }

    fn descend(
        &mut self,
        kept: &mut Kept<T, D>,
        params: &OptimizeParams<T, D>,
        watch: &Watch<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Descended> {
        let Kept { repulsion, objective, buffers, .. } = kept;
        let course = Course {
            params,
            dof: self.kernel.dof(),
            automatic: AutomaticRate::Points(self.run.positions.len()),
            watched: watch.is_guarded().then_some(WATCHED_ITERATIONS),
            before_normal: watch.before_normal(),
        };
        let mut joint =
            Joint::new(&self.index.joint, self.kernel, &mut **repulsion)?.with_state(std::mem::take(objective));
        let done = self.run.descend(&mut joint, buffers, course, observer, cx);
        *objective = joint.into_state();
        done
    }

    /// The divergence of the positions by the repulsion used last.
    fn evaluate(&self, cx: Context<'_>) -> Result<f64> {
        let mut kept = self.kept(self.run.repulsion.clone())?;
        let Kept { repulsion, objective, buffers, .. } = &mut *kept;
        let mut joint =
            Joint::new(&self.index.joint, self.kernel, &mut **repulsion)?.with_state(std::mem::take(objective));
        let divergence = buffers.kl_divergence(&mut joint, &self.run.positions, cx);
        *objective = joint.into_state();
        self.run.keep(kept);
        divergence
    }

    /// What a divergence of the positions says about the map.
    pub(crate) fn doubt(&self, kl_divergence: f64, cx: Context<'_>) -> Result<Option<Warning>> {
        self.doubt_after(self.run.iterations, kl_divergence, cx)
    }

    fn doubt_after(&self, iterations: usize, kl_divergence: f64, cx: Context<'_>) -> Result<Option<Warning>> {
        // Of points that are all the same there is nothing to unfold.
        let same = self.run.warnings.contains(&Warning::IdenticalPoints);
        let iterations = if same { 0 } else { iterations };
        metrics::doubt(&self.index.joint, &self.run.positions, kl_divergence, iterations, cx)
    }

    /// What was kept if it has this repulsion, or else made anew.
    fn kept(&self, params: RepulsionParams<T, D>) -> Result<Box<Kept<T, D>>> {
        match self.run.take_kept() {
            Some(kept) if kept.params == params => Ok(kept),
            other => {
                let repulsion = params.make(self.run.positions.len(), self.kernel)?;
                let (objective, buffers) = other.map_or_else(Default::default, |kept| (kept.objective, kept.buffers));
                Ok(Box::new(Kept { params, repulsion, objective, buffers }))
            }
        }
    }

    /// Computes the divergence, and lets go of what further optimization would use: a map that is done should not hold it. One
    /// that was stopped keeps it, for it may be saved and go on.
    pub(crate) fn settle(&mut self, cx: Context<'_>) -> Result<()> {
        let clock = Instant::now();
        if self.run.known().is_none() {
            let divergence = self.evaluate(cx)?;
            self.run.judge(divergence, self.doubt(divergence, cx)?);
        }
        if self.remaining() == 0 {
            self.run.take_kept();
        }
        self.timings.optimization += clock.elapsed();
        Ok(())
    }

    /// The map with its repulsion prepared for new points; prepared once for the same parameters.
    pub(crate) fn prepared(&self, params: &OptimizeParams<T, D>, cx: Context<'_>) -> Result<Arc<Reference<T, D>>> {
        let params = params.repulsion.resolve(self.run.positions.len(), self.kernel);
        let slot = || self.reference.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reference) = slot().as_ref().filter(|reference| reference.params == params) {
            return Ok(Arc::clone(reference));
        }
        // Not under the lock: a second thread prepares it as well rather than wait in a pool that may be the first one's.
        let reference = Arc::new(Reference::new(self.kernel, params, &self.run.positions, cx)?);
        *slot() = Some(Arc::clone(&reference));
        Ok(reference)
    }
}
