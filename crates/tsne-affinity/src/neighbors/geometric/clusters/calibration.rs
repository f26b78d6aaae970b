//! How far a search must look for the wanted recall: measured on a sample of the points.

use super::partition::Clusters;
use super::probe::{Batch, Own, Visits};
use super::reach::{Reach, remoteness};
use super::sampling::{gather_for_all, strata};
use super::shard::Shard;
use super::some_rows::Nearest;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use std::num::NonZeroUsize;
use tsne_core::{Context, Result, Scalar, memory};

/// Points whose exact neighbors decide how far a search looks. Their recalls differ by some 0.03, so the mean
/// of 256 is known to 0.002.
const CALIBRATION: usize = 256;
/// Neighbors of the sample, at least: the recall of a row of few neighbors is one of a few values, and their mean is
/// known to about the root of the missing 0.01 over this number, 0.0016 (of neighbors that are missed one by one).
const CALIBRATION_NEIGHBORS: usize = 4_000;
/// Clusters that a row visits at most, in units of what rows of the sample visit on average: a few remote rows would
/// make the ranking of all others longer. The limit is found with this bound in force.
const MOST: f64 = 3.0;
const STAGE_CALIBRATION: u64 = 0x61_7070_0003;
/// The name of what is made here in errors.
const SAMPLE: &str = "neighbors of a sample";

/// A true neighbor of a row of the sample, by its cluster.
#[derive(Debug, Clone, Copy)]
struct Neighbor {
    remoteness: f64,
    rank: u32,
    row: u32,
}

/// The least reach with which `k` neighbors are found at the wanted recall, with two standard errors to spare. Each member of a team
/// compares the sample with the rows of its `shard`; all have the same reach.
pub(super) fn calibrate<V: Scalar>(
    given: &IndexedPoints<'_, V>,
    (clusters, shard): (&Clusters<V>, &Shard<V>),
    (k, recall): (usize, f64),
    seed: u64,
    cx: Context<'_>,
) -> Result<Reach> {
    let all = clusters.len();
    let count = CALIBRATION.max(CALIBRATION_NEIGHBORS.div_ceil(k));
    let sample = strata(clusters.order.len(), count, seed, STAGE_CALIBRATION)?;
    let row_of = |s: usize| given.groups.representative(clusters.order[sample[s] as usize] as usize);
    let rows = gather_for_all(&given.points, row_of, sample.len(), cx)?;
    let points = PointSet::new(DenseRows::Owned(rows), clusters.ruler.geometry)?;
    let seen = clusters.seen(&points, |r| r, sample.len())?;
    let (ranking, distances) = clusters.centroids.nearest(&seen, all.get(), cx)?;
    drop(seen);
    let visits = Visits::of_ranking(clusters, (&ranking, &distances), all, Reach::all(all))?;
    let batch = Batch { points: &points, rows: 0..sample.len(), own: Own::List(&sample), names: None };
    let Nearest { positions, found, .. } = Nearest::of_all((clusters, shard), &batch, visits, k, cx)?;
    let mut neighbors = Vec::new();
    memory::reserve(SAMPLE, &mut neighbors, found.iter().map(|&found| found as usize).sum())?;
    let mut ranks = memory::filled(SAMPLE, all.get(), 0usize)?;
    for (i, (positions, found)) in positions.chunks_exact(k).zip(found).enumerate() {
        let row = i * all.get()..(i + 1) * all.get();
        let (ranking, distances) = (&ranking[row.clone()], &distances[row]);
        ranking.iter().enumerate().for_each(|(rank, &c)| ranks[c as usize] = rank);
        neighbors.extend(positions[..found as usize].iter().map(|&p| {
            let rank = ranks[clusters.cluster_of(p)];
            let remoteness = remoteness(rank, distances[rank].to_f64(), distances[0].to_f64());
            Neighbor { remoteness, rank: rank as u32, row: i as u32 }
        }));
    }
    neighbors.sort_unstable_by(|a, b| a.remoteness.total_cmp(&b.remoteness).then(a.row.cmp(&b.row)));
    let Some(free) = least(&neighbors, sample.len(), k, recall, Reach::all(all)) else { return Ok(Reach::all(all)) };
    let visited = distances.chunks_exact(all.get()).map(|distances| free.visited(distances)).sum::<usize>();
    let most = (visited as f64 * MOST / sample.len() as f64).ceil() as usize;
    let bounded = Reach { most: NonZeroUsize::new(most).unwrap_or(all).min(all), ..free };
    Ok(least(&neighbors, sample.len(), k, recall, bounded).unwrap_or(free))
}

/// `reach` with the least limit that finds the wanted recall; `None` where none does.
fn least(neighbors: &[Neighbor], rows: usize, k: usize, recall: f64, reach: Reach) -> Option<Reach> {
    let mut found = vec![0u32; rows];
    let count = rows as f64;
    let (mut sum, mut squares) = (0u64, 0.0);
    // Neighbors in equally remote clusters are found together.
    for group in neighbors.chunk_by(|a, b| a.remoteness.to_bits() == b.remoteness.to_bits()) {
        for neighbor in group.iter().filter(|neighbor| (neighbor.rank as usize) < reach.most.get()) {
            let found = &mut found[neighbor.row as usize];
            sum += 1;
            squares += 2.0 * f64::from(*found) + 1.0;
            *found += 1;
        }
        let mean = sum as f64 / k as f64 / count;
        // Two standard errors of the sample, as its own rows estimate them.
        let variance = squares / (k as f64).powi(2) / count - mean * mean;
        if mean - 2.0 * (variance.max(0.0) / count).sqrt() >= recall {
            return Some(Reach { limit: group[0].remoteness, ..reach });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the definition: for each limit, the recalls of the rows, their mean and its error.
    #[test]
    fn the_limit_is_the_least_that_finds_enough() {
        let (rows, k, all) = (40, 25, NonZeroUsize::new(12).unwrap_or(NonZeroUsize::MIN));
        let mut neighbors = Vec::new();
        for i in 0..(rows * k) as u64 {
            let draw = tsne_core::random::element_seed(1, 2, i) % 1000;
            let rank = (draw * draw * draw * 12 / 1_000_000_000) as u32;
            // Few different limits: neighbors come in groups.
            neighbors.push(Neighbor { remoteness: f64::from(rank / 2), rank, row: (i / k as u64) as u32 });
        }
        neighbors.sort_unstable_by(|a, b| a.remoteness.total_cmp(&b.remoteness));
        for most in [4, 9, 12] {
            let recall_at = |limit: f64| {
                let near = |n: &&Neighbor| n.remoteness <= limit && n.rank < most;
                let recalls: Vec<f64> = (0..rows)
                    .map(|r| neighbors.iter().filter(near).filter(|n| n.row as usize == r).count() as f64 / k as f64)
                    .collect();
                let mean = recalls.iter().sum::<f64>() / rows as f64;
                let variance = recalls.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / rows as f64;
                mean - 2.0 * (variance / rows as f64).sqrt()
            };
            for recall in [0.3, 0.5, 0.8, 0.95] {
                let expected = (0..6).map(f64::from).find(|&limit| recall_at(limit) >= recall);
                let reach = Reach { most: NonZeroUsize::new(most as usize).unwrap_or(all), ..Reach::all(all) };
                let found = least(&neighbors, rows, k, recall, reach);
                assert_eq!(found.map(|reach| reach.limit), expected, "{most} {recall}");
            }
        }
    }
}
