//! The stages of a fit, one after the other.

use crate::embedding::{Embedding, PhaseTime, Timings};
use crate::options::{Initialization, Neighbors};
use crate::{Float, NegativeGradientMethod, Tsne, initialization, repulsion, threads};
use std::sync::Arc;
use std::time::Instant;
use tsne_affinity::{ExactSearch, PerplexityAffinity};
use tsne_core::{
    Affinities, AffinityModel, Context, Error, Kernel, NeighborSearch, Observer, Result, Rows, Stage, check_embedding,
};
use tsne_optim::{Descent, Finish, Joint, MomentumGains, Outcome};

impl<T: Float, const D: usize> Tsne<T, D> {
    /// Embeds the points `x`, `n × d`.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] for a value that is not finite, [`Error::TooFewPoints`] below two points, [`Error::Shape`] if
    /// given initial positions are not `n`, [`Error::Capacity`] beyond 2³² points (2³¹ for the tree), [`Error::Diverged`] if the descent leaves
    /// the finite numbers.
    pub fn fit(&self, x: Rows<'_, T>) -> Result<Embedding<T, D>> {
        self.fit_with(x, None, Context::new())
    }

    /// Embeds the points `x`, `n × d`, with an observer of the descent that may stop it, and with a context for progress
    /// and cancellation.
    ///
    /// The observer sees both phases, each with iterations counted from 1. When it stops one, the map of that moment is the
    /// result.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`], and [`Error::Cancelled`].
    pub fn fit_with(
        &self,
        x: Rows<'_, T>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Embedding<T, D>> {
        threads::run(self.parameters.n_jobs, || self.fit_in_pool(x, observer, cx))
    }

    fn fit_in_pool(
        &self,
        x: Rows<'_, T>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Embedding<T, D>> {
        let parameters = &self.parameters;
        let n = x.n();
        if let Initialization::Given(positions) = &parameters.initialization {
            if positions.len() != n {
                return Err(Error::Shape { what: "initialization", expected: n, given: positions.len() });
            }
            check_embedding(positions)?;
        }
        x.check_finite()?;
        let model = PerplexityAffinity::mixture(&parameters.perplexities)?;
        let (_, warnings) = model.effective_perplexities(n)?;

        let mut timings = Timings::default();
        let clock = Instant::now();
        let graph = {
            let exact = ExactSearch::new(parameters.metric);
            let search: &dyn NeighborSearch<T> = match &parameters.neighbors {
                Neighbors::Exact => &exact,
                Neighbors::Custom(search) => &**search,
            };
            search.build(x.into(), cx)?.knn_graph(AffinityModel::<T>::neighbors_needed(&model, n)?, cx)?
        };
        timings.neighbors = clock.elapsed();

        let clock = Instant::now();
        let affinities = Arc::new(model.joint(&graph, cx)?);
        drop(graph);
        timings.affinities = clock.elapsed();

        let clock = Instant::now();
        let positions = self.initial_positions(x, cx)?;
        timings.initialization = clock.elapsed();

        self.optimize(affinities, positions, observer, timings, warnings, cx)
    }

    fn initial_positions(&self, x: Rows<'_, T>, cx: Context<'_>) -> Result<Vec<[T; D]>> {
        let parameters = &self.parameters;
        let (std, seed) = (parameters.initialization_std, parameters.random_state);
        cx.check()?;
        cx.advance(Stage::Initialization, 0, 1);
        let positions = match &parameters.initialization {
            Initialization::Given(positions) => positions.clone(),
            Initialization::Random => initialization::random(x.n(), std, seed),
            Initialization::Pca => {
                let mut positions = initialization::pca(x, seed, cx)?;
                if initialization::rescale(&mut positions, std) {
                    initialization::jitter(&mut positions, initialization::JITTER * std, seed);
                    positions
                } else {
                    // Constant data have no principal component.
                    initialization::random(x.n(), std, seed)
                }
            }
        };
        cx.advance(Stage::Initialization, 1, 1);
        Ok(positions)
    }

    fn optimize(
        &self,
        affinities: Arc<Affinities<T>>,
        mut positions: Vec<[T; D]>,
        mut observer: Option<&mut (dyn Observer<T, D> + Send)>,
        mut timings: Timings,
        warnings: Vec<tsne_affinity::Warning>,
        cx: Context<'_>,
    ) -> Result<Embedding<T, D>> {
        let parameters = &self.parameters;
        let n = positions.len();
        let kernel = Kernel::new(parameters.dof)?;
        let method: NegativeGradientMethod = repulsion::resolve::<D>(parameters.negative_gradient_method, n);
        let mut repulsion = parameters.repulsion(method)?;
        let mut objective = Joint::new(&affinities, kernel, &mut *repulsion)?;
        let mut optimizer = MomentumGains::new(parameters.momentum);
        let mut descent = Descent::new();

        let clock = Instant::now();
        let phases = [parameters.early_phase(n), parameters.normal_phase(n)];
        let total = phases.iter().map(|phase| phase.iterations).sum();
        let mut iterations = 0;
        let mut last = Outcome { iterations: 0, finish: Finish::Completed, kl_divergence: None };
        let mut times = [PhaseTime::default(); 2];
        for (phase, time) in phases.iter().zip(&mut times) {
            let clock = Instant::now();
            let progress = PhaseProgress { cx, before: iterations, total };
            let phase_cx = Context::new().with_progress(&progress);
            let phase_cx = match cx.cancel_token() {
                Some(token) => phase_cx.with_cancel(token),
                None => phase_cx,
            };
            let observer = observer.as_deref_mut().map(|observer| observer as &mut dyn Observer<T, D>);
            last = descent.run(&mut objective, &mut optimizer, &mut positions, phase, observer, phase_cx)?;
            iterations += last.iterations;
            *time = PhaseTime { iterations: last.iterations, duration: clock.elapsed() };
            if last.finish == Finish::Stopped {
                break;
            }
        }
        let kl_divergence = match last.kl_divergence {
            Some(kl) => kl,
            None => descent.kl_divergence(&mut objective, &positions, cx)?,
        };
        timings.optimization = clock.elapsed();
        [timings.early, timings.late] = times;
        Ok(Embedding {
            positions,
            kl_divergence,
            affinities,
            optimizer,
            kernel,
            iterations,
            finish: last.finish,
            method,
            n_jobs: parameters.n_jobs,
            timings,
            warnings,
        })
    }
}

/// Counts the iterations of all phases together.
struct PhaseProgress<'a> {
    cx: Context<'a>,
    before: usize,
    total: usize,
}

impl tsne_core::Progress for PhaseProgress<'_> {
    fn advance(&self, stage: Stage, done: usize, _: usize) {
        self.cx.advance(stage, self.before + done, self.total);
    }
}
