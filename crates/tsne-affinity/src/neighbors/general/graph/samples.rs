//! Edges of a graph, from both ends.

use tsne_core::buckets::Buckets;
use tsne_core::{Result, chunks, memory, random};

/// The name of what is made here in errors.
const EDGES: &str = "edges of the graph";

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
        let join = |i: usize| -> Result<Vec<u32>> {
            let hashed = |&j: &u32| (random::element_seed(seed ^ STAGE_REVERSE, i as u64, u64::from(j)), j);
            // Of a point that many have chosen, all points at worst.
            let mut reverse = memory::collected(EDGES, sources.bucket(i).iter().map(hashed))?;
            reverse.sort_unstable();
            let mut points: Vec<u32> = reverse.iter().take(most).map(|&(_, j)| j).collect();
            points.extend(chosen(i));
            points.sort_unstable();
            points.dedup();
            Ok(points)
        };
        let of_block = |b: usize| -> Result<(Vec<u32>, Vec<usize>)> {
            let (mut points, mut counts) = (Vec::new(), Vec::new());
            memory::reserve(EDGES, &mut points, 2 * most * BLOCK)?;
            for i in b * BLOCK..((b + 1) * BLOCK).min(n) {
                let row = join(i)?;
                counts.push(row.len());
                points.extend(row);
            }
            Ok((points, counts))
        };
        let mut blocks = memory::filled(EDGES, n.div_ceil(BLOCK), Ok((Vec::new(), Vec::new())))?;
        chunks::for_each(&mut blocks, 1, |b, block| block.fill_with(|| of_block(b)));
        let blocks = blocks.into_iter().collect::<Result<Vec<(Vec<u32>, Vec<usize>)>>>()?;
        let (mut starts, mut all) = (Vec::new(), Vec::new());
        memory::reserve(EDGES, &mut starts, n + 1)?;
        memory::reserve(EDGES, &mut all, blocks.iter().map(|(points, _)| points.len()).sum())?;
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
