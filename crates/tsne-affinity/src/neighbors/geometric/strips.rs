//! The ranks of a few others of each point in the plane or on a line, by counting the points of a disc.
//!
//! The points stand in strips of equal numbers by their first coordinate, and within a strip by the second. What a disc has of a
//! strip is an interval but for its ends: points that are inside for sure are counted by two searches in sorted numbers, and only
//! those near the edge, some `√m` of the `m` in the disc, are measured. Strips follow the points: a far one costs nothing, which
//! would make all cells of a grid too large.

use super::finder::Asked;
use super::geometry::Geometry;
use super::indexed::IndexedPoints;
use crate::ordered;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::ops::Range;
use tsne_core::{Context, Result, Scalar, blocks, chunks, memory};

/// Rows in one task, between two looks at the cancellation.
const BLOCK: usize = 256;

/// More than the part of a sum of two squares, or of a root, that rounding takes.
const ROUNDING: f64 = 1.0 / (1u64 << 46) as f64;

/// The ranks that are asked for, in the order of [`Asked::others`]; `None` for points that are not Euclidean or have more than two
/// coordinates.
pub(super) fn ranks<T: Scalar>(
    indexed: &IndexedPoints<'_, T>,
    asked: Asked<'_>,
    cx: Context<'_>,
) -> Result<Option<Vec<u32>>> {
    if indexed.ruler.geometry != Geometry::Euclidean || indexed.points.rows.d() > 2 {
        return Ok(None);
    }
    let Asked { rows, others, k } = asked;
    let strips = Strips::new(indexed)?;
    let mut ranks = memory::filled("ranks of neighbors", others.len(), 0u32)?;
    ordered::try_for_each((&mut ranks, k.saturating_mul(BLOCK)), Vec::new, |measured, b, ranks| {
        cx.check()?;
        let rows = &rows[b * BLOCK..];
        let others = others.get(b * BLOCK * k..).unwrap_or_default().chunks_exact(k);
        for ((&i, others), ranks) in rows.iter().zip(others).zip(ranks.chunks_exact_mut(k)) {
            measured.clear();
            let groups = &indexed.groups;
            let candidates = others.iter().map(|&j| groups.group_of(j as usize) as u32);
            let candidates = memory::collected("others of a row", candidates)?;
            indexed.distances(indexed.points.get(i as usize), &candidates, measured)?;
            for ((rank, &j), &(distance, _)) in ranks.iter_mut().zip(others).zip(measured.iter()) {
                // The row itself is nearer than all that is not where it is.
                let own = distance > T::ZERO || i < j;
                *rank = 1 + strips.before(indexed, i as usize, (distance, j)) - u32::from(own);
            }
        }
        Ok(())
    })?;
    Ok(Some(ranks))
}

/// Points by strips, those that are the same as one. A *position* is a place in that order.
struct Strips {
    /// The groups of equal points.
    groups: Vec<u32>,
    /// How many points the groups before each position have, and all.
    counts: Vec<u32>,
    /// Their last coordinates, ascending in each strip.
    heights: Vec<f64>,
    /// Positions in a strip.
    size: usize,
    /// The least and the greatest first coordinate of each strip.
    sides: Vec<(f64, f64)>,
}

/// The first coordinate, 0 on a line, and the last one, in units in which the largest is about 1.
fn coordinates<T: Scalar>(indexed: &IndexedPoints<'_, T>, i: usize) -> (f64, f64) {
    let factor = indexed.ruler.factor;
    match *indexed.points.rows.row(i) {
        [x, y] => (x.to_f64() * factor, y.to_f64() * factor),
        [y] => (0.0, y.to_f64() * factor),
        _ => (0.0, 0.0),
    }
}

impl Strips {
    fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>) -> Result<Self> {
        let rows = &indexed.points.rows;
        let (groups, n) = (&indexed.groups, indexed.groups.len());
        // On a line all is one strip; in the plane a strip is as long as there are strips.
        let size = if rows.d() < 2 { n } else { n.isqrt() }.max(1);
        let mut placed = memory::filled("points in strips", n, (0.0f64, 0.0f64, 0u32))?;
        chunks::for_each(&mut placed, blocks::BLOCK, |b, placed| {
            for (to, g) in placed.iter_mut().zip(blocks::range(b, n)) {
                let (x, y) = coordinates(indexed, groups.representative(g));
                *to = (x, y, g as u32);
            }
        });
        placed.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let sides = placed.chunks(size).map(|strip| match strip {
            [first, .., last] => (first.0, last.0),
            [one] => (one.0, one.0),
            [] => (0.0, 0.0),
        });
        let sides = sides.collect();
        let by_height =
            |strip: &mut [(f64, f64, u32)]| strip.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.2.cmp(&b.2)));
        chunks::for_each(&mut placed, size, |_, strip| by_height(strip));
        let mut in_order = memory::filled("points in strips", n, 0u32)?;
        let mut heights = memory::filled("heights of points in strips", n, 0.0f64)?;
        let mut counts = memory::filled("numbers of points in strips", n + 1, 0u32)?;
        let mut total = 0;
        for (((group, height), count), placed) in
            in_order.iter_mut().zip(&mut heights).zip(&mut counts[1..]).zip(placed)
        {
            (*group, *height) = (placed.2, placed.1);
            total += groups.size(placed.2 as usize) as u32;
            *count = total;
        }
        Ok(Self { groups: in_order, counts, heights, size, sides })
    }

    /// The number of points, the row itself among them, that come before an other one by their distance from a row.
    fn before<T: Scalar>(&self, indexed: &IndexedPoints<'_, T>, row: usize, (distance, other): (T, u32)) -> u32 {
        let query = indexed.points.get(row);
        let (x, y) = coordinates(indexed, row);
        let most = indexed.squared_bound(distance) * (1.0 + ROUNDING);
        let least = indexed.squared_floor(distance) * (1.0 - ROUNDING);
        let nearer = |position: usize| {
            let group = self.groups[position] as usize;
            let squared = indexed.ruler.square(query, indexed.points.get(indexed.groups.representative(group)));
            match indexed.distance_of(squared).total_cmp(&distance) {
                Ordering::Less => indexed.groups.size(group) as u32,
                Ordering::Equal => indexed.groups.before(group, other),
                Ordering::Greater => 0,
            }
        };
        let measured = |range: Range<usize>| range.map(nearer).sum::<u32>();
        let reach = most.sqrt();
        let reach = reach + ROUNDING * (reach + x.abs());
        let first = self.sides.partition_point(|side| side.1 < x - reach);
        let mut count = 0u32;
        for (strip, &(left, right)) in self.sides.iter().enumerate().skip(first) {
            if left > x + reach {
                break;
            }
            // How far the strip is at the nearest, and at the farthest.
            let near = (left - x).max(x - right).max(0.0);
            let far = (x - left).max(right - x);
            let outer = most - near * near;
            if outer < 0.0 {
                continue;
            }
            let outer = outer.sqrt();
            let outer = outer + ROUNDING * (outer + y.abs());
            let start = strip * self.size;
            let heights = &self.heights[start..self.heights.len().min(start + self.size)];
            let from = heights.partition_point(|height| *height < y - outer);
            let to = from + heights[from..].partition_point(|height| *height <= y + outer);
            let inner = (least - far * far).max(0.0).sqrt();
            let inner = inner - ROUNDING * (inner + y.abs());
            if inner > 0.0 {
                let within = &heights[from..to];
                let bottom = from + within.partition_point(|height| *height < y - inner);
                let top = from + within.partition_point(|height| *height <= y + inner);
                count += self.counts[start + top] - self.counts[start + bottom];
                count += measured(start + from..start + bottom) + measured(start + top..start + to);
            } else {
                count += measured(start + from..start + to);
            }
        }
        count
    }
}
