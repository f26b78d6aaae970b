//! The reference form against the oracle, and the independence of its queries.
#![allow(clippy::unwrap_used)]

use crate::common::{EXTENTS, ROUNDING, blobs, cast, distance, duplicates, pull};
use tsne_bh::BarnesHutReference;
use tsne_core::{Context, Kernel, Scalar};

fn repulse<T: Scalar, const D: usize>(
    reference: &BarnesHutReference<T, D>,
    queries: &[[T; D]],
) -> (Vec<[T; D]>, Vec<T>) {
    let (mut out, mut z) = (vec![[T::INFINITY; D]; queries.len()], vec![T::INFINITY; queries.len()]);
    reference.repulse(queries, &mut out, &mut z, Context::new()).unwrap();
    (out, z)
}

/// New points among, on and far outside of the reference. Bounds as in `accuracy.rs`; here each point has a bound of its
/// own, so that cells may be as uneven as they can be: a second moment of `side² / 4` on each axis, three times that of a
/// uniform one.
fn check<T: Scalar, const D: usize>() {
    for extent in EXTENTS {
        let y: Vec<[T; D]> = cast(&duplicates(500, extent, 3));
        let mut queries: Vec<[T; D]> = cast(&blobs(60, 1.5 * extent, 4));
        queries.extend_from_slice(&y[..40]);
        queries.push([T::from_f64(100.0 * extent); D]);
        for dof in [0.5, 1.0, 2.0] {
            let kernel = Kernel::new(dof).unwrap();
            let p = 2.0 * dof;
            for theta in [0.0, 0.2, 0.5] {
                let reference = BarnesHutReference::new(kernel, &y, theta, Context::new()).unwrap();
                let (out, z) = repulse(&reference, &queries);
                let rounding = ROUNDING * T::EPSILON.to_f64();
                let z_bound = p * (p + 2.0) / 8.0 * theta * theta + rounding;
                let bound = (p + 1.0) * (p + 3.0) / 8.0 * theta * theta + rounding;
                for (i, query) in queries.iter().enumerate() {
                    let expected = pull(kernel, query, &y, None);
                    let what = format!("{} {D}-D extent {extent} dof {dof} theta {theta} query {i}", T::NAME);
                    assert!((z[i].to_f64() - expected.z).abs() <= z_bound * expected.z, "{what}");
                    assert!(distance(&out[i], &expected) <= bound * expected.size, "{what}");
                }
            }
        }
    }
}

#[test]
fn new_points_feel_the_whole_reference() {
    check::<f32, 1>();
    check::<f32, 2>();
    check::<f32, 3>();
    check::<f64, 1>();
    check::<f64, 2>();
    check::<f64, 3>();
}

fn one_by_one<T: Scalar, const D: usize>() {
    let y: Vec<[T; D]> = cast(&blobs(3_000, 40.0, 3));
    let queries: Vec<[T; D]> = cast(&blobs(700, 50.0, 4));
    let reference = BarnesHutReference::new(Kernel::CAUCHY, &y, 0.5, Context::new()).unwrap();
    let (out, z) = repulse(&reference, &queries);
    for (i, query) in queries.iter().enumerate() {
        let (out_one, z_one) = repulse(&reference, &[*query]);
        assert_eq!(z_one[0].bits(), z[i].bits());
        assert_eq!(out_one[0].map(T::bits), out[i].map(T::bits));
    }
}

#[test]
fn a_new_point_alone_gets_the_same_bits_as_among_others() {
    one_by_one::<f32, 1>();
    one_by_one::<f32, 2>();
    one_by_one::<f64, 3>();
}
