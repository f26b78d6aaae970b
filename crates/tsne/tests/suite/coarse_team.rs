//! The coarse start of a team, whose members have the rows of their own groups of each coarse graph.

use crate::common::bits;
use tsne::core::{Affinities, AffinityKind, Team, ThreadTeam};
use tsne::initialization::coarse;
use tsne::{Context, Kernel, Rows};

/// Points of a lattice in four dimensions that ends nowhere, 15 along each.
const SIDE: usize = 15;
const N: usize = SIDE * SIDE * SIDE * SIDE;

/// The affinities of the points of the lattice to the 136 nearest, as many as at perplexity 30. Points next to each other have numbers far
/// apart, so that a member has as much to send as to keep.
fn lattice() -> Affinities<f32> {
    // Odd, and no multiple of 3 or 5: all places are met.
    let number = |place: usize| (place * 20_011 % N) as u32;
    let reach = || [0, 1, 2, SIDE - 2, SIDE - 1].into_iter();
    let square = |step: usize| step.min(SIDE - step).pow(2);
    let mut steps = Vec::new();
    for step in
        reach().flat_map(|a| reach().flat_map(move |b| reach().flat_map(move |c| reach().map(move |d| [a, b, c, d]))))
    {
        let squares: usize = step.iter().map(|step| square(*step)).sum();
        if (1..=5).contains(&squares) {
            steps.push((step, 1.0 / (1 + squares) as f32));
        }
    }
    assert_eq!(steps.len(), 136);
    let sum = N as f32 * steps.iter().map(|(_, weight)| weight).sum::<f32>();
    let mut rows = vec![Vec::new(); N];
    for place in 0..N {
        let at = [0, 1, 2, 3].map(|axis| place / SIDE.pow(axis) % SIDE);
        let row = &mut rows[number(place) as usize];
        row.extend(steps.iter().map(|(step, weight)| {
            let to = (0..4).map(|axis| (at[axis] + step[axis]) % SIDE * SIDE.pow(axis as u32)).sum();
            (number(to), weight / sum)
        }));
        row.sort_unstable_by_key(|(column, _)| *column);
    }
    let pointers = (0..=N).map(|i| i * steps.len()).collect();
    let (columns, weights) = rows.into_iter().flatten().unzip();
    Affinities::from_parts(pointers, columns, weights, N, AffinityKind::Joint).unwrap()
}

/// Two levels of groups, the first of which is shared out, and the second in teams of up to 24: the positions are those of one process.
#[test]
fn members_come_to_the_start_of_one_process() {
    let p = lattice();
    let x: Vec<f32> = (0..4 * N).map(|at| (at / 4 / SIDE.pow(at as u32 % 4) % SIDE) as f32).collect();
    let points = Rows::new(&x, N, 4).unwrap();
    let start = |p: &Affinities<f32>, cx: Context<'_>| {
        bits(&coarse::<f32, 2>(p, Some(points.into()), Kernel::CAUCHY, 0, cx).unwrap())
    };
    let alone = start(&p, Context::new());
    for members in [2, 3, 8, 25] {
        let of_member = |team: &dyn Team| {
            let cx = Context::new().with_team(team);
            start(&p.of_points(cx.rows(N)).unwrap(), cx)
        };
        let all = ThreadTeam::run(members, 1, of_member).unwrap();
        assert!(all.into_iter().all(|start| start == alone), "{members} members");
    }
}
