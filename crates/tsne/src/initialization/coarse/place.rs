//! Points among the groups of their neighbors.

use super::groups::Groups;
use crate::metrics::extent;
use tsne_core::{Affinities, Context, Result, Scalar, blocks, chunks, memory};

/// The mean of the positions of the groups of each point's neighbors, by their affinities; of a point without any, that of its group.
pub(super) fn among<T: Scalar, const D: usize>(
    fine: &Affinities<T>,
    groups: &Groups,
    positions: &[[T; D]],
    cx: Context<'_>,
) -> Result<Vec<[T; D]>> {
    let own = fine.points();
    let first = own.start;
    let mut placed = memory::filled("positions", fine.n_columns(), [T::ZERO; D])?;
    chunks::for_each_point(&mut placed[own], blocks::BLOCK, |block, placed| {
        if cx.check().is_err() {
            return;
        }
        for (placed, row) in placed.iter_mut().zip(block * blocks::BLOCK..) {
            let (columns, weights) = fine.row(row);
            let (mut total, mut sum) = (0.0, [0.0; D]);
            for (&j, weight) in columns.iter().zip(weights) {
                let (weight, at) = (weight.to_f64(), &positions[groups.of[j as usize] as usize]);
                total += weight;
                for c in 0..D {
                    sum[c] += weight * at[c].to_f64();
                }
            }
            let own = positions[groups.of[first + row] as usize];
            *placed = if total > 0.0 { sum.map(|v| T::from_f64(v / total)) } else { own };
        }
    });
    cx.check()?;
    cx.gather(&mut placed, blocks::BLOCK)?;
    Ok(placed)
}

/// Centers positions and gives them an extent.
pub(super) fn shrink<T: Scalar, const D: usize>(positions: &mut [[T; D]], to: f64) {
    let (n, from) = (positions.len() as f64, extent(positions));
    let mean: [f64; D] = std::array::from_fn(|c| positions.iter().map(|p| p[c].to_f64() / n).sum());
    let factor = if from > 0.0 { to / from } else { 1.0 };
    for position in positions {
        for c in 0..D {
            position[c] = T::from_f64((position[c].to_f64() - mean[c]) * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::Groups;
    use super::super::groups::tests::rings;
    use super::{among, shrink};
    use crate::metrics::extent;
    use tsne_core::Context;

    #[test]
    fn points_stand_at_the_mean_of_the_groups_of_their_neighbors() {
        let p = rings(2_500);
        let groups = Groups::of(&p, 500, 1, Context::new()).unwrap();
        let positions: Vec<[f64; 1]> = (0..groups.len()).map(|group| [(group as f64).sqrt()]).collect();
        let mut placed = among(&p, &groups, &positions, Context::new()).unwrap();
        for i in 0..p.n() {
            let pairs = || {
                p.row(i)
                    .0
                    .iter()
                    .zip(p.row(i).1)
                    .map(|(&j, weight)| (positions[groups.of[j as usize] as usize][0], weight))
            };
            let mean =
                pairs().map(|(at, weight)| at * weight).sum::<f64>() / pairs().map(|(_, weight)| weight).sum::<f64>();
            assert!((placed[i][0] - mean).abs() < 1e-12);
        }
        shrink(&mut placed, 0.3);
        let mean = placed.iter().map(|position| position[0]).sum::<f64>() / placed.len() as f64;
        assert!((extent(&placed) - 0.3).abs() < 1e-12 && mean.abs() < 1e-12);
    }
}
