//! A fitted map.

use crate::data::AffinityIndex;
use crate::interrupt::OptimizationInterrupt;
use crate::optimize::{Moving, OptimizeParams, Stretch};
use crate::repulsion::{Reference, ReferenceKey};
use crate::{Float, NegativeGradientMethod, Preset, Warning, metrics, threads};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tsne_core::{Affinities, Context, Error, Kernel, Observer, Result, check_embedding};
use tsne_optim::{Descent, Finish, Joint, MomentumGains};

/// A map of data points: positions, their KL divergence, and what led to them. openTSNE's `TSNEEmbedding`.
///
/// It can be [optimized](Embedding::optimize) further, new points can be [placed](Embedding::transform) into it, and it can be
/// [saved](Embedding::save). Placing new points never changes it and works from many threads at once.
#[derive(Debug)]
pub struct Embedding<T, const D: usize> {
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) kl_divergence: f64,
    pub(crate) index: Arc<AffinityIndex<T>>,
    pub(crate) optimizer: MomentumGains<T, D>,
    pub(crate) kernel: Kernel,
    pub(crate) params: OptimizeParams<T, D>,
    pub(crate) preset: Preset,
    pub(crate) iterations: usize,
    pub(crate) finish: Finish,
    pub(crate) method: NegativeGradientMethod,
    pub(crate) timings: Timings,
    pub(crate) warnings: Vec<Warning>,
    /// The map as new points saw it last, with its repulsion prepared.
    pub(crate) reference: Mutex<Option<Arc<Reference<T, D>>>>,
}

impl<T: Clone, const D: usize> Clone for Embedding<T, D> {
    fn clone(&self) -> Self {
        let reference = self.reference.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            positions: self.positions.clone(),
            kl_divergence: self.kl_divergence,
            index: Arc::clone(&self.index),
            optimizer: self.optimizer.clone(),
            kernel: self.kernel,
            params: self.params.clone(),
            preset: self.preset,
            iterations: self.iterations,
            finish: self.finish,
            method: self.method,
            timings: self.timings,
            warnings: self.warnings.clone(),
            reference: Mutex::new(reference),
        }
    }
}

/// The time that each stage of a fit took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// The neighbor search.
    pub neighbors: Duration,
    /// Perplexity calibration and symmetrization.
    pub affinities: Duration,
    /// The initial positions.
    pub initialization: Duration,
    /// The descent, with the final KL divergence.
    pub optimization: Duration,
    /// The early phase of the descent.
    pub early: PhaseTime,
    /// The normal phase of the descent.
    pub late: PhaseTime,
}

/// The time that a phase of the descent took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PhaseTime {
    /// The number of iterations.
    pub iterations: usize,
    /// The time for all of them.
    pub duration: Duration,
}

impl<T: Float, const D: usize> Embedding<T, D> {
    /// A map at given positions, to be optimized: openTSNE's constructor of `TSNEEmbedding`.
    ///
    /// `optimizer` is one whose gains and velocities go on; `None` starts anew.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless there is a position for each point of the index (and of the optimizer's state, if any);
    /// [`Error::NonFinite`] for one that is not finite; [`Error::Parameter`] for `dof` or a parameter out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Embedding, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(10.0).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let circle: Vec<[f32; 2]> = (0..60).map(|i| [(i as f32).cos() * 1e-4, (i as f32).sin() * 1e-4]).collect();
    /// let mut embedding = Embedding::new(circle, index.into(), 1.0, tsne.params(), None)?;
    /// embedding.optimize(&embedding.params().n_iter(100))?;
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(
        positions: Vec<[T; D]>,
        index: Arc<AffinityIndex<T>>,
        dof: f64,
        params: OptimizeParams<T, D>,
        optimizer: Option<MomentumGains<T, D>>,
    ) -> Result<Self> {
        if positions.len() != index.n() {
            return Err(Error::shape("embedding", index.n(), positions.len()));
        }
        check_embedding(&positions)?;
        params.check()?;
        let optimizer = optimizer.unwrap_or_else(|| MomentumGains::new(params.momentum_rule));
        check_optimizer(&optimizer, positions.len())?;
        let mut embedding = Self {
            method: params.repulsion(positions.len())?.1,
            positions,
            kl_divergence: f64::NAN,
            warnings: index.warnings.clone(),
            index,
            optimizer,
            kernel: Kernel::new(dof)?,
            preset: params.preset,
            params,
            iterations: 0,
            finish: Finish::Completed,
            timings: Timings::default(),
            reference: Mutex::default(),
        };
        embedding.kl_divergence = threads::run(embedding.params.n_jobs, || embedding.evaluate(Context::new()))?;
        Ok(embedding)
    }

    /// The position of each point, in the order of the data.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let positions: &[[f32; 2]] = embedding.positions();
    /// assert_eq!(positions.len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn positions(&self) -> &[[T; D]] {
        &self.positions
    }

    /// The positions, by value.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let x: Vec<f32> = embedding.into_positions().iter().map(|position| position[0]).collect();
    /// assert_eq!(x.len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn into_positions(self) -> Vec<[T; D]> {
        self.positions
    }

    /// The KL divergence of just these positions, without exaggeration, with the normalizer `Z` from the repulsion in use.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// // An exaggerated attraction leads to a map that is worse by its own measure.
    /// let plain = embedding.optimized(&embedding.params())?;
    /// let exaggerated = embedding.optimized(&embedding.params().exaggeration(12.0))?;
    /// assert!(exaggerated.kl_divergence() > plain.kl_divergence());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn kl_divergence(&self) -> f64 {
        self.kl_divergence
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
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// // So few points are repelled exactly: both are the same up to rounding.
    /// let exact = embedding.exact_kl_divergence(Context::new())?;
    /// assert!((exact - embedding.kl_divergence()).abs() < 1e-4);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn exact_kl_divergence(&self, cx: Context<'_>) -> Result<f64> {
        threads::run(self.params.n_jobs, || metrics::kl_divergence(&self.index.joint, self.kernel, &self.positions, cx))
    }

    /// The joint affinities that the map is fitted to.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
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
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
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
    /// [`Error::Shape`] unless they have as many points; those of the evaluation of the KL divergence.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(15.0).n_iter(25).build()?;
    /// let mut index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let mut embedding = tsne.fit(index.clone())?;
    /// index.set_perplexity(5.0)?;
    /// embedding.set_affinities(index.into())?;
    /// embedding.optimize(&embedding.params())?;
    /// assert_eq!(embedding.iterations(), 30 + 25 + 25);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn set_affinities(&mut self, index: Arc<AffinityIndex<T>>) -> Result<()> {
        if index.n() != self.positions.len() {
            return Err(Error::shape("affinities", self.positions.len(), index.n()));
        }
        let old = std::mem::replace(&mut self.index, index);
        match threads::run(self.params.n_jobs, || self.evaluate(Context::new())) {
            Ok(kl_divergence) => {
                self.kl_divergence = kl_divergence;
                self.method = self.params.repulsion(self.positions.len())?.1;
                self.warnings.retain(|warning| !matches!(warning, Warning::Affinity(_)));
                self.warnings.extend(self.index.warnings.iter().cloned());
                Ok(())
            }
            Err(error) => {
                self.index = old;
                Err(error)
            }
        }
    }

    /// The optimizer with its gains and velocities.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Embedding;
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// // Positions of one's own, moved on with the momentum of another map.
    /// let moved: Vec<[f32; 2]> = embedding.positions().iter().map(|[x, y]| [-x, *y]).collect();
    /// let (index, params) = (embedding.affinity_index().clone(), embedding.params());
    /// let next = Embedding::new(moved, index, 1.0, params, Some(embedding.optimizer().clone()))?;
    /// assert_eq!(next.optimizer().velocity(), embedding.optimizer().velocity());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn optimizer(&self) -> &MomentumGains<T, D> {
        &self.optimizer
    }

    /// The parameters of further optimization: those of the normal phase that the map was made with.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let further = embedding.optimized(&embedding.params().n_iter(20))?;
    /// assert_eq!(further.iterations(), embedding.iterations() + 20);
    /// // What is set for one call does not stay.
    /// assert_eq!(further.optimized(&further.params())?.iterations(), (30 + 20) + 25);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn params(&self) -> OptimizeParams<T, D> {
        self.params.clone()
    }

    /// The kernel of the map.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
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
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.preset(), tsne::Preset::Recommended);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn preset(&self) -> Preset {
        self.preset
    }

    /// The number of iterations that were run, in all.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.iterations(), 5 + 25);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn iterations(&self) -> usize {
        self.iterations
    }

    /// Why the last descent ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.finish(), tsne::Finish::Completed);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn finish(&self) -> Finish {
        self.finish
    }

    /// The repulsion that was used; never [`NegativeGradientMethod::Auto`], and [`NegativeGradientMethod::Custom`] for one of your
    /// own.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::NegativeGradientMethod;
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.negative_gradient_method(), NegativeGradientMethod::Exact); // What Auto takes for so few points.
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn negative_gradient_method(&self) -> NegativeGradientMethod {
        self.method
    }

    /// The length of the longest side of the box around the map.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
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
        crate::metrics::extent(&self.positions)
    }

    /// The time that each stage took.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let timings = embedding.timings();
    /// assert_eq!((timings.early.iterations, timings.late.iterations), (5, 25));
    /// assert!(timings.early.duration + timings.late.duration <= timings.optimization);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn timings(&self) -> &Timings {
        &self.timings
    }

    /// What was not used as given.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// // Twelve points have not neighbors enough for the default perplexity, 30.
    /// let embedding = Tsne::preset(Preset::Recommended).build()?.fit(Rows::new(&data[..60], 12, 5)?)?;
    /// assert!(embedding.warnings()[0].to_string().starts_with("perplexity 30 is too large for 12 points"));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Optimizes in place. Gains and velocities go on where the last call left them, so `n` calls of one iteration equal one
    /// of `n`, bit for bit. Each call starts its threads and evaluates the divergence at its end: to look at every few
    /// iterations, an observer costs less than many calls.
    ///
    /// Returns why the descent ended: [`Finish::Stopped`] when a callback asked for it. On an error the embedding is what it
    /// was before.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a parameter out of range, [`Error::Diverged`] if the descent leaves the finite numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Finish, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(10.0).n_iter(25).build()?;
    /// let mut embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// let before = embedding.kl_divergence();
    /// assert_eq!(embedding.optimize(&embedding.params().n_iter(50))?, Finish::Completed);
    /// assert!(embedding.kl_divergence() <= before);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn optimize(&mut self, params: &OptimizeParams<T, D>) -> Result<Finish> {
        self.optimize_with(params, None, Context::new())
    }

    /// Optimizes in place, with an observer that may stop the descent, and a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::optimize`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Finish, Iteration, Observers, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(10.0).build()?;
    /// let mut embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
    /// let mut stop = |iteration: &Iteration<'_, f32, 2>| {
    ///     if iteration.index >= 30 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// };
    /// let mut observers = Observers::new().every(10, &mut stop);
    /// let params = embedding.params().n_iter(100);
    /// let finish = embedding.optimize_with(&params, Some(&mut observers), Context::new())?;
    /// assert_eq!((finish, embedding.iterations()), (Finish::Stopped, 30));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn optimize_with(
        &mut self,
        params: &OptimizeParams<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Finish> {
        *self = self.optimized_with(params, observer, cx)?;
        Ok(self.finish)
    }

    /// The map after further optimization, as a new value; this one stays. Affinities and data are shared by both.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::optimize`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::Recommended).perplexity(10.0).n_iter(25).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// let denser = embedding.optimized(&embedding.params().n_iter(20).exaggeration(4.0))?;
    /// assert_eq!((embedding.iterations(), denser.iterations()), (30 + 25, 30 + 25 + 20));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn optimized(&self, params: &OptimizeParams<T, D>) -> Result<Self> {
        self.optimized_with(params, None, Context::new())
    }

    /// [`Embedding::optimized`] with an observer that may stop the descent, and a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::optimize`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CancelToken, Context, Error};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let token = CancelToken::new();
    /// token.cancel(); // As another thread would.
    /// let cancelled = embedding.optimized_with(&embedding.params(), None, Context::new().with_cancel(&token));
    /// assert_eq!(cancelled.unwrap_err(), Error::Cancelled);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn optimized_with(
        &self,
        params: &OptimizeParams<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Self> {
        params.check()?;
        threads::run(params.n_jobs, || {
            let clock = Instant::now();
            let n = self.positions.len();
            let mut next = self.clone();
            next.reference = Mutex::default();
            let (mut repulsion, method) = params.repulsion(n)?;
            let mut objective = Joint::new(&self.index.joint, self.kernel, &mut *repulsion)?;
            let mut moving =
                Moving { descent: Descent::new(), optimizer: &mut next.optimizer, positions: &mut next.positions };
            let stretch = Stretch { before: 0, total: params.n_iter };
            let outcome = moving.run(&mut objective, (params, n as f64), observer, stretch, cx)?;
            next.kl_divergence = moving.kl_divergence(&mut objective, outcome.kl_divergence, cx)?;
            next.iterations += outcome.iterations;
            next.finish = outcome.finish;
            next.method = method;
            next.timings.optimization = clock.elapsed();
            next.timings.early = PhaseTime::default();
            next.timings.late = PhaseTime { iterations: outcome.iterations, duration: clock.elapsed() };
            Ok(next)
        })
    }

    /// This embedding, or [`OptimizationInterrupt`] with it if a callback or an observer stopped its last descent: openTSNE's
    /// `propagate_exception`.
    ///
    /// # Errors
    ///
    /// [`OptimizationInterrupt`] if [`Embedding::finish`] is [`Finish::Stopped`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Iteration, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(10.0).build()?;
    /// let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    /// let embedding = tsne.fit_with(Rows::new(&data, 60, 5)?, Some(&mut stop), Context::new())?;
    /// let interrupt = embedding.propagate_interrupt().unwrap_err();
    /// assert_eq!(interrupt.final_embedding.iterations(), 50);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn propagate_interrupt(self) -> Result<Self, OptimizationInterrupt<Self>> {
        match self.finish {
            Finish::Stopped => {
                Err(OptimizationInterrupt { kl_divergence: self.kl_divergence, final_embedding: Box::new(self) })
            }
            _ => Ok(self),
        }
    }

    /// The KL divergence of the positions by one evaluation of the objective.
    pub(crate) fn evaluate(&self, cx: Context<'_>) -> Result<f64> {
        let (mut repulsion, _) = self.params.repulsion(self.positions.len())?;
        let mut objective = Joint::new(&self.index.joint, self.kernel, &mut *repulsion)?;
        Descent::new().kl_divergence(&mut objective, &self.positions, cx)
    }

    /// The map with its repulsion prepared for new points; prepared once for the same parameters.
    pub(crate) fn prepared(&self, params: &OptimizeParams<T, D>, cx: Context<'_>) -> Result<Arc<Reference<T, D>>> {
        let key = ReferenceKey::new(params, self.kernel, self.positions.len())?;
        let slot = || self.reference.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reference) = slot().as_ref().filter(|reference| reference.key == key) {
            return Ok(Arc::clone(reference));
        }
        // Not under the lock: a second thread prepares it as well rather than wait in a pool that may be the first one's.
        let reference = Arc::new(Reference::new(key, self.positions.clone(), cx)?);
        *slot() = Some(Arc::clone(&reference));
        Ok(reference)
    }
}

/// The state of an optimizer is for as many points, or for none yet.
pub(crate) fn check_optimizer<T: Float, const D: usize>(optimizer: &MomentumGains<T, D>, n: usize) -> Result<()> {
    match tsne_core::Optimizer::n(optimizer) {
        0 => Ok(()),
        state if state == n => Ok(()),
        state => Err(Error::shape("optimizer state", n, state)),
    }
}
