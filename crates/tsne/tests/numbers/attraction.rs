//! The attraction along affinities, of whole weights and of counts.

use crate::clouds::{SIZES, clouds};
use crate::wide::Wide;
use tsne::core::{Affinities, AffinityKind};
use tsne::optim::{Joint, Objective, Repulsion, attract};
use tsne::{Context, Kernel, Scalar};

/// What all columns of a row do to its point on one axis.
struct Pull {
    sum: Wide,
    /// The sum of the absolute values of the terms, and of those with a weight of 1.
    size: f64,
    unweighted: f64,
    /// What the type has no numbers for: terms of columns whose squared distance is beyond them, which count as infinitely far, and
    /// what underflows.
    lost: f64,
}

/// The sums of row `i` by their definition.
fn pull<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    dof: f64,
    (i, y): (usize, &[f64; D]),
    reference: &[[f64; D]],
) -> [Pull; D] {
    let mut pulls = std::array::from_fn(|_| Pull { sum: Wide::ZERO, size: 0.0, unweighted: 0.0, lost: 0.0 });
    for (&j, weight) in p.row(i).0.iter().zip(p.row(i).1) {
        let difference: [Wide; D] = std::array::from_fn(|c| Wide::from(y[c]) - Wide::from(reference[j as usize][c]));
        let d2: Wide = difference.iter().map(|d| d.square()).sum();
        let a = d2 / Wide::from(dof);
        let kernel = Wide::ONE / (Wide::ONE + a);
        let is_far = a.max(d2).to_f64() >= 0.25 * T::MAX.to_f64();
        for (pull, d) in pulls.iter_mut().zip(difference) {
            let term = Wide::from(weight.to_f64()) * kernel * d;
            let (size, distance) = (term.abs().to_f64(), d.abs().to_f64());
            pull.sum = pull.sum + term;
            pull.size += size;
            pull.unweighted += (kernel * d).abs().to_f64();
            // A weight times the kernel, and that times the difference: each to the last digit that numbers have.
            pull.lost += if is_far { size } else { 0.0 } + least::<T>() * (1.0 + distance);
        }
    }
    pulls
}

/// The distance of the smallest numbers, of which a rounding takes half.
fn least<T: Scalar>() -> f64 {
    if T::NAME == "f32" { f64::from(f32::from_bits(1)) } else { f64::from_bits(1) }
}

/// The relative error of a sum of `k` terms, in half units of the last place.
///
/// A term: two for the differences in a square, which is one more, `D - 1` additions, the inverse of `dof` as a number of `f64` and of
/// the type, and the product with it; the addition of 1 and a quotient; the products with the weight and a difference, which has one
/// more: `D + 10`. A sum: of the steps of eight, and of the eight.
fn rounding<T: Scalar, const D: usize>(k: usize) -> f64 {
    (D + 10 + k.div_ceil(8) + 3) as f64 * T::EPSILON.to_f64() / 2.0
}

/// Rows of 1 to `n - 1` others, from near and far, whose weights are one half, one quarter and so on, and sum up to 1 in any type.
fn all_scales<T: Scalar>(n: usize) -> Affinities<T> {
    let (mut row_pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        let length = 1 + i % (n - 1);
        // 5 and `n - 1`, a number without it, have no common factor.
        let mut row: Vec<(u32, T)> = (0..length)
            .map(|s| {
                let power = (s + 1).min(length - 1) as i32;
                (((i + 1 + (i + 5 * s) % (n - 1)) % n) as u32, T::from_f64(2f64.powi(-power)))
            })
            .collect();
        row.sort_by_key(|(column, _)| *column);
        columns.extend(row.iter().map(|(column, _)| *column));
        weights.extend(row.iter().map(|(_, weight)| *weight));
        row_pointers.push(columns.len());
    }
    Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Conditional).unwrap()
}

#[test]
fn attractions_are_right_in_every_dimension() {
    fn check<T: Scalar, const D: usize>() {
        let n = 40;
        let p = all_scales::<T>(n);
        for size in SIZES {
            let clouds = clouds::<D>(n, size);
            // A map, and new points on a map of another kind.
            let pairs = clouds.iter().map(|cloud| (cloud, cloud)).chain(clouds.iter().zip(&clouds[1..]));
            for (cloud, reference) in pairs {
                for dof in [0.5, 0.8, 1.0, 2.0] {
                    let mut out = vec![[T::INFINITY; D]; n];
                    let kernel = Kernel::new(dof).unwrap();
                    attract(&p, kernel, &cloud.of::<T>(), &reference.of::<T>(), &mut out).unwrap();
                    for (i, out) in out.iter().enumerate() {
                        let pulls = pull(&p, dof, (i, &cloud.points[i]), &reference.points);
                        for (given, pull) in out.iter().zip(&pulls) {
                            let most = rounding::<T, D>(p.row(i).0.len()) * pull.size + pull.lost;
                            let off = (Wide::from(given.to_f64()) - pull.sum).abs().to_f64();
                            assert!(
                                off <= most,
                                "{given:e} on point {i} for {:e} is off by {off:e} of {most:e}, with dof {dof} in {} on {} by {}",
                                pull.sum.to_f64(),
                                T::NAME,
                                cloud.name(),
                                reference.name(),
                            );
                        }
                    }
                }
            }
        }
    }
    in_every_dimension!(check);
}

/// Points that do not push each other: the gradient is the attraction.
struct Nothing;

impl<T: Scalar, const D: usize> Repulsion<T, D> for Nothing {
    fn repulse(
        &mut self,
        _: Kernel,
        _: &[[T; D]],
        out: &mut [[T; D]],
        _: Context<'_>,
    ) -> Result<f64, tsne::optim::Error> {
        out.fill([T::ZERO; D]);
        Ok(1.0)
    }
}

/// Of so many points that weights of `f32` are counts, numbered as they come and, from the second time on, by the map.
#[test]
fn attractions_of_many_points_are_right_in_every_dimension() {
    fn check<T: Scalar, const D: usize>() {
        let (n, k) = (8_200, 9);
        // Around a circle, one half, one quarter and so on of the weight to each; distances from 1 to some thousands.
        let mut rows: Vec<Vec<(u32, T)>> = Vec::new();
        for i in 0..n {
            let weight = |s: usize| T::from_f64(2f64.powi(-((s + 1).min(k - 1) as i32)) / n as f64);
            rows.push((0..k).map(|s| (((i + (s + 1).pow(4)) % n) as u32, weight(s))).collect());
            rows[i].sort_by_key(|(column, _)| *column);
        }
        let columns = rows.iter().flatten().map(|(column, _)| *column).collect();
        let weights = rows.iter().flatten().map(|(_, weight)| *weight).collect();
        let row_pointers = (0..=n).map(|i| i * k).collect();
        let p = Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap();
        // Half of a 65,535th part of the largest, and 0.02 of it for the roundings of the unit, its inverse, the product and the sum
        // with one half, of numbers up to 65,536.
        let count = if T::NAME == "f32" { 0.52 / 65_535.0 * 0.5 / n as f64 } else { 0.0 };
        for size in [-100, 0, 10, 63] {
            for cloud in clouds::<D>(n, size) {
                let (y, mut nothing) = (cloud.of::<T>(), Nothing);
                let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut nothing).unwrap();
                let mut gradient = vec![[T::INFINITY; D]; n];
                objective.evaluate(&y, 1.0, false, &mut gradient, Context::new()).unwrap();
                for _ in 0..3 {
                    let mut again = vec![[T::INFINITY; D]; n];
                    objective.evaluate(&y, 1.0, false, &mut again, Context::new()).unwrap();
                    assert!(again == gradient, "{} in {}", cloud.name(), T::NAME);
                }
                for (i, gradient) in gradient.iter().enumerate() {
                    for (given, pull) in gradient.iter().zip(&pull(&p, 1.0, (i, &cloud.points[i]), &cloud.points)) {
                        let by_counts = count * pull.unweighted;
                        // The unit is one factor more.
                        let relative = rounding::<T, D>(k) + T::EPSILON.to_f64();
                        let most = relative * (pull.size + by_counts) + by_counts + pull.lost;
                        let off = (Wide::from(given.to_f64()) - pull.sum).abs().to_f64();
                        assert!(
                            off <= most,
                            "{given:e} on point {i} for {:e} is off by {off:e} of {most:e} on {} in {}",
                            pull.sum.to_f64(),
                            cloud.name(),
                            T::NAME
                        );
                    }
                }
            }
        }
    }
    check::<f32, 1>();
    check::<f32, 2>();
    check::<f64, 2>();
    check::<f32, 3>();
}
