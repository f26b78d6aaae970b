//! Sums in a fixed order, and gathering by index under run-time dispatch.

use std::hint::black_box;

use tsne::core::simd::{Task, dispatch, gather};
use tsne::core::{blocks, random};
use tsne_benches::map;

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] =
    &[Workload { name: "core/blocks-sum", set_up: sum }, Workload { name: "core/dispatch-gather", set_up: gathered }];

fn sum() -> tsne::Result<Work> {
    let x = map::<1>(200_000, 1.0);
    let mut partials = Vec::new();
    Ok(Box::new(move || {
        black_box(blocks::sum(&mut partials, x.len(), |range| x[range].iter().map(|v| f64::from(v[0])).sum()));
        Ok(())
    }))
}

const LANES: usize = 8;

struct Gather<'a> {
    points: &'a [[f32; 2]],
    indices: &'a [[u32; LANES]],
}

impl Task for Gather<'_> {
    type Output = [[f32; 2]; LANES];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut sums = [[0.0; 2]; LANES];
        for indices in self.indices {
            let Some(found) = gather(self.points, indices) else { continue };
            for l in 0..LANES {
                for c in 0..2 {
                    sums[l][c] += found[l][c];
                }
            }
        }
        sums
    }
}

fn gathered() -> tsne::Result<Work> {
    let points = map::<2>(10_000, 50.0);
    let indices: Vec<[u32; LANES]> = (0..50_000)
        .map(|i| std::array::from_fn(|l| (random::mix(i * LANES as u64 + l as u64) % 10_000) as u32))
        .collect();
    Ok(Box::new(move || {
        black_box(dispatch(Gather { points: &points, indices: &indices }));
        Ok(())
    }))
}
