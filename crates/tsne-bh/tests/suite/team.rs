//! The same bits for any number of processes that compute together.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, cast, duplicates};
use tsne_bh::BarnesHut;
use tsne_core::{Context, Error, Kernel, Scalar, ThreadTeam};

/// Forces and normalizer, of two calls: what is kept from one to the next must not show.
fn run<T: Scalar, const D: usize>(y: &[[T; D]], cx: Context<'_>) -> (Vec<u64>, u64) {
    let mut method = BarnesHut::new(0.5).unwrap();
    let mut out = vec![[T::ONE; D]; cx.rows(y.len()).len()];
    let half = &y[..y.len() / 2];
    let mut first = vec![[T::ONE; D]; cx.rows(half.len()).len()];
    method.repulse(Kernel::CAUCHY, half, &mut first, cx).unwrap();
    let z = method.repulse(Kernel::CAUCHY, y, &mut out, cx).unwrap();
    (out.as_flattened().iter().map(|v| v.bits()).collect(), z.to_bits())
}

#[track_caller]
fn check<T: Scalar, const D: usize>(y: &[[f64; D]], sizes: &[usize], threads: usize) {
    let y: Vec<[T; D]> = cast(y);
    let (alone, z) = run(&y, Context::new());
    for &size in sizes {
        let members = ThreadTeam::run(size, threads, |team| run(&y, Context::new().with_team(team))).unwrap();
        let together: Vec<u64> = members.iter().flat_map(|(forces, _)| forces).copied().collect();
        let what = format!("{D}-D {}, {} points, {size} members of {threads} threads", T::NAME, y.len());
        assert!(together == alone, "{what}: other forces");
        assert!(members.iter().all(|member| member.1 == z), "{what}: another normalizer");
    }
}

#[test]
fn any_number_of_members_gives_the_same_bits() {
    for n in [0, 1, 2, 1_023, 1_025, 5_000] {
        check::<f32, 2>(&duplicates(n, 80.0, 9), &[1, 2, 3, 4, 7], 1);
    }
    check::<f32, 2>(&duplicates(20_011, 80.0, 9), &[2, 3, 7], 2);
    check::<f64, 2>(&blobs(20_011, 80.0, 9), &[2, 7], 1);
    check::<f32, 1>(&blobs(20_011, 300.0, 9), &[3, 4], 3);
    check::<f64, 3>(&blobs(5_000, 30.0, 9), &[2, 7], 2);
    // Twenty members, whose parts are shorter than a block.
    check::<f32, 3>(&blobs(6_001, 30.0, 9), &[20], 1);
    // One group, of which one member walks for all.
    check::<f32, 2>(&[[1.0, 2.0]; 3_000], &[1, 3], 1);
}

#[test]
fn members_pass_their_own_rows() {
    let y = cast::<f32, 2>(&blobs(3_000, 80.0, 9));
    let errors = ThreadTeam::run(2, 1, |team| {
        let mut out = vec![[0.0; 2]; y.len()];
        BarnesHut::new(0.5).unwrap().repulse(Kernel::CAUCHY, &y, &mut out, Context::new().with_team(team))
    });
    assert_eq!(errors.unwrap(), [Err(Error::shape("out", 1_024, 3_000)), Err(Error::shape("out", 1_976, 3_000))]);
}
