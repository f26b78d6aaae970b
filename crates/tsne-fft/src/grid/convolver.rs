//! The circular convolution of a real grid with a spectrum, in parallel and without allocation.
//!
//! Only `nodes` of the `padded` lines along each axis hold charges on the way in, and only these are wanted on the way
//! out: the others are neither transformed nor stored (pruning). Along the last axis lines are real and transformed
//! in place; then, for a few frequencies of that axis at a time, the planes across the other axes are gathered,
//! transformed, multiplied, transformed back, all within the cache.
//!
//! Members of a team transform a share of the lines each, then a share of the planes, then the lines again; in between they send each
//! other what of theirs the others' shares are made of, and in the end all have the nodes of all lines. Until then each has memory for
//! its shares alone, and for the charges of what the slabs around them reach.

use crate::grid::exchange::{Parts, TILE, exchange, frequencies_of};
use crate::grid::nodes::Nodes;
use crate::grid::room::fit;
use crate::grid::spectrum::Spectrum;
use crate::grid::transforms::{Direction, Transforms};
use crate::layout::shape::Shape;
use crate::scalar::GridScalar;
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use std::ops::Range;
use tsne_core::span::Region;
use tsne_core::{Context, Error, Result, chunks};

/// Plans and buffers for the convolutions of one shape, those of one member of a team or of a process alone.
pub(crate) struct Convolver<T> {
    shape: Shape,
    transforms: Box<dyn Transforms<T>>,
    /// Tiles of `rows` of this member's lines of frequencies of the last axis, each tile followed by the scratch of its task.
    lines: Vec<Complex<T>>,
    line_tile: usize,
    /// `TILE`, or all lines if they are fewer.
    rows: usize,
    /// This member's frequencies of all lines, line after line. Empty without a team: `lines` has all of all.
    across: Vec<Complex<T>>,
    /// Tiles of `TILE` of this member's planes `[i1][k0]`, each tile followed by columns and scratch of its task. Empty in one dimension.
    planes: Vec<Complex<T>>,
    plane_tile: usize,
    /// Of the team: the number of the member that the buffers are for, and that of all members.
    member: (usize, usize),
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
    across: Vec<Complex<T>>,
    planes: Vec<Complex<T>>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), across: Vec::new(), planes: Vec::new() }
    }
}

impl<T: GridScalar> Convolver<T> {
    /// For grids of a shape and a member of a team, in memory that may hold anything.
    pub(crate) fn new(shape: Shape, memory: Memory<T>, cx: Context<'_>) -> Result<Self> {
        let [n0, n1, _] = shape.nodes;
        let [m0, m1, m2] = shape.padded;
        let transforms = T::transforms(shape.padded);
        let frequencies = m2 / 2 + 1;
        let rows = TILE.min(n0 * n1);
        let line_tile = rows * frequencies + transforms.line_scratch_len();
        let own_lines = cx.part(n0 * n1, rows).len();
        // Of a single line there are no planes.
        let own_frequencies = if m0 * m1 > 1 { frequencies_of(&shape, cx.rank(), cx).len() } else { 0 };
        let Memory { mut lines, mut across, mut planes } = memory;
        fit("lines of the grid", &mut lines, own_lines.div_ceil(rows) * line_tile, zero())?;
        fit(
            "frequencies of the grid",
            &mut across,
            if cx.members() > 1 { n0 * n1 * own_frequencies } else { 0 },
            zero(),
        )?;
        let plane_tile = TILE * n1 * m0 + columns_len(m1) + transforms.plane_scratch_len();
        fit("planes of the grid", &mut planes, own_frequencies.div_ceil(TILE) * plane_tile, zero())?;
        let member = (cx.rank(), cx.members());
        Ok(Self { shape, transforms, lines, line_tile, rows, across, planes, plane_tile, member })
    }

    /// The memory, to be used again.
    pub(crate) fn into_memory(self) -> Memory<T> {
        Memory { lines: self.lines, across: self.across, planes: self.planes }
    }

    /// The number of the member of the team that it is for, and that of its members.
    pub(crate) const fn member(&self) -> (usize, usize) {
        self.member
    }

    /// The part of the grid that [`convolve`](Self::convolve) takes charges from: the whole, or that of a member of a team.
    pub(crate) fn part_of(&self, rank: usize, cx: Context<'_>) -> Range<usize> {
        let lines = self.lines_of(rank, cx);
        lines.start * self.shape.padded[2]..lines.end * self.shape.padded[2]
    }

    /// The lines of member `rank`: whole tiles.
    fn lines_of(&self, rank: usize, cx: Context<'_>) -> Range<usize> {
        cx.part_of(rank, self.shape.nodes[0] * self.shape.nodes[1], self.rows)
    }

    /// Replaces charges by their potential, up to the spectrum's mean. Beyond the nodes of a line, those must be zero; afterwards there is
    /// garbage. In a team the charges are those on its [part](Self::part_of), and the potential is on all nodes.
    pub(crate) fn convolve(&mut self, spectrum: &Spectrum<T>, nodes: &mut Nodes<T>, cx: Context<'_>) -> Result<()> {
        if self.member != (cx.rank(), cx.members()) {
            return Err(Error::numerical("grid", "its buffers are those of another member"));
        }
        let (part, length) = (self.part_of(cx.rank(), cx), nodes.lines.len());
        let Some(lines) = nodes.part(part.clone()) else { return Err(Error::shape("grid", part.len(), length)) };
        self.lines_forward(spectrum, lines)?;
        if !self.is_line() {
            self.lines_to_planes(cx)?;
            self.convolve_planes(spectrum, cx);
            self.planes_to_lines(cx)?;
        }
        self.lines_inverse(lines, cx)?;
        self.complete(nodes, cx)
    }

    /// Whether the grid is a single line, which has no planes across it.
    const fn is_line(&self) -> bool {
        self.shape.padded[0] * self.shape.padded[1] == 1
    }

    /// Each member gets its frequencies of all lines.
    fn lines_to_planes(&mut self, cx: Context<'_>) -> Result<()> {
        if cx.members() < 2 {
            return Ok(());
        }
        let mut across = std::mem::take(&mut self.across);
        let (count, places) = (frequencies_of(&self.shape, cx.rank(), cx).len(), self.line_places(cx));
        let places_across = |line: usize, _: Range<usize>| line * count..(line + 1) * count;
        let parts =
            Parts { rows: |rank| self.lines_of(rank, cx), columns: |rank| frequencies_of(&self.shape, rank, cx) };
        let exchanged = exchange((&self.lines, places), (&mut across, places_across), &parts, (pair, complex), cx);
        self.across = across;
        exchanged
    }

    /// Each member gets all frequencies of its lines.
    fn planes_to_lines(&mut self, cx: Context<'_>) -> Result<()> {
        if cx.members() < 2 {
            return Ok(());
        }
        let mut lines = std::mem::take(&mut self.lines);
        let ([_, n1, _], [m0, ..]) = (self.shape.nodes, self.shape.padded);
        let first = frequencies_of(&self.shape, cx.rank(), cx).start;
        let places = |k2: usize, lines: Range<usize>| {
            let start = ((k2 - first) / TILE) * self.plane_tile + (k2 - first) % TILE * n1 * m0;
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
        let (rows, tile, frequencies) = (self.rows, self.line_tile, self.shape.padded[2] / 2 + 1);
        // All of this member's lines, from the first on: counted, too.
        let places_in_lines = |k2: usize, lines: Range<usize>| {
            let (mut start, mut row) = (k2, 0);
            lines.map(move |_| {
                let at = start + row * frequencies;
                row += 1;
                if row == rows {
                    (start, row) = (start + tile, 0);
                }
                at
            })
        };
        let parts =
            Parts { rows: |rank| frequencies_of(&self.shape, rank, cx), columns: |rank| self.lines_of(rank, cx) };
        let exchanged = exchange((&self.planes, places), (&mut lines, places_in_lines), &parts, (pair, complex), cx);
        self.lines = lines;
        exchanged
    }

    /// Where in `lines` some frequencies of one of this member's lines are.
    fn line_places(&self, cx: Context<'_>) -> impl Fn(usize, Range<usize>) -> Range<usize> + Copy + use<T> {
        let first = self.lines_of(cx.rank(), cx).start;
        let (rows, tile, frequencies) = (self.rows, self.line_tile, self.shape.padded[2] / 2 + 1);
        move |line, frequencies_there| {
            let start = (line - first) / rows * tile + (line - first) % rows * frequencies;
            start + frequencies_there.start..start + frequencies_there.end
        }
    }

    /// Each member gets the nodes of the lines of all others.
    fn complete(&mut self, nodes: &mut Nodes<T>, cx: Context<'_>) -> Result<()> {
        let (count, length) = (self.shape.nodes[2], self.shape.padded[2]);
        let Nodes { lines, start, gathered, length: length_of_potential } = nodes;
        if cx.members() < 2 {
            gathered.clear();
            *length_of_potential = length;
            return Ok(());
        }
        *length_of_potential = count;
        fit("nodes of the grid", gathered, self.shape.nodes[0] * self.shape.nodes[1] * count, T::ZERO)?;
        let own = self.lines_of(cx.rank(), cx);
        let lines = lines.get(own.start * length - *start..).unwrap_or_default();
        let both = gathered[own.start * count..own.end * count].chunks_exact_mut(count).zip(lines.chunks_exact(length));
        both.for_each(|(nodes, line)| nodes.copy_from_slice(&line[..count]));
        cx.gather_parts(gathered, |rank| self.lines_of(rank, cx).end * count)
    }

    /// Transforms the lines of this member's part.
    fn lines_forward(&mut self, spectrum: &Spectrum<T>, part: &mut [T]) -> Result<()> {
        let is_line = self.is_line();
        let Self { shape, transforms, lines, line_tile, rows, .. } = self;
        let length = shape.padded[2];
        let frequencies = length / 2 + 1;
        let tiles = lines.par_chunks_mut(*line_tile).zip(part.par_chunks_mut(*rows * length));
        let region = Region::enter();
        let run = |(tile, grid): (&mut [Complex<T>], &mut [T])| {
            let (lines, scratch) = tile.split_at_mut(*rows * frequencies);
            for (line, real) in lines.chunks_exact_mut(frequencies).zip(grid.chunks_exact_mut(length)) {
                transforms.line_forward(real, line, scratch)?;
                if is_line {
                    for (k2, value) in line.iter_mut().enumerate() {
                        scale(value, spectrum.plane(k2)[0]);
                    }
                }
            }
            Ok(())
        };
        tiles.try_for_each(|tile| region.task(|| run(tile)))
    }

    /// Multiplies this member's planes with the spectrum.
    fn convolve_planes(&mut self, spectrum: &Spectrum<T>, cx: Context<'_>) {
        let own = frequencies_of(&self.shape, cx.rank(), cx);
        let (lines, rows, tile_of_rows, frequencies) = match cx.members() {
            1 => (&self.lines, self.rows, self.line_tile, self.shape.padded[2] / 2 + 1),
            // All lines are one tile.
            _ => (&self.across, self.shape.nodes[0] * self.shape.nodes[1], 0, own.len()),
        };
        let Self { shape, transforms, planes, plane_tile, .. } = self;
        let [n0, n1, _] = shape.nodes;
        let [m0, m1, _] = shape.padded;
        chunks::for_each(planes, *plane_tile, |tile, chunk| {
            let first = own.start + tile * TILE;
            let count = TILE.min(own.end - first);
            let (planes, rest) = chunk.split_at_mut(TILE * n1 * m0);
            let (columns, scratch) = rest.split_at_mut(columns_len(m1));
            for i1 in 0..n1 {
                for i0 in 0..n0 {
                    let row = i0 * n1 + i1;
                    let at = row / rows * tile_of_rows + row % rows * frequencies + tile * TILE;
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

    /// Transforms them back.
    fn lines_inverse(&mut self, part: &mut [T], cx: Context<'_>) -> Result<()> {
        // In a team they are there already.
        let from_planes = !self.is_line() && cx.members() < 2;
        let Self { shape, transforms, lines, line_tile, rows, planes, plane_tile, .. } = self;
        let [n0, n1, _] = shape.nodes;
        let [m0, _, m2] = shape.padded;
        let frequencies = m2 / 2 + 1;
        let tiles = lines.par_chunks_mut(*line_tile).zip(part.par_chunks_mut(*rows * m2));
        let region = Region::enter();
        let run = |tile: usize, chunk: &mut [Complex<T>], grid: &mut [T]| {
            let (lines, scratch) = chunk.split_at_mut(*rows * frequencies);
            if from_planes {
                let first = tile * *rows;
                let count = (*rows).min(n0 * n1 - first);
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
    use tsne_core::ThreadTeam;
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
        let memory = Memory { lines: garbage(5_000), across: garbage(3), planes: garbage(11) };
        let mut convolver = Convolver::new(shape, memory, Context::new()).unwrap();
        let lines = nodes[0] * nodes[1];
        // Twice, so that what the first run leaves in the buffers would show.
        for seed in 0..2 {
            let charge = |i: usize| 2.0 * unit(element_seed(seed, 0, i as u64)) - 1.0;
            let charges: Vec<f64> = (0..lines * nodes[2]).map(charge).collect();
            let mut grid = Nodes::default();
            grid.fit::<3>(&shape, &(0..shape.grid_len())).unwrap();
            for line in 0..lines {
                grid.lines[line * padded[2]..][..nodes[2]].copy_from_slice(&charges[line * nodes[2]..][..nodes[2]]);
            }
            convolver.convolve(&spectrum, &mut grid, Context::new()).unwrap();
            let constant = spectrum.mean * charges.iter().sum::<f64>();
            for (i, expected) in direct(&shape, kernel, &charges).into_iter().enumerate() {
                let potential = grid.potential();
                let given = potential.values[i / nodes[2] * potential.length + i % nodes[2]] + constant;
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

    /// The potential on all nodes, of charges of which each member of a team has those on its part.
    fn potential_in_team(shape: Shape, cx: Context<'_>) -> Vec<u64> {
        let ([n0, n1, n2], m2) = (shape.nodes, shape.padded[2]);
        let spectrum = Spectrum::<f64>::new(&shape, None, 0.5, |d2| 0.5 / (1.0 + d2), cx).unwrap();
        let garbage = || vec![Complex { re: f64::NAN, im: f64::INFINITY }; 2_000];
        let memory = Memory { lines: garbage(), across: garbage(), planes: garbage() };
        let mut convolver = Convolver::new(shape, memory, cx).unwrap();
        let mut nodes = Nodes::default();
        let part = convolver.part_of(cx.rank(), cx);
        // Twice, so that what the first run leaves in the buffers would show.
        for seed in 0..2 {
            nodes.fit::<3>(&shape, &part).unwrap();
            // What is elsewhere is of no meaning.
            nodes.lines.fill(f64::NAN);
            for (node, at) in nodes.part(part.clone()).unwrap().iter_mut().zip(part.clone()) {
                let charge = 2.0 * unit(element_seed(seed, 0, at as u64)) - 1.0;
                *node = if at % m2 < n2 { charge } else { 0.0 };
            }
            convolver.convolve(&spectrum, &mut nodes, cx).unwrap();
        }
        let potential = nodes.potential();
        let value = |i: usize| potential.values[i / n2 * potential.length + i % n2];
        (0..n0 * n1 * n2).map(|i| value(i).to_bits()).collect()
    }

    #[test]
    fn members_of_a_team_have_the_bits_of_one_process() {
        let shapes = [
            ([1, 1, 20], [1, 1, 40]),
            ([19, 1, 40], [40, 1, 90]),
            ([18, 1, 3], [36, 1, 16]),
            ([5, 6, 7], [16, 18, 20]),
        ];
        for (nodes, padded) in shapes {
            let shape = Shape { nodes, padded, spacing: 0.4 };
            let alone = potential_in_team(shape, Context::new());
            // Some of seven have no line of these grids, or no plane.
            for size in [2, 3, 7] {
                let all = ThreadTeam::run(size, 1, |team| potential_in_team(shape, Context::new().with_team(team)));
                for (rank, potential) in all.unwrap().into_iter().enumerate() {
                    assert!(potential == alone, "{nodes:?}: member {rank} of {size}");
                }
            }
        }
    }

    #[test]
    fn members_have_memory_for_their_part() {
        let shape = Shape { nodes: [200, 1, 190], padded: [432, 1, 400], spacing: 1.0 };
        let numbers = |cx: Context<'_>| {
            let convolver = Convolver::<f32>::new(shape, Memory::default(), cx).unwrap();
            convolver.lines.len() + convolver.across.len() + convolver.planes.len()
        };
        let alone = numbers(Context::new());
        for size in [2, 4] {
            // Of what one process has, at most a third goes to and fro and is there twice; shares are whole tiles of 8 of 200 and 201.
            let most = alone * 4 / 3 / size + alone * 4 / 3 * 8 / 200;
            let members = ThreadTeam::run(size, 1, |team| numbers(Context::new().with_team(team))).unwrap();
            assert!(members.iter().all(|numbers| *numbers <= most), "{members:?} of {alone}");
        }
    }

    #[test]
    fn buffers_stay_in_proportion_on_long_and_narrow_grids() {
        // The longest grids that the limit allows, along each axis: buffers hold half the padded nodes as complex numbers, the
        // rounding up of tiles and scratch at most a few times that.
        for padded in [[1 << 20, 1, 16], [16, 1, 1 << 20], [1, 1, 1 << 22], [1 << 16, 16, 16], [16, 1 << 16, 16]] {
            let nodes = padded.map(|length: usize| if length > 1 { length / 2 - 6 } else { 1 });
            let shape = Shape { nodes, padded, spacing: 1.0 };
            let convolver = Convolver::<f32>::new(shape, Memory::default(), Context::new()).unwrap();
            let numbers = convolver.lines.len() + convolver.planes.len();
            assert!(numbers <= 4 * padded.iter().product::<usize>(), "{padded:?}: {numbers}");
        }
    }

    #[test]
    fn grids_of_the_wrong_length_are_refused() {
        let shape = Shape { nodes: [3, 1, 4], padded: [16, 1, 16], spacing: 1.0 };
        let spectrum = Spectrum::<f32>::new(&shape, None, 0.0, |d2| (-d2).exp(), Context::new()).unwrap();
        let mut convolver = Convolver::new(shape, Memory::default(), Context::new()).unwrap();
        let mut nodes = Nodes { lines: vec![0.0; 7], ..Nodes::default() };
        let error = convolver.convolve(&spectrum, &mut nodes, Context::new()).unwrap_err();
        assert_eq!(error, Error::shape("grid", 48, 7));
    }
}
