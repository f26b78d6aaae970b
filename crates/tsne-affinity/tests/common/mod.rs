//! Oracles and data for the tests of this crate.
#![allow(dead_code)]

pub(crate) mod metrics;

use tsne_affinity::Metric;
use tsne_core::{Rows, Scalar, random};

/// A standard normal number from a counter (Box and Muller 1958).
pub(crate) fn normal(seed: u64, i: u64) -> f64 {
    let u = random::unit(random::element_seed(seed, 0, i)).max(1e-300);
    let v = random::unit(random::element_seed(seed, 1, i));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// `n × d` normal numbers.
pub(crate) fn cloud<T: Scalar>(seed: u64, n: usize, d: usize) -> Vec<T> {
    (0..n * d).map(|i| T::from_f64(normal(seed, i as u64))).collect()
}

/// The distance of two rows, one term after the other in `f64`.
pub(crate) fn distance<T: Scalar>(a: &[T], b: &[T], metric: Metric) -> f64 {
    let dot = |a: &[T], b: &[T]| a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum::<f64>();
    match metric {
        Metric::Cosine => {
            let (la, lb) = (dot(a, a).sqrt(), dot(b, b).sqrt());
            if la == 0.0 && lb == 0.0 {
                0.0
            } else if la == 0.0 || lb == 0.0 {
                1.0
            } else {
                1.0 - dot(a, b) / la / lb
            }
        }
        _ => a.iter().zip(b).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum::<f64>().sqrt(),
    }
}

/// The `k` nearest of `points` by `(distance, index)`; `own` is left out.
pub(crate) fn nearest<T: Scalar>(
    points: Rows<'_, T>,
    query: &[T],
    own: Option<usize>,
    k: usize,
    metric: Metric,
) -> Vec<(T, u32)> {
    let mut all: Vec<(T, u32)> = (0..points.n())
        .filter(|&j| Some(j) != own)
        .map(|j| (T::from_f64(distance(query, points.row(j), metric.clone())), j as u32))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.truncate(k);
    all
}

/// Runs `f` in a pool of its own.
pub(crate) fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}
