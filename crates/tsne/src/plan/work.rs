//! How the work of a search and of the affinities grows, in units whose cost is measured.

use tsne_affinity::{DataShape, SearchMethod};

/// What it costs to keep the nearest for each pair that is compared, in multiplications: of all pairs, and of clusters, whose
/// points are few at a time and not in the order of the data. With 90 neighbors of 70,000 points the search takes 1.16 s for 50 columns
/// and 5.7 for 784 (two cores).
const SELECT: f64 = 40.0;
const SELECT_IN_CLUSTERS: f64 = 190.0;

/// Points that a row is compared with among clusters, for 90 neighbors at a recall of .99: 2,630 of 70,000 × 50, 2,730 of
/// 250,000 × 50, 3,360 of 70,000 × 784. With 300 neighbors the search takes 1.5 and 1.8 times as long.
fn visited(d: f64, k: f64) -> f64 {
    2_700.0 * (d / 50.0).max(1.0).powf(0.08) * (k / 90.0).powf(0.45)
}

/// Points that a row is compared with.
pub(super) fn compared(method: SearchMethod, shape: DataShape, k: usize) -> f64 {
    let n = shape.n as f64;
    match method {
        SearchMethod::Products => n,
        SearchMethod::Clusters => visited(shape.d as f64, k as f64).min(n),
        // The work of these is counted by their neighbors.
        _ => 0.0,
    }
}

/// A search by shared columns, in nanoseconds of a core (as its choice counts them: `examples/sparse_time` of `tsne-affinity`): a pair
/// of entries in one column or a look at a score, and an entry of two rows whose distance is measured. For `k` neighbors somewhat more
/// are measured. 2,000 rows of 100 values in 5,000 columns take 0.20 s and 20,000 take 3.04 (two cores), 15 times as long; these come to 18.
const SHARED: f64 = 1.4;
const MEASURED: f64 = 6.0;
const CANDIDATES: f64 = 1.5;

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
            n * (of_points + 2.0 * n.sqrt() * (seen + SELECT_IN_CLUSTERS))
        }
        SearchMethod::KdTree | SearchMethod::VpTree => n * k * n.ln(),
        SearchMethod::Descent => n * n.ln() * k.max(24.0) * d,
        SearchMethod::SharedColumns => {
            let each = shape.entries.map_or(d, |entries| entries as f64 / n.max(1.0));
            // All rows of a column are looked at for each of its entries, and all scores; the best are measured.
            n * (SHARED * (n * each * each / d.max(1.0) + n) + MEASURED * each * CANDIDATES * k)
        }
        _ => n * n * d,
    }
}

/// The work of the affinities: 33 ns for each entry of 10,000 and of 70,000 points on two cores, 40 of 1,000,000.
pub(super) fn affinity_work(n: usize, k: usize) -> f64 {
    n as f64 * k as f64 * (1.0 + 0.03 * doublings(n))
}

/// How often the number of points doubles beyond those whose positions are in the caches.
pub(super) fn doublings(n: usize) -> f64 {
    (n as f64 / 20_000.0).log2().max(0.0)
}
