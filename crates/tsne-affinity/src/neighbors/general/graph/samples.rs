//! Edges of a graph, from both ends.

use rayon::prelude::*;
use tsne_core::buckets::Buckets;
use tsne_core::span::Region;
use tsne_core::{Result, memory, random};

/// Rows in one task.
const BLOCK: usize = 256;
const STAGE_REVERSE: u64 = 0x61_7070_0202;

/// The points each row looks from in a round: sampled neighbors and rows that sampled it.
pub(super) struct Samples {
    starts: Vec<usize>,
    points: Vec<u32>,
}

impl Samples {
    pub(super) fn of(&self, i: usize) -> &[u32] {
        &self.points[self.starts[i]..self.starts[i + 1]]
    }

    /// Joins what each row chose with the rows that chose it.
    pub(super) fn new(forward: &[u32], n: usize, most: usize, seed: u64) -> Result<Self> {
        let chosen = |i: usize| forward[i * most..(i + 1) * most].iter().copied().take_while(|&j| j != u32::MAX);
        let sources = Buckets::new(n, || (0..n).flat_map(|i| chosen(i).map(move |j| (j as usize, i as u32))))?;
        let join = |i: usize| {
            let mut reverse: Vec<(u64, u32)> = sources
                .bucket(i)
                .iter()
                .map(|&j| (random::element_seed(seed ^ STAGE_REVERSE, i as u64, u64::from(j)), j))
                .collect();
            reverse.sort_unstable();
            let mut points: Vec<u32> = reverse.iter().take(most).map(|&(_, j)| j).collect();
            points.extend(chosen(i));
            points.sort_unstable();
            points.dedup();
            points
        };
        let of_block = |b: usize| {
            let (mut points, mut counts) = (Vec::new(), Vec::new());
            for i in b * BLOCK..((b + 1) * BLOCK).min(n) {
                let row = join(i);
                counts.push(row.len());
                points.extend(row);
            }
            (points, counts)
        };
        let region = Region::enter();
        let blocks: Vec<(Vec<u32>, Vec<usize>)> =
            (0..n.div_ceil(BLOCK)).into_par_iter().map(|b| region.task(|| of_block(b))).collect();
        let (mut starts, mut all) = (Vec::new(), Vec::new());
        memory::reserve("edges of the graph", &mut starts, n + 1)?;
        memory::reserve("edges of the graph", &mut all, blocks.iter().map(|(points, _)| points.len()).sum())?;
        let mut total = 0;
        starts.push(total);
        for (points, counts) in blocks {
            for count in counts {
                total += count;
                starts.push(total);
            }
            all.extend(points);
        }
        Ok(Self { starts, points: all })
    }
}
