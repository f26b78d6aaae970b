//! New points in a fitted map.

use crate::embedding::{Embedding, check_optimizer};
use crate::interrupt::OptimizationInterrupt;
use crate::optimize::{Moving, OptimizeParams, Stretch};
use crate::repulsion::{Reference, ReferenceKey};
use crate::transform::PARTIAL_LEARNING_RATE;
use crate::{Float, NegativeGradientMethod, Warning, threads};
use std::sync::Arc;
use tsne_core::{Affinities, Context, Error, Observer, Result, check_embedding};
use tsne_optim::{Conditional, Descent, Finish, MomentumGains, Outcome};

/// New points in a map that stays as it is. openTSNE's `PartialTSNEEmbedding`.
///
/// Each new point has an objective of its own, the KL divergence of its affinities to the fitted points from their
/// similarities in the map; new points do not act on each other.
#[derive(Debug, Clone)]
pub struct PartialEmbedding<T, const D: usize> {
    positions: Vec<[T; D]>,
    kl_divergence: f64,
    affinities: Arc<Affinities<T>>,
    reference: Arc<Reference<T, D>>,
    optimizer: MomentumGains<T, D>,
    params: OptimizeParams<T, D>,
    iterations: usize,
    finish: Finish,
    warnings: Vec<Warning>,
}

impl<T: Float, const D: usize> PartialEmbedding<T, D> {
    /// New points at given positions in a map, with given conditional affinities, to be optimized: openTSNE's constructor.
    ///
    /// `optimizer` is one whose gains and velocities go on; `None` starts anew.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless the affinities are conditional; [`Error::Shape`] where lengths do not fit;
    /// [`Error::NonFinite`] for a position that is not finite; [`Error::Parameter`] for a parameter out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{NewPoints, PartialEmbedding, Preset, Rows, TransformParams, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::preset(Preset::Recommended).n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let affinities = embedding.affinity_index().to_new(Rows::new(new, 10, 5)?, None, Default::default())?.affinities;
    /// let params = embedding.params().learning_rate(0.1).max_grad_norm(0.25);
    /// let mut partial = PartialEmbedding::new(vec![[0.0, 0.0]; 10], &embedding, affinities, params, None)?;
    /// partial.optimize(&partial.params().n_iter(50))?;
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(
        positions: Vec<[T; D]>,
        reference: &Embedding<T, D>,
        affinities: Arc<Affinities<T>>,
        params: OptimizeParams<T, D>,
        optimizer: Option<MomentumGains<T, D>>,
    ) -> Result<Self> {
        if positions.len() != affinities.n() {
            return Err(Error::shape("embedding", affinities.n(), positions.len()));
        }
        check_embedding(&positions)?;
        params.check()?;
        let optimizer = optimizer.unwrap_or_else(|| MomentumGains::new(params.momentum_rule));
        check_optimizer(&optimizer, positions.len())?;
        threads::run(params.n_jobs, || {
            let reference = reference.prepared(&params, Context::new())?;
            let mut partial = Self::unevaluated(positions, affinities, reference, optimizer, params);
            partial.run(&[], None, Context::new())?;
            Ok(partial)
        })
    }

    /// New points whose divergence is still to be computed.
    pub(crate) fn unevaluated(
        positions: Vec<[T; D]>,
        affinities: Arc<Affinities<T>>,
        reference: Arc<Reference<T, D>>,
        optimizer: MomentumGains<T, D>,
        params: OptimizeParams<T, D>,
    ) -> Self {
        let (kl_divergence, iterations, finish, warnings) = (f64::NAN, 0, Finish::Completed, Vec::new());
        Self { positions, kl_divergence, affinities, reference, optimizer, params, iterations, finish, warnings }
    }

    pub(crate) fn with_warnings(self, warnings: Vec<Warning>) -> Self {
        Self { warnings, ..self }
    }

    /// The position of each new point, in the order given.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// let positions: &[[f32; 2]] = placed.positions();
    /// assert_eq!(positions.len(), 10);
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
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// // One map of all points.
    /// let all = [embedding.positions(), &placed.into_positions()].concat();
    /// assert_eq!(all.len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn into_positions(self) -> Vec<[T; D]> {
        self.positions
    }

    /// The positions of the fitted points.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert_eq!(placed.reference_positions(), embedding.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn reference_positions(&self) -> &[[T; D]] {
        &self.reference.positions
    }

    /// The sum over the new points of the KL divergence of each one's affinities `p_{j|i}` from
    /// `q_{j|i} = w(|y_i - r_j|²) / Σ_l w(|y_i - r_l|²)`, at just these positions, without exaggeration.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// let each = placed.kl_divergence() / 10.0;
    /// assert!(each.is_finite() && each > 0.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn kl_divergence(&self) -> f64 {
        self.kl_divergence
    }

    /// The conditional affinities of the new points (rows) to the fitted ones (columns).
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// let p = placed.affinities();
    /// assert_eq!((p.n(), p.n_columns()), (10, 50));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities(&self) -> &Affinities<T> {
        &self.affinities
    }

    /// The optimizer with its gains and velocities.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert_eq!(placed.optimizer().velocity().len(), 10);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn optimizer(&self) -> &MomentumGains<T, D> {
        &self.optimizer
    }

    /// The parameters of further optimization: those of the last phase of the transform.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// let further = placed.optimized(&placed.params().n_iter(5))?;
    /// assert_eq!(further.iterations(), placed.iterations() + 5);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn params(&self) -> OptimizeParams<T, D> {
        self.params.clone()
    }

    /// The number of iterations that were run, in all.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert_eq!(placed.iterations(), 100); // The recommended preset's.
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
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert_eq!(placed.finish(), tsne::Finish::Completed);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn finish(&self) -> Finish {
        self.finish
    }

    /// The repulsion in use; never [`NegativeGradientMethod::Auto`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert_eq!(placed.negative_gradient_method(), tsne::NegativeGradientMethod::Exact);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn negative_gradient_method(&self) -> NegativeGradientMethod {
        self.reference.key.method
    }

    /// What was not used as given.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, Rows, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert!(placed.warnings().is_empty());
    /// let params = TransformParams::preset(Preset::Recommended).perplexity(100.0);
    /// let wide = embedding.transform_with(Rows::new(&data[250..], 10, 5)?, &params, None, Context::new())?;
    /// assert!(wide.warnings()[0].to_string().starts_with("perplexity 100 is too large"));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Optimizes in place; the fitted points stay. Gains and velocities go on where the last call left them.
    ///
    /// Returns why the descent ended: [`Finish::Stopped`] when a callback asked for it. On an error nothing has changed.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a parameter out of range, [`Error::Diverged`] if the descent leaves the finite numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::preset(Preset::Recommended).n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let mut placed = embedding.transform(Rows::new(new, 10, 5)?)?;
    /// let before = placed.iterations();
    /// placed.optimize(&placed.params().n_iter(10).exaggeration(None))?;
    /// assert_eq!(placed.iterations(), before + 10);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn optimize(&mut self, params: &OptimizeParams<T, D>) -> Result<Finish> {
        self.optimize_with(params, None, Context::new())
    }

    /// Optimizes in place, with an observer that may stop the descent, and a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`PartialEmbedding::optimize`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Finish, Iteration, Observers};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// # let mut placed = placed;
    /// let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    /// let finish = placed.optimize_with(&placed.params(), Some(&mut Observers::new().every(10, &mut stop)), Context::new())?;
    /// assert_eq!((finish, placed.iterations()), (Finish::Stopped, 110));
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

    /// The new points after further optimization, as a new value; this one stays.
    ///
    /// # Errors
    ///
    /// Those of [`PartialEmbedding::optimize`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// let further = placed.optimized(&placed.params().n_iter(20))?;
    /// assert_eq!((placed.iterations(), further.iterations()), (100, 120));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn optimized(&self, params: &OptimizeParams<T, D>) -> Result<Self> {
        self.optimized_with(params, None, Context::new())
    }

    /// [`PartialEmbedding::optimized`] with an observer that may stop the descent, and a context for progress and
    /// cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`PartialEmbedding::optimize`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CancelToken, Context, Error};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// let token = CancelToken::new();
    /// token.cancel(); // As another thread would.
    /// let cancelled = placed.optimized_with(&placed.params(), None, Context::new().with_cancel(&token));
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
            let mut next = self.clone();
            let key = ReferenceKey::new(params, self.reference.key.kernel, self.reference.positions.len())?;
            if key != self.reference.key {
                next.reference = Arc::new(Reference::new(key, self.reference.positions.clone(), cx)?);
            }
            next.run(std::slice::from_ref(params), observer, cx)?;
            Ok(next)
        })
    }

    /// These new points, or [`OptimizationInterrupt`] with them if a callback or an observer stopped their last descent:
    /// openTSNE's `propagate_exception`.
    ///
    /// # Errors
    ///
    /// [`OptimizationInterrupt`] if [`PartialEmbedding::finish`] is [`Finish::Stopped`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Callback, Context};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::preset(tsne::Preset::Recommended).perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert!(placed.clone().propagate_interrupt().is_ok());
    /// let stop = Callback::new(|_| ControlFlow::Break(()));
    /// let stopped = placed.optimized(&placed.params().callbacks(vec![stop]))?;
    /// let interrupt = stopped.propagate_interrupt().unwrap_err();
    /// assert_eq!(interrupt.final_embedding.iterations(), 100 + 50);
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

    /// Runs phases and evaluates the divergence at their end.
    pub(crate) fn run(
        &mut self,
        phases: &[OptimizeParams<T, D>],
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<()> {
        let reference = Arc::clone(&self.reference);
        let (kernel, repulsion) = (reference.key.kernel, &*reference.repulsion);
        let mut objective = Conditional::new(&self.affinities, kernel, &reference.positions, repulsion)?;
        let mut moving =
            Moving { descent: Descent::new(), optimizer: &mut self.optimizer, positions: &mut self.positions };
        let total = phases.iter().map(|phase| phase.n_iter).sum();
        let (mut last, mut before) = (Outcome::default(), 0);
        for params in phases {
            // The automatic rate is not divided by the exaggeration: the rows' objectives are of the same size whatever n is.
            let auto = PARTIAL_LEARNING_RATE * params.factor();
            let stretch = Stretch { before, total };
            let observer = observer.as_deref_mut().map(|observer| observer as &mut (dyn Observer<T, D> + Send));
            last = moving.run(&mut objective, (params, auto), observer, stretch, cx)?;
            before += last.iterations;
            if last.finish == Finish::Stopped {
                break;
            }
        }
        self.kl_divergence = moving.kl_divergence(&mut objective, last.kl_divergence, cx)?;
        self.iterations += before;
        self.finish = last.finish;
        Ok(())
    }
}
