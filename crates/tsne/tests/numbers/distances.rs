//! The definitions of all metrics, and what they and the calibration take from the data.

use crate::clouds::{SIZES, clouds};
use crate::wide::Wide;
use tsne::Metric;
use tsne::Rows;
use tsne::affinity::calibrate_row;

const D: usize = 3;

fn wide(row: &[f64]) -> Vec<Wide> {
    row.iter().map(|v| Wide::from(*v)).collect()
}

fn sum(a: &[Wide], b: &[Wide], term: impl Fn(Wide, Wide) -> Wide) -> Wide {
    a.iter().zip(b).map(|(a, b)| term(*a, *b)).sum()
}

fn less_mean(row: &[Wide]) -> Vec<Wide> {
    let mean = row.iter().copied().sum::<Wide>() / Wide::from(row.len() as f64);
    row.iter().map(|v| *v - mean).collect()
}

/// Divided by their sum; a row of zeros is an outcome of its own, the last.
fn shares(row: &[Wide], added: f64) -> Vec<Wide> {
    let row = row.iter().map(|v| *v + Wide::from(added));
    let total = row.clone().sum::<Wide>();
    if total == Wide::ZERO {
        return row.chain([Wide::ONE]).collect();
    }
    row.map(|v| v / total).chain([Wide::ZERO]).collect()
}

fn one_less_cosine(a: &[Wide], b: &[Wide]) -> Wide {
    let length = |row: &[Wide]| sum(row, row, |a, b| a * b).sqrt();
    let (x, y) = (length(a), length(b));
    match (x == Wide::ZERO, y == Wide::ZERO) {
        (true, true) => Wide::ZERO,
        (false, false) => sum(a, b, |a, b| (a / x - b / y).square()) * Wide::from(0.5),
        _ => Wide::ONE,
    }
}

/// What a distance has to be: itself or, where it is a root of what may be small, its square; and how far off that may be.
struct Expected {
    is_square: bool,
    value: Wide,
    error: f64,
}

/// `units` of the last place of the value.
fn relative(value: Wide, units: f64) -> Expected {
    Expected { is_square: false, value, error: units * f64::EPSILON * value.to_f64() }
}

/// By the textbook. Errors are counted in half units of the last place, of operations on `D` columns.
fn expected(metric: &Metric, a: &[f64], b: &[f64]) -> Expected {
    let largest = a.iter().chain(b).fold(0.0f64, |m, v| m.max(v.abs()));
    let (a, b) = (&wide(a)[..], &wide(b)[..]);
    let apart = |a: Wide, b: Wide| (a - b).abs();
    let power = |x: Wide, p: Wide| if x == Wide::ZERO { x } else { (x.ln() * p).exp() };
    match metric {
        // A difference, a square, D additions, a root.
        Metric::Euclidean => relative(sum(a, b, |a, b| (a - b).square()).sqrt(), 4.0),
        Metric::SqEuclidean => relative(sum(a, b, |a, b| (a - b).square()), 4.0),
        Metric::Manhattan => relative(sum(a, b, apart), 3.0),
        Metric::Chebyshev => relative(a.iter().zip(b).fold(Wide::ZERO, |m, (a, b)| m.max((*a - *b).abs())), 1.0),
        Metric::Minkowski { p, weights } => {
            let weight = |j: usize| weights.as_ref().map_or(Wide::ONE, |w| Wide::from(w[j]));
            let total = (0..a.len()).map(|j| weight(j) * power(apart(a[j], b[j]), Wide::from(*p))).sum::<Wide>();
            // The power multiplies the errors of a quotient by `p`, and its root divides them and those of a sum by it.
            relative(power(total, Wide::ONE / Wide::from(*p)), 8.0)
        }
        Metric::SEuclidean { variances: Some(v) } => {
            let terms = (0..a.len()).map(|j| (a[j] - b[j]).square() / Wide::from(v[j]));
            relative(terms.sum::<Wide>().sqrt(), 4.0)
        }
        Metric::Mahalanobis { inverse_covariance: Some(m) } => {
            let (mut form, mut size) = (Wide::ZERO, 0.0);
            for i in 0..a.len() {
                for j in 0..a.len() {
                    let term = (a[i] - b[i]) * Wide::from(m[i * a.len() + j]) * (a[j] - b[j]);
                    form = form + term;
                    size += term.abs().to_f64();
                }
            }
            // Terms of both signs.
            Expected { is_square: true, value: form, error: 12.0 * f64::EPSILON * size }
        }
        // Half the square between two directions, of which each entry is known to four units of 1: a distance errs by as
        // many times the root of twice itself, and their square.
        Metric::Cosine => direction(one_less_cosine(a, b), 0.0),
        // And the error of a mean turns both rows: by a part of its own square, since what it adds is at right angles to them.
        Metric::Correlation => {
            let (a, b) = (less_mean(a), less_mean(b));
            let length = |row: &[Wide]| sum(row, row, |a, b| a * b).sqrt().to_f64();
            let shortest = length(&a).min(length(&b));
            let turned = if shortest > 0.0 { 4.0 * f64::EPSILON * largest / shortest } else { 0.0 };
            direction(one_less_cosine(&a, &b), turned)
        }
        Metric::Hellinger => {
            let root = |row: &[Wide]| row.iter().map(|v| v.sqrt()).collect::<Vec<_>>();
            let Expected { value, error, .. } = direction(one_less_cosine(&root(a), &root(b)), 0.0);
            Expected { is_square: true, value, error }
        }
        Metric::Canberra => {
            relative(sum(a, b, |a, b| if a == b { Wide::ZERO } else { apart(a, b) / (a.abs() + b.abs()) }), 5.0)
        }
        Metric::BrayCurtis => {
            let (apart, total) = (sum(a, b, apart), sum(a, b, |a, b| (a + b).abs()));
            relative(if apart == Wide::ZERO { apart } else { apart / total }, 8.0)
        }
        Metric::Dot => {
            let product = sum(a, b, |a, b| a * b);
            let size = sum(a, b, |a, b| (a * b).abs()).to_f64();
            // What is below 0 is the rounding of a length of 1.
            Expected {
                is_square: false,
                value: (Wide::ONE - product).max(Wide::ZERO),
                error: f64::EPSILON * (1.0 + 4.0 * size),
            }
        }
        Metric::JensenShannon => {
            let (a, b) = (shares(a, 0.0), shares(b, 0.0));
            let term = |p: Wide, q: Wide| {
                let of = |p: Wide| if p == Wide::ZERO { p } else { p * (p * Wide::from(2.0) / (p + q)).ln() };
                of(p)
            };
            let value = sum(&a, &b, |p, q| term(p, q) + term(q, p)) * Wide::from(0.5);
            // Shares are known to four units of themselves, and a term is about the square of their difference.
            let apart = sum(&a, &b, apart).to_f64();
            let error = 16.0 * f64::EPSILON * (apart + value.abs().to_f64()) + f64::EPSILON * f64::EPSILON * 64.0;
            Expected { is_square: true, value, error }
        }
        Metric::SymmetricKl => {
            let (a, b) = (shares(a, 1e-11), shares(b, 1e-11));
            let (a, b) = (&a[..D], &b[..D]);
            let value = sum(a, b, |p, q| (p - q) * (p / q).ln()) * Wide::from(0.5);
            // The same: a difference of shares, and its logarithm, which is known to eight units of 1.
            let size = sum(a, b, |p, q| (p - q).abs() + p.max(q) * (p / q).ln().abs()).to_f64();
            let error = 16.0 * f64::EPSILON * size + f64::EPSILON * f64::EPSILON * 64.0;
            Expected { is_square: false, value, error }
        }
        other => unreachable!("{other}"),
    }
}

/// One less a cosine, of two directions that have been turned.
fn direction(value: Wide, turned: f64) -> Expected {
    let off = 8.0 * f64::EPSILON;
    let error = off * ((2.0 * value.to_f64().max(0.0)).sqrt() + value.to_f64() + off) + turned * turned;
    Expected { is_square: false, value, error }
}

fn metrics() -> Vec<Metric> {
    let weights = [0.5, 1.0, 3.0];
    let form = [2.0, -0.5, 0.0, -0.5, 1.0, 0.25, 0.0, 0.25, 3.0];
    vec![
        Metric::Euclidean,
        Metric::SqEuclidean,
        Metric::Manhattan,
        Metric::Chebyshev,
        Metric::minkowski(1.5),
        Metric::Minkowski { p: 3.0, weights: Some(weights.into()) },
        Metric::SEuclidean { variances: Some(weights.into()) },
        Metric::Mahalanobis { inverse_covariance: Some(form.into()) },
        Metric::Cosine,
        Metric::Correlation,
        Metric::Hellinger,
        Metric::Canberra,
        Metric::BrayCurtis,
        Metric::Dot,
        Metric::JensenShannon,
        Metric::SymmetricKl,
    ]
}

/// A row that the metric takes.
fn row(metric: &Metric, point: &[f64; D]) -> [f64; D] {
    match metric {
        Metric::Hellinger | Metric::JensenShannon | Metric::SymmetricKl | Metric::BrayCurtis => point.map(f64::abs),
        Metric::Dot => {
            let largest = point.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            let length = point.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt();
            if length > 0.0 { point.map(|v| v / largest / length) } else { *point }
        }
        _ => *point,
    }
}

#[test]
fn every_metric_is_its_definition() {
    for metric in metrics() {
        for size in SIZES {
            for cloud in clouds::<D>(22, size) {
                for pair in cloud.points.windows(2).chain(cloud.points.chunks_exact(11).map(|c| &c[..2])) {
                    let (a, b) = (row(&metric, &pair[0]), row(&metric, &pair[1]));
                    let given = metric.distance(&a, &b).unwrap();
                    let Expected { is_square, value, error } = expected(&metric, &a, &b);
                    let of = if is_square { Wide::from(given).square() } else { Wide::from(given) };
                    // The root and its square are two roundings more.
                    let error = error + if is_square { 2.0 * f64::EPSILON * value.abs().to_f64() } else { 0.0 };
                    assert!(
                        (of - value).abs().to_f64() <= error,
                        "{metric} of {a:?} and {b:?} on {}: {given:e}, not {:e}, the square: {is_square}, off by {:e} of {error:e}",
                        cloud.name(),
                        value.to_f64(),
                        (of - value).to_f64(),
                    );
                }
            }
        }
    }
}

/// Variances by two passes: the error of a mean counts by its square.
#[test]
fn variances_and_covariances_are_those_of_the_points() {
    for size in SIZES {
        for cloud in clouds::<D>(60, size) {
            let n = cloud.points.len() as f64;
            let rows = Rows::new(cloud.points.as_flattened(), 60, D).unwrap();
            let columns: Vec<Vec<Wide>> =
                (0..D).map(|c| less_mean(&cloud.points.iter().map(|p| Wide::from(p[c])).collect::<Vec<_>>())).collect();
            let covariance = |a: usize, b: usize| sum(&columns[a], &columns[b], |a, b| a * b) / Wide::from(n - 1.0);
            let largest = cloud.points.as_flattened().iter().fold(0.0f64, |m, v| m.max(v.abs()));
            let resolved = Metric::SEuclidean { variances: None }.resolve(rows).unwrap();
            let Metric::SEuclidean { variances: Some(variances) } = resolved else { unreachable!() };
            for (c, given) in variances.iter().enumerate() {
                let exact = covariance(c, c);
                let mean_error = n * f64::EPSILON * largest;
                let most = n * f64::EPSILON * exact.to_f64() + mean_error * mean_error;
                assert!(
                    (Wide::from(*given) - exact).abs().to_f64() <= most,
                    "{given:e}, not {exact:?}: {}",
                    cloud.name()
                );
            }
            // Columns of a line are one, and an outlier makes them nearly so: refused, or an inverse.
            let Ok(resolved) = (Metric::Mahalanobis { inverse_covariance: None }).resolve(rows) else { continue };
            let Metric::Mahalanobis { inverse_covariance: Some(inverse) } = resolved else { unreachable!() };
            let norm = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
                (0..D * D).map(|at| of(at / D, at % D).powi(2)).sum::<f64>().sqrt()
            };
            let condition = norm(&|i, j| covariance(i, j).to_f64()) * norm(&|i, j| inverse[i * D + j]);
            for i in 0..D {
                for j in 0..D {
                    let product: Wide = (0..D).map(|l| covariance(i, l) * Wide::from(inverse[l * D + j])).sum();
                    let off = (product - Wide::from(f64::from(u8::from(i == j)))).abs().to_f64();
                    // Sums of n products, and three triangular solutions, each times the condition of what is inverted.
                    let most = (n + 8.0 * D as f64) * f64::EPSILON * condition;
                    assert!(off <= most, "{off:e} of {most:e} at ({i}, {j}): {}", cloud.name());
                }
            }
        }
    }
}

/// The precision that is told gives the entropy that was asked for, and the weights are its Gaussian.
#[test]
fn calibrations_have_the_entropy_that_they_say() {
    fn check<T: tsne::Scalar>(perplexity: f64) {
        for size in SIZES {
            for cloud in clouds::<D>(64, size) {
                let own = cloud.points[5];
                let distance = |p: &[f64; D]| Metric::Euclidean.distance(p, &own).unwrap();
                let mut row: Vec<T> = cloud.points.iter().map(|p| T::from_f64(distance(p))).collect();
                row.sort_by(T::total_cmp);
                let mut weights = vec![T::ZERO; row.len()];
                let fit = calibrate_row(&row, perplexity, &mut weights).unwrap();
                let what = format!("{} at {perplexity} in {}: {fit:?}", cloud.name(), T::NAME);
                let ties = row.iter().filter(|d| **d == row[0]).count();
                if ties as f64 >= perplexity {
                    // All weight is on the nearest.
                    assert!(fit.precision == f64::INFINITY && fit.perplexity == ties as f64, "{what}");
                    continue;
                }
                assert!(fit.converged, "{what}");
                let squares: Vec<Wide> = row.iter().map(|d| Wide::from(d.to_f64()).square()).collect();
                let half = Wide::from(0.5 * fit.precision);
                let exponents: Vec<Wide> = squares.iter().map(|d2| (*d2 - squares[0]) * half).collect();
                let gaussian: Vec<Wide> = exponents.iter().map(|e| (-*e).exp()).collect();
                let total: Wide = gaussian.iter().copied().sum();
                let mean = sum(&gaussian, &exponents, |w, e| w * e) / total;
                let entropy = total.ln() + mean;
                assert!((entropy.to_f64() - perplexity.ln()).abs() <= 1e-8, "{what}");
                assert!((entropy.to_f64() - fit.perplexity.ln()).abs() <= 1e-8, "{what}");
                for ((given, weight), exponent) in weights.iter().zip(&gaussian).zip(&exponents) {
                    let exact = *weight / total;
                    // The exponent is known to eight units of itself, the sum to its additions, and both are rounded to the type.
                    let relative = (8.0 * exponent.to_f64() + 64.0) * f64::EPSILON + T::EPSILON.to_f64() / 2.0;
                    let most = relative * exact.to_f64() + f64::from(f32::MIN_POSITIVE);
                    let off = (Wide::from(given.to_f64()) - exact).abs().to_f64();
                    assert!(off <= most, "{given:e}, not {:e}; {what}", exact.to_f64());
                }
            }
        }
    }
    for perplexity in [2.0, 10.0, 40.0] {
        check::<f32>(perplexity);
        check::<f64>(perplexity);
    }
}
