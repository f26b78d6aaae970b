//! The transform of the kernel on a grid, divided by that of the interpolation.

use crate::grid::exchange::{Parts, TILE, exchange, frequencies_of};
use crate::grid::stencil::{spline_at_integers, weights_at};
use crate::layout::shape::{AXES, Shape};
use crate::scalar::GridScalar;
use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use std::ops::Range;
use std::sync::Arc;
use tsne_core::span::Region;
use tsne_core::{Context, Error, Result, chunks, memory};

/// The name of what is made here in errors.
const TABLE: &str = "the kernel on the grid";

/// Lines in one task.
const LINES: usize = 16;

/// What a convolution multiplies with: real and even along every axis, so one octant is kept.
#[derive(Debug, Clone)]
pub(crate) struct Spectrum<T> {
    /// `[k2][k0][k1]`, each up to half the padded length, with the scale of the inverse transform in it. The mean is
    /// left out: potentials are large numbers with small differences, and the mean holds most of their size.
    values: Vec<T>,
    /// The first `k2` of those that this member has.
    first: usize,
    half: [usize; AXES],
    /// What each unit of charge adds to the potential everywhere: the mean that `values` leave out.
    pub(crate) mean: f64,
    /// The potential that a unit charge reads back at its own place.
    pub(crate) own: OwnPotential,
}

/// The potential of a charge at its own place, by where the charge stands between the nodes:
/// `level + Σ_axes ripple cos(2π f)` for the fraction `f` of the coordinate. Higher harmonics are smaller by another
/// factor of the kernel's decay over one node frequency, and below all other errors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OwnPotential {
    pub(crate) level: f64,
    pub(crate) ripple: [f64; AXES],
}

impl<T: GridScalar> Spectrum<T> {
    /// The spectrum of `kernel_minus_offset(r²) + offset` on the nodes of `shape`; in a team, of the planes that this member multiplies
    /// ([`frequencies_of`]).
    ///
    /// With `spline_order`, the spectrum is divided by the squared transform of the spline sampled on the nodes: what
    /// spreading and reading back smooth is sharpened in advance, and the potential of a charge on a node is exact on
    /// all nodes (the smooth particle-mesh scheme with cardinal splines, Essmann et al. 1995). Splines of odd order
    /// vanish at the highest frequency; there, the quotient is the one that minimizes the mean squared error
    /// (Hockney and Eastwood 1988, chapter 8).
    pub(crate) fn new(
        shape: &Shape,
        spline_order: Option<usize>,
        offset: f64,
        kernel_minus_offset: impl Fn(f64) -> f64 + Sync,
        cx: Context<'_>,
    ) -> Result<Self> {
        // A single line is transformed and multiplied by one member, which needs all frequencies.
        let cx = if shape.padded[0] * shape.padded[1] > 1 { cx } else { cx.without_team() };
        let half = shape.padded.map(|length| length / 2 + 1);
        let [h0, h1, h2] = half;
        let lines_of = |rank: usize| cx.part_of(rank, h0 * h1, LINES);
        let own = lines_of(cx.rank());
        let mut table = memory::filled(TABLE, own.len() * h2, 0.0)?;
        sample(&mut table, own.start, (shape.spacing, half), kernel_minus_offset);
        transform_lines(&mut table, h2, shape.padded[2])?;
        let planes_of = |rank: usize| frequencies_of(shape, rank, cx);
        let planes = planes_of(cx.rank());
        if cx.members() > 1 {
            // Of the lines of all, the frequencies of this member's planes.
            let mut all = memory::filled(TABLE, h0 * h1 * planes.len(), 0.0)?;
            let places =
                |line: usize, k2: Range<usize>| (line - own.start) * h2 + k2.start..(line - own.start) * h2 + k2.end;
            let count = planes.len();
            let places_of_all = |line: usize, _: Range<usize>| line * count..(line + 1) * count;
            let parts = Parts { rows: lines_of, columns: planes_of };
            exchange((&table, places), (&mut all, places_of_all), &parts, (|v: f64| v, |v| v), cx)?;
            table = all;
        }
        let filters: [Vec<f64>; AXES] = std::array::from_fn(|axis| filter(spline_order, shape.padded[axis]));
        let scale = 1.0 / shape.padded_nodes() as f64;
        let mut values = memory::filled("the spectrum", planes.len() * h0 * h1, T::ZERO)?;
        let mut constants = memory::filled(TABLE, planes.len(), 0.0)?;
        let plans = [plan(shape.padded[0]), plan(shape.padded[1])];
        let region = Region::enter();
        let tiles = values.par_chunks_mut(TILE * h0 * h1).zip(constants.par_chunks_mut(TILE)).enumerate();
        tiles.try_for_each(|(tile, (values, constants))| {
            let tasks = values.chunks_exact_mut(h0 * h1).zip(constants).zip(planes.start + tile * TILE..);
            region.task(|| Planes::new(half, &plans)?.transform((&table, planes.clone()), tasks, (&filters, scale)))
        })?;
        drop(table);
        // The mean is that of the plane of the constants, which the member that has it tells.
        let constant = constants.first().copied().filter(|_| planes.start == 0).unwrap_or(0.0);
        let owner = (0..cx.members()).find(|rank| planes_of(*rank).contains(&0)).unwrap_or(0);
        let mean = offset + cx.gather_one(constant)?.get(owner).copied().unwrap_or(0.0) * scale;
        if let Some(zero_frequency) = values.first_mut().filter(|_| planes.start == 0) {
            *zero_frequency = T::ZERO;
        }
        let mut spectrum = Self { values, first: planes.start, half, mean, own: OwnPotential::default() };
        if let Some(order) = spline_order {
            spectrum.own = spectrum.own_potential(order, shape, cx)?;
        }
        Ok(spectrum)
    }

    /// Sums the spectrum against what spreading and reading back at the same place multiply each frequency with: its
    /// mean over all places between the nodes, and its first harmonic.
    fn own_potential(&self, order: usize, shape: &Shape, cx: Context<'_>) -> Result<OwnPotential> {
        let factors: [Vec<[f64; 2]>; AXES] = std::array::from_fn(|axis| round_trip(order, shape.padded[axis]));
        let [h0, h1, h2] = self.half;
        // One sum for the level and one for the ripple along each axis; planes in parallel, folded in order.
        let mut sums = memory::filled("sums of the spectrum", h2, [0.0; 4])?;
        let own = frequencies_of(shape, cx.rank(), cx);
        let first = own.start;
        chunks::for_each(&mut sums[own], 1, |plane, sum| {
            let (sum, k2) = (&mut sum[0], first + plane);
            let f2 = factors[2][k2];
            for (k0, f0) in factors[0].iter().enumerate() {
                for (f1, value) in factors[1].iter().zip(&self.plane(k2)[k0 * h1..(k0 + 1) * h1]) {
                    let value = value.to_f64();
                    sum[0] += value * f0[0] * f1[0] * f2[0];
                    sum[1] += value * f0[1] * f1[0] * f2[0];
                    sum[2] += value * f0[0] * f1[1] * f2[0];
                    sum[3] += value * f0[0] * f1[0] * f2[1];
                }
            }
        });
        cx.gather(&mut sums, TILE)?;
        debug_assert_eq!(factors[0].len(), h0);
        let start = [self.mean, 0.0, 0.0, 0.0];
        let total = sums.iter().fold(start, |total, sum| std::array::from_fn(|i| total[i] + sum[i]));
        Ok(OwnPotential { level: total[0], ripple: [total[1], total[2], total[3]] })
    }

    /// The values `[k0][k1]` of one frequency of the last axis, one of this member's.
    #[inline]
    pub(crate) fn plane(&self, k2: usize) -> &[T] {
        let size = self.half[0] * self.half[1];
        let at = (k2 - self.first) * size;
        &self.values[at..at + size]
    }
}

/// The kernel on lines of the last axis, `[l0][l1]` from `first` on.
fn sample(lines: &mut [f64], first: usize, (spacing, half): (f64, [usize; AXES]), kernel: impl Fn(f64) -> f64 + Sync) {
    let [_, h1, h2] = half;
    chunks::for_each(lines, h2, |line, values| {
        let line = first + line;
        let (l0, l1) = ((line / h1) as f64, (line % h1) as f64);
        for (l2, value) in values.iter_mut().enumerate() {
            let steps2 = l0 * l0 + l1 * l1 + (l2 as f64).powi(2);
            *value = kernel(steps2 * spacing * spacing);
        }
    });
}

/// The transform of a real line; `None` of a single number.
type Plan = Option<Arc<dyn RealToComplex<f64>>>;

fn plan(length: usize) -> Plan {
    (length > 1).then(|| RealFftPlanner::<f64>::new().plan_fft_forward(length))
}

/// What the transform of lines of one length needs.
struct Buffers<'p> {
    plan: &'p dyn RealToComplex<f64>,
    input: Vec<f64>,
    output: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl<'p> Buffers<'p> {
    fn new(plan: &'p Plan) -> Option<Self> {
        let plan = &**plan.as_ref()?;
        let (input, output, scratch) = (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
        Some(Self { plan, input, output, scratch })
    }

    /// Replaces half an even, periodic sequence by half its transform, which is real and even.
    fn transform(&mut self, values: &mut [f64]) -> Result<()> {
        let length = self.input.len();
        for (i, x) in self.input.iter_mut().enumerate() {
            *x = values[i.min(length - i)];
        }
        let done = self.plan.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        done.map_err(|e| Error::numerical("FFT", e))?;
        values.iter_mut().zip(&self.output).for_each(|(value, transformed)| *value = transformed.re);
        Ok(())
    }
}

fn transform_lines(lines: &mut [f64], line: usize, length: usize) -> Result<()> {
    let plan = plan(length);
    let region = Region::enter();
    // Some lines to a task, so that its buffers are made once for all of them.
    lines.par_chunks_mut(line * LINES).try_for_each(|lines| {
        region.task(|| match Buffers::new(&plan) {
            Some(mut buffers) => lines.chunks_exact_mut(line).try_for_each(|line| buffers.transform(line)),
            None => Ok(()),
        })
    })
}

/// The transforms of planes along their two axes.
struct Planes<'p> {
    half: [usize; AXES],
    /// Along the first axis, and along the second.
    buffers: [Option<Buffers<'p>>; 2],
    /// `[l0][k1]`, and a line `[l0]`.
    plane: Vec<f64>,
    line: Vec<f64>,
}

impl<'p> Planes<'p> {
    fn new(half: [usize; AXES], plans: &'p [Plan; 2]) -> Result<Self> {
        let (plane, line) = (memory::filled(TABLE, half[0] * half[1], 0.0)?, memory::filled(TABLE, half[0], 0.0)?);
        Ok(Self { half, buffers: plans.each_ref().map(Buffers::new), plane, line })
    }

    /// Writes planes of the spectrum and what is at their zero frequencies, from the lines in `table` that are transformed, which have
    /// these frequencies of the last axis.
    fn transform<'v, T: GridScalar>(
        &mut self,
        (table, columns): (&[f64], Range<usize>),
        planes: impl Iterator<Item = ((&'v mut [T], &'v mut f64), usize)>,
        (filters, scale): (&[Vec<f64>; AXES], f64),
    ) -> Result<()> {
        let [h0, h1, _] = self.half;
        let Self { buffers: [first, second], plane, line, .. } = self;
        for ((values, constant), k2) in planes {
            plane
                .iter_mut()
                .zip(table[k2 - columns.start..].iter().step_by(columns.len()))
                .for_each(|(to, v)| *to = *v);
            if let Some(second) = second {
                plane.chunks_exact_mut(h1).try_for_each(|line| second.transform(line))?;
            }
            for k1 in 0..h1 {
                line.iter_mut().zip(plane[k1..].iter().step_by(h1)).for_each(|(to, v)| *to = *v);
                if let Some(first) = first {
                    first.transform(line)?;
                }
                if k1 == 0 {
                    *constant = line[0];
                }
                for (k0, v) in line.iter().enumerate().take(h0) {
                    let sharpened = filters[0][k0] * filters[1][k1] * filters[2][k2] * scale;
                    values[k0 * h1 + k1] = T::from_f64(v * sharpened);
                }
            }
        }
        Ok(())
    }
}

/// What spreading to the nodes of one axis and reading back at the same place multiply a frequency with, both signs of
/// the frequency taken together: the mean over all places `f` between two nodes, and the factor of `cos(2π f)`.
fn round_trip(order: usize, length: usize) -> Vec<[f64; 2]> {
    if length == 1 {
        return vec![[1.0, 0.0]];
    }
    /// Places between two nodes: the products of splines are smooth periodic functions of the place, whose mean and
    /// first harmonic the trapezoidal rule gives to rounding.
    const PLACES: usize = 32;
    let mut correlation = vec![[0.0; 2]; order];
    for place in 0..PLACES {
        let f = place as f64 / PLACES as f64;
        let weights = weights_at(order, f);
        let cosine = (2.0 * std::f64::consts::PI * f).cos();
        for (lag, sum) in correlation.iter_mut().enumerate() {
            let product: f64 = weights.iter().zip(&weights[lag..]).map(|(a, b)| a * b).sum();
            sum[0] += product / PLACES as f64;
            sum[1] += 2.0 * product * cosine / PLACES as f64;
        }
    }
    (0..=length / 2)
        .map(|k| {
            let both_signs = if k == 0 || 2 * k == length { 1.0 } else { 2.0 };
            let mut factor = correlation[0];
            for (lag, sum) in correlation.iter().enumerate().skip(1) {
                let phase = 2.0 * std::f64::consts::PI * ((k * lag) % length) as f64 / length as f64;
                for i in 0..2 {
                    factor[i] += 2.0 * sum[i] * phase.cos();
                }
            }
            factor.map(|v| v * both_signs)
        })
        .collect()
}

/// What the spectrum is multiplied with along one axis to make up for spreading and reading back.
fn filter(spline_order: Option<usize>, length: usize) -> Vec<f64> {
    let half = length / 2 + 1;
    let Some(order) = spline_order.filter(|_| length > 1) else {
        return vec![1.0; half];
    };
    (0..half).map(|k| sharpening(order, k as f64 / length as f64)).collect()
}

/// What makes up for spreading and reading back a wave of `q` turns from node to node, along one axis.
pub(crate) fn sharpening(order: usize, q: f64) -> f64 {
    if order.is_multiple_of(2) {
        alias_sum(order, q).powi(-2)
    } else {
        // The sum of squares over the aliases of a frequency is the transform of the spline of twice the order.
        spline_transform(order, q).powi(2) / alias_sum(2 * order, q).powi(2)
    }
}

/// The transform of the spline of `order` at `q` turns from node to node.
pub(crate) fn spline_transform(order: usize, q: f64) -> f64 {
    let x = std::f64::consts::PI * q;
    let sinc = if q == 0.0 { 1.0 } else { x.sin() / x };
    sinc.powi(order as i32)
}

/// The sum over all aliases of `q` of the transform of the spline of even `order`: the sum of cosines that its samples on
/// the nodes make.
pub(crate) fn alias_sum(order: usize, q: f64) -> f64 {
    let samples = spline_at_integers(order);
    let center = samples.len() / 2;
    let at = |j: usize| (2.0 * std::f64::consts::PI * q * j as f64).cos();
    samples[center] + 2.0 * (1..=center).map(|j| samples[center + j] * at(j)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::convolver::{Convolver, Memory};
    use crate::grid::gather;
    use crate::grid::nodes::Nodes;
    use crate::grid::spread::spread;
    use crate::grid::stencil::BSpline;
    use crate::layout::shape::{Lattice, axis};
    use crate::points::acting::Acting;
    use crate::points::slabs::{FirstNode, Slabs};
    use tsne_core::Context;

    /// Puts a unit charge on all of `places^D` equispaced places between nodes, reads its potential where it stands, and
    /// compares mean and first harmonics over the places with what the spectrum says.
    #[track_caller]
    fn check<const D: usize, const M: usize>(length: usize, places: usize, bound: f64) {
        let mut shape = Shape { nodes: [1; AXES], padded: [1; AXES], spacing: 0.5 };
        for c in 0..D {
            // A different length along each axis: none can be taken for another.
            shape.padded[axis::<D>(c)] = length + 2 * c;
            shape.nodes[axis::<D>(c)] = length / 2 - 1;
        }
        let spectrum = Spectrum::<f64>::new(&shape, Some(M), 1.0, |d2| -d2 / (1.0 + d2), Context::new()).unwrap();
        let lattice = Lattice { shape, origin: [0.0; D], inverse_spacing: 2.0 };
        let mut convolver = Convolver::new(shape, Memory::default(), Context::new()).unwrap();
        let mut nodes = Nodes::default();
        let all = 0..shape.grid_len();
        nodes.fit::<D>(&shape, &all).unwrap();
        let (mut slabs, mut acting) = (Slabs::default(), Acting::default());
        let (mut level, mut ripple) = (0.0, [0.0; D]);
        let count = places.pow(D as u32);
        for place in 0..count {
            let mut rest = place;
            let fraction: [f64; D] = std::array::from_fn(|_| {
                let f = (rest % places) as f64 / places as f64;
                rest /= places;
                f
            });
            let y = [fraction.map(|f| 0.5 * (1.0 + f))];
            acting.assign((FirstNode::spline(M), &mut slabs), &lattice, &y, |_| all.clone(), Context::new()).unwrap();
            let charges = acting.charges((&slabs, &y), |_: &[f64; D]| 1.0);
            spread::<f64, D, M, _>(BSpline, &lattice, &charges, (&mut nodes, all.clone()), &mut Vec::new()).unwrap();
            convolver.convolve(&spectrum, &mut nodes, Context::new()).unwrap();
            let grid = nodes.potential();
            let own = spectrum.mean + gather::value::<f64, D, M, _>(BSpline, &lattice, grid, &y[0]);
            assert_eq!(gather::value_and_gradient::<f64, D, M>(&lattice, grid, &y[0]).0 + spectrum.mean, own);
            level += own / count as f64;
            for c in 0..D {
                ripple[c] += 2.0 * own * (2.0 * std::f64::consts::PI * fraction[c]).cos() / count as f64;
            }
        }
        assert!((level - spectrum.own.level).abs() < bound, "order {M}: {level}, not {}", spectrum.own.level);
        for c in 0..D {
            let told = spectrum.own.ripple[axis::<D>(c)];
            assert!((ripple[c] - told).abs() < bound, "order {M}, axis {c}: {}, not {told}", ripple[c]);
        }
        // The kernel is 1 at distance 0: its smoothed form is close to that.
        assert!((level - 1.0).abs() < 0.1, "order {M}: {level}");
    }

    #[test]
    fn own_potential_is_that_of_a_round_trip() {
        // The same places as the sums of `round_trip`: equal but for rounding.
        check::<1, 2>(40, 32, 1e-13);
        check::<1, 3>(40, 32, 1e-13);
        check::<1, 4>(40, 32, 1e-13);
        check::<1, 5>(48, 32, 1e-13);
        check::<1, 6>(48, 32, 1e-13);
        check::<1, 10>(60, 32, 1e-13);
        check::<2, 4>(30, 32, 1e-13);
        // Eight places in place of 32: what is left out are harmonics from the seventh on, which fall with the fourth
        // power or faster, 7^-4 = 4e-4, of the first harmonic, some 1e-2 here.
        check::<3, 4>(20, 8, 1e-5);
    }
}
