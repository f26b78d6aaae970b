//! The same bits for any number of processes that compute together.

use crate::common::{LAGRANGE, bits, cast, cloud, kernel};
use crate::outliers;
use tsne_core::{Context, Error, Kernel, ThreadTeam};
use tsne_fft::{GridParams, GridReference, GridRepulsion, GridScalar};

/// Forces and normalizer, of two calls: what is kept from one to the next must not show.
fn run<T: GridScalar, const D: usize>(params: GridParams, dof: f64, y: &[[T; D]], cx: Context<'_>) -> (Vec<u64>, u64) {
    let mut method = GridRepulsion::new(params).unwrap();
    let mut repulse = |y: &[[T; D]]| {
        let mut out = vec![[T::ONE; D]; cx.rows(y.len()).len()];
        let z = method.repulse(kernel(dof), y, &mut out, cx).unwrap();
        (bits(0.0, &out)[1..].to_vec(), z.to_bits())
    };
    repulse(&y[..y.len() / 2]);
    repulse(y)
}

#[track_caller]
fn check<T: GridScalar, const D: usize>(
    (params, dof): (GridParams, f64),
    y: &[[f64; D]],
    sizes: &[usize],
    threads: usize,
) {
    let y: Vec<[T; D]> = cast(y);
    let (alone, z) = run(params, dof, &y, Context::new());
    for &size in sizes {
        let members = ThreadTeam::run(size, threads, |team| run(params, dof, &y, Context::new().with_team(team)));
        let members = members.unwrap();
        let together: Vec<u64> = members.iter().flat_map(|(forces, _)| forces).copied().collect();
        let what = format!("{D}-D {}, {} points, {size} members of {threads} threads", T::NAME, y.len());
        assert!(together == alone, "{what}: other forces");
        assert!(members.iter().all(|member| member.1 == z), "{what}: another normalizer");
    }
}

const SPLINES: (GridParams, f64) = (GridParams::new(), 1.0);

#[test]
fn pairs_and_small_maps_give_the_same_bits() {
    for n in [0, 1, 2, 700, 1_023, 1_025] {
        check::<f32, 2>(SPLINES, &cloud(n.max(2), 40.0, 5)[..n], &[1, 2, 3, 4, 7], 1);
    }
    check::<f64, 3>((GridParams::new(), 0.7), &cloud(4_001, 20.0, 5), &[2, 3, 7], 2);
    // Strangers to each other.
    check::<f32, 2>(SPLINES, &cloud(5_000, 1e7, 5), &[2, 3], 3);
    // A closed form.
    check::<f64, 2>(SPLINES, &cloud(5_000, 1e-12, 5), &[3], 1);
}

#[test]
fn dense_grids_give_the_same_bits() {
    check::<f32, 1>(SPLINES, &cloud(20_011, 300.0, 5), &[1, 2, 3, 4, 7], 1);
    check::<f32, 2>(SPLINES, &cloud(5_000, 10.0, 5), &[1, 2, 3, 4, 7, 20], 1);
    check::<f32, 2>(SPLINES, &cloud(20_011, 60.0, 5), &[2, 7], 2);
    check::<f64, 2>(SPLINES, &cloud(20_011, 60.0, 5), &[3, 4], 3);
    check::<f64, 3>((GridParams::new(), 2.0), &cloud(5_000, 8.0, 5), &[2, 3, 7], 1);
}

#[test]
fn near_pairs_give_the_same_bits() {
    check::<f32, 2>(SPLINES, &cloud(20_011, 400.0, 5), &[1, 2, 3, 4, 7], 1);
    check::<f64, 2>((GridParams::new(), 0.5), &cloud(20_011, 400.0, 5), &[2, 7], 2);
    check::<f32, 1>(SPLINES, &cloud(20_011, 1e5, 5), &[3, 4], 3);
    check::<f32, 3>(SPLINES, &cloud(9_001, 60.0, 5), &[2, 7, 20], 1);
    let tolerance = GridParams::new().with_force_tolerance(Some(1e-3));
    check::<f32, 2>((tolerance, 1.0), &cloud(9_001, 100.0, 5), &[2, 3], 1);
}

#[test]
fn lagrange_gives_the_same_bits() {
    check::<f32, 1>((LAGRANGE, 1.0), &cloud(20_011, 300.0, 5), &[1, 2, 3, 4, 7], 1);
    check::<f32, 2>((LAGRANGE, 1.0), &cloud(20_011, 100.0, 5), &[2, 3, 7], 2);
    check::<f64, 3>((LAGRANGE, 0.5), &cloud(5_000, 15.0, 5), &[2, 7], 1);
}

#[test]
fn levels_give_the_same_bits() {
    for kind in outliers::KINDS {
        check::<f32, 2>(SPLINES, &outliers::map(kind, 9_001), &[1, 2, 3, 7], 1);
        check::<f64, 1>(SPLINES, &outliers::map(kind, 20_011), &[2, 7], 2);
        check::<f32, 3>(SPLINES, &outliers::map(kind, 9_001), &[3], 1);
    }
}

/// A process that computes by itself in between, as members do with small crowds, has other buffers then.
#[test]
fn calls_alone_leave_nothing_to_calls_of_a_team() {
    let maps = [(SPLINES.0, 60.0), (SPLINES.0, 400.0), (LAGRANGE, 100.0)];
    for (params, extent) in maps {
        let y = cast::<f32, 2>(&cloud(9_001, extent, 5));
        let calls = |cx: Context<'_>| {
            let mut method = GridRepulsion::new(params).unwrap();
            // A map with near pairs first, where there may be some: it lists points in another way.
            let sparse = cast::<f32, 2>(&cloud(9_001, 400.0, 6));
            let calls = [(&sparse, cx), (&y, cx), (&y, Context::new()), (&y, cx), (&sparse, Context::new()), (&y, cx)];
            let mut all = Vec::new();
            for (y, cx) in calls {
                let mut out = vec![[1.0; 2]; cx.rows(y.len()).len()];
                let z = method.repulse(Kernel::CAUCHY, y, &mut out, cx).unwrap();
                all.push((out, z));
            }
            all
        };
        let alone = calls(Context::new());
        let members = ThreadTeam::run(3, 1, |team| calls(Context::new().with_team(team))).unwrap();
        for (call, (forces, z)) in alone.iter().enumerate() {
            let of_call = || members.iter().map(|calls| &calls[call]);
            assert!(of_call().all(|(_, other)| other == z), "call {call} at {extent}");
            match call {
                2 | 4 => assert!(of_call().all(|(other, _)| other == forces), "call {call} at {extent}"),
                _ => assert!(of_call().flat_map(|(other, _)| other).eq(forces), "call {call} at {extent}"),
            }
        }
    }
}

#[test]
fn members_pass_their_own_rows() {
    let y = cast::<f32, 2>(&cloud(3_000, 80.0, 9));
    let errors = ThreadTeam::run(2, 1, |team| {
        let mut out = vec![[0.0; 2]; y.len()];
        let mut method = GridRepulsion::new(GridParams::new()).unwrap();
        method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new().with_team(team))
    });
    assert_eq!(errors.unwrap(), [Err(Error::shape("force", 1_024, 3_000)), Err(Error::shape("force", 1_976, 3_000))]);
}

/// One of which only one member knows needs no others.
#[test]
fn references_are_each_members_own() {
    let y = cast::<f32, 2>(&outliers::map("one far", 9_001));
    let felt = |params: GridParams, cx: Context<'_>| {
        let reference = GridReference::new(params, Kernel::CAUCHY, &y, cx).unwrap();
        let (mut out, mut z) = ([[0.0; 2]; 50], [0.0; 50]);
        reference.repulse(&y[..50], &mut out, &mut z, cx).unwrap();
        (out, z)
    };
    for params in [GridParams::new(), LAGRANGE] {
        let alone = felt(params, Context::new());
        let members =
            ThreadTeam::run(2, 1, |team| (team.rank() == 0).then(|| felt(params, Context::new().with_team(team))));
        assert!(members.unwrap() == [Some(alone), None]);
    }
}

/// Each member looks at the positions of its own points; all know of one that is no number, whoever's it is.
#[test]
fn all_members_know_of_a_position_that_is_no_number() {
    for bad in [0, 2_999] {
        let mut y = cast::<f32, 2>(&cloud(3_000, 80.0, 9));
        y[bad][1] = f32::NAN;
        let errors = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            let mut out = vec![[0.0; 2]; cx.rows(y.len()).len()];
            GridRepulsion::new(GridParams::new()).unwrap().repulse(Kernel::CAUCHY, &y, &mut out, cx)
        });
        assert!(errors.unwrap().iter().all(|error| *error == Err(Error::non_finite("embedding", bad, 1))), "{bad}");
    }
}
