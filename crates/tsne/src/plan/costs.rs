//! What the parts of a fit cost on this machine, measured by running them.

use super::made_up;
use super::memory::extent;
use super::task::{InputShape, Task};
use super::work::{affinity_work, compared, search_work};
use crate::builder::Tsne;
use crate::float::Float;
use crate::initialization::coarse::Outline;
use crate::params::affinity_method::AffinityMethod;
use crate::params::repulsion::RepulsionMethod;
use crate::threads;
use std::num::NonZeroUsize;
use std::time::Instant;
use tsne_affinity::{
    ApproximateSearch, BruteForceSearch, DataShape, ExactSearch, KdTreeSearch, Metric, PerplexityAffinity,
    SearchMethod, VpTreeSearch,
};
use tsne_core::{Context, Kernel, NeighborSearch, Repulsion, Result, Scalar};
use tsne_optim::{Descent, Joint, Momentum, MomentumGains, Phase};

/// What the parts of a fit cost on this machine, for data of one shape: [`Tsne::measure_costs`] measures it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Seconds of a unit of the work of the search.
    pub(super) search: f64,
    /// Seconds of an entry of the lists of neighbors.
    pub(super) affinity: f64,
    /// Seconds of an iteration without its repulsion, for each entry of the affinities.
    pub(super) attraction: f64,
    /// Seconds of the repulsion of a whole map.
    pub(super) repulsion: f64,
    /// Seconds of the repulsion of the coarsest map, and its points.
    pub(super) coarse_repulsion: f64,
}

/// Points among which neighbors are searched, multiplications that this may take, and columns.
const SEARCHED: usize = 4_000;
const PRODUCTS: f64 = 1e9;
const COLUMNS: usize = 2_048;

/// Columns of made-up points whose neighbors stand for given ones.
const FEW_COLUMNS: usize = 4;

/// Points that attract, at most and, of as many, at least: fewer are not numbered anew, and their entries take twice the time. Entries
/// of their affinities in all and for each, and iterations: before those that count, points are numbered anew.
const ATTRACTED: (usize, usize) = (16_384, 8_192);
const ENTRIES: (usize, usize) = (1_500_000, 500);
const ITERATIONS: (usize, usize) = (4, 2);

/// How often each part is measured: the shortest counts. Others use the machine, too, and the first time touches new memory; once
/// was 15 to 64 s for a search of 6.
const REPETITIONS: usize = 4;

/// The shortest time of a part, and its last result.
fn shortest<R>(mut part: impl FnMut() -> Result<R>) -> Result<(f64, R)> {
    let mut timed = || {
        let clock = Instant::now();
        part().map(|result| (clock.elapsed().as_secs_f64(), result))
    };
    let mut best = timed()?;
    for _ in 1..REPETITIONS {
        let (seconds, result) = timed()?;
        best = (best.0.min(seconds), result);
    }
    Ok(best)
}

/// No repulsion: it is measured on its own.
struct Nothing;

impl<T: Scalar, const D: usize> Repulsion<T, D> for Nothing {
    fn repulse(&mut self, _: Kernel, _: &[[T; D]], out: &mut [[T; D]], _: Context<'_>) -> Result<f64> {
        out.fill([T::ZERO; D]);
        Ok(1.0)
    }
}

impl<T: Float, const D: usize> Tsne<T, D> {
    /// Measures what the parts of a fit of data of this shape cost on this machine, on made-up points, in less than a second as a
    /// rule. No other work should be running.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::plan`], and [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    ///
    /// # Examples
    ///
    /// See [`Plan::seconds`](super::Plan::seconds).
    ///
    /// ```
    /// use tsne::{Tsne, plan::DataShape};
    ///
    /// let costs = Tsne::<f32, 2>::builder().build()?.measure_costs(DataShape::dense(1_000, 4))?;
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn measure_costs(&self, shape: impl Into<InputShape>) -> Result<Costs> {
        let task = self.task(shape.into())?;
        let n = task.shape.n();
        threads::run(self.parameters.optimize.n_jobs, || {
            let (search, affinity) = self.neighbors(&task)?;
            Ok(Costs {
                search,
                affinity,
                attraction: attraction(&task)?,
                repulsion: self.repulsion(&task, n)?,
                coarse_repulsion: match task.coarse {
                    Outline::Groups { mapped, .. } => self.repulsion(&task, mapped)?,
                    Outline::Points { .. } => 0.0,
                },
            })
        })
    }

    /// Seconds of a unit of the work of the search, and of an entry of the affinities.
    fn neighbors(&self, task: &Task<T, D>) -> Result<(f64, f64)> {
        // Of neighbors that are given, some are made up for the affinities.
        let (shape, method) = match (task.shape, task.search) {
            (InputShape::Data(shape) | InputShape::Dealt(shape), Some(search)) => (shape, search.method),
            (shape, _) => (DataShape::dense(shape.n(), FEW_COLUMNS), SearchMethod::KdTree),
        };
        let made = DataShape { d: shape.d.min(COLUMNS), ..shape };
        let made = if shape.entries.is_some() { shape } else { made };
        let width = made.entries.map_or(made.d, |entries| entries / made.n.max(1)).clamp(1, COLUMNS);
        let most = match method {
            SearchMethod::AllPairs | SearchMethod::VpTree => SEARCHED / 4,
            SearchMethod::Descent | SearchMethod::SharedColumns => SEARCHED / 2,
            _ => SEARCHED,
        };
        let n = most.min((PRODUCTS / width as f64).sqrt() as usize).max(500).min(shape.n);
        let made = DataShape { n, entries: made.entries.map(|_| width * n), ..made };
        // The nearest are kept of as large a share of those compared as in the search itself.
        let share = n as f64 / compared(method, shape, task.k);
        let k = (task.k as f64 * share.min(1.0)).ceil().clamp(1.0, (n - 1) as f64) as usize;
        let search_by = |metric: Metric| -> Box<dyn NeighborSearch<T>> {
            match method {
                SearchMethod::KdTree => Box::new(KdTreeSearch::new(metric)),
                SearchMethod::VpTree => Box::new(VpTreeSearch::new(metric)),
                SearchMethod::Descent => Box::new(ApproximateSearch::new(metric).with_exact_up_to(0)),
                SearchMethod::SharedColumns => Box::new(ExactSearch::new(metric)),
                _ => Box::new(BruteForceSearch::new(metric)),
            }
        };
        let points = made_up::points::<T>(made)?;
        let neighbors = NonZeroUsize::new(k).unwrap_or(NonZeroUsize::MIN);
        let found = |metric: Metric| {
            let cx = Context::new();
            search_by(metric).build(points.points(), cx)?.knn_graph(neighbors, cx)
        };
        // Made-up values are not those of every metric: its parameters may be of other columns, or it asks for what they are not.
        let metric = &self.parameters.metric;
        let (searched, graph) =
            shortest(|| found(metric.clone())).or_else(|_| shortest(|| found(Metric::Euclidean)))?;
        let method_of_affinities = method_for(self.parameters.method()?, k, task.k)?;
        let model = method_of_affinities.model();
        let (joined, _) = shortest(|| model.joint_owned(graph.clone(), Context::new()))?;
        // All pairs are compared here, whatever will be.
        let measured = match method {
            SearchMethod::Clusters => SearchMethod::Products,
            other => other,
        };
        Ok((searched / search_work(measured, made, k), joined / affinity_work(n, k)))
    }

    fn repulsion(&self, task: &Task<T, D>, n: usize) -> Result<f64> {
        let (some, growth) = match self.parameters.optimize.repulsion.method.resolve(n, task.kernel) {
            RepulsionMethod::Fft => (n.min(200_000), 1),
            RepulsionMethod::BarnesHut => (n.min(50_000), 1),
            RepulsionMethod::Custom(_) => (n.min(2_000), 1),
            _ => (n.min(2_000), 2),
        };
        // The method is that of the whole map.
        let params = self.parameters.optimize.repulsion.resolve(n, task.kernel);
        let mut repulsion = params.make(n, task.kernel)?;
        let map = made_up::map::<T, D>(some, extent(n, D))?;
        let mut forces = map.clone();
        // The first one makes the grid.
        let (best, _) = shortest(|| repulsion.repulse(task.kernel, &map, &mut forces, Context::new()))?;
        Ok(best * (n as f64 / some as f64).powi(growth))
    }
}

/// The rule of the affinities, or one that does with fewer neighbors than it asks for.
fn method_for<T: Float>(method: AffinityMethod<T>, k: usize, wanted: usize) -> Result<AffinityMethod<T>> {
    if k >= wanted {
        return Ok(method);
    }
    Ok(PerplexityAffinity::new((k as f64 / 3.0).max(1.0))?.into())
}

/// Seconds of an iteration without repulsion, for each entry of the affinities.
fn attraction<T: Float, const D: usize>(task: &Task<T, D>) -> Result<f64> {
    let each = ((task.entries / task.shape.n() as f64) as usize).clamp(2, ENTRIES.1);
    let n = ATTRACTED.0.min(ENTRIES.0 / each).max(ATTRACTED.1).min(task.shape.n().max(4));
    let p = made_up::ring::<T>(n, each.min(n - 1))?;
    let mut y = made_up::ring_map::<T, D>(n)?;
    let mut nothing = Nothing;
    let mut joint = Joint::new(&p, task.kernel, &mut nothing)?;
    let (mut descent, mut optimizer) = (Descent::new(), MomentumGains::new(Momentum::Nesterov));
    // Steps so small that the map stays what it is.
    let phase = Phase::default().learning_rate(1e-9);
    let mut run = |iterations| {
        descent.run(&mut joint, &mut optimizer, &mut y, &phase.iterations(iterations), None, Context::new())
    };
    run(ITERATIONS.0)?;
    let (seconds, _) = shortest(|| run(ITERATIONS.1))?;
    Ok(seconds / (ITERATIONS.1 * p.nnz()) as f64)
}
