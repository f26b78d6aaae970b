//! Points shared out among tiles: each tile has a sample of what its part of the plane holds beyond the tiles above it.

use tsne::Scalar;

/// Scatters numbers over all of their type, each to one of its own (the finalizer of MurmurHash3, Appleby): points in this order
/// are a sample wherever one stops.
pub(super) const fn scatter(i: u32) -> u32 {
    let i = (i ^ (i >> 16)).wrapping_mul(0x85eb_ca6b);
    let i = (i ^ (i >> 13)).wrapping_mul(0xc2b2_ae35);
    i ^ (i >> 16)
}

/// Some points of a part of the plane.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tile {
    /// The tile above; its own number for the first tile.
    pub(super) parent: u32,
    /// Where its points are in the order of the tree.
    pub(super) start: usize,
    pub(super) count: usize,
    /// Of the points in its part of the plane, this tile and those above have just those that are scattered up to here.
    pub(super) reach: u32,
    /// The smallest rectangle around the points of it and of all tiles below: their ranges along both axes.
    pub(super) bounds: [[f64; 2]; 2],
}

/// A quadtree whose tiles have points of their own on every level.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    /// The points, tile by tile, those of one tile in the order of the map.
    pub(super) order: Vec<u32>,
    /// Level by level: each comes after the one above it.
    pub(super) tiles: Vec<Tile>,
}

impl Tree {
    /// Shares points out among tiles of at most `most` of them.
    ///
    /// The first tile takes those that are scattered lowest of all; the middle of the rectangle around its part cuts the others in
    /// four. So the tree depends on nothing but the points, and where all are at one place, tiles follow each other in a row.
    pub(super) fn new<T: Scalar>(y: &[[T; 2]], most: usize) -> Self {
        let mut order: Vec<u32> = (0..y.len() as u32).collect();
        let mut tiles = Vec::new();
        // Parts that are yet to become tiles: the tile above, and their range in the order.
        let mut parts = std::collections::VecDeque::from([(0, 0..order.len())]);
        while let Some((parent, range)) = parts.pop_front() {
            let (number, points) = (tiles.len() as u32, &mut order[range.clone()]);
            let bounds = bounds(y, points);
            let count = points.len().min(most);
            let mut reach = u32::MAX;
            if points.len() > most {
                let (_, &mut last, _) = points.select_nth_unstable_by_key(most - 1, |&i| scatter(i));
                reach = scatter(last);
                let middle = bounds.map(|[low, high]| 0.5 * low + 0.5 * high);
                let is_above = |axis: usize| move |i: u32| y[i as usize][axis].to_f64() >= middle[axis];
                let rest = &mut points[most..];
                let upper = partition(rest, is_above(1));
                let (lower_half, upper_half) = rest.split_at_mut(upper);
                let cuts = [partition(lower_half, is_above(0)), upper, upper + partition(upper_half, is_above(0))];
                let from = range.start + most;
                let ends = [0, cuts[0], cuts[1], cuts[2], rest.len()].map(|cut| from + cut);
                parts.extend(ends.windows(2).filter(|pair| pair[0] < pair[1]).map(|pair| (number, pair[0]..pair[1])));
            }
            points[..count].sort_unstable();
            tiles.push(Tile { parent, start: range.start, count, reach, bounds });
        }
        Self { order, tiles }
    }

    /// The points of a tile.
    pub(super) fn points(&self, tile: &Tile) -> &[u32] {
        &self.order[tile.start..tile.start + tile.count]
    }

    /// The tile of each point.
    pub(super) fn tile_of_points(&self) -> Vec<u32> {
        let mut of = vec![0; self.order.len()];
        for (number, tile) in (0..).zip(&self.tiles) {
            self.points(tile).iter().for_each(|&i| of[i as usize] = number);
        }
        of
    }
}

fn bounds<T: Scalar>(y: &[[T; 2]], points: &[u32]) -> [[f64; 2]; 2] {
    let none = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    points.iter().fold(none, |bounds, &i| {
        std::array::from_fn(|c| {
            let value = y[i as usize][c].to_f64();
            [bounds[c][0].min(value), bounds[c][1].max(value)]
        })
    })
}

/// Puts what is not `last` before what is, and tells where that begins.
fn partition(points: &mut [u32], last: impl Fn(u32) -> bool) -> usize {
    let mut cut = 0;
    for k in 0..points.len() {
        if !last(points[k]) {
            points.swap(k, cut);
            cut += 1;
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clusters of different density, and points at one place.
    fn points(n: usize) -> Vec<[f64; 2]> {
        let unit = |i: usize| f64::from(scatter(i as u32)) / f64::from(u32::MAX);
        let point = |i: usize| match i % 10 {
            0..6 => [unit(3 * i), unit(3 * i + 1)],
            6..9 => [40.0 * unit(3 * i) - 60.0, 40.0 * unit(3 * i + 1) - 20.0],
            _ => [7.0, 7.0],
        };
        (0..n).map(point).collect()
    }

    /// The tiles as the definition has them, by lists of points: its own, what is around it, and how far its samples reach.
    fn naive(y: &[[f64; 2]], mut part: Vec<u32>, most: usize, into: &mut Vec<(Vec<u32>, u32)>) {
        part.sort_by_key(|&i| scatter(i));
        let range = |c: usize| {
            let values = part.iter().map(|&i| y[i as usize][c]);
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
        };
        let middle = [0, 1].map(|c| 0.5 * range(c).0 + 0.5 * range(c).1);
        let rest = part.split_off(part.len().min(most));
        let reach = if rest.is_empty() { u32::MAX } else { scatter(part[most - 1]) };
        part.sort_unstable();
        into.push((part, reach));
        for quadrant in 0..4 {
            let is_in = |i: &u32| {
                usize::from(y[*i as usize][0] >= middle[0]) + 2 * usize::from(y[*i as usize][1] >= middle[1])
                    == quadrant
            };
            let of: Vec<u32> = rest.iter().copied().filter(is_in).collect();
            if !of.is_empty() {
                naive(y, of, most, into);
            }
        }
    }

    #[test]
    fn every_point_is_in_the_tile_of_the_definition() {
        for (n, most) in [(1, 5), (5, 5), (6, 5), (4000, 37), (3000, 1)] {
            let y = points(n);
            let tree = Tree::new(&y, most);
            let mut expected = Vec::new();
            naive(&y, (0..n as u32).collect(), most, &mut expected);
            let mut found: Vec<(Vec<u32>, u32)> =
                tree.tiles.iter().map(|tile| (tree.points(tile).to_vec(), tile.reach)).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected);
            let mut all: Vec<u32> = tree.order.clone();
            all.sort_unstable();
            assert_eq!(all, (0..n as u32).collect::<Vec<_>>());
            for (i, &tile) in tree.tile_of_points().iter().enumerate() {
                assert!(tree.points(&tree.tiles[tile as usize]).contains(&(i as u32)));
            }
        }
    }

    #[test]
    fn tiles_are_within_those_above_and_hold_what_is_scattered_so_far() {
        let y = points(5000);
        let tree = Tree::new(&y, 50);
        assert_eq!((tree.tiles[0].parent, tree.tiles[0].count), (0, 50));
        for (number, tile) in tree.tiles.iter().enumerate().skip(1) {
            let above = &tree.tiles[tile.parent as usize];
            assert!((tile.parent as usize) < number && above.reach < u32::MAX && above.reach < tile.reach);
            for c in 0..2 {
                assert!(above.bounds[c][0] <= tile.bounds[c][0] && tile.bounds[c][1] <= above.bounds[c][1]);
            }
            for &i in tree.points(tile) {
                assert!(scatter(i) > above.reach && scatter(i) <= tile.reach);
                assert!((0..2).all(|c| (tile.bounds[c][0]..=tile.bounds[c][1]).contains(&y[i as usize][c])));
            }
        }
        // 500 points at one place: ten tiles of them, below those that hold some of them with others.
        assert!(tree.tiles.iter().filter(|tile| tile.bounds == [[7.0; 2]; 2]).count() >= 7);
    }

    #[test]
    fn no_two_numbers_are_scattered_to_one() {
        let mut scattered: Vec<u32> = (0..100_000).map(scatter).collect();
        scattered.sort_unstable();
        scattered.dedup();
        assert_eq!(scattered.len(), 100_000);
        // A tenth of them in each tenth of the range, within four deviations of chance.
        for tenth in 0..10u64 {
            let share = scattered.iter().filter(|&&s| u64::from(s) * 10 / (1 << 32) == tenth).count();
            assert!(share.abs_diff(10_000) < 4 * 95, "{tenth}: {share}");
        }
    }
}
