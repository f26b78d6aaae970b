//! Every metric by its textbook formula, and data that each takes.

use super::cloud;
use std::collections::BTreeSet;
use tsne_affinity::Metric;
use tsne_core::{Scalar, random};

/// All metrics that are a function of two rows of `d` values without further data.
pub(crate) fn all(d: usize) -> Vec<Metric> {
    let weights: Vec<f64> = (0..d).map(|j| 0.5 + (j % 3) as f64).collect();
    let mut all = vec![
        Metric::Euclidean,
        Metric::SqEuclidean,
        Metric::Manhattan,
        Metric::Chebyshev,
        Metric::minkowski(1.5),
        Metric::minkowski(2.0),
        Metric::Minkowski { p: 3.0, weights: Some(weights.clone().into()) },
        Metric::Minkowski { p: 2.0, weights: Some(weights.clone().into()) },
        Metric::SEuclidean { variances: Some(weights.into()) },
        Metric::Mahalanobis { inverse_covariance: Some(definite(d).into()) },
        Metric::Cosine,
        Metric::Correlation,
        Metric::SpearmanR,
        Metric::Hamming,
        Metric::Jaccard,
        Metric::Dice,
        Metric::RogersTanimoto,
        Metric::RussellRao,
        Metric::SokalMichener,
        Metric::SokalSneath,
        Metric::Yule,
        Metric::Canberra,
        Metric::BrayCurtis,
        Metric::Hellinger,
        Metric::Dot,
        Metric::JensenShannon,
        Metric::SymmetricKl,
    ];
    if d == 2 {
        all.push(Metric::Haversine);
    }
    all
}

/// A symmetric positive definite matrix: 2 on the diagonal, 1/2 beside it.
pub(crate) fn definite(d: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| {
        if i == j {
            2.0
        } else if i.abs_diff(j) == 1 {
            0.5
        } else {
            0.0
        }
    };
    (0..d * d).map(|at| entry(at / d, at % d)).collect()
}

/// `n` rows that `metric` takes, a tenth of them duplicates of others. With `ties`, values are few and small.
pub(crate) fn data<T: Scalar>(metric: &Metric, seed: u64, n: usize, d: usize, ties: bool) -> Vec<T> {
    let mut x: Vec<f64> = cloud::<f64>(seed, n, d);
    for (i, v) in x.iter_mut().enumerate() {
        let zero = random::unit(random::element_seed(seed, 9, i as u64)) < 0.3;
        if ties {
            *v = (*v * 2.0).round();
        }
        match metric {
            Metric::Hellinger | Metric::JensenShannon | Metric::SymmetricKl | Metric::BrayCurtis => *v = v.abs(),
            Metric::Haversine if i % 2 == 0 => *v = v.clamp(-3.0, 3.0) / 2.0,
            _ => {}
        }
        if zero && *metric != Metric::Haversine {
            *v = 0.0;
        }
    }
    if *metric == Metric::Dot {
        for row in x.chunks_exact_mut(d) {
            let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|v| *v /= length);
            }
        }
    }
    x.copy_within(0..n / 10 * d, n / 2 * d);
    x.into_iter().map(T::from_f64).collect()
}

/// The distance as textbooks have it. `squared` says that it is a root, of which the square is what cancels.
pub(crate) fn textbook(metric: &Metric, a: &[f64], b: &[f64]) -> f64 {
    let d = a.len() as f64;
    let pairs = || a.iter().copied().zip(b.iter().copied());
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs().map(|(a, b)| f(a, b)).sum::<f64>();
    let truths =
        |row: &[f64]| row.iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(j, _)| j).collect::<BTreeSet<_>>();
    let (ta, tb) = (truths(a), truths(b));
    let both = ta.intersection(&tb).count() as f64;
    let either = ta.union(&tb).count() as f64;
    let differ = either - both;
    let quotient = |x: f64, y: f64| if x == 0.0 { 0.0 } else { x / y };
    match metric {
        Metric::Euclidean => (sum(&|a, _| a * a) - 2.0 * sum(&|a, b| a * b) + sum(&|_, b| b * b)).max(0.0).sqrt(),
        Metric::SqEuclidean => (sum(&|a, _| a * a) - 2.0 * sum(&|a, b| a * b) + sum(&|_, b| b * b)).max(0.0),
        Metric::Manhattan => pairs().map(|(a, b)| if a > b { a - b } else { b - a }).sum(),
        Metric::Chebyshev => pairs().map(|(a, b)| (a - b).abs()).max_by(f64::total_cmp).unwrap_or(0.0),
        Metric::Minkowski { p, weights } => pairs()
            .enumerate()
            .map(|(j, (a, b))| weights.as_ref().map_or(1.0, |w| w[j]) * (a - b).abs().powf(*p))
            .sum::<f64>()
            .powf(p.recip()),
        Metric::SEuclidean { variances: Some(v) } => {
            pairs().zip(v.iter()).map(|((a, b), v)| ((a - b) / v.sqrt()).powi(2)).sum::<f64>().sqrt()
        }
        Metric::Mahalanobis { inverse_covariance: Some(m) } => {
            let mut form = 0.0;
            for i in 0..a.len() {
                for j in 0..a.len() {
                    form += (a[i] - b[i]) * m[i * a.len() + j] * (a[j] - b[j]);
                }
            }
            form.sqrt()
        }
        Metric::Cosine => match (sum(&|a, _| a * a), sum(&|_, b| b * b)) {
            (0.0, 0.0) => 0.0,
            (0.0, _) | (_, 0.0) => 1.0,
            (x, y) => (1.0 - sum(&|a, b| a * b) / (x * y).sqrt()).max(0.0),
        },
        Metric::Correlation => {
            let (ma, mb) = (sum(&|a, _| a) / d, sum(&|_, b| b) / d);
            let (va, vb) = (sum(&|a, _| (a - ma).powi(2)), sum(&|_, b| (b - mb).powi(2)));
            // A variance this far below the squares is the rounding of a constant row.
            let (za, zb) = (va <= 1e-25 * (1.0 + ma * ma), vb <= 1e-25 * (1.0 + mb * mb));
            match (za, zb) {
                (true, true) => 0.0,
                (true, _) | (_, true) => 1.0,
                _ => (1.0 - sum(&|a, b| (a - ma) * (b - mb)) / (va.sqrt() * vb.sqrt())).max(0.0),
            }
        }
        Metric::SpearmanR => {
            let rank = |row: &[f64]| -> Vec<f64> {
                let count = |f: &dyn Fn(&f64) -> bool| row.iter().filter(|v| f(v)).count() as f64;
                row.iter().map(|v| count(&|w| w < v) + 0.5 * (count(&|w| w == v) + 1.0)).collect()
            };
            textbook(&Metric::Correlation, &rank(a), &rank(b))
        }
        Metric::Hamming => pairs().filter(|(a, b)| a != b).count() as f64 / d,
        Metric::Jaccard => quotient(differ, either),
        Metric::Dice => quotient(differ, (ta.len() + tb.len()) as f64),
        Metric::RogersTanimoto | Metric::SokalMichener => 2.0 * differ / (d + differ),
        Metric::RussellRao => 1.0 - both / d,
        Metric::SokalSneath => quotient(2.0 * differ, both + 2.0 * differ),
        Metric::Yule => {
            let (tf, ft) = (ta.len() as f64 - both, tb.len() as f64 - both);
            quotient(2.0 * tf * ft, both * (d - either) + tf * ft)
        }
        Metric::Canberra => {
            pairs().filter(|p| *p != (0.0, 0.0)).map(|(a, b)| (a - b).abs() / (a.abs() + b.abs())).sum()
        }
        Metric::BrayCurtis => quotient(sum(&|a, b| (a - b).abs()), sum(&|a, b| (a + b).abs())),
        Metric::Haversine => {
            // The spherical law of cosines from unit vectors, by the arctangent that is good everywhere.
            let vector = |p: &[f64]| [p[0].cos() * p[1].cos(), p[0].cos() * p[1].sin(), p[0].sin()];
            let (u, v) = (vector(a), vector(b));
            let dot: f64 = u.iter().zip(v).map(|(u, v)| u * v).sum();
            let cross: f64 =
                (0..3).map(|i| (u[(i + 1) % 3] * v[(i + 2) % 3] - u[(i + 2) % 3] * v[(i + 1) % 3]).powi(2)).sum();
            cross.sqrt().atan2(dot)
        }
        Metric::Hellinger => match (sum(&|a, _| a), sum(&|_, b| b)) {
            (0.0, 0.0) => 0.0,
            (0.0, _) | (_, 0.0) => 1.0,
            (x, y) => (1.0 - sum(&|a, b| (a * b).sqrt()) / (x * y).sqrt()).max(0.0).sqrt(),
        },
        Metric::Dot => (1.0 - sum(&|a, b| a * b)).max(0.0),
        Metric::JensenShannon => {
            let (x, y) = (sum(&|a, _| a), sum(&|_, b| b));
            if x == 0.0 || y == 0.0 {
                return if x == y { 0.0 } else { 2f64.ln().sqrt() };
            }
            let entropy = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
            // The entropy of the mean minus the mean entropy.
            sum(&|a, b| entropy(0.5 * (a / x + b / y)) - 0.5 * (entropy(a / x) + entropy(b / y))).max(0.0).sqrt()
        }
        Metric::SymmetricKl => {
            let (x, y) = (sum(&|a, _| a + 1e-11), sum(&|_, b| b + 1e-11));
            let divergence = |p: f64, q: f64| p * p.ln() - p * q.ln();
            sum(&|a, b| {
                let (p, q) = ((a + 1e-11) / x, (b + 1e-11) / y);
                0.5 * (divergence(p, q) + divergence(q, p))
            })
        }
        other => unreachable!("{other} has no formula of two rows"),
    }
}

/// How far a distance may be from the textbook's. Terms are of size `size` and each of some `d` operations is rounded by
/// 2^-53, logarithms (at most 26 in size) included; where the textbook cancels, the error is absolute, and under a root
/// it is one of the square. The result is rounded to `T`.
pub(crate) fn close<T: Scalar>(metric: &Metric, d: usize, size: f64, given: f64, textbook: f64) -> bool {
    let rounding = 8.0 * (d as f64 + 8.0) * f64::EPSILON;
    let relative = rounding + T::EPSILON.to_f64();
    let error = (given - textbook).abs();
    if error <= relative * textbook {
        return true;
    }
    match metric {
        Metric::Euclidean => {
            error * (given + textbook) <= rounding * size * size + 2.0 * relative * textbook * textbook
        }
        Metric::SqEuclidean => error <= rounding * size * size + relative * textbook,
        Metric::Hellinger | Metric::JensenShannon => {
            error * (given + textbook) <= 26.0 * rounding + 2.0 * relative * textbook
        }
        Metric::SymmetricKl => error <= 26.0 * rounding + relative * textbook,
        Metric::Cosine | Metric::Correlation | Metric::SpearmanR | Metric::Dot | Metric::Haversine => {
            error <= rounding + relative * textbook
        }
        // Opposite weights of cancelling coordinates: the form is bounded by its terms.
        Metric::Mahalanobis { .. } | Metric::SEuclidean { .. } | Metric::Minkowski { .. } => {
            error <= rounding * size + relative * textbook
        }
        _ => false,
    }
}
