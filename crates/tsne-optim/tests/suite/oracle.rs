//! The objective as its definition reads, in double precision, and the data that all tests share.

use std::collections::BTreeMap;
use tsne_core::random::{element_seed, unit};
use tsne_core::{Affinities, AffinityKind, Kernel, Scalar};

/// `w`, repulsive weight and attractive weight of a squared distance, as powers.
pub(crate) fn weights(dof: f64, d2: f64) -> (f64, f64, f64) {
    let base = 1.0 + d2 / dof;
    (base.powf(-dof), base.powf(-dof - 1.0), 1.0 / base)
}

pub(crate) fn squared_distance<const D: usize>(a: [f64; D], b: [f64; D]) -> f64 {
    (0..D).map(|c| (a[c] - b[c]).powi(2)).sum()
}

/// `Z = Σ_{i≠j} w`.
pub(crate) fn normalizer<const D: usize>(dof: f64, y: &[[f64; D]]) -> f64 {
    let mut z = 0.0;
    for i in 0..y.len() {
        for j in (0..y.len()).filter(|&j| j != i) {
            z += weights(dof, squared_distance(y[i], y[j])).0;
        }
    }
    z
}

/// The non-zeros of a row.
pub(crate) fn row<T: Scalar>(p: &Affinities<T>, i: usize) -> Vec<(usize, f64)> {
    let (columns, weights) = p.row(i);
    columns.iter().zip(weights).map(|(&j, w)| (j as usize, w.to_f64())).filter(|&(_, p)| p > 0.0).collect()
}

/// `Σ p_ij ln(p_ij / q_ij)`.
pub(crate) fn kl<T: Scalar, const D: usize>(p: &Affinities<T>, dof: f64, y: &[[f64; D]]) -> f64 {
    let z = normalizer(dof, y);
    let mut kl = 0.0;
    for i in 0..p.n() {
        for (j, p_ij) in row(p, i) {
            kl += p_ij * (p_ij / (weights(dof, squared_distance(y[i], y[j])).0 / z)).ln();
        }
    }
    kl
}

/// `4 Σ_j (e p_ij - q_ij) (y_i - y_j) / (1 + r_ij²/dof)`.
pub(crate) fn gradient<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    dof: f64,
    exaggeration: f64,
    y: &[[f64; D]],
) -> Vec<[f64; D]> {
    let z = normalizer(dof, y);
    let mut gradient = vec![[0.0; D]; y.len()];
    for i in 0..y.len() {
        for (j, p_ij) in row(p, i) {
            let attraction = weights(dof, squared_distance(y[i], y[j])).2;
            for c in 0..D {
                gradient[i][c] += 4.0 * exaggeration * p_ij * attraction * (y[i][c] - y[j][c]);
            }
        }
        for j in (0..y.len()).filter(|&j| j != i) {
            let force = weights(dof, squared_distance(y[i], y[j])).1;
            for c in 0..D {
                gradient[i][c] -= 4.0 * force / z * (y[i][c] - y[j][c]);
            }
        }
    }
    gradient
}

/// The derivative of `f` at step 0 by central differences with steps `h` and `h / 2`, extrapolated (Richardson 1911):
/// the error is of order `h⁴ f⁽⁵⁾` and `ε |f| / h`.
pub(crate) fn derivative(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * central(h / 2.0) - central(h)) / 3.0
}

/// The largest absolute value.
pub(crate) fn largest<const D: usize>(rows: &[[f64; D]]) -> f64 {
    rows.as_flattened().iter().fold(0.0, |a, b| a.max(b.abs()))
}

/// Points spread evenly over a cube around the origin.
pub(crate) fn cloud<T: Scalar, const D: usize>(n: usize, extent: f64, seed: u64) -> Vec<[T; D]> {
    let coordinate = |i: usize, c: usize| unit(element_seed(seed, c as u64, i as u64));
    (0..n).map(|i| std::array::from_fn(|c| T::from_f64(extent * (coordinate(i, c) - 0.5)))).collect()
}

/// The same numbers in double precision.
pub(crate) fn widen<T: Scalar, const D: usize>(y: &[[T; D]]) -> Vec<[f64; D]> {
    y.iter().map(|point| point.map(T::to_f64)).collect()
}

pub(crate) fn bits<T: Scalar, const D: usize>(y: &[[T; D]]) -> Vec<u64> {
    y.as_flattened().iter().map(|v| v.bits()).collect()
}

pub(crate) fn kernel(dof: f64) -> Kernel {
    Kernel::new(dof).unwrap()
}

/// Affinities of the given kind from entries, each divided by the sum over all or over its row.
pub(crate) fn affinities<T: Scalar>(
    n: usize,
    n_columns: usize,
    kind: AffinityKind,
    entries: &BTreeMap<(usize, usize), f64>,
) -> Affinities<T> {
    let mut sums = vec![0.0; n];
    for (&(i, _), p) in entries {
        sums[i] += p;
    }
    if kind == AffinityKind::Joint {
        let total: f64 = sums.iter().sum();
        sums.fill(total);
    }
    let mut row_pointers = vec![0; n + 1];
    for &(i, _) in entries.keys() {
        row_pointers[i + 1] += 1;
    }
    for i in 0..n {
        row_pointers[i + 1] += row_pointers[i];
    }
    let columns = entries.keys().map(|&(_, j)| j as u32).collect();
    let weights = entries.iter().map(|(&(i, _), p)| T::from_f64(p / sums[i])).collect();
    Affinities::from_parts(row_pointers, columns, weights, n_columns, kind).unwrap()
}

/// Symmetric affinities of each point to about `2 k` others anywhere, of different sizes.
pub(crate) fn joint<T: Scalar>(n: usize, k: usize, seed: u64) -> Affinities<T> {
    let mut entries = BTreeMap::new();
    for i in 0..n {
        for s in 0..k {
            let hash = element_seed(seed, s as u64, i as u64);
            let j = (hash % n as u64) as usize;
            if i != j {
                let p = 0.05 + unit(hash);
                entries.insert((i, j), p);
                entries.insert((j, i), p);
            }
        }
    }
    affinities(n, n, AffinityKind::Joint, &entries)
}

/// Affinities of `n` new points to up to `k` of `m` reference points each.
pub(crate) fn conditional<T: Scalar>(n: usize, m: usize, k: usize, seed: u64) -> Affinities<T> {
    let mut entries = BTreeMap::new();
    for i in 0..n {
        for s in 0..k {
            let hash = element_seed(seed, s as u64, i as u64);
            entries.insert((i, (hash % m as u64) as usize), 0.05 + unit(hash));
        }
    }
    affinities(n, m, AffinityKind::Conditional, &entries)
}

#[test]
fn three_points_by_hand() {
    // On a line at 0, 1 and 3: w = 1/2, 1/5, 1/10 and Z = 1.6. With p = 1/4 along both short sides,
    // KL = 1/2 ln(1/4 · 1.6 / (1/2)) + 1/2 ln(1/4 · 1.6 / (1/5)) = 1/2 ln 1.6.
    let y = [[0.0], [1.0], [3.0]];
    let entries = BTreeMap::from([((0, 1), 1.0), ((1, 0), 1.0), ((1, 2), 1.0), ((2, 1), 1.0)]);
    let p = affinities::<f64>(3, 3, AffinityKind::Joint, &entries);
    assert!((normalizer(1.0, &y) - 1.6).abs() < 1e-15);
    assert!((kl(&p, 1.0, &y) - 0.5 * 1.6f64.ln()).abs() < 1e-15);
    // The first point: 4 (1/4 · 1/2 · (-1) - (1/4 · (-1) + 1/100 · (-3)) / 1.6) = 0.2.
    let found = gradient(&p, 1.0, 1.0, &y);
    assert!((found[0][0] - 0.2).abs() < 1e-15, "{}", found[0][0]);
    // No net force: the three sum to zero.
    assert!(found.iter().map(|g| g[0]).sum::<f64>().abs() < 1e-15);
}

#[test]
fn the_gradient_is_the_derivative_of_the_divergence() {
    fn check<const D: usize>() {
        let (n, h) = (14, 2e-3);
        let p = joint::<f64>(n, 3, 5);
        let y = cloud::<f64, D>(n, 3.0, 6);
        for dof in [0.5, 1.0, 2.0] {
            let gradient = gradient(&p, dof, 1.0, &y);
            for i in 0..n {
                for c in 0..D {
                    let slope = derivative(h, |step| {
                        let mut y = y.clone();
                        y[i][c] += step;
                        kl(&p, dof, &y)
                    });
                    // h⁴ = 1.6e-11 times a fifth derivative of order 5! · 4 / n, and ε / h = 1e-13.
                    assert!((slope - gradient[i][c]).abs() < 2e-9, "dof {dof}: {slope} and {}", gradient[i][c]);
                }
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
}
