//! Clouds of points and the oracle that tests, benches and examples share.
#![allow(dead_code, clippy::unwrap_used)]

use tsne_core::random::{element_seed, unit};
use tsne_core::{Context, Kernel, Scalar};
use tsne_fft::{GridParams, GridRepulsion, GridScalar, Interpolation};

/// Extents of maps from the first iteration to a very large one.
pub(crate) const EXTENTS: [f64; 7] = [1e-4, 1e-2, 1.0, 10.0, 50.0, 100.0, 200.0];

pub(crate) const LAGRANGE: GridParams = GridParams::new().with_interpolation(Interpolation::Lagrange);

pub(crate) fn kernel(dof: f64) -> Kernel {
    Kernel::new(dof).unwrap()
}

/// A uniform number in `[-1, 1)`.
pub(crate) fn signed(seed: u64, stream: u64, index: usize) -> f64 {
    2.0 * unit(element_seed(seed, stream, index as u64)) - 1.0
}

fn ball<const D: usize>(seed: u64, stream: u64, index: usize, radius: f64) -> [f64; D] {
    let mut point = [0.0; D];
    for attempt in 0.. {
        point = std::array::from_fn(|c| signed(seed, stream + 8 * attempt + c as u64, index));
        if point.iter().map(|v| v * v).sum::<f64>() <= 1.0 {
            break;
        }
    }
    point.map(|v| v * radius)
}

/// Thirty round blobs within a ball, as dense as a map of `extent` is that t-SNE makes; the longest side is `extent`.
///
/// Coordinates are numbers of `f32`, so that one oracle serves both scalars.
pub(crate) fn cloud<const D: usize>(n: usize, extent: f64, seed: u64) -> Vec<[f64; D]> {
    let centers: Vec<[f64; D]> = (0..30).map(|b| ball(seed, 1_000, b, 0.5)).collect();
    let points: Vec<[f64; D]> = (0..n)
        .map(|i| {
            let offset = ball::<D>(seed, 5_000, i, 0.07);
            std::array::from_fn(|c| centers[i % 30][c] + offset[c])
        })
        .collect();
    let side = (0..D)
        .map(|c| {
            let column = || points.iter().map(|p| p[c]);
            column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min)
        })
        .fold(0.0, f64::max);
    points.iter().map(|p| p.map(|v| f64::from((v * extent / side) as f32))).collect()
}

pub(crate) fn cast<T: Scalar, const D: usize>(y: &[[f64; D]]) -> Vec<[T; D]> {
    y.iter().map(|p| p.map(T::from_f64)).collect()
}

/// `w` and the repulsive weight of a squared distance, by square root and division where that is possible: written
/// down from their definition, apart from `tsne_core::Kernel`.
macro_rules! with_profile {
    ($dof:expr, $profile:ident => $run:expr) => {
        if $dof == 1.0 {
            let $profile = |d2: f64| (1.0 / (1.0 + d2), 1.0 / ((1.0 + d2) * (1.0 + d2)));
            $run
        } else if $dof == 0.5 {
            let $profile = |d2: f64| {
                let u = 1.0 / (1.0 + 2.0 * d2);
                (u.sqrt(), u.sqrt() * u)
            };
            $run
        } else if $dof == 2.0 {
            let $profile = |d2: f64| {
                let u = 1.0 / (1.0 + 0.5 * d2);
                (u * u, u * u * u)
            };
            $run
        } else {
            let dof: f64 = $dof;
            let $profile = |d2: f64| ((1.0 + d2 / dof).powf(-dof), (1.0 + d2 / dof).powf(-dof - 1.0));
            $run
        }
    };
}

/// Independent sums of the inner loop: enough for two vectors of `f64`.
const LANES: usize = 4;

/// The sums of `w` and of the force over all `sources` (one column for each coordinate) at `at`.
fn sums<const D: usize>(profile: impl Fn(f64) -> (f64, f64), at: &[f64; D], sources: [&[f64]; D]) -> (f64, [f64; D]) {
    let n = sources[0].len();
    let mut weights = [0.0; LANES];
    let mut forces = [[0.0; LANES]; D];
    let mut add = |j: usize, l: usize| {
        let difference: [f64; D] = std::array::from_fn(|c| at[c] - sources[c][j]);
        let (weight, force) = profile(difference.iter().map(|v| v * v).sum());
        weights[l] += weight;
        for c in 0..D {
            forces[c][l] += force * difference[c];
        }
    };
    let whole = n / LANES * LANES;
    for j in (0..whole).step_by(LANES) {
        for l in 0..LANES {
            add(j + l, l);
        }
    }
    for j in whole..n {
        add(j, 0);
    }
    (weights.iter().sum(), forces.map(|lanes| lanes.iter().sum()))
}

fn columns<const D: usize>(y: &[[f64; D]]) -> [Vec<f64>; D] {
    std::array::from_fn(|c| y.iter().map(|p| p[c]).collect())
}

/// The force and the sum of `w` at each of `queries` over all `sources`: pair by pair, in `f64`.
pub(crate) fn at_places<const D: usize>(dof: f64, queries: &[[f64; D]], sources: &[[f64; D]]) -> Vec<(f64, [f64; D])> {
    let columns = columns(sources);
    with_profile!(dof, profile => {
        queries.iter().map(|q| sums(profile, q, std::array::from_fn(|c| columns[c].as_slice()))).collect()
    })
}

/// The forces on every `step`-th point, by definition.
pub(crate) fn forces<const D: usize>(dof: f64, y: &[[f64; D]], step: usize) -> Vec<[f64; D]> {
    let sample: Vec<[f64; D]> = y.iter().step_by(step).copied().collect();
    // A point adds nothing to the force on itself.
    at_places(dof, &sample, y).into_iter().map(|(_, force)| force).collect()
}

/// The normalizer `Σ_{i≠j} w`, by definition.
pub(crate) fn normalizer<const D: usize>(dof: f64, y: &[[f64; D]]) -> f64 {
    let columns = columns(y);
    with_profile!(dof, profile => {
        let rows = y.iter().enumerate().map(|(i, p)| {
            2.0 * sums(profile, p, std::array::from_fn(|c| &columns[c][i + 1..])).0
        });
        rows.sum()
    })
}

/// What a grid makes of a map, from a fresh object.
pub(crate) fn grid<T: GridScalar, const D: usize>(params: GridParams, dof: f64, y: &[[T; D]]) -> (f64, Vec<[T; D]>) {
    let mut out = vec![[T::ZERO; D]; y.len()];
    let mut method = GridRepulsion::new(params).unwrap();
    let z = method.repulse(kernel(dof), y, &mut out, Context::new()).unwrap();
    (z, out)
}

/// The root of the mean square of the error of `given`, relative to that of `exact`.
pub(crate) fn relative_rms<'a, T: Scalar, const D: usize>(
    given: impl Iterator<Item = &'a [T; D]>,
    exact: &[[f64; D]],
) -> f64 {
    let (mut error2, mut force2) = (0.0, 0.0);
    for (given, exact) in given.zip(exact) {
        for c in 0..D {
            error2 += (given[c].to_f64() - exact[c]).powi(2);
            force2 += exact[c] * exact[c];
        }
    }
    (error2 / force2).sqrt()
}

/// All bits of a result.
pub(crate) fn bits<T: Scalar, const D: usize>(z: f64, forces: &[[T; D]]) -> Vec<u64> {
    std::iter::once(z.to_bits()).chain(forces.iter().flatten().map(|v| v.bits())).collect()
}
