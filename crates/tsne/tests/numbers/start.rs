//! Where points start: scaled positions, principal components, and means of neighbors.

use crate::clouds::{SIZES, clouds};
use crate::wide::Wide;
use tsne::core::KnnGraph;
use tsne::initialization::{median, pca, principal_axes, rescale, weighted_mean};
use tsne::{Context, Float, Rows};

fn mean(values: &[f64]) -> Wide {
    values.iter().map(|v| Wide::from(*v)).sum::<Wide>() / Wide::from(values.len() as f64)
}

fn column<const D: usize>(points: &[[f64; D]], c: usize) -> Vec<f64> {
    points.iter().map(|p| p[c]).collect()
}

fn check_rescaled<T: Float, const D: usize>(points: &[[f64; D]], what: &str) {
    let n = points.len() as f64;
    let means: Vec<Wide> = (0..D).map(|c| mean(&column(points, c))).collect();
    let variance = points.iter().map(|p| (Wide::from(p[0]) - means[0]).square()).sum::<Wide>() / Wide::from(n);
    let mut given: Vec<[T; D]> = points.iter().map(|p| p.map(T::from_f64)).collect();
    assert!(rescale(&mut given, 1e-4).unwrap(), "{what}");
    let scale = Wide::from(1e-4) / variance.sqrt();
    let from_first = points.iter().flat_map(|p| (0..D).map(|c| (p[c] - points[0][c]).abs())).fold(0.0, f64::max);
    for (given, point) in given.iter().zip(points) {
        for c in 0..D {
            let exact = (Wide::from(point[c]) - means[c]) * scale;
            // A sum of n terms of the size of the cloud, seen from its first point, a handful of operations, and the type.
            let most = (n + 16.0) * f64::EPSILON * from_first * scale.to_f64()
                + T::EPSILON.to_f64() / 2.0 * exact.abs().to_f64();
            let off = (Wide::from(given[c].to_f64()) - exact).abs().to_f64();
            assert!(off <= most + f64::from(f32::MIN_POSITIVE), "{} for {exact:?} in {}: {what}", given[c], T::NAME);
        }
    }
}

#[test]
fn rescaled_positions_keep_their_digits() {
    fn check<const D: usize>() {
        for size in SIZES {
            for cloud in clouds::<D>(90, size) {
                check_rescaled::<f32, D>(&cloud.points, &cloud.name());
                check_rescaled::<f64, D>(&cloud.points, &cloud.name());
                // Where the origin is far away: of 53 digits the offset takes 43.
                let offset = 1e13 * 2f64.powi(cloud.size.log2() as i32);
                let far: Vec<[f64; D]> = cloud.points.iter().map(|p| p.map(|v| v + offset)).collect();
                if cloud.kind == "a lattice" {
                    check_rescaled::<f64, D>(&far, &format!("{} far away", cloud.name()));
                }
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
}

/// Eigenvalues of a symmetric matrix, descending, by Jacobi's rotations.
fn eigenvalues<const D: usize>(mut matrix: [[Wide; D]; D]) -> [Wide; D] {
    for _ in 0..12 {
        for p in 0..D {
            for q in p + 1..D {
                // What is left is 20 digits below what is asked for.
                if matrix[p][q].abs().to_f64() <= 1e-35 * (matrix[p][p] + matrix[q][q]).to_f64() {
                    continue;
                }
                let theta = (matrix[q][q] - matrix[p][p]) / (matrix[p][q] * Wide::from(2.0));
                let root = (theta.square() + Wide::ONE).sqrt();
                let t = Wide::from(theta.to_f64().signum()) / (theta.abs() + root);
                let c = Wide::ONE / (t.square() + Wide::ONE).sqrt();
                let s = t * c;
                for k in 0..D {
                    let (a, b) = (matrix[k][p], matrix[k][q]);
                    (matrix[k][p], matrix[k][q]) = (c * a - s * b, s * a + c * b);
                }
                for k in 0..D {
                    let (a, b) = (matrix[p][k], matrix[q][k]);
                    (matrix[p][k], matrix[q][k]) = (c * a - s * b, s * a + c * b);
                }
            }
        }
    }
    let mut values: [Wide; D] = std::array::from_fn(|i| matrix[i][i]);
    values.sort_by(|a, b| b.partial_cmp(a).unwrap());
    values
}

/// Axes are at right angles and have the largest variances; components are what points are along them.
#[test]
fn components_have_the_variances_of_the_covariance() {
    fn check<T: Float, const D: usize>() {
        for size in SIZES {
            for cloud in clouds::<D>(70, size) {
                let n = cloud.points.len();
                let x = cloud.of::<T>();
                let rows = Rows::new(x.as_flattened(), n, D).unwrap();
                let means: Vec<Wide> = (0..D).map(|c| mean(&column(&cloud.points, c))).collect();
                let centered: Vec<[Wide; D]> =
                    cloud.points.iter().map(|p| std::array::from_fn(|c| Wide::from(p[c]) - means[c])).collect();
                let entry = |a: usize, b: usize| centered.iter().map(|p| p[a] * p[b]).sum::<Wide>();
                let values = eigenvalues::<D>(std::array::from_fn(|a| std::array::from_fn(|b| entry(a, b))));
                let axes = principal_axes(rows, D, 3, Context::new()).unwrap();
                let positions = pca::<T, D>(rows, 3, Context::new()).unwrap();
                let what = format!("{} in {}", cloud.name(), T::NAME);
                // Sums of n products, and rotations: relative to the largest.
                let unit = (n as f64 + 30.0) * f64::EPSILON;
                let largest = cloud.points.as_flattened().iter().fold(0.0f64, |m, v| m.max(v.abs()));
                for (k, axis) in axes.iter().enumerate() {
                    let axis: Vec<Wide> = axis.iter().map(|v| Wide::from(*v)).collect();
                    for other in &axes[..=k] {
                        let product: Wide = axis.iter().zip(other).map(|(a, b)| *a * Wide::from(*b)).sum();
                        let wanted = if *other == axes[k] { Wide::ONE } else { Wide::ZERO };
                        assert!((product - wanted).abs().to_f64() < 50.0 * f64::EPSILON, "{what}");
                    }
                    let along = |p: &[Wide; D]| p.iter().zip(&axis).map(|(a, b)| *a * *b).sum::<Wide>();
                    let variance: Wide = centered.iter().map(|p| along(p).square()).sum();
                    let off = (variance - values[k]).abs().to_f64();
                    assert!(off <= unit * values[0].to_f64(), "{variance:?}, not {:?}: {what}", values[k]);
                    for (position, point) in positions.iter().zip(&centered) {
                        let exact = along(point);
                        let most = unit * 2.0 * largest + T::EPSILON.to_f64() / 2.0 * exact.abs().to_f64();
                        let off = (Wide::from(position[k].to_f64()) - exact).abs().to_f64();
                        assert!(off <= most, "{} for {exact:?}: {what}", position[k]);
                    }
                }
            }
        }
    }
    in_every_dimension!(check);
}

/// New points among their neighbors, of which some are at the distance 0 and some very far.
#[test]
fn new_points_stand_among_their_neighbors() {
    fn check<T: Float, const D: usize>() {
        for size in SIZES {
            for cloud in clouds::<D>(33, size) {
                let y = cloud.of::<T>();
                let (k, what) = (12, format!("{} in {}", cloud.name(), T::NAME));
                let indices: Vec<u32> = (0..k as u32).chain((0..k as u32).map(|j| 2 * j + 3)).collect();
                let ladder = (0..k).map(|j| T::from_f64(2f64.powi(3 * j as i32 - 20)));
                let on_places = (0..k).map(|j| if j < 4 { T::ZERO } else { T::from_f64(j as f64) });
                let distances: Vec<T> = ladder.chain(on_places).collect();
                let graph = KnnGraph::from_parts(k, 33, indices.clone(), distances.clone()).unwrap();
                let means = weighted_mean(&y, &graph, k).unwrap();
                let medians = median(&y, &graph, k).unwrap();
                for i in 0..2 {
                    let row = i * k..(i + 1) * k;
                    let weight = |d: f64| match i {
                        0 => Wide::ONE / Wide::from(d),
                        _ => Wide::from(f64::from(u8::from(d == 0.0))),
                    };
                    let weights: Vec<Wide> = distances[row.clone()].iter().map(|d| weight(d.to_f64())).collect();
                    let total: Wide = weights.iter().copied().sum();
                    for c in 0..D {
                        let values: Vec<f64> =
                            indices[row.clone()].iter().map(|j| cloud.points[*j as usize][c]).collect();
                        let terms = || values.iter().zip(&weights).map(|(v, w)| *w / total * Wide::from(*v));
                        let (exact, terms_size) =
                            (terms().sum::<Wide>(), terms().map(|t| t.abs().to_f64()).sum::<f64>());
                        let most = (2 * k) as f64 * f64::EPSILON * terms_size
                            + T::EPSILON.to_f64() / 2.0 * exact.abs().to_f64();
                        let off = (Wide::from(means[i][c].to_f64()) - exact).abs().to_f64();
                        assert!(off <= most, "{} for {exact:?}: {what}", means[i][c]);
                        let mut sorted = values;
                        sorted.sort_by(f64::total_cmp);
                        let exact = (Wide::from(sorted[k / 2 - 1]) + Wide::from(sorted[k / 2])) * Wide::from(0.5);
                        // A sum and a half of it.
                        let most = T::EPSILON.to_f64() / 2.0 * exact.abs().to_f64();
                        let off = (Wide::from(medians[i][c].to_f64()) - exact).abs().to_f64();
                        assert!(off <= most, "{} for {exact:?}: {what}", medians[i][c]);
                    }
                }
            }
        }
    }
    check::<f32, 1>();
    check::<f64, 2>();
    check::<f32, 3>();
}
