//! What the parts of a fit cost on this machine, measured by running them.

use super::memory::extent;
use super::time::{affinity_work, search_work};
use super::{InputShape, Task, made_up};
use crate::builder::Tsne;
use crate::float::Float;
use crate::threads;
use std::num::NonZeroUsize;
use std::time::Instant;
use tsne_affinity::{
    ApproximateSearch, BruteForceSearch, DataShape, ExactSearch, KdTreeSearch, Metric, SearchMethod, VpTreeSearch,
};
use tsne_core::{Context, Kernel, NeighborSearch, Repulsion, Result, Scalar};
use tsne_optim::{Descent, Joint, Momentum, MomentumGains, Phase};

/// What the parts of a fit cost on this machine, for data of one shape: [`Tsne::calibrate`] measures it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
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

/// Points among which neighbors are searched, and multiplications that this may take.
const SEARCHED: usize = 4_000;
const PRODUCTS: f64 = 1e9;

/// Columns of made-up points whose neighbors stand for given ones.
const FEW_COLUMNS: usize = 4;

/// Points and entries of the affinities that attract, and iterations: before those that count, points are numbered anew.
const ATTRACTED: (usize, usize) = (16_384, 1_500_000);
const ITERATIONS: (usize, usize) = (4, 6);

/// Points of the map that repels; more of them take as much longer.
const REPELLED: usize = 200_000;

/// Points of the coarsest map.
pub(super) const COARSEST: usize = 5_000;

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
    /// let calibration = Tsne::<f32, 2>::builder().build()?.calibrate(DataShape::dense(1_000, 4))?;
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn calibrate(&self, shape: impl Into<InputShape>) -> Result<Calibration> {
        let task = self.task(shape.into())?;
        let n = task.shape.n();
        threads::run(self.parameters.optimize.n_jobs, || {
            let (search, affinity) = self.neighbors(&task)?;
            Ok(Calibration {
                search,
                affinity,
                attraction: attraction(&task)?,
                repulsion: self.repulsion(&task, n)?,
                coarse_repulsion: self.repulsion(&task, COARSEST.min(n))?,
            })
        })
    }

    /// Seconds of a unit of the work of the search, and of an entry of the affinities.
    fn neighbors(&self, task: &Task<T, D>) -> Result<(f64, f64)> {
        // Of neighbors that are given, some are made up for the affinities.
        let (shape, method) = match (task.shape, task.search) {
            (InputShape::Data(shape), Some(search)) => (shape, search.method),
            (shape, _) => (DataShape::dense(shape.n(), FEW_COLUMNS), SearchMethod::KdTree),
        };
        let width = shape.entries.map_or(shape.d, |entries| entries / shape.n.max(1)).max(1);
        let n = SEARCHED.min((PRODUCTS / width as f64).sqrt() as usize).max(500).min(shape.n);
        let k = task.k.min(n - 1);
        // Parameters of a metric are of the real columns, and distances that are given have no columns.
        let metric = match &self.parameters.metric {
            Metric::Precomputed => Metric::Euclidean,
            other => other.clone(),
        };
        let search: Box<dyn NeighborSearch<T>> = match method {
            SearchMethod::KdTree => Box::new(KdTreeSearch::new(metric)),
            SearchMethod::VpTree => Box::new(VpTreeSearch::new(metric)),
            SearchMethod::Descent => Box::new(ApproximateSearch::new(metric).with_exact_up_to(0)),
            SearchMethod::SharedColumns => Box::new(ExactSearch::new(metric)),
            _ => Box::new(BruteForceSearch::new(metric)),
        };
        let points = made_up::points::<T>(shape, n)?;
        let points = points.points();
        let cx = Context::new();
        let neighbors = NonZeroUsize::new(k).unwrap_or(NonZeroUsize::MIN);
        let clock = Instant::now();
        let graph = search.build(points, cx)?.knn_graph(neighbors, cx)?;
        let searched = clock.elapsed().as_secs_f64();
        let clock = Instant::now();
        self.parameters.method()?.model().joint_owned(graph, cx)?;
        let joined = clock.elapsed().as_secs_f64();
        // All pairs are compared here, whatever will be.
        let compared = match method {
            SearchMethod::Clusters => SearchMethod::Products,
            other => other,
        };
        let made = DataShape { n, entries: shape.entries.map(|_| width * n), ..shape };
        Ok((searched / search_work(compared, made, k), joined / affinity_work(n, k)))
    }

    fn repulsion(&self, task: &Task<T, D>, n: usize) -> Result<f64> {
        let some = n.min(REPELLED);
        // The method is that of the whole map.
        let params = self.parameters.optimize.repulsion.resolve(n, task.kernel);
        let mut repulsion = params.make(n, task.kernel)?;
        let map = made_up::map::<T, D>(some, extent(n, D))?;
        let mut forces = map.clone();
        let mut best = f64::INFINITY;
        // The first one makes the grid.
        for _ in 0..3 {
            let clock = Instant::now();
            repulsion.repulse(task.kernel, &map, &mut forces, Context::new())?;
            best = best.min(clock.elapsed().as_secs_f64());
        }
        Ok(best * n as f64 / some as f64)
    }
}

/// Seconds of an iteration without repulsion, for each entry of the affinities.
fn attraction<T: Float, const D: usize>(task: &Task<T, D>) -> Result<f64> {
    let each = ((task.entries / task.shape.n() as f64) as usize).max(2);
    let n = ATTRACTED.0.min(ATTRACTED.1 / each).max(each + 2).min(task.shape.n().max(4));
    let p = made_up::ring::<T>(n, each.min(n - 1))?;
    let mut y = made_up::ring_map::<T, D>(n)?;
    let mut nothing = Nothing;
    let mut joint = Joint::new(&p, task.kernel, &mut nothing)?;
    let (mut descent, mut optimizer) = (Descent::new(), MomentumGains::new(Momentum::Nesterov));
    // Steps so small that the map stays what it is.
    let phase = Phase::default().learning_rate(1e-9);
    let mut run = |iterations| -> Result<f64> {
        let clock = Instant::now();
        descent.run(&mut joint, &mut optimizer, &mut y, &phase.iterations(iterations), None, Context::new())?;
        Ok(clock.elapsed().as_secs_f64() / iterations as f64)
    };
    run(ITERATIONS.0)?;
    Ok(run(ITERATIONS.1)? / p.nnz() as f64)
}
