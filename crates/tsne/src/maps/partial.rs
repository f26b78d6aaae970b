//! New points in a fitted map.

use crate::float::Float;
use crate::maps::embedding::Embedding;
use crate::maps::reference::Reference;
use crate::maps::run::{Buffers, Course, Run};
use crate::params::optimize::OptimizeParams;
use crate::params::optimizer::OptimizerState;
use crate::params::schedule::AutomaticRate;
use crate::threads;
use crate::warning::Warning;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use tsne_core::{Affinities, Context, Error, Observer, Result, check_embedding};
use tsne_optim::{Conditional, MomentumGains};

/// New points in a map that stays as it is. openTSNE's `PartialTSNEEmbedding`.
///
/// Each new point has an objective of its own, the KL divergence of its affinities `p_{j|i}` to the fitted points from
/// `q_{j|i} = w(|y_i - r_j|²) / Σ_l w(|y_i - r_l|²)`, their similarities in the map; new points do not act on each other.
#[derive(Debug, Clone)]
pub struct PartialEmbedding<T: Float, const D: usize> {
    run: Run<T, D, Buffers<T, D>>,
    affinities: Arc<Affinities<T>>,
    reference: Arc<Reference<T, D>>,
}

impl<T: Float, const D: usize> PartialEmbedding<T, D> {
    map_methods! {
        "# let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();\n\
         # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(5).n_iter(25).build()?;\n\
         # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;\n\
         # let placed = embedding.prepare_partial(tsne::Rows::new(&data[250..], 10, 5)?)?.optimized(1)?;\n",
        "placed"
    }

    /// New points at given positions in a map, with given conditional affinities, to be optimized: openTSNE's constructor.
    ///
    /// `optimizer` is one whose gains and velocities go on; `None` starts anew, also by one of your own in `params`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless the affinities are conditional; [`Error::Shape`] where lengths do not fit;
    /// [`Error::NonFinite`] for a position that is not finite; [`Error::Parameter`] for a parameter out of range, and for a
    /// given optimizer beside one of `params`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{PartialEmbedding, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::<_, 2>::builder().n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let affinities = embedding.affinity_index().to_new(Rows::new(new, 10, 5)?, None, Default::default())?.affinities;
    /// let params = embedding.params().learning_rate(0.1).max_grad_norm(0.25);
    /// let mut partial = PartialEmbedding::new(vec![[0.0, 0.0]; 10], &embedding, affinities, params, None)?;
    /// partial.optimize(50)?;
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(
        positions: Vec<[T; D]>,
        reference: &Embedding<T, D>,
        affinities: Arc<Affinities<T>>,
        params: OptimizeParams<T, D>,
        optimizer: Option<MomentumGains<T, D>>,
    ) -> Result<Self> {
        let n = positions.len();
        if n != affinities.n() {
            return Err(Error::shape("embedding", affinities.n(), n));
        }
        check_embedding(&positions)?;
        params.check()?;
        let given = |optimizer| OptimizerState::given(optimizer, params.optimizer.as_ref(), n);
        let optimizer = optimizer.map(given).transpose()?;
        let reference = threads::run(params.n_jobs, || reference.prepared(&params, Context::new()))?;
        // Its checks of the affinities are the objective's.
        Conditional::new(&affinities, reference.kernel, &reference.positions, &*reference.repulsion)?;
        Ok(Self::start(positions, affinities, reference, &params, optimizer, Vec::new()))
    }

    /// New points before their optimization. All is checked.
    pub(crate) fn start(
        positions: Vec<[T; D]>,
        affinities: Arc<Affinities<T>>,
        reference: Arc<Reference<T, D>>,
        params: &OptimizeParams<T, D>,
        optimizer: Option<OptimizerState<T, D>>,
        warnings: Vec<Warning>,
    ) -> Self {
        let run = Run::new(positions, optimizer, params, reference.params.clone(), warnings);
        Self { run, affinities, reference }
    }

    /// The positions of the fitted points.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data[..250], 50, 5)?)?;
    /// # let placed = embedding.transform(tsne::Rows::new(&data[250..], 10, 5)?)?;
    /// assert_eq!(placed.reference_positions(), embedding.positions());
    /// // One map of all points.
    /// let all = [embedding.positions(), placed.positions()].concat();
    /// assert_eq!(all.len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn reference_positions(&self) -> &[[T; D]] {
        &self.reference.positions
    }

    /// The conditional affinities of the new points (rows) to the fitted ones (columns).
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
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

    /// Optimizes. On an error nothing has changed, nor after a panic of whoever watches.
    pub(crate) fn advance(
        &mut self,
        params: &OptimizeParams<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<()> {
        // Each member of a team places new points by itself.
        let cx = cx.without_team();
        let wanted = params.repulsion.resolve(self.reference.positions.len(), self.reference.kernel);
        let reference = if wanted == self.reference.params {
            Arc::clone(&self.reference)
        } else {
            Arc::new(Reference::new(self.reference.kernel, wanted, &self.reference.positions, cx)?)
        };
        let mut buffers = self.run.take_kept().unwrap_or_default();
        buffers.save(&self.run)?;
        let kernel = reference.kernel;
        let mut objective =
            Conditional::with_checked(&self.affinities, kernel, &reference.positions, &*reference.repulsion)?;
        let course = Course {
            params,
            dof: kernel.dof(),
            automatic: AutomaticRate::NewPoints,
            watched: None,
            before_normal: None,
        };
        let descend = || self.run.descend(&mut objective, &mut buffers, course, observer, cx);
        // Whoever watches may panic, and the caller go on.
        let descended = catch_unwind(AssertUnwindSafe(descend)).unwrap_or_else(|panic| {
            // What was saved fits: it is this map's.
            _ = buffers.put_back(&mut self.run);
            resume_unwind(panic)
        });
        match descended {
            Ok(done) => {
                self.run.accept(&done);
                if let Some(divergence) = done.kl_divergence {
                    self.run.judge(divergence, self.doubt(divergence, cx)?);
                }
                self.run.repulsion = reference.params.clone();
                self.run.keep(buffers);
                self.reference = reference;
                Ok(())
            }
            Err(error) => {
                buffers.put_back(&mut self.run)?;
                Err(error)
            }
        }
    }

    /// The divergence of the positions.
    pub(crate) fn evaluate(&self, cx: Context<'_>) -> Result<f64> {
        let Reference { kernel, positions, repulsion, .. } = &*self.reference;
        let mut objective = Conditional::with_checked(&self.affinities, *kernel, positions, &**repulsion)?;
        let mut buffers = self.run.take_kept().unwrap_or_default();
        let divergence = buffers.kl_divergence(&mut objective, &self.run.positions, cx);
        self.run.keep(buffers);
        divergence
    }

    /// What a divergence says about new points: nothing is known of what theirs should be.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "as a fitted map has it")]
    pub(crate) fn doubt(&self, _: f64, _: Context<'_>) -> Result<Option<Warning>> {
        Ok(None)
    }

    /// Computes the divergence and lets go of the buffers.
    pub(crate) fn settle(&mut self, cx: Context<'_>) -> Result<()> {
        if self.run.known().is_none() {
            let divergence = self.evaluate(cx)?;
            self.run.judge(divergence, self.doubt(divergence, cx)?);
        }
        self.run.take_kept();
        Ok(())
    }
}
