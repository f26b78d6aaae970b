//! The grid that follows from a tolerance, against exact sums on maps of several kinds.

use crate::common::{bits, cast, cloud, forces, grid, relative_rms, signed};
use tsne_core::{Context, Kernel};
use tsne_fft::{GridParams, GridReference, GridRepulsion, GridScalar, Interpolation};

const N: usize = 10_000;

/// 500 forces: the root of the mean square is then known within 5 %.
const STEP: usize = 20;

fn within(tolerance: f64) -> GridParams {
    GridParams::default().with_force_tolerance(Some(tolerance))
}

/// Points anywhere in a cube.
fn uniform<const D: usize>(extent: f64) -> Vec<[f64; D]> {
    (0..N).map(|i| std::array::from_fn(|c| f64::from((0.5 * extent * signed(3, c as u64, i)) as f32))).collect()
}

/// Points along arcs of some width, with gaps between them, as the maps of well separated classes have.
fn arcs(extent: f64) -> Vec<[f64; 2]> {
    let arc = |i: usize| {
        let which = i % 25;
        let place = |stream| 0.35 * extent * signed(5, stream, which);
        let angle = 3.0 * signed(5, 20, i) + 3.0 * signed(5, 21, which);
        let radius = extent * (0.08 + 0.006 * signed(5, 22, i));
        [place(23) + radius * angle.cos(), place(24) + radius * angle.sin()]
    };
    (0..N).map(|i| arc(i).map(|v| f64::from(v as f32))).collect()
}

fn measured<T: GridScalar, const D: usize>(tolerance: f64, dof: f64, y: &[[f64; D]], exact: &[[f64; D]]) -> f64 {
    let (_, out) = grid::<T, D>(within(tolerance), dof, &cast(y));
    relative_rms(out.iter().step_by(STEP), exact)
}

/// `resolved` maps have more nodes than the smallest number. On these the error is not far below the tolerance either: the
/// estimate is kept 1.6 below it, a step of the spacing changes it by 2 at most, and what is assumed for the rest of a point's
/// own potential is up to 1.6 too much. A sixth leaves room for the sampled force.
#[track_caller]
fn check<const D: usize>(name: &str, y: &[[f64; D]], tolerances: &[f64], resolved: bool) {
    for dof in [1.0, 0.5, 2.0] {
        let exact = forces(dof, y, STEP);
        for &tolerance in tolerances {
            let error = measured::<f32, D>(tolerance, dof, y, &exact);
            let what = format!("{D}-D {name}, dof {dof}: {error:.2e} for the tolerance {tolerance}");
            if std::env::var_os("TSNE_FFT_SHOW").is_some() {
                println!("{what}");
            }
            assert!(error <= tolerance, "{what}");
            assert!(!resolved || error >= tolerance / 6.0, "{what}");
        }
    }
}

#[test]
fn tolerances_are_met_in_one_dimension() {
    check::<1>("blobs", &cloud(N, 500.0, 7), &[1e-1, 1e-2, 1e-3], true);
    check::<1>("dense blobs", &cloud(N, 5.0, 7), &[1e-1, 1e-3], false);
}

#[test]
fn tolerances_are_met_in_two_dimensions() {
    let tolerances = [1e-1, 1e-2, 1e-3, 1e-4];
    check::<2>("points anywhere", &uniform(100.0), &tolerances, true);
    check::<2>("blobs", &cloud(N, 100.0, 7), &tolerances, true);
    check::<2>("arcs", &arcs(150.0), &tolerances, false);
    check::<2>("dense points anywhere", &uniform(12.0), &tolerances, false);
    for extent in [20.0, 5.0, 1e-2] {
        check::<2>("dense blobs", &cloud(N, extent, 7), &tolerances, false);
    }
}

#[test]
fn tolerances_are_met_in_three_dimensions() {
    check::<3>("points anywhere", &uniform(30.0), &[1e-1, 1e-2, 1e-3], false);
    check::<3>("blobs", &cloud(N, 30.0, 7), &[1e-1, 1e-2, 1e-3], false);
    check::<3>("dense blobs", &cloud(N, 4.0, 7), &[1e-2, 1e-3], false);
}

/// From nearly logarithmic potentials, sharp at distance zero, to a Gaussian.
const DOFS: [f64; 8] = [1e-3, 1e-2, 0.05, 0.2, 0.8, 5.0, 30.0, 1e3];

/// Adds to `missed` what errs by more than its tolerance.
fn any_kernel<T: GridScalar, const D: usize>(n: usize, extents: &[f64], tolerances: &[f64], missed: &mut Vec<String>) {
    let step = n.div_ceil(300);
    for &extent in extents {
        let y = cloud::<D>(n, extent, 7);
        for dof in DOFS {
            let exact = forces(dof, &y, step);
            for &tolerance in tolerances {
                let (_, out) = grid::<T, D>(within(tolerance), dof, &cast(&y));
                let error = relative_rms(out.iter().step_by(step), &exact);
                let what = format!("{D}-D {} extent {extent}, dof {dof}: {error:.2e} for {tolerance}", T::NAME);
                if std::env::var_os("TSNE_FFT_SHOW").is_some() {
                    println!("{what}");
                }
                if error > tolerance {
                    missed.push(what);
                }
            }
        }
    }
}

#[test]
fn tolerances_are_met_for_any_kernel() {
    let mut missed = Vec::new();
    any_kernel::<f32, 1>(3_000, &[5.0], &[1e-2, 1e-4], &mut missed);
    // On long maps in one dimension rounding of single precision is 1e-3 of the force at `dof` 0.001, 3e-4 at 0.01.
    any_kernel::<f32, 1>(3_000, &[500.0], &[1e-2], &mut missed);
    any_kernel::<f64, 1>(3_000, &[5.0, 500.0], &[1e-4], &mut missed);
    any_kernel::<f32, 2>(3_000, &[10.0, 100.0], &[1e-2, 1e-4], &mut missed);
    any_kernel::<f64, 3>(4_500, &[30.0], &[1e-2, 1e-3], &mut missed);
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_choice_depends_on_the_positions_alone() {
    let (sparse, dense) = (cast::<f32, 2>(&uniform::<2>(100.0)), cast::<f32, 2>(&cloud::<2>(N, 20.0, 7)));
    let mut method = GridRepulsion::<f32, 2>::new(within(1e-2)).unwrap();
    let mut out = vec![[0.0; 2]; N];
    for y in [&sparse, &dense, &sparse] {
        for dof in [1.0, 2.0] {
            let z = method.repulse(Kernel::new(dof).unwrap(), y, &mut out, Context::new()).unwrap();
            let (fresh_z, fresh) = grid(within(1e-2), dof, y);
            assert_eq!(bits(z, &out), bits(fresh_z, &fresh));
        }
    }
    let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let [one, three] = [1, 3].map(|n| threads(n).install(|| grid(within(1e-2), 1.0, &sparse)));
    assert_eq!(bits(one.0, &one.1), bits(three.0, &three.1));
    // Another number of points than the parameters say, or another spacing.
    assert_ne!(bits(one.0, &one.1), bits(0.0, &grid(GridParams::default(), 1.0, &sparse).1));
}

/// New points at the places of every 20th fitted one feel that one too, which has no direction: the same exact forces.
#[test]
fn references_meet_tolerances_too() {
    let y = cloud::<2>(N, 100.0, 7);
    // A little aside: at the very place of a point its sharp kernel pulls nowhere, and beside it most.
    let new: Vec<[f64; 2]> = y.iter().step_by(STEP).map(|p| [p[0] + 0.25, p[1]]).collect();
    for (dof, tolerance) in [(1.0, 1e-2), (0.5, 1e-3), (0.05, 1e-3), (0.001, 1e-3)] {
        let kernel = Kernel::new(dof).unwrap();
        let exact: Vec<[f64; 2]> = crate::common::at_places(dof, &new, &y).into_iter().map(|(_, f)| f).collect();
        let reference = GridReference::new(within(tolerance), kernel, &y, Context::new()).unwrap();
        let (mut out, mut z) = (vec![[0.0f64; 2]; new.len()], vec![0.0; new.len()]);
        reference.repulse(&new, &mut out, &mut z, Context::new()).unwrap();
        let error = relative_rms(out.iter(), &exact);
        assert!(error <= tolerance, "dof {dof}: {error:.2e}");
    }
}

#[test]
fn wrong_tolerances_are_refused() {
    for tolerance in [0.0, -0.1, 1e-5, 0.6, f64::NAN, f64::INFINITY] {
        let message = within(tolerance).check().unwrap_err().to_string();
        assert!(message.starts_with(&format!("force_tolerance is {tolerance}")), "{message}");
        assert!(message.contains("0.0001 to 0.5"), "{message}");
    }
    let lagrange = within(1e-2).with_interpolation(Interpolation::Lagrange);
    assert!(lagrange.check().unwrap_err().to_string().contains("Lagrange"));
    assert_eq!(within(1e-4).check(), Ok(()));
    assert_eq!(within(0.5).check(), Ok(()));
}

#[test]
fn points_on_one_place_and_lines_are_no_trouble() {
    let (z, out) = grid::<f32, 2>(within(1e-2), 1.0, &vec![[3.0; 2]; 1_000]);
    assert!((z / 999_000.0 - 1.0).abs() < 1e-5 && out.iter().flatten().all(|f| f.abs() < 1e-3), "{z}");
    let line: Vec<[f32; 2]> = (0..1_000).map(|i| [i as f32, 0.0]).collect();
    assert!(grid(within(1e-2), 1.0, &line).1.iter().flatten().all(|f| f.is_finite()));
}
