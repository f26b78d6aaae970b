//! The rotation, reflection, scale and shift that bring one map closest to another.
//!
//! Least squares over similar maps (Schönemann and Carroll 1970): with both centered, the rotation is the orthogonal factor of
//! `Aᵀ B`. Of matrices up to 3 × 3 its singular vectors come from rotations of Jacobi, which take a few sweeps.

/// Brings `moved` closest to `fixed`, in place, and returns the share of the sum of squares of `fixed` that remains as a difference.
pub(super) fn align<const D: usize>(moved: &mut [[f64; D]], fixed: &[[f64; D]]) -> f64 {
    let n = moved.len().min(fixed.len());
    let mean = |points: &[[f64; D]]| {
        let mut mean = [0.0; D];
        for point in &points[..n] {
            for (mean, value) in mean.iter_mut().zip(point) {
                *mean += value / n as f64;
            }
        }
        mean
    };
    let (center, target) = (mean(moved), mean(fixed));
    let mut cross = [[0.0; D]; D];
    let (mut size, mut wanted) = (0.0, 0.0);
    for (a, b) in moved[..n].iter().zip(fixed) {
        for i in 0..D {
            let from = a[i] - center[i];
            size += from * from;
            wanted += (b[i] - target[i]).powi(2);
            for j in 0..D {
                cross[i][j] += from * (b[j] - target[j]);
            }
        }
    }
    let (rotation, trace) = orthogonal(cross);
    let scale = if size > 0.0 && trace > 0.0 { trace / size } else { 1.0 };
    for point in moved.iter_mut() {
        let from: [f64; D] = std::array::from_fn(|i| point[i] - center[i]);
        *point = std::array::from_fn(|j| target[j] + scale * (0..D).map(|i| from[i] * rotation[i][j]).sum::<f64>());
    }
    let differences = moved[..n].iter().zip(fixed).map(|(a, b)| (0..D).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>());
    if wanted > 0.0 { differences.sum::<f64>() / wanted } else { 0.0 }
}

/// The orthogonal factor `U Vᵀ` of `U S Vᵀ`, and the sum of `S`: one-sided Jacobi rotations of the columns.
fn orthogonal<const D: usize>(matrix: [[f64; D]; D]) -> ([[f64; D]; D], f64) {
    let mut a = matrix;
    let mut v = [[0.0; D]; D];
    for (i, row) in v.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    let dot = |m: &[[f64; D]; D], p: usize, q: usize| m.iter().map(|row| row[p] * row[q]).sum::<f64>();
    for _ in 0..60 {
        let mut turned = false;
        for p in 0..D {
            for q in p + 1..D {
                let (pp, qq, pq) = (dot(&a, p, p), dot(&a, q, q), dot(&a, p, q));
                if pq.abs() <= 1e-15 * (pp * qq).sqrt() {
                    continue;
                }
                turned = true;
                let zeta = (qq - pp) / (2.0 * pq);
                let t = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let c = t.hypot(1.0).recip();
                for m in [&mut a, &mut v] {
                    for row in m.iter_mut() {
                        (row[p], row[q]) = (c * row[p] - c * t * row[q], c * t * row[p] + c * row[q]);
                    }
                }
            }
        }
        if !turned {
            break;
        }
    }
    let lengths: [f64; D] = std::array::from_fn(|k| dot(&a, k, k).sqrt());
    let largest = lengths.iter().copied().fold(0.0, f64::max);
    // Directions without extent are completed to an orthogonal basis.
    let mut u: Vec<[f64; D]> = Vec::new();
    let mut flat = Vec::new();
    for k in 0..D {
        if lengths[k] > 1e-13 * largest && largest > 0.0 {
            u.push(std::array::from_fn(|i| a[i][k] / lengths[k]));
        } else {
            u.push([0.0; D]);
            flat.push(k);
        }
    }
    for k in flat {
        let mut best = ([0.0; D], 0.0);
        for axis in 0..D {
            let mut direction: [f64; D] = std::array::from_fn(|i| if i == axis { 1.0 } else { 0.0 });
            for other in &u {
                let along: f64 = direction.iter().zip(other).map(|(a, b)| a * b).sum();
                for (value, other) in direction.iter_mut().zip(other) {
                    *value -= along * other;
                }
            }
            let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt();
            if length > best.1 {
                best = (direction.map(|v| v / length), length);
            }
        }
        u[k] = best.0;
    }
    let product = std::array::from_fn(|i| std::array::from_fn(|j| (0..D).map(|k| u[k][i] * v[j][k]).sum()));
    (product, lengths.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::points::mix;

    fn cloud<const D: usize>(n: u64) -> Vec<[f64; D]> {
        let value = |i: u64| mix(i) as f64 / u64::MAX as f64 - 0.3;
        (0..n).map(|i| std::array::from_fn(|c| (c + 1) as f64 * value(i * D as u64 + c as u64))).collect()
    }

    #[test]
    fn a_turned_mirrored_scaled_and_shifted_copy_comes_back() {
        let fixed = cloud::<2>(50);
        let (sin, cos) = 2.3f64.sin_cos();
        let turn = |p: &[f64; 2], mirror: f64| {
            [5.0 + 3.0 * (cos * p[0] - sin * p[1]), 7.0 + 3.0 * mirror * (sin * p[0] + cos * p[1])]
        };
        for mirror in [1.0, -1.0] {
            let mut moved: Vec<[f64; 2]> = fixed.iter().map(|p| turn(p, mirror)).collect();
            assert!(align(&mut moved, &fixed) < 1e-25);
            assert!(moved.iter().zip(&fixed).all(|(a, b)| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1e-12));
        }
        let fixed = cloud::<3>(50);
        let mut moved: Vec<[f64; 3]> = fixed
            .iter()
            .map(|&[x, y, z]| [-2.0 * z, 2.0 * (cos * x - sin * y), 2.0 * (sin * x + cos * y) + 1.0])
            .collect();
        assert!(align(&mut moved, &fixed) < 1e-25);
        let fixed = cloud::<1>(9);
        let mut moved: Vec<[f64; 1]> = fixed.iter().map(|&[x]| [4.0 - 0.5 * x]).collect();
        assert!(align(&mut moved, &fixed) < 1e-25);
    }

    #[test]
    fn flat_and_single_points_stay_finite() {
        for fixed in [vec![], vec![[1.0, 2.0]], vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], vec![[1.0, 1.0]; 4]] {
            let mut moved: Vec<[f64; 2]> = fixed.iter().map(|p| [p[1] * 2.0, -p[0]]).collect();
            assert!(align(&mut moved, &fixed) < 1e-20, "{fixed:?}");
            assert!(moved.as_flattened().iter().all(|v| v.is_finite()));
        }
    }
}
