//! Sets of points that break trees, and inputs that are refused.
#![allow(clippy::unwrap_used)]

use crate::common::{ROUNDING, blobs, cast, distance, multiples, oracle, underflow};
use tsne_bh::{BarnesHut, BarnesHutReference, DEFAULT_THETA, Tree};
use tsne_core::{CancelToken, Context, Error, Kernel, Scalar};

#[track_caller]
fn check<T: Scalar, const D: usize>(y: &[[f64; D]], theta: f64, extent: f64) {
    let y: Vec<[T; D]> = cast(y);
    let expected = oracle(Kernel::CAUCHY, &y);
    let mut out = vec![[T::INFINITY; D]; y.len()];
    let mut method = BarnesHut::new(theta).unwrap();
    let z = method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
    let expected_z: f64 = expected.iter().map(|p| p.z).sum();
    let tolerance = ROUNDING * T::EPSILON.to_f64();
    let lost = underflow::<T>(y.len(), extent);
    assert!((z - expected_z).abs() <= tolerance * expected_z + lost, "Z {z:e} for {expected_z:e}");
    for (force, pull) in out.iter().zip(&expected) {
        assert!(distance(force, pull) <= tolerance * pull.size + lost, "{force:?} for {pull:?}");
    }
}

#[test]
fn no_point_and_one_point_have_no_repulsion() {
    let mut method = BarnesHut::<f32, 2>::new(0.5).unwrap();
    assert_eq!(method.repulse(Kernel::CAUCHY, &[], &mut [], Context::new()), Ok(0.0));
    let mut out = [[7.0, 7.0]];
    assert_eq!(method.repulse(Kernel::CAUCHY, &[[3.0, 4.0]], &mut out, Context::new()), Ok(0.0));
    assert_eq!(out, [[0.0, 0.0]]);
    let reference = BarnesHutReference::<f32, 2>::new(Kernel::CAUCHY, &[], 0.5, Context::new()).unwrap();
    let (mut out, mut z) = ([[7.0, 7.0]], [7.0]);
    reference.repulse(&[[1.0, 2.0]], &mut out, &mut z, Context::new()).unwrap();
    assert_eq!((out, z), ([[0.0, 0.0]], [0.0]));
}

#[test]
fn small_numbers_of_points_are_exact() {
    for n in 2..40 {
        check::<f32, 1>(&blobs(n, 3.0, 1), 0.0, 3.0);
        check::<f32, 2>(&blobs(n, 3.0, 1), 0.0, 3.0);
        check::<f64, 3>(&blobs(n, 3.0, 1), 0.0, 3.0);
    }
}

/// Coincident points are one mass, which is exact: a quadratic sum over them would take minutes here.
#[test]
fn many_points_on_one_place_are_summed_at_once() {
    let n = 300_000;
    for theta in [0.0, 0.5] {
        let mut y = vec![[2.5f32, -1.0]; n];
        let mut out = vec![[7.0; 2]; n];
        let mut method = BarnesHut::new(theta).unwrap();
        let z = method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
        assert_eq!(z, n as f64 * (n as f64 - 1.0));
        assert!(out.iter().all(|f| *f == [0.0, 0.0]));
        // One more point at the distance 1: weight 1 / 2, both ways, and the force 1 / 4 each.
        y[0] = [3.5, -1.0];
        let z = method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
        let others = (n - 1) as f64;
        assert_eq!(z, others * (others - 1.0) + others);
        assert_eq!(out[0], [others as f32 / 4.0, 0.0]);
        assert!(out[1..].iter().all(|f| *f == [-0.25, 0.0]));
    }
}

#[test]
fn places_with_many_points_each_lose_no_mass() {
    let y: Vec<[f64; 2]> = (0..1_200).map(|i| [(i % 5) as f64, (i % 3) as f64]).collect();
    check::<f32, 2>(&y, 0.0, 10.0);
    check::<f64, 2>(&y, 0.0, 10.0);
    // 15 places: at theta = 0.2 nothing but places and cells farther than five of their sides.
    check::<f64, 2>(&y, 0.2, 10.0);
}

/// All but one point in the last cell of the code's grid, down to clusters within clusters.
#[test]
fn clusters_below_the_resolution_of_codes_are_divided() {
    for scale in [1e-3, 1e-6, 1e-9, 1e-15, 1e-30] {
        let mut y: Vec<[f64; 2]> = blobs(300, scale, 2);
        y.extend(blobs::<2>(300, scale * scale, 3));
        y.push([1.0, 1.0]);
        y.push([1e8, 1e8]);
        check::<f64, 2>(&y, 0.0, 1e8);
        check::<f32, 2>(&y, 0.0, 1e8);
    }
}

#[test]
fn geometric_series_make_deep_trees() {
    // In 1-D each halving of the range takes off one point: the tree is as deep as the exponents reach.
    let y: Vec<[f64; 1]> = (-1000..1000).map(|e| [2f64.powi(e)]).collect();
    let mut tree = Tree::new();
    tree.build(&y, Context::new()).unwrap();
    let mut leaves = 0;
    tree.visit(|cell| {
        leaves += if cell.is_leaf { cell.count } else { 0 };
        true
    });
    assert_eq!(leaves, y.len());
    let y: Vec<[f64; 2]> = (-60..20).map(|e| [2f64.powi(e), -2f64.powi(e)]).collect();
    check::<f64, 2>(&y, 0.0, 1e6);
    check::<f32, 2>(&y, 0.0, 1e6);
}

#[test]
fn lines_and_constant_axes_work() {
    for extent in [1e-8, 1.0, 1e8] {
        let y: Vec<[f64; 3]> = (0..300).map(|i| [extent * i as f64 / 300.0, extent, -extent]).collect();
        check::<f32, 3>(&y, 0.0, extent);
        check::<f64, 3>(&y, 0.0, extent);
        let y: Vec<[f64; 2]> = (0..300).map(|i| [extent * i as f64 / 300.0; 2]).collect();
        check::<f32, 2>(&y, 0.0, extent);
        check::<f64, 2>(&y, 0.0, extent);
    }
}

#[test]
fn the_ends_of_the_range_give_finite_results() {
    for scale in [f32::MIN_POSITIVE / 1e5, f32::MIN_POSITIVE, 1e-30, 1e20, f32::MAX / 2.0] {
        let y: Vec<[f32; 2]> = blobs::<2>(200, 1.0, 6).iter().map(|p| p.map(|v| v as f32 * scale)).collect();
        let mut out = vec![[0.0; 2]; y.len()];
        for theta in [0.0, 0.5, 1e-30, 1e30] {
            let z = BarnesHut::new(theta).unwrap().repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
            assert!((0.0..=200.0 * 199.0 * 1.001).contains(&z), "scale {scale:e}: {z:e}");
            assert!(out.as_flattened().iter().all(|f| f.is_finite()), "scale {scale:e}");
        }
    }
}

/// Where all weights are 1, the force is the sum of the differences.
fn check_tiny<T: Scalar, const D: usize>(exponent: i32, smallest: f64) {
    let n = 600;
    let y: Vec<[T; D]> = cast(&multiples(n, exponent));
    let expected = oracle(Kernel::CAUCHY, &y);
    // Rounding of differences, and to multiples of the smallest number: half of one for each of the eight terms of the mean of a
    // leaf, and for each of up to twelve levels above it.
    let extent = y.as_flattened().iter().map(|v| v.to_f64()).fold(0.0, f64::max);
    let tolerance = n as f64 * (ROUNDING * T::EPSILON.to_f64() * extent + 10.0 * smallest);
    for theta in [0.0, 0.5] {
        let mut out = vec![[T::INFINITY; D]; n];
        let z = BarnesHut::new(theta).unwrap().repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
        assert_eq!(z, (n * (n - 1)) as f64);
        let reference = BarnesHutReference::new(Kernel::CAUCHY, &y, theta, Context::new()).unwrap();
        let (mut queries, mut weights) = (vec![[T::INFINITY; D]; n], vec![T::ZERO; n]);
        reference.repulse(&y, &mut queries, &mut weights, Context::new()).unwrap();
        assert!(weights.iter().all(|z| *z == T::from_usize(n)));
        for ((force, query), pull) in out.iter().zip(&queries).zip(&expected) {
            for a in 0..D {
                // Coordinate by coordinate: squares of these are 0.
                let errors = [force, query].map(|f| (f[a].to_f64() - pull.force[a]).abs());
                assert!(errors.iter().all(|e| *e <= tolerance), "2^{exponent}: {force:?}, {query:?} for {pull:?}");
            }
        }
    }
}

#[test]
fn clouds_below_all_normal_numbers_have_their_forces() {
    let smallest = f64::from_bits(1);
    for exponent in [-1074, -1050, -1030, -1010, -600] {
        check_tiny::<f64, 1>(exponent, smallest);
        check_tiny::<f64, 2>(exponent, smallest);
        check_tiny::<f64, 3>(exponent, smallest);
    }
    let smallest = f64::from(f32::from_bits(1));
    for exponent in [-149, -140, -120, -80] {
        check_tiny::<f32, 1>(exponent, smallest);
        check_tiny::<f32, 2>(exponent, smallest);
        check_tiny::<f32, 3>(exponent, smallest);
    }
}

/// A cell whose squared side is beyond the numbers is not far from a point on it, though the square of their distance is infinite.
#[test]
fn cells_beyond_all_squares_are_opened() {
    let y: Vec<[f32; 2]> = blobs::<2>(300, 1.0, 6).iter().map(|p| p.map(|v| v as f32 * 1e30)).collect();
    let reference = BarnesHutReference::new(Kernel::CAUCHY, &y, 0.5, Context::new()).unwrap();
    let (mut out, mut z) = (vec![[7.0; 2]; y.len()], vec![7.0; y.len()]);
    reference.repulse(&y, &mut out, &mut z, Context::new()).unwrap();
    // Of all points each feels the one that is where it is.
    assert!(z.iter().all(|z| *z == 1.0) && out.iter().all(|f| *f == [0.0; 2]), "{z:?}");
    // Sides are told as they are, not by the roots of their squares.
    let mut sides = Vec::new();
    reference.tree().visit(|cell| {
        sides.push(cell.side);
        true
    });
    assert!(sides.iter().all(|side| (0.0..=2e30).contains(side)) && sides[0] > 1e29, "{sides:?}");
}

#[test]
fn inputs_that_cannot_work_are_refused() {
    for theta in [-0.1, f64::NAN, f64::INFINITY] {
        let error = BarnesHut::<f32, 2>::new(theta).unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "theta", .. }), "{error}");
        let error = BarnesHutReference::<f32, 2>::new(Kernel::CAUCHY, &[], theta, Context::new()).unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "theta", .. }), "{error}");
    }
    assert!(matches!(BarnesHut::<f32, 0>::new(0.5), Err(Error::Parameter { .. })));
    assert!(matches!(BarnesHut::<f32, 4>::new(0.5), Err(Error::Parameter { .. })));
    assert!(matches!(
        BarnesHutReference::<f32, 4>::new(Kernel::CAUCHY, &[], 0.5, Context::new()),
        Err(Error::Parameter { .. })
    ));
    let mut four = BarnesHut::<f32, 4>::default();
    assert!(matches!(
        four.repulse(Kernel::CAUCHY, &[[0.0; 4]], &mut [[0.0; 4]], Context::new()),
        Err(Error::Parameter { .. })
    ));

    let mut method = BarnesHut::<f32, 2>::default();
    assert_eq!(method.theta(Kernel::CAUCHY), Ok(DEFAULT_THETA));
    let mut out = [[0.0; 2]; 2];
    let short = method.repulse(Kernel::CAUCHY, &[[0.0; 2]], &mut out, Context::new());
    assert_eq!(short, Err(Error::shape("out", 1, 2)));
    let nan = method.repulse(Kernel::CAUCHY, &[[0.0; 2], [0.0, f32::NAN]], &mut out, Context::new());
    assert_eq!(nan, Err(Error::non_finite("embedding", 1, 1)));
    let wide = method.repulse(Kernel::CAUCHY, &[[0.0, f32::MAX], [0.0, -f32::MAX]], &mut out, Context::new());
    assert!(matches!(&wide, Err(Error::Parameter { given, .. }) if given.contains("3.4028235e38")), "{wide:?}");
    // It still works after an error.
    assert_eq!(method.repulse(Kernel::CAUCHY, &[[0.0; 2], [1.0, 0.0]], &mut out, Context::new()), Ok(1.0));

    let reference = BarnesHutReference::<f32, 2>::new(Kernel::CAUCHY, &[[0.0; 2]], 0.5, Context::new()).unwrap();
    let mut z = [0.0; 1];
    let short = reference.repulse(&[[0.0; 2]; 2], &mut out, &mut z, Context::new());
    assert_eq!(short, Err(Error::shape("z", 2, 1)));
    let nan = reference.repulse(&[[f32::INFINITY, 0.0]], &mut out[..1], &mut z, Context::new());
    assert_eq!(nan, Err(Error::non_finite("embedding", 0, 0)));
}

#[test]
fn a_cancelled_call_says_so() {
    let token = CancelToken::new();
    let cx = Context::new().with_cancel(&token);
    let y: Vec<[f32; 2]> = cast(&blobs(5_000, 10.0, 1));
    let mut out = vec![[0.0; 2]; y.len()];
    let reference = BarnesHutReference::new(Kernel::CAUCHY, &y, 0.5, cx).unwrap();
    token.cancel();
    let mut method = BarnesHut::default();
    assert_eq!(method.repulse(Kernel::CAUCHY, &y, &mut out, cx), Err(Error::Cancelled));
    let mut z = vec![0.0; y.len()];
    assert_eq!(reference.repulse(&y, &mut out, &mut z, cx), Err(Error::Cancelled));
    assert!(method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).is_ok());
}

#[test]
fn types_can_move_between_threads() {
    fn auto<X: Send + Sync + Unpin>() {}
    auto::<BarnesHut<f32, 2>>();
    auto::<BarnesHutReference<f64, 3>>();
    auto::<Tree<f32, 1>>();
}
