//! An order of the clusters in which near ones stand together.
//!
//! The members of a team have the rows of consecutive positions, and each row is compared with those of the clusters it visits: near
//! ones, which so are those of few members. The centroids are halved again and again, across the line through two of them that lie
//! far apart, as a tree of metric halves is built (Uhlmann 1991, "Satisfying general proximity/similarity queries with metric
//! trees"), but at the median. Nothing that is found depends on how good the order is.

use tsne_core::{Context, Result, Scalar, memory};

/// The numbers of `centroids` (`count × d`, row-major) in that order. `factor` brings their values into the range where squares are
/// numbers.
///
/// # Errors
///
/// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory), [`Error::Cancelled`](tsne_core::Error::Cancelled).
pub(super) fn near_together<V: Scalar>(centroids: &[V], d: usize, factor: f64, cx: Context<'_>) -> Result<Vec<u32>> {
    let count = centroids.len() / d.max(1);
    let mut order = memory::collected("clusters in order", 0..count as u32)?;
    let mut along = memory::filled("clusters in order", count, (0.0f64, 0u32))?;
    let mut direction = memory::filled("direction between clusters", d, 0.0f64)?;
    // Each half is halved before the next one is looked at: as many are waiting as there are halvings.
    let mut waiting = Vec::new();
    waiting.push(0..count);
    while let Some(range) = waiting.pop() {
        if range.len() <= 2 {
            continue;
        }
        cx.check()?;
        let half = &mut order[range.clone()];
        let row = |c: u32| centroids[c as usize * d..(c as usize + 1) * d].iter().map(|v| v.to_f64() * factor);
        direction.fill(0.0);
        half.iter().for_each(|&c| direction.iter_mut().zip(row(c)).for_each(|(sum, v)| *sum += v / range.len() as f64));
        let one = farthest(half, |c| row(c).zip(&direction).map(|(v, mean)| (v - mean).powi(2)).sum());
        let other = farthest(half, |c| row(c).zip(row(one)).map(|(v, of_one)| (v - of_one).powi(2)).sum());
        direction.iter_mut().zip(row(other).zip(row(one))).for_each(|(to, (other, one))| *to = other - one);
        let along = &mut along[range.clone()];
        for (along, &c) in along.iter_mut().zip(&*half) {
            *along = (row(c).zip(&direction).map(|(v, to)| v * to).sum(), c);
        }
        along.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        half.iter_mut().zip(&*along).for_each(|(c, along)| *c = along.1);
        let middle = range.start + range.len() / 2;
        waiting.extend([middle..range.end, range.start..middle]);
    }
    Ok(order)
}

/// The first of the clusters for which `distance` is largest.
fn farthest(clusters: &[u32], distance: impl Fn(u32) -> f64) -> u32 {
    let (mut best, mut most) = (clusters[0], f64::NEG_INFINITY);
    for &c in clusters {
        let distance = distance(c);
        if distance > most {
            (best, most) = (c, distance);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random;

    fn order(centroids: &[f32], d: usize, factor: f64) -> Vec<u32> {
        near_together(centroids, d, factor, Context::new()).unwrap()
    }

    #[test]
    fn every_cluster_has_its_place() {
        let unit = |i| random::unit(random::element_seed(5, 1, i)) as f32;
        for (count, d) in [(0, 3), (1, 3), (2, 1), (3, 2), (100, 7), (257, 1)] {
            for (offset, scale) in [(0.0, 1.0), (0.0, 0.0), (5.0, 1e-30)] {
                let centroids: Vec<f32> = (0..(count * d) as u64).map(|i| (unit(i) + offset) * scale).collect();
                let mut order = order(&centroids, d, 1.0);
                order.sort_unstable();
                assert!(order.into_iter().eq(0..count as u32), "{count} {d} {scale}");
            }
        }
    }

    /// On a line the order is that of the line, whichever way each half runs: the first half of the places has one half of the line.
    #[test]
    fn halves_of_a_line_stand_together() {
        let n = 64u32;
        for factor in [1.0, 1e-30] {
            // Shuffled by a multiplication.
            let centroids: Vec<f32> = (0..n).map(|i| (i * 37 % n) as f32 / factor as f32).collect();
            let places: Vec<u32> = order(&centroids, 1, factor).into_iter().map(|c| c * 37 % n).collect();
            for size in [32, 16, 8, 4, 2] {
                for half in places.chunks(size) {
                    let least = half.iter().min().unwrap();
                    assert!(half.iter().all(|v| v - least < size as u32), "{size} {half:?}");
                    assert_eq!(*least as usize % size, 0);
                }
            }
        }
    }

    /// Groups that lie far apart are not mixed, where they fill halves.
    #[test]
    fn groups_stand_together() {
        let (groups, each, d) = (8, 16, 10);
        let unit = |i| random::unit(random::element_seed(7, 1, i)) as f32;
        let centroids: Vec<f32> = (0..groups * each * d)
            .map(|at| {
                let (c, column) = (at / d, at % d);
                let group = c % groups;
                1000.0 * unit((group * d + column) as u64 + 1_000_000) + unit(at as u64)
            })
            .collect();
        let order = order(&centroids, d, 1.0);
        for part in order.chunks(each) {
            assert!(part.iter().all(|&c| c as usize % groups == part[0] as usize % groups), "{part:?}");
        }
    }
}
