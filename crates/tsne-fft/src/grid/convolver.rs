//! The circular convolution of a real grid with a spectrum, in parallel and without allocation.
//!
//! Only `nodes` of the `padded` lines along each axis hold charges on the way in, and only these are wanted on the way
//! out: the others are neither transformed nor stored (pruning). Along the last axis lines are real and transformed
//! in place; then, for a few frequencies of that axis at a time, the planes across the other axes are gathered,
//! transformed, multiplied, transformed back, all within the cache.
//!
//! Members of a team transform a share of the lines each, then a share of the planes, then the lines again; in between they send each
//! other what of theirs the others' shares are made of, and in the end all have the nodes of all lines.

use crate::grid::exchange::{TILE, exchange, frequencies_of};
use crate::grid::spectrum::Spectrum;
use crate::grid::transforms::{Direction, Transforms};
use crate::layout::shape::Shape;
use crate::scalar::GridScalar;
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use std::ops::Range;
use tsne_core::span::Region;
use tsne_core::{Context, Error, Result, chunks, memory};

/// Plans and buffers for the convolutions of one shape.
pub(crate) struct Convolver<T> {
    shape: Shape,
    transforms: Box<dyn Transforms<T>>,
    /// Tiles of `rows` lines of frequencies of the last axis, each tile followed by the scratch of its task.
    lines: Vec<Complex<T>>,
    line_tile: usize,
    /// `TILE`, or all lines if they are fewer.
    rows: usize,
    /// Tiles of `TILE` planes `[i1][k0]`, each tile followed by columns and scratch of its task. Empty in one dimension.
    planes: Vec<Complex<T>>,
    plane_tile: usize,
    /// The nodes of all lines, as members of a team send them. Empty without a team.
    nodes: Vec<T>,
}

impl<T> std::fmt::Debug for Convolver<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Convolver").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The memory of a convolver, for the next one: what the system gives anew it zeroes page by page, which takes as long as half a
/// convolution.
#[derive(Debug)]
pub(crate) struct Memory<T> {
    lines: Vec<Complex<T>>,
    planes: Vec<Complex<T>>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), planes: Vec::new() }
    }
}

impl<T: GridScalar> Convolver<T> {
    /// For grids of a shape, in memory that may hold anything.
    pub(crate) fn new(shape: Shape, memory: Memory<T>) -> Result<Self> {
        let [n0, n1, _] = shape.nodes;
        let [m0, m1, m2] = shape.padded;
        let transforms = T::transforms(shape.padded);
        let frequencies = m2 / 2 + 1;
        let rows = TILE.min(n0 * n1);
        let line_tile = rows * frequencies + transforms.line_scratch_len();
        let Memory { mut lines, mut planes } = memory;
        fit("lines of the grid", &mut lines, (n0 * n1).div_ceil(rows) * line_tile)?;
        let plane_tile = TILE * n1 * m0 + columns_len(m1) + transforms.plane_scratch_len();
        let tiles = if m0 * m1 > 1 { frequencies.div_ceil(TILE) } else { 0 };
        fit("planes of the grid", &mut planes, tiles * plane_tile)?;
        Ok(Self { shape, transforms, lines, line_tile, rows, planes, plane_tile, nodes: Vec::new() })
    }

    /// The memory, to be used again.
    pub(crate) fn into_memory(self) -> Memory<T> {
        Memory { lines: self.lines, planes: self.planes }
    }

    /// The length of the grid: lines of the padded length, zero beyond the nodes.
    pub(crate) fn grid_len(&self) -> usize {
        self.shape.nodes[0] * self.shape.nodes[1] * self.shape.padded[2]
    }

    /// The part of the grid that [`convolve`](Self::convolve) takes charges from: the whole, or that of this member of a team.
    pub(crate) fn part(&self, cx: Context<'_>) -> Range<usize> {
        let lines = self.lines_of(cx.rank(), cx);
        lines.start * self.shape.padded[2]..lines.end * self.shape.padded[2]
    }

    /// The lines of member `rank`: whole tiles.
    fn lines_of(&self, rank: usize, cx: Context<'_>) -> Range<usize> {
        cx.part_of(rank, self.shape.nodes[0] * self.shape.nodes[1], self.rows)
    }

    /// Replaces charges by their potential, up to the spectrum's mean. Beyond the nodes of a line, `grid` must be zero;
    /// afterwards it holds garbage there. In a team the charges are those on [`part`](Self::part), and the potential is on all nodes.
    pub(crate) fn convolve(&mut self, spectrum: &Spectrum<T>, grid: &mut [T], cx: Context<'_>) -> Result<()> {
        if grid.len() != self.grid_len() {
            return Err(Error::shape("grid", self.grid_len(), grid.len()));
        }
        self.lines_forward(spectrum, grid, cx)?;
        self.lines_to_planes(cx)?;
        self.convolve_planes(spectrum, cx);
        self.planes_to_lines(cx)?;
        self.lines_inverse(grid, cx)?;
        self.complete(grid, cx)
    }

    /// Each member gets its frequencies of all lines.
    fn lines_to_planes(&mut self, cx: Context<'_>) -> Result<()> {
        if self.planes.is_empty() {
            return Ok(());
        }
        let mut lines = std::mem::take(&mut self.lines);
        let frequencies = self.shape.padded[2] / 2 + 1;
        let places = |line: usize, frequencies_there: Range<usize>| {
            let start = (line / self.rows) * self.line_tile + (line % self.rows) * frequencies;
            start + frequencies_there.start..start + frequencies_there.end
        };
        let (from, to) = (|rank| self.lines_of(rank, cx), |rank| frequencies_of(&self.shape, rank, cx));
        let exchanged = exchange(&mut lines, from, to, places, (pair, complex), cx);
        self.lines = lines;
        exchanged
    }

    /// Each member gets all frequencies of its lines.
    fn planes_to_lines(&mut self, cx: Context<'_>) -> Result<()> {
        if self.planes.is_empty() {
            return Ok(());
        }
        let mut planes = std::mem::take(&mut self.planes);
        let ([_, n1, _], [m0, ..]) = (self.shape.nodes, self.shape.padded);
        let places = |k2: usize, lines: Range<usize>| {
            let start = (k2 / TILE) * self.plane_tile + k2 % TILE * n1 * m0;
            // Counted, as divisions for each number took longer than the numbers.
            let (mut i0, mut i1) = (lines.start / n1, lines.start % n1);
            lines.map(move |_| {
                let at = start + i1 * m0 + i0;
                i1 += 1;
                if i1 == n1 {
                    (i0, i1) = (i0 + 1, 0);
                }
                at
            })
        };
        let (from, to) = (|rank| frequencies_of(&self.shape, rank, cx), |rank| self.lines_of(rank, cx));
        let exchanged = exchange(&mut planes, from, to, places, (pair, complex), cx);
        self.planes = planes;
        exchanged
    }

    /// Each member gets the nodes of the lines of all others.
    fn complete(&mut self, grid: &mut [T], cx: Context<'_>) -> Result<()> {
        if cx.members() < 2 {
            return Ok(());
        }
        let (count, length) = (self.shape.nodes[2], self.shape.padded[2]);
        let mut nodes = std::mem::take(&mut self.nodes);
        memory::resize("nodes of the grid", &mut nodes, self.shape.nodes[0] * self.shape.nodes[1] * count, T::ZERO)?;
        let own = self.lines_of(cx.rank(), cx);
        for (nodes, line) in nodes.chunks_exact_mut(count).zip(grid.chunks_exact(length)).take(own.end).skip(own.start)
        {
            nodes.copy_from_slice(&line[..count]);
        }
        cx.gather_parts(&mut nodes, |rank| self.lines_of(rank, cx).end * count)?;
        chunks::for_each(grid, self.rows * length, |tile, grid| {
            let first = tile * self.rows;
            if !own.contains(&first) {
                for (line, nodes) in grid.chunks_exact_mut(length).zip(nodes[first * count..].chunks_exact(count)) {
                    line[..count].copy_from_slice(nodes);
                }
            }
        });
        self.nodes = nodes;
        Ok(())
    }

    fn lines_forward(&mut self, spectrum: &Spectrum<T>, grid: &mut [T], cx: Context<'_>) -> Result<()> {
        let (own, part) = (self.lines_of(cx.rank(), cx), self.part(cx));
        let Self { shape, transforms, lines, line_tile, rows, planes, .. } = self;
        let length = shape.padded[2];
        let frequencies = length / 2 + 1;
        let one_dimensional = planes.is_empty();
        let lines = &mut lines[own.start.div_ceil(*rows) * *line_tile..own.end.div_ceil(*rows) * *line_tile];
        let tiles = lines.par_chunks_mut(*line_tile).zip(grid[part].par_chunks_mut(*rows * length));
        let region = Region::enter();
        let run = |(tile, grid): (&mut [Complex<T>], &mut [T])| {
            let (lines, scratch) = tile.split_at_mut(*rows * frequencies);
            for (line, real) in lines.chunks_exact_mut(frequencies).zip(grid.chunks_exact_mut(length)) {
                transforms.line_forward(real, line, scratch)?;
                if one_dimensional {
                    for (k2, value) in line.iter_mut().enumerate() {
                        scale(value, spectrum.plane(k2)[0]);
                    }
                }
            }
            Ok(())
        };
        tiles.try_for_each(|tile| region.task(|| run(tile)))
    }

    fn convolve_planes(&mut self, spectrum: &Spectrum<T>, cx: Context<'_>) {
        if self.planes.is_empty() {
            return;
        }
        let own = frequencies_of(&self.shape, cx.rank(), cx);
        let (before, end) = (own.start.div_ceil(TILE), own.end.div_ceil(TILE));
        let Self { shape, transforms, lines, line_tile, rows, planes, plane_tile, .. } = self;
        let [n0, n1, _] = shape.nodes;
        let [m0, m1, m2] = shape.padded;
        let frequencies = m2 / 2 + 1;
        chunks::for_each(&mut planes[before * *plane_tile..end * *plane_tile], *plane_tile, |tile, chunk| {
            let first = (before + tile) * TILE;
            let count = TILE.min(frequencies - first);
            let (planes, rest) = chunk.split_at_mut(TILE * n1 * m0);
            let (columns, scratch) = rest.split_at_mut(columns_len(m1));
            for i1 in 0..n1 {
                for i0 in 0..n0 {
                    let row = i0 * n1 + i1;
                    let at = (row / *rows) * *line_tile + (row % *rows) * frequencies + first;
                    for (t, value) in lines[at..at + count].iter().enumerate() {
                        planes[(t * n1 + i1) * m0 + i0] = *value;
                    }
                }
            }
            let planes = &mut planes[..count * n1 * m0];
            for line in planes.chunks_exact_mut(m0) {
                line[n0..].fill(zero());
            }
            transforms.lines(0, Direction::Forward, planes, scratch);
            for (t, plane) in planes.chunks_exact_mut(n1 * m0).enumerate() {
                let spectrum = spectrum.plane(first + t);
                if m1 == 1 {
                    multiply_even(plane, spectrum);
                } else {
                    convolve_columns(plane, spectrum, (n1, m0, m1), &**transforms, columns, scratch);
                }
            }
            transforms.lines(0, Direction::Inverse, planes, scratch);
        });
    }

    fn lines_inverse(&mut self, grid: &mut [T], cx: Context<'_>) -> Result<()> {
        let (own, part) = (self.lines_of(cx.rank(), cx), self.part(cx));
        let Self { shape, transforms, lines, line_tile, rows, planes, plane_tile, .. } = self;
        let [n0, n1, _] = shape.nodes;
        let [m0, _, m2] = shape.padded;
        let frequencies = m2 / 2 + 1;
        let before = own.start.div_ceil(*rows);
        let lines = &mut lines[before * *line_tile..own.end.div_ceil(*rows) * *line_tile];
        let tiles = lines.par_chunks_mut(*line_tile).zip(grid[part].par_chunks_mut(*rows * m2));
        let region = Region::enter();
        let run = |tile: usize, chunk: &mut [Complex<T>], grid: &mut [T]| {
            let first = (before + tile) * *rows;
            let count = (*rows).min(n0 * n1 - first);
            let (lines, scratch) = chunk.split_at_mut(*rows * frequencies);
            if !planes.is_empty() {
                for k2 in 0..frequencies {
                    let plane = (k2 / TILE) * *plane_tile + (k2 % TILE) * n1 * m0;
                    for r in 0..count {
                        let (i0, i1) = ((first + r) / n1, (first + r) % n1);
                        lines[r * frequencies + k2] = planes[plane + i1 * m0 + i0];
                    }
                }
            }
            for (line, real) in lines.chunks_exact_mut(frequencies).zip(grid.chunks_exact_mut(m2)) {
                transforms.line_inverse(line, real, scratch)?;
            }
            Ok(())
        };
        tiles.enumerate().try_for_each(|(tile, (chunk, grid))| region.task(|| run(tile, chunk, grid)))
    }
}

/// Numbers that a buffer has room for beyond its length at the most, 16 MiB in `f32`: while a map grows, each grid is larger than the
/// last one. Room that nothing is written to takes no memory.
const MOST_ROOM: usize = 1 << 21;

/// Makes a buffer as long as given; what it holds does not matter, and is not moved when it grows.
fn fit<T: GridScalar>(what: &'static str, buffer: &mut Vec<Complex<T>>, length: usize) -> Result<()> {
    // Or much less than there is: the memory goes back.
    if length > buffer.capacity() || length < buffer.capacity() / 4 {
        *buffer = Vec::new();
        memory::reserve(what, buffer, length + (length / 2).min(MOST_ROOM))?;
    }
    memory::resize(what, buffer, length, zero())
}

fn zero<T: GridScalar>() -> Complex<T> {
    Complex { re: T::ZERO, im: T::ZERO }
}

/// The room for columns along the middle axis that a task works on at a time.
const fn columns_len(m1: usize) -> usize {
    if m1 > 1 { TILE * m1 } else { 0 }
}

#[inline(always)]
fn scale<T: GridScalar>(value: &mut Complex<T>, factor: T) {
    value.re *= factor;
    value.im *= factor;
}

/// Multiplies a line by an even, real spectrum of which one half is stored.
fn multiply_even<T: GridScalar>(line: &mut [Complex<T>], spectrum: &[T]) {
    let length = line.len();
    let half = length / 2 + 1;
    for (value, &factor) in line[..half].iter_mut().zip(spectrum) {
        scale(value, factor);
    }
    // Frequency `length - k` has the factor of frequency `k`.
    for (value, &factor) in line[half..].iter_mut().zip(spectrum[1..=length - half].iter().rev()) {
        scale(value, factor);
    }
}

/// Convolves one plane `[i1][k0]` along its middle axis, `TILE` frequencies of the first axis at a time.
fn convolve_columns<T: GridScalar>(
    plane: &mut [Complex<T>],
    spectrum: &[T],
    (n1, m0, m1): (usize, usize, usize),
    transforms: &dyn Transforms<T>,
    columns: &mut [Complex<T>],
    scratch: &mut [Complex<T>],
) {
    let half1 = m1 / 2 + 1;
    for first in (0..m0).step_by(TILE) {
        let count = TILE.min(m0 - first);
        let columns = &mut columns[..count * m1];
        for i1 in 0..n1 {
            for t in 0..count {
                columns[t * m1 + i1] = plane[i1 * m0 + first + t];
            }
        }
        for column in columns.chunks_exact_mut(m1) {
            column[n1..].fill(zero());
        }
        transforms.lines(1, Direction::Forward, columns, scratch);
        for (t, column) in columns.chunks_exact_mut(m1).enumerate() {
            let k0 = (first + t).min(m0 - first - t);
            multiply_even(column, &spectrum[k0 * half1..(k0 + 1) * half1]);
        }
        transforms.lines(1, Direction::Inverse, columns, scratch);
        for i1 in 0..n1 {
            for t in 0..count {
                plane[i1 * m0 + first + t] = columns[t * m1 + i1];
            }
        }
    }
}

/// A complex number as it goes from one member to another.
fn pair<T>(value: Complex<T>) -> [T; 2] {
    [value.re, value.im]
}

fn complex<T>([re, im]: [T; 2]) -> Complex<T> {
    Complex { re, im }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    /// Charges convolved directly: every pair of nodes, the distance taken the shorter way around each axis.
    fn direct(shape: &Shape, kernel: impl Fn(f64) -> f64, charges: &[f64]) -> Vec<f64> {
        let [n0, n1, n2] = shape.nodes;
        let node = |i: usize| [i / (n1 * n2), i / n2 % n1, i % n2];
        (0..n0 * n1 * n2)
            .map(|i| {
                let terms = charges.iter().enumerate().map(|(j, charge)| {
                    let steps2: usize = (0..3)
                        .map(|c| {
                            let steps = node(i)[c].abs_diff(node(j)[c]);
                            steps.min(shape.padded[c] - steps).pow(2)
                        })
                        .sum();
                    charge * kernel(steps2 as f64 * shape.spacing * shape.spacing)
                });
                terms.sum()
            })
            .collect()
    }

    #[track_caller]
    fn check(nodes: [usize; 3], padded: [usize; 3]) {
        let shape = Shape { nodes, padded, spacing: 0.4 };
        let kernel = |d2: f64| 1.0 / (1.0 + d2) + 0.1 * d2.sqrt();
        let spectrum = Spectrum::<f64>::new(&shape, None, 0.5, |d2| kernel(d2) - 0.5, Context::new()).unwrap();
        // In memory of another one: longer, shorter, and with what must not get into any sum.
        let garbage = |length| vec![Complex { re: f64::NAN, im: f64::INFINITY }; length];
        let memory = Memory { lines: garbage(5_000), planes: garbage(11) };
        let mut convolver = Convolver::new(shape, memory).unwrap();
        let lines = nodes[0] * nodes[1];
        // Twice, so that what the first run leaves in the buffers would show.
        for seed in 0..2 {
            let charge = |i: usize| 2.0 * unit(element_seed(seed, 0, i as u64)) - 1.0;
            let charges: Vec<f64> = (0..lines * nodes[2]).map(charge).collect();
            let mut grid = vec![0.0; convolver.grid_len()];
            for line in 0..lines {
                grid[line * padded[2]..][..nodes[2]].copy_from_slice(&charges[line * nodes[2]..][..nodes[2]]);
            }
            convolver.convolve(&spectrum, &mut grid, Context::new()).unwrap();
            let constant = spectrum.mean * charges.iter().sum::<f64>();
            for (i, expected) in direct(&shape, kernel, &charges).into_iter().enumerate() {
                let given = grid[i / nodes[2] * padded[2] + i % nodes[2]] + constant;
                // Sums of up to 800 terms of size 1: rounding of 1e-13 at the worst, and the transforms' own.
                assert!((given - expected).abs() < 1e-12, "{nodes:?} in {padded:?} at {i}: {given}, not {expected}");
            }
        }
    }

    #[test]
    fn convolutions_agree_with_direct_ones() {
        check([1, 1, 5], [1, 1, 16]);
        check([1, 1, 20], [1, 1, 20]);
        check([7, 1, 9], [16, 1, 20]);
        check([19, 1, 40], [40, 1, 90]);
        check([18, 1, 3], [18, 1, 30]);
        check([5, 6, 7], [16, 18, 20]);
        check([9, 10, 9], [20, 24, 18]);
        check([3, 12, 2], [16, 24, 48]);
    }

    #[test]
    fn buffers_stay_in_proportion_on_long_and_narrow_grids() {
        // The longest grids that the limit allows, along each axis: buffers hold half the padded nodes as complex numbers, the
        // rounding up of tiles and scratch at most a few times that.
        for padded in [[1 << 20, 1, 16], [16, 1, 1 << 20], [1, 1, 1 << 22], [1 << 16, 16, 16], [16, 1 << 16, 16]] {
            let nodes = padded.map(|length: usize| if length > 1 { length / 2 - 6 } else { 1 });
            let convolver = Convolver::<f32>::new(Shape { nodes, padded, spacing: 1.0 }, Memory::default()).unwrap();
            let numbers = convolver.lines.len() + convolver.planes.len();
            assert!(numbers <= 4 * padded.iter().product::<usize>(), "{padded:?}: {numbers}");
        }
    }

    #[test]
    fn grids_of_the_wrong_length_are_refused() {
        let shape = Shape { nodes: [3, 1, 4], padded: [16, 1, 16], spacing: 1.0 };
        let spectrum = Spectrum::<f32>::new(&shape, None, 0.0, |d2| (-d2).exp(), Context::new()).unwrap();
        let mut convolver = Convolver::new(shape, Memory::default()).unwrap();
        let error = convolver.convolve(&spectrum, &mut [0.0; 7], Context::new()).unwrap_err();
        assert_eq!(error, Error::shape("grid", 48, 7));
    }
}
