//! Which points a coarse grid serves, and which crowd so much that they get grids of their own.

use crate::choose::cost::{least_cost, node, pair_cost, usual_cost};
use crate::layout::bounds::Bounds;
use crate::layout::shape::{Lattice, with_spacing};
use crate::levels::marks::{Axes, components, dilated, place};
use crate::params::GridParams;
use crate::scalar::GridScalar;
use crate::spline::split::Sharpness;
use std::f64::consts::PI;
use tsne_core::{Kernel, Result, blocks, chunks, memory};

/// Cells along the longest side at the most, by dimension, coarse to fine: the first division that pays is taken. A grid of
/// a node to each of the first cells takes 0.1 ms in two dimensions and 0.5 in three, as little as the smallest map
/// does.
const fn resolutions<const D: usize>() -> [usize; 2] {
    match D {
        1 => [2048, 16384],
        2 => [128, 512],
        _ => [32, 64],
    }
}

/// More points than this in a cell are a crowd: summing their pairs costs some ten times what a grid does for each point.
const fn crowded<const D: usize>() -> u32 {
    match D {
        1 => 64,
        2 => 32,
        _ => 12,
    }
}

/// Cells within the reach of near pairs of a point: 7, 37 and 180 at a cutoff of three.
fn cells_in_reach<const D: usize>(sharpness: Sharpness) -> f64 {
    let ball = [2.0, PI, 4.0 * PI / 3.0][D.clamp(1, 3) - 1];
    ball * (sharpness.cutoff + 0.5).powi(D as i32)
}

/// How far below the cost of one grid that of a division has to be: estimates of both are off by some ten per cent.
const GAIN: f64 = 0.9;

/// Nanoseconds of two threads for each point that is divided: a few passes, half of them on one thread.
const DIVIDE: f64 = 8.0;

/// The name in errors of what is made here of crowds.
const CROWDS: &str = "crowds of points";

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Points that the coarse grid and its near pairs serve.
    Loose,
    /// Points of a crowd, which near pairs of loose points may reach.
    Margin(usize),
    /// Points of a crowd, out of reach of all but their own crowd.
    Core(usize),
}

/// A lattice of cells over a map, and the crowds on it.
#[derive(Debug, Clone)]
pub(crate) struct Division<T, const D: usize> {
    /// Side of a cell. A power of two, so that spectra are kept while the map grows.
    pub(crate) side: f64,
    /// The spacing of the coarse grid: the side, or a part of it.
    pub(crate) spacing: f64,
    low: [T; D],
    inverse: T,
    cells: [usize; D],
    /// 0 for loose cells, `1 + 2 crowd` for margins, `2 + 2 crowd` for cores.
    kinds: Vec<u32>,
    /// Points in each cell.
    pub(crate) counts: Vec<u32>,
    /// The cell of each point.
    pub(crate) cell_of: Vec<u32>,
    pub(crate) crowds: usize,
}

/// What decides about divisions besides the points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) kernel: Kernel,
    pub(crate) sharpness: Sharpness,
    /// The finest spacing of a coarse grid that is exact enough.
    pub(crate) least_spacing: f64,
    /// What the nodes and near pairs of one grid for all cost.
    pub(crate) cost: f64,
}

impl<T: GridScalar, const D: usize> Division<T, D> {
    /// A division that costs less than one grid, if there is one.
    pub(crate) fn of(y: &[[T; D]], bounds: &Bounds<T, D>, terms: Terms) -> Result<Option<Self>> {
        for cells in resolutions::<D>() {
            let side = (bounds.extent() / cells as f64).log2().ceil().exp2();
            if !side.is_finite() || side < terms.least_spacing {
                break;
            }
            let mut division = Self::cells(y, bounds, side)?;
            if division.find_crowds(y, bounds, terms)? {
                return Ok(Some(division));
            }
        }
        Ok(None)
    }

    /// Counts points in cells.
    fn cells(y: &[[T; D]], bounds: &Bounds<T, D>, side: f64) -> Result<Self> {
        let cells: [usize; D] =
            std::array::from_fn(|c| ((bounds.high[c].to_f64() - bounds.low[c].to_f64()) / side) as usize + 1);
        let mut division = Self {
            side,
            spacing: side,
            low: bounds.low,
            inverse: T::from_f64(1.0 / side),
            cells,
            kinds: memory::filled("kinds of cells", cells.iter().product(), 0)?,
            counts: memory::filled("counts of cells", cells.iter().product(), 0)?,
            cell_of: memory::filled("cells of points", y.len(), 0)?,
            crowds: 0,
        };
        let mut cell_of = std::mem::take(&mut division.cell_of);
        chunks::for_each(&mut cell_of, blocks::BLOCK, |b, cell_of| {
            for (cell, point) in cell_of.iter_mut().zip(&y[blocks::range(b, y.len())]) {
                *cell = division.cell(point) as u32;
            }
        });
        for &cell in &cell_of {
            division.counts[cell as usize] += 1;
        }
        division.cell_of = cell_of;
        Ok(division)
    }

    /// Drops what is known of single points.
    pub(crate) fn forget_points(&mut self) {
        (self.counts, self.cell_of) = (Vec::new(), Vec::new());
    }

    /// A place in units of the side of a cell.
    #[inline(always)]
    pub(crate) fn coordinates(&self, place: &[T; D]) -> [T; D] {
        std::array::from_fn(|c| (place[c] - self.low[c]) * self.inverse)
    }

    /// The cell of a place, or the nearest one.
    #[inline(always)]
    pub(crate) fn cell(&self, place: &[T; D]) -> usize {
        let u = self.coordinates(place);
        (0..D).fold(0, |index, c| index * self.cells[c] + (u[c].to_i32().max(0) as usize).min(self.cells[c] - 1))
    }

    /// What a cell holds.
    #[inline(always)]
    pub(crate) fn kind(&self, cell: usize) -> Kind {
        match self.kinds[cell] as usize {
            0 => Kind::Loose,
            kind if kind % 2 == 1 => Kind::Margin((kind - 1) / 2),
            kind => Kind::Core(kind / 2 - 1),
        }
    }

    /// The coarse grid over a box.
    pub(crate) fn lattice(&self, bounds: &Bounds<T, D>) -> Lattice<T, D> {
        with_spacing(&GridParams::default(), bounds, self.spacing)
    }

    /// Finds the crowds, and tells whether a division into these pays.
    fn find_crowds(&mut self, y: &[[T; D]], bounds: &Bounds<T, D>, terms: Terms) -> Result<bool> {
        let reach = terms.sharpness.cutoff.ceil() as usize;
        let crowd = memory::collected(CROWDS, self.counts.iter().map(|&count| count > crowded::<D>()))?;
        if !crowd.contains(&true) {
            return Ok(false);
        }
        let mut axes: Axes = [1; 3];
        axes[3 - D..].copy_from_slice(&self.cells);
        let near = dilated(&crowd, axes, reach)?;
        // Crowds whose margins near pairs could connect are one.
        let joined = dilated(&near, axes, reach.div_ceil(2))?;
        let labels = components(&joined, axes)?;
        let boxes = self.boxes(&near, &labels, axes)?;
        let longest = self.cells.iter().max().copied().unwrap_or(1);
        // A crowd as wide as half the map is the map: it stays with the coarse grid.
        let mut number = memory::filled(CROWDS, boxes.len(), 0usize)?;
        for (number, (low, high)) in number.iter_mut().zip(&boxes) {
            if (0..3).all(|c| low[c] > high[c] || 2 * (high[c] + 1 - low[c]) <= longest.max(2)) {
                self.crowds += 1;
                *number = self.crowds;
            }
        }
        let mut members = memory::filled(CROWDS, self.crowds, 0usize)?;
        let mut pairs = 0.0;
        for cell in 0..self.kinds.len() {
            let count = self.counts[cell];
            let crowd_number = if near[cell] { number[labels[cell] as usize - 1] } else { 0 };
            if crowd_number > 0 {
                self.kinds[cell] = (2 * crowd_number - usize::from(!crowd[cell])) as u32;
                members[crowd_number - 1] += count as usize;
            } else {
                pairs += f64::from(count) * f64::from(count) * cells_in_reach::<D>(terms.sharpness);
            }
        }
        if self.crowds == 0 {
            return Ok(false);
        }
        let per_pair = pair_cost(terms.kernel);
        let by_themselves = members.iter().map(|&n| {
            let n = n as f64;
            (n * n * per_pair).min(n * usual_cost::<D>() + least_cost::<D>())
        });
        let fixed = by_themselves.sum::<f64>() + DIVIDE * y.len() as f64;
        // A finer grid where loose points still crowd.
        let mut best = f64::INFINITY;
        for halvings in 0..4 {
            let spacing = self.side * (-f64::from(halvings)).exp2();
            let nodes = with_spacing(&GridParams::default(), bounds, spacing).shape.padded_nodes();
            let cost = nodes as f64 * node::<D>() + pairs * (-f64::from(halvings * D as i32)).exp2() * per_pair;
            if spacing >= terms.least_spacing && nodes <= GridParams::MAX_PADDED_NODES / 4 && cost < best {
                (best, self.spacing) = (cost, spacing);
            }
        }
        // Spreading and reading, which the cost of nodes and pairs leaves out, are half of what is usual.
        let one = terms.cost + 0.5 * usual_cost::<D>() * y.len() as f64;
        Ok(fixed + best < GAIN * one)
    }

    /// The box of each component around its cells that hold points: from the first to the last along each axis.
    fn boxes(&self, near: &[bool], labels: &[u32], axes: Axes) -> Result<Vec<([usize; 3], [usize; 3])>> {
        let count = labels.iter().max().copied().unwrap_or(0) as usize;
        let mut boxes = memory::filled(CROWDS, count, ([usize::MAX; 3], [0; 3]))?;
        for cell in 0..labels.len() {
            if near[cell] && self.counts[cell] > 0 {
                let (low, high) = &mut boxes[labels[cell] as usize - 1];
                for (c, at) in place(cell, axes).into_iter().enumerate() {
                    low[c] = low[c].min(at);
                    high[c] = high[c].max(at);
                }
            }
        }
        Ok(boxes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    fn terms() -> Terms {
        Terms { kernel: Kernel::CAUCHY, sharpness: Sharpness::DEFAULT, least_spacing: 0.7, cost: f64::INFINITY }
    }

    /// Near pairs of loose points never reach a core, and those of two crowds never each other: what the sums rely on.
    #[test]
    fn cores_are_out_of_reach() {
        let number = |i: usize, c: u64| unit(element_seed(2, c, i as u64));
        let y: Vec<[f64; 2]> = (0..20_000)
            .map(|i| {
                // Crowds at random distances of each other, with points everywhere between them.
                let crowd = i % 23;
                let scale = if i % 10 == 0 { 1e5 } else { 300.0 };
                [0, 1].map(|c| 1e5 * number(crowd, 10 + c) + scale * number(i, c))
            })
            .collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let division = Division::of(&y, &bounds, terms()).unwrap().unwrap();
        assert!(division.crowds > 1 && division.spacing <= division.side);
        let cutoff = Sharpness::DEFAULT.cutoff * division.spacing;
        let kinds: Vec<Kind> = y.iter().map(|point| division.kind(division.cell(point))).collect();
        let (mut loose, mut cores) = (0, 0);
        for (a, p) in y.iter().enumerate().step_by(3) {
            for (b, q) in y.iter().enumerate().step_by(7) {
                let near = (p[0] - q[0]).hypot(p[1] - q[1]) < cutoff;
                match (kinds[a], kinds[b]) {
                    (Kind::Loose, Kind::Core(_)) => assert!(!near),
                    (Kind::Margin(i) | Kind::Core(i), Kind::Margin(j) | Kind::Core(j)) if i != j => assert!(!near),
                    _ => {}
                }
            }
            loose += usize::from(kinds[a] == Kind::Loose);
            cores += usize::from(matches!(kinds[a], Kind::Core(_)));
        }
        assert!(loose > 10 && cores > 1_000);
    }

    #[test]
    fn maps_without_crowds_are_not_divided() {
        let y: Vec<[f64; 2]> = (0..20_000).map(|i| [0, 1].map(|c| 1e4 * unit(element_seed(3, c, i)))).collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        assert!(Division::of(&y, &bounds, terms()).unwrap().is_none());
    }
}
