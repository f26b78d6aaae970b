//! Grids where they are at their ends: on maps below the resolution of any, and on maps of strangers.

use crate::clouds::{Cloud, clouds};
use tsne::fft::{GridParams, GridReference, GridRepulsion, GridScalar};
use tsne::{Context, Interpolation, Kernel};

/// Weights and forces over all pairs in `f64`, of which a grid keeps some three digits in `f32` and in `f64`.
fn sums<const D: usize>(dof: u8, y: &[[f64; D]]) -> (f64, Vec<[f64; D]>) {
    let (mut z, mut forces) = (0.0, vec![[0.0; D]; y.len()]);
    for i in 0..y.len() {
        for j in 0..i {
            let difference: [f64; D] = std::array::from_fn(|c| y[i][c] - y[j][c]);
            let u = 1.0 / (1.0 + difference.iter().map(|d| d * d).sum::<f64>() / f64::from(dof));
            let w = u.powi(i32::from(dof));
            z += 2.0 * w;
            for c in 0..D {
                forces[i][c] += w * u * difference[c];
                forces[j][c] -= w * u * difference[c];
            }
        }
    }
    (z, forces)
}

/// The root mean square of the error of forces, relative to that of the forces.
fn error<T: GridScalar, const D: usize>(given: &[[T; D]], exact: &[[f64; D]]) -> f64 {
    let unit = exact.as_flattened().iter().fold(f64::MIN_POSITIVE, |a, f| a.max(f.abs()));
    let pairs = || given.as_flattened().iter().zip(exact.as_flattened());
    let error: f64 = pairs().map(|(given, exact)| ((given.to_f64() - exact) / unit).powi(2)).sum();
    (error / pairs().map(|(_, exact)| (exact / unit).powi(2)).sum::<f64>()).sqrt()
}

fn check_tiny<T: GridScalar, const D: usize>(cloud: &Cloud<D>, exact: &(f64, Vec<[f64; D]>)) {
    let y = cloud.of::<T>();
    let (mut out, mut each_z) = (vec![[T::INFINITY; D]; y.len()], vec![T::INFINITY; y.len()]);
    for interpolation in [Interpolation::BSpline, Interpolation::Lagrange] {
        let params = GridParams::default().with_interpolation(interpolation);
        let what = format!("{interpolation:?} in {} on {}", T::NAME, cloud.name());
        let z = GridRepulsion::new(params).unwrap().repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
        // Of a closed form it is rounding: of a difference, a product and a sum, beside forces that cancel to a thousandth at most. Wider
        // maps err as those of an extent of 1e-4 (README), of a grid twice 1.4e-5.
        let extent = y.as_flattened().iter().fold(0.0, |a: f64, v| a.max(v.to_f64().abs()));
        let most = if extent < 1e-12 { 1e4 * T::EPSILON.to_f64() } else { 3e-5 };
        assert!((z / exact.0 - 1.0).abs() < 1e-12 && error(&out, &exact.1) < most, "{what}: {}", error(&out, &exact.1));
        let reference = GridReference::new(params, Kernel::CAUCHY, &y, Context::new()).unwrap();
        reference.repulse(&y, &mut out, &mut each_z, Context::new()).unwrap();
        assert!(error(&out, &exact.1) < most, "a reference of {what}: {}", error(&out, &exact.1));
        let n = y.len() as f64;
        assert!(each_z.iter().all(|z| (z.to_f64() / n - 1.0).abs() < 1e-6), "a reference of {what}");
    }
}

/// The force on maps below the finest spacing of a grid has all its digits, whatever its size.
#[test]
fn maps_of_any_smallness_have_forces() {
    fn check<const D: usize>(n: usize) {
        // 8e-31, 9e-19, 1e-16 and 9e-13 times what is 1, 1e4 or 1e6 across. Crowds beside an outlier are none of it.
        for size in [-100, -60, -53, -40] {
            for cloud in clouds::<D>(n, size).into_iter().filter(|cloud| size < -53 || cloud.kind != "one outlier") {
                let exact = sums(1, &cloud.points);
                check_tiny::<f32, D>(&cloud, &exact);
                check_tiny::<f64, D>(&cloud, &exact);
            }
        }
    }
    check::<1>(200);
    check::<2>(800);
}

/// Points each of which hardly feels any other: the normalizer is as exact as that of a map.
#[test]
fn maps_of_strangers_have_a_normalizer() {
    fn check<T: GridScalar, const D: usize>(n: usize) {
        for size in [8, 10] {
            let clouds = clouds::<D>(n, size);
            for cloud in clouds.iter().filter(|cloud| ["a line", "a lattice"].contains(&cloud.kind)) {
                let y = cloud.of::<T>();
                let mut out = vec![[T::ZERO; D]; n];
                for dof in [1, 2] {
                    let (exact, _) = sums(dof, &cloud.points);
                    let kernel = Kernel::new(f64::from(dof)).unwrap();
                    let mut grid = GridRepulsion::new(GridParams::default()).unwrap();
                    let z = grid.repulse(kernel, &y, &mut out, Context::new()).unwrap();
                    // Tests of outliers hold the normalizer of maps to 5e-4.
                    let what = format!("{} in {} with dof {dof}", cloud.name(), T::NAME);
                    assert!((z / exact - 1.0).abs() < 5e-4, "{what}: {z:e}, not {exact:e}");
                }
            }
        }
    }
    check::<f32, 1>(300);
    check::<f64, 1>(300);
    check::<f64, 2>(800);
}
