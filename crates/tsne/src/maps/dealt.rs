//! Maps of which each member of a team has a part, and how they become whole again.

use crate::data::affinity_index::AffinityIndex;
use crate::data::fingerprint;
use crate::data::own::{own_affinities, own_graph, to_first};
use crate::float::Float;
use crate::maps::embedding::Embedding;
use crate::maps::start::Start;
use crate::maps::unfinished::Guard;
use crate::params::optimize::OptimizeParams;
use crate::params::optimizer::OptimizerState;
use std::sync::{Arc, Mutex};
use tsne_core::{Context, Error, Result, memory};
use tsne_optim::{MomentumGains, Optimizer};

impl<T: Float, const D: usize> Embedding<T, D> {
    /// Makes the map that the members of a [`Team`](tsne_core::Team) have fitted whole on the first of them, with the affinities, neighbors
    /// and velocities of all points, as one process would have it: to be shown, say ([`save_with`](Self::save_with) saves it in parts). The maps of the others keep their
    /// part. Whole maps, and all maps without a team, are left as they are.
    ///
    /// All members call it. Where the team [optimizes](Self::optimize_with) the map further, each member takes its part again, and keeps it
    /// where that fails. Its divergence is known on all members afterwards.
    ///
    /// The first member holds the affinities of all then, and while they arrive once more what the others have sent.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](tsne_core::Error::Invalid) for an optimizer of your own, whose state nobody else can put together;
    /// [`Error::Team`](tsne_core::Error::Team), [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory), and those of
    /// [`evaluate_kl_divergence`](Self::evaluate_kl_divergence). The map is what it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::core::ThreadTeam;
    /// use tsne::{Context, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..6_000).map(|i| ((i * 7919) % 1013) as f32).collect();
    /// let x = Rows::new(&data, 1_200, 5)?;
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(5).n_iter(25).build()?;
    /// let rows = ThreadTeam::run(2, 1, |team| {
    ///     let cx = Context::new().with_team(team);
    ///     let mut map = tsne.fit_with(x, None, cx)?;
    ///     let own = map.affinities().n();
    ///     map.complete(cx)?;
    ///     Ok::<_, tsne::Error>((own, map.affinities().n()))
    /// })?;
    /// assert_eq!(rows, [Ok((1_024, 1_200)), Ok((176, 176))]);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn complete(&mut self, cx: Context<'_>) -> Result<()> {
        // Whatever the others have.
        let is_whole = cx.gather_one(u8::from(self.index.joint.n() == self.index.joint.n_columns()))?;
        if is_whole.first() == Some(&1) {
            return Ok(());
        }
        if self.run.optimizer.momentum_gains().is_none() {
            let why = "each member has its part of the state of one of your own: save what you need of it yourself";
            return Err(Error::invalid("optimizer", why));
        }
        self.evaluate_kl_divergence(cx)?;
        let index = self.index.completed(cx)?;
        let optimizer = completed(&self.run.optimizer, cx)?;
        let start = self.guard().map(|guard| Arc::clone(&guard.start));
        let start = match start {
            Some(start) => completed(&start.optimizer, cx)?.map(|optimizer| (start, optimizer)),
            None => None,
        };
        self.become_with(index, optimizer, start)
    }

    /// Checks that all members of a team move the same map in the same way.
    pub(crate) fn agree(&self, params: &OptimizeParams<T, D>, cx: Context<'_>) -> Result<()> {
        if cx.members() < 2 {
            return Ok(());
        }
        cx.agree("map", fingerprint::of_positions(&self.run.positions))?;
        let told = OptimizeParams { n_jobs: None, ..params.clone() };
        cx.agree("parameters", fingerprint::of_text(&format!("{told:?} {} {}", self.run.iterations, self.remaining())))
    }

    /// Takes the part of this member of a team out of a map that is whole: of one that was loaded, or made whole.
    pub(crate) fn take_own(&mut self, cx: Context<'_>) -> Result<()> {
        let joint = &self.index.joint;
        let Some(own) = own_affinities(joint, cx)? else { return Ok(()) };
        let (n, rows) = (joint.n_columns(), own.points());
        let graph = match &self.index.graph {
            Some(graph) => own_graph(graph, cx)?.map(Arc::new),
            None => None,
        };
        let index = self.index.with_parts(own, graph);
        let part = |optimizer: &OptimizerState<T, D>| -> Result<Option<OptimizerState<T, D>>> {
            let Some(whole) = optimizer.momentum_gains().filter(|whole| whole.n() == n) else { return Ok(None) };
            let gains = memory::copied("gains", &whole.gains()[rows.clone()])?;
            let velocity = memory::copied("velocities", &whole.velocity()[rows.clone()])?;
            like(whole, (gains, velocity)).map(Some)
        };
        let optimizer = part(&self.run.optimizer)?;
        let start = match self.guard() {
            Some(guard) => part(&guard.start.optimizer)?.map(|optimizer| (Arc::clone(&guard.start), optimizer)),
            None => None,
        };
        self.become_with(Some(index), optimizer, start)
    }

    fn guard(&self) -> Option<&Guard<T, D>> {
        self.unfinished.as_ref().and_then(|unfinished| unfinished.guard.as_ref())
    }

    /// Puts other parts of the same map in the place of those that it has, as far as they are given.
    fn become_with(
        &mut self,
        index: Option<AffinityIndex<T>>,
        optimizer: Option<OptimizerState<T, D>>,
        start: Option<(Arc<Start<T, D>>, OptimizerState<T, D>)>,
    ) -> Result<()> {
        let start = match start {
            Some((start, optimizer)) => {
                let positions = memory::copied("first positions", &start.positions)?;
                Some(Arc::new(Start { positions, optimizer }))
            }
            None => None,
        };
        if let Some(index) = index {
            self.index = Arc::new(index);
            // What it has kept is of other rows.
            self.run.take_kept();
            self.reference = Mutex::default();
        }
        if let Some(optimizer) = optimizer {
            self.run.optimizer = optimizer;
        }
        if let Some(start) = start
            && let Some(guard) = self.unfinished.as_mut().and_then(|unfinished| unfinished.guard.as_mut())
        {
            guard.start = start;
        }
        Ok(())
    }
}

/// The state of all points, for the first member; `None` for the others, and where there is none.
fn completed<T: Float, const D: usize>(
    optimizer: &OptimizerState<T, D>,
    cx: Context<'_>,
) -> Result<Option<OptimizerState<T, D>>> {
    // One of the user's own may have any state.
    let Some(own) = optimizer.momentum_gains() else { return Ok(None) };
    let (gains, velocity) = (to_first(own.gains(), cx)?, to_first(own.velocity(), cx)?);
    if cx.rank() == 0 { like(own, (gains, velocity)).map(Some) } else { Ok(None) }
}

/// A rule with the state of other points.
fn like<T: Float, const D: usize>(
    rule: &MomentumGains<T, D>,
    (gains, velocity): (Vec<[T; D]>, Vec<[T; D]>),
) -> Result<OptimizerState<T, D>> {
    let n = gains.len();
    let state = MomentumGains::from_state(rule.momentum(), gains, velocity)?;
    OptimizerState::given(state.with_steps(rule.steps()).with_slope(rule.slope()), None, n)
}
