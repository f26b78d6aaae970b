//! New points on the potential of a fixed reference.

use crate::common::{EXTENTS, LAGRANGE, at_places, bits, cast, cloud, kernel, relative_rms, signed};
use tsne_core::{Context, Scalar};
use tsne_fft::{GridParams, GridReference, GridScalar};

const N: usize = 12_000;

fn run<T: GridScalar, const D: usize>(reference: &GridReference<T, D>, queries: &[[T; D]]) -> (Vec<[T; D]>, Vec<T>) {
    // Not zero, so that what is not written shows.
    let mut out = vec![[T::ONE; D]; queries.len()];
    let mut z = vec![T::ONE; queries.len()];
    reference.repulse(queries, &mut out, &mut z, Context::new()).unwrap();
    (out, z)
}

fn queries<const D: usize>(y: &[[f64; D]], extent: f64) -> [Vec<[f64; D]>; 3] {
    let near = |i: usize| std::array::from_fn(|c| y[17 * i % N][c] + 0.01 * extent * signed(1, c as u64, i));
    let inside: Vec<[f64; D]> = (0..400).map(near).collect();
    let side = |c: usize| {
        let column = || y.iter().map(|p| p[c]);
        (column().fold(f64::MAX, f64::min), column().fold(f64::MIN, f64::max))
    };
    // Along one axis beyond the map by less than a quarter of half its side; the other coordinates within.
    let in_padding = |i: usize| {
        let mut point = y[31 * i % N];
        let (low, high) = side(i % D);
        let beyond = 0.124 * (high - low) * signed(2, 0, i).abs();
        point[i % D] = if i.is_multiple_of(2) { high + beyond } else { low - beyond };
        point
    };
    let far = |i: usize| std::array::from_fn(|c| extent * (1.0 + 9.0 * signed(3, c as u64, i).abs()));
    let rounded = |points: Vec<[f64; D]>| points.into_iter().map(|p| p.map(|v| f64::from(v as f32))).collect();
    [inside, (0..400).map(in_padding).collect(), (0..50).map(far).collect()].map(rounded)
}

#[track_caller]
fn check<T: GridScalar, const D: usize>(params: GridParams, dof: f64, extent: f64, (force, z): (f64, f64)) {
    let y = cloud::<D>(N, extent, 21);
    let reference = GridReference::<T, D>::new(params, kernel(dof), &cast(&y), Context::new()).unwrap();
    let [inside, in_padding, far] = queries(&y, extent);
    let what = |place: &str| format!("{D}-D {} dof {dof} extent {extent} {place}", T::NAME);
    for (place, queries) in [("inside", &inside), ("padding", &in_padding)] {
        let exact = at_places(dof, queries, &y);
        let (out, z_out) = run(&reference, &cast(queries));
        let exact_forces: Vec<[f64; D]> = exact.iter().map(|e| e.1).collect();
        let error = relative_rms(out.iter(), &exact_forces);
        assert!(error <= force, "{}: the force errs by {error:.2e}", what(place));
        let z_error = |(given, exact): (&T, &(f64, [f64; D]))| (given.to_f64() / exact.0 - 1.0).abs();
        let largest = z_out.iter().zip(&exact).map(z_error).fold(0.0, f64::max);
        assert!(largest <= z, "{}: z errs by {largest:.2e}", what(place));
    }
    // Direct sums: a term errs by at most some 8 epsilons, the sum of one lane of eight by the root of its length more.
    let (out, z_out) = run(&reference, &cast(&far));
    for (((given, z), exact), query) in out.iter().zip(&z_out).zip(at_places(dof, &far, &y)).zip(&far) {
        let rounding = T::EPSILON.to_f64() * (8.0 + (N as f64 / 8.0).sqrt());
        assert!((z.to_f64() / exact.0 - 1.0).abs() <= rounding, "{} z at {query:?}", what("far"));
        let size = exact.1.iter().map(|v| v * v).sum::<f64>().sqrt();
        for c in 0..D {
            assert!((given[c].to_f64() - exact.1[c]).abs() <= rounding * size, "{} at {query:?}", what("far"));
        }
    }
}

// Forces: the requirement of the repulsion on maps of every size, 1.5 %, and 5e-5 where the grid is finer than the kernel
// by 15 times (see accuracy.rs). Each z is read off one place, whose potential errs by the force's error over the
// wavenumber π/h = 9 of its sharpest waves, and is a sum of terms that are all positive: 0.2 %.
#[test]
fn splines_agree_with_the_oracle_everywhere() {
    for extent in [1e-2, 1.0] {
        check::<f32, 2>(GridParams::default(), 1.0, extent, (5e-5, 5e-6));
        check::<f64, 2>(GridParams::default(), 1.0, extent, (5e-6, 5e-6));
    }
    for extent in [50.0, 200.0] {
        for dof in [0.5, 1.0, 2.0] {
            check::<f32, 2>(GridParams::default(), dof, extent, (1.5e-2, 2e-3));
        }
        check::<f64, 2>(GridParams::default(), 1.0, extent, (1.5e-2, 2e-3));
        check::<f32, 1>(GridParams::default(), 1.0, extent, (1.5e-2, 2e-3));
        check::<f64, 1>(GridParams::default(), 1.0, extent, (1.5e-2, 2e-3));
    }
    // In three dimensions and at 1e4 the grid is coarsened and near pairs are summed.
    check::<f32, 2>(GridParams::default(), 1.0, 1e4, (1.5e-2, 2e-3));
    check::<f32, 3>(GridParams::default(), 1.0, 50.0, (1.5e-2, 2e-3));
    check::<f64, 3>(GridParams::default(), 1.0, 10.0, (1e-3, 1e-4));
}

// Every extent, dimension, kernel and scalar, with the requirement for forces. The worst z of 400 places in the padding is
// small itself (it falls with r^-2dof, and the waves' error does not), so relative to it the bound is 1 %.
#[test]
fn splines_agree_with_the_oracle_at_every_extent_and_kernel() {
    for extent in EXTENTS {
        for dof in [0.5, 1.0, 2.0] {
            check::<f32, 1>(GridParams::default(), dof, extent, (1.5e-2, 1e-2));
            check::<f64, 1>(GridParams::default(), dof, extent, (1.5e-2, 1e-2));
            check::<f32, 2>(GridParams::default(), dof, extent, (1.5e-2, 1e-2));
            check::<f64, 2>(GridParams::default(), dof, extent, (1.5e-2, 1e-2));
        }
        check::<f32, 3>(GridParams::default(), 1.0, extent, (1.5e-2, 1e-2));
    }
}

#[test]
fn lagrange_agrees_with_the_oracle_everywhere() {
    check::<f32, 2>(LAGRANGE, 1.0, 1.0, (5e-5, 5e-6));
    check::<f32, 2>(LAGRANGE, 1.0, 100.0, (5e-2, 2e-1));
    check::<f64, 2>(LAGRANGE, 0.5, 100.0, (5e-2, 2e-1));
    check::<f64, 1>(LAGRANGE, 1.0, 100.0, (5e-2, 2e-1));
    // Too large for its grid: by splines.
    check::<f32, 2>(LAGRANGE, 1.0, 1e4, (1.5e-2, 2e-3));
}

#[test]
fn one_by_one_equals_the_batch_from_any_thread() {
    for (params, extent) in [(GridParams::default(), 60.0), (GridParams::default(), 1e4), (LAGRANGE, 60.0)] {
        let y = cloud::<2>(N, extent, 22);
        let reference = GridReference::<f32, 2>::new(params, kernel(1.0), &cast(&y), Context::new()).unwrap();
        let queries: Vec<[f32; 2]> = cast(&queries(&y, extent).concat());
        let (out, z) = run(&reference, &queries);
        for (i, query) in queries.iter().enumerate().step_by(7) {
            let (one, one_z) = run(&reference, &[*query]);
            assert_eq!(bits(0.0, &one), bits(0.0, &out[i..=i]), "point {i}");
            assert_eq!(one_z[0].bits(), z[i].bits(), "point {i}");
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| run(&reference, &queries))).collect();
            for thread in threads {
                let (other, other_z) = thread.join().unwrap();
                assert!(bits(0.0, &other) == bits(0.0, &out) && other_z == z);
            }
        });
    }
}

#[test]
fn few_or_no_reference_points_are_summed_exactly() {
    let none = GridReference::<f64, 2>::new(GridParams::default(), kernel(1.0), &[], Context::new()).unwrap();
    assert_eq!(run(&none, &[[1.0, 2.0]]), (vec![[0.0, 0.0]], vec![0.0]));
    for params in [GridParams::default(), LAGRANGE] {
        let none = GridReference::<f64, 2>::new(params, kernel(1.0), &[], Context::new()).unwrap();
        assert_eq!(run(&none, &[]), (vec![], vec![]));
        let one = GridReference::<f64, 2>::new(params, kernel(1.0), &[[1.0, 1.0]], Context::new()).unwrap();
        // Two away along one axis: w = 1/5, force 2/25.
        let (out, z) = run(&one, &[[3.0, 1.0]]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-15;
        assert!(near(out[0][0], 0.08) && near(out[0][1], 0.0) && near(z[0], 0.2), "{out:?} {z:?}");
    }
    // A map without extent along one axis: all that is off the axis is beyond its grid.
    let y: Vec<[f64; 2]> = (0..3_000).map(|i| [f64::from(i) * 0.01, 4.0]).collect();
    let line = GridReference::<f64, 2>::new(GridParams::default(), kernel(1.0), &y, Context::new()).unwrap();
    let queries = [[15.0, 4.5], [15.0, 3.0]];
    let (out, z) = run(&line, &queries);
    for ((out, z), (exact_z, exact)) in out.iter().zip(&z).zip(at_places(1.0, &queries, &y)) {
        // Forces of up to 100, of 3,000 terms.
        assert!((z - exact_z).abs() < 1e-11 && (out[1] - exact[1]).abs() < 1e-11);
    }
}
