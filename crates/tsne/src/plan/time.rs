//! How the time of each stage grows.

use super::calibration::{COARSEST, Calibration};
use super::{InputShape, Task};
use crate::float::Float;
use crate::params::initialization::Initialization;
use tsne_affinity::{DataShape, SearchMethod};

/// What it costs to keep the nearest for each pair that is compared, in multiplications: of all pairs, and of clusters, whose
/// points are fewer at a time.
const SELECT: f64 = 40.0;
const SELECT_IN_CLUSTERS: f64 = 75.0;

/// Points that a row is compared with among clusters, for 90 neighbors at a recall of .99: 2,630 of 70,000 × 50, 2,730 of
/// 250,000 × 50, 3,360 of 70,000 × 784.
fn visited(d: f64, k: f64) -> f64 {
    2_700.0 * (d / 50.0).max(1.0).powf(0.08) * (k / 90.0).powf(0.8)
}

/// Products with few rows at a time take longer than those of all pairs.
const CLUSTERED: f64 = 1.55;

/// Columns from which on rows are projected before they are compared with centroids, and to how many.
const PROJECTED: (usize, f64) = (256, 64.0);

/// The work of a search for `k` neighbors, in units of its own.
pub(super) fn search_work(method: SearchMethod, shape: DataShape, k: usize) -> f64 {
    let (n, d, k) = (shape.n as f64, shape.d as f64, k as f64);
    match method {
        SearchMethod::Products => n * n * (d + SELECT),
        SearchMethod::Clusters => {
            let seen = if shape.d < PROJECTED.0 { d } else { PROJECTED.1 };
            let of_points = visited(d, k).min(n) * (d + SELECT_IN_CLUSTERS);
            // Each row is compared with all centroids twice: to join a cluster, and to visit some.
            CLUSTERED * n * (of_points + 2.0 * n.sqrt() * (seen + SELECT_IN_CLUSTERS))
        }
        SearchMethod::KdTree | SearchMethod::VpTree => n * k * n.ln(),
        SearchMethod::Descent => n * n.ln() * k.max(24.0) * d,
        // All rows of a column are looked at for each of its entries.
        SearchMethod::SharedColumns => {
            let entries = shape.entries.map_or(n * d, |entries| entries as f64);
            entries * entries / d.max(1.0) + n * n
        }
        _ => n * n * d,
    }
}

/// The work of the affinities: 33 ns for each entry of 10,000 and of 70,000 points on two cores, 40 of 1,000,000.
pub(super) fn affinity_work(n: usize, k: usize) -> f64 {
    n as f64 * k as f64 * (1.0 + 0.03 * doublings(n))
}

/// How often the number of points doubles beyond those whose positions are in the caches.
fn doublings(n: usize) -> f64 {
    (n as f64 / 20_000.0).log2().max(0.0)
}

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
