//! How the time of each stage grows.

use super::costs::Costs;
use super::task::{InputShape, Task};
use super::work::{affinity_work, doublings, search_work};
use crate::float::Float;
use crate::initialization::coarse::Outline;
use crate::params::initialization::Initialization;

/// Rounds over all affinities that find groups and their affinities and place points: of 70,000, 250,000 and 1,000,000 × 50 the start
/// takes 0.29, 0.62 and 4.5 s on two cores, where 36 rounds plan 0.27, 0.88 and 3.6.
const ROUNDS: f64 = 36.0;

/// Rounds that number the points anew, twice in a descent.
const NUMBERING: f64 = 8.0;

/// Evaluations that end a fit.
const EVALUATIONS: f64 = 2.0;

/// The seconds of neighbors, affinities, initialization, the early phase and the normal phase.
pub(super) fn stages<T: Float, const D: usize>(
    task: &Task<T, D>,
    initialization: &Initialization<T, D>,
    costs: &Costs,
) -> [f64; 5] {
    let Costs { search, affinity, attraction, repulsion, coarse_repulsion } = *costs;
    let n = task.shape.n();
    let (neighbors, values, d) = match (task.shape, task.search) {
        (InputShape::Data(shape) | InputShape::Dealt(shape), Some(plan)) => {
            let values = shape.entries.map_or(n as f64 * shape.d as f64, |entries| entries as f64);
            (search * search_work(plan.method, shape, task.k), values, shape.d)
        }
        _ => (0.0, 0.0, 0),
    };
    let affinities = affinity * affinity_work(n, task.k);
    let round = attraction * task.entries * (1.0 + 0.05 * doublings(n));
    let iteration = round + repulsion;
    let starting = match (initialization, task.coarse) {
        (Initialization::Coarse, Outline::Points { iterations }) => iterations as f64 * iteration,
        (Initialization::Coarse, Outline::Groups { nnz, iterations, .. }) => {
            ROUNDS * round + iterations as f64 * (coarse_repulsion + attraction * nnz as f64)
        }
        (Initialization::Spectral, _) => 100.0 * round,
        (Initialization::Pca, _) => values * 1e-9 * d.min(200) as f64 / task.threads as f64,
        _ => 0.0,
    };
    let (early, normal) = task.iterations;
    [
        neighbors,
        affinities,
        starting,
        early as f64 * iteration,
        (normal as f64 + EVALUATIONS) * iteration + NUMBERING * round,
    ]
}
