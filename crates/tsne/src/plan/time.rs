//! How the time of each stage grows.

use super::calibration::Calibration;
use super::task::{COARSEST, InputShape, Task};
use super::work::{affinity_work, doublings, search_work};
use crate::float::Float;
use crate::params::initialization::Initialization;

/// Iterations of the coarsest map, and of a map of few points that begins with all of them.
const COARSE_ITERATIONS: f64 = 60.0;
const FEW_ITERATIONS: f64 = 90.0;

/// Rounds over all affinities that find groups and their affinities and place points.
const ROUNDS: f64 = 20.0;

/// Rounds that number the points anew, twice in a descent.
const NUMBERING: f64 = 8.0;

/// Points that are mapped at once.
const FEW: usize = 8_000;

/// Evaluations that end a fit.
const EVALUATIONS: f64 = 2.0;

/// The seconds of neighbors, affinities, initialization, the early phase and the normal phase.
pub(super) fn stages<T: Float, const D: usize>(
    task: &Task<T, D>,
    initialization: &Initialization<T, D>,
    calibration: &Calibration,
) -> [f64; 5] {
    let Calibration { search, affinity, attraction, repulsion, coarse_repulsion } = *calibration;
    let n = task.shape.n();
    let (neighbors, values, d) = match (task.shape, task.search) {
        (InputShape::Data(shape), Some(plan)) => {
            let values = shape.entries.map_or(n as f64 * shape.d as f64, |entries| entries as f64);
            (search * search_work(plan.method, shape, task.k), values, shape.d)
        }
        _ => (0.0, 0.0, 0),
    };
    let affinities = affinity * affinity_work(n, task.k);
    let round = attraction * task.entries * (1.0 + 0.05 * doublings(n));
    let iteration = round + repulsion;
    let starting = match initialization {
        Initialization::Coarse if n <= FEW => FEW_ITERATIONS * iteration,
        Initialization::Coarse => {
            ROUNDS * round + COARSE_ITERATIONS * (coarse_repulsion + attraction * (90 * COARSEST) as f64)
        }
        Initialization::Spectral => 100.0 * round,
        Initialization::Pca => values * 1e-9 * d.min(200) as f64 / task.threads as f64,
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
