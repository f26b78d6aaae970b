//! What the coarse start of the members of a team takes, counted by the allocator: alone in its binary.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use common::bits;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::sync::atomic::{AtomicBool, Ordering};
use tsne::core::{Affinities, AffinityKind, Team, ThreadTeam};
use tsne::initialization::coarse;
use tsne::plan::{InputShape, PlanStage};
use tsne::{Context, Initialization, Kernel, Rows, Tsne};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// The most bytes that are alive at a time while `f` runs.
fn peak(f: impl FnOnce()) -> usize {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let peak = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(live());
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
            peak
        });
        f();
        done.store(true, Ordering::Relaxed);
        peak.join().unwrap()
    })
}

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

/// Up to 24 members share the graph that is mapped first out, too.
const TEAMS: [usize; 5] = [1, 2, 4, 8, 25];

/// How often the start is run until what is counted is what is planned: it is looked at now and then, which may miss the peak, and may meet
/// the 33 MiB by which arrays ask whether there is room, and which they give back at once.
const TRIES: usize = 5;

/// Two levels of groups, the first of which is shared out: a member takes what is planned, and the positions are those of one process.
#[test]
fn members_take_what_is_planned_and_come_to_the_same() {
    let p = lattice();
    let x: Vec<f32> = (0..4 * N).map(|at| (at / 4 / SIDE.pow(at as u32 % 4) % SIDE) as f32).collect();
    let points = Rows::new(&x, N, 4).unwrap();
    let planned = |members: usize| {
        let of = |initialization: Initialization<f32, 2>| {
            let tsne = Tsne::<f32, 2>::builder().initialization(initialization).build().unwrap();
            let plan = tsne.plan_of_member(InputShape::Graph { n: N, k: 90 }, members, None).unwrap();
            plan.stages.iter().find(|stage| stage.stage == PlanStage::Initialization).unwrap().bytes as f64
        };
        // Random positions are planned as 16 bytes a coordinate.
        of(Initialization::Coarse) - of(Initialization::Random) + 32.0 * N as f64
    };
    let mut alone = Vec::new();
    for members in TEAMS {
        let rows = |team: &dyn Team| p.of_points(Context::new().with_team(team).rows(N)).unwrap();
        let own = ThreadTeam::run(members, 1, rows).unwrap();
        let planned = planned(members);
        let (mut least, mut most) = (f64::INFINITY, 0.0);
        for _ in 0..TRIES {
            let held = live();
            let mut started = Vec::new();
            let peak = peak(|| {
                let start = |team: &dyn Team| {
                    let cx = Context::new().with_team(team);
                    coarse::<f32, 2>(&own[team.rank()], Some(points.into()), Kernel::CAUCHY, 0, cx)
                };
                started = ThreadTeam::run(members, 1, start).unwrap();
            });
            let counted = (peak - held) as f64 / members as f64;
            (least, most) = (f64::min(least, counted), f64::max(most, counted));
            let mut started = started.into_iter().map(|start| bits(&start.unwrap()));
            if alone.is_empty() {
                alone = started.next().unwrap();
            }
            assert!(started.all(|start| start == alone), "{members} members");
            if least < 1.1 * planned && planned < 1.1 * most {
                break;
            }
        }
        let counted = format!("{members} members: planned {planned}, counted {least} to {most}");
        assert!(least < 1.3 * planned && planned < 1.3 * most, "{counted}");
    }
}
