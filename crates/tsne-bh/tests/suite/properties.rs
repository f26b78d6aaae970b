//! Any cloud of points: scales from 1e-8 to 1e8, duplicates, lines, constant axes.
#![allow(clippy::unwrap_used)]

use crate::common::{ROUNDING, cast, distance, oracle, underflow};
use proptest::prelude::*;
use tsne_bh::BarnesHut;
use tsne_core::{Context, Kernel, Scalar};

/// Points on a grid so coarse that many coincide, or anywhere; with axes scaled, held constant or made equal.
fn cloud<const D: usize>() -> impl Strategy<Value = Vec<[f64; D]>> {
    let coordinate = prop_oneof![-1.0..1.0f64, (-3..3i32).prop_map(|v| f64::from(v) / 4.0)];
    let points = prop::collection::vec(prop::array::uniform3(coordinate), 0..150);
    let scales = prop::array::uniform3(prop_oneof![2 => -8..=8i32, 1 => Just(-400)]);
    (points, scales, any::<bool>(), -1.0..1.0f64).prop_map(|(points, scales, line, offset)| {
        points
            .iter()
            .map(|p| {
                std::array::from_fn(|a| {
                    let value = if line { p[0] } else { p[a] };
                    (value + offset) * 10f64.powi(scales[a])
                })
            })
            .collect()
    })
}

fn check<T: Scalar, const D: usize>(y: &[[f64; D]], dof: f64) -> Result<(), TestCaseError> {
    let y: Vec<[T; D]> = cast(y);
    let kernel = Kernel::new(dof).unwrap();
    let expected = oracle(kernel, &y);
    let expected_z: f64 = expected.iter().map(|p| p.z).sum();
    let tolerance = ROUNDING * T::EPSILON.to_f64();
    let lost = underflow::<T>(y.len(), 1e9);
    let mut out = vec![[T::INFINITY; D]; y.len()];
    let z = BarnesHut::new(0.0).unwrap().repulse(kernel, &y, &mut out, Context::new()).unwrap();
    prop_assert!((z - expected_z).abs() <= tolerance * expected_z + y.len() as f64 * lost, "{z:e} for {expected_z:e}");
    for (force, pull) in out.iter().zip(&expected) {
        prop_assert!(distance(force, pull) <= tolerance * pull.size + lost, "{force:?} for {pull:?}");
    }
    // At any theta: finite, and no more than all pairs at the distance 0.
    let z = BarnesHut::new(0.7).unwrap().repulse(kernel, &y, &mut out, Context::new()).unwrap();
    let pairs = y.len() as f64 * (y.len() as f64 - 1.0).max(0.0);
    prop_assert!((0.0..=pairs * (1.0 + tolerance)).contains(&z));
    prop_assert!(out.as_flattened().iter().all(|f| f.is_finite()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cloud_in_one_dimension(y in cloud::<1>(), dof in prop_oneof![Just(1.0), 0.3..2.0f64]) {
        check::<f32, 1>(&y, dof)?;
        check::<f64, 1>(&y, dof)?;
    }

    #[test]
    fn any_cloud_in_two_dimensions(y in cloud::<2>(), dof in prop_oneof![Just(1.0), 0.3..2.0f64]) {
        check::<f32, 2>(&y, dof)?;
        check::<f64, 2>(&y, dof)?;
    }

    #[test]
    fn any_cloud_in_three_dimensions(y in cloud::<3>(), dof in prop_oneof![Just(1.0), 0.3..2.0f64]) {
        check::<f32, 3>(&y, dof)?;
        check::<f64, 3>(&y, dof)?;
    }
}
