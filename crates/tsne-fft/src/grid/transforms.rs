//! The plans of one shape, behind a trait: what `realfft` and `rustfft` demand of a number stays out of all signatures.

use realfft::{ComplexToReal, FftNum, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;
use tsne_core::{Error, Result};

/// The direction of a transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Positions to frequencies.
    Forward,
    /// Frequencies to positions, not normalized.
    Inverse,
}

/// Transforms along the axes of a grid.
pub trait Transforms<T>: Send + Sync {
    /// The scratch that transforms along the last axis need.
    fn line_scratch_len(&self) -> usize;
    /// The scratch that transforms along the first and the middle axis need: on a long and narrow grid far more than
    /// those along the last.
    fn plane_scratch_len(&self) -> usize;
    /// A real line along the last axis to its frequencies; destroys the line.
    fn line_forward(&self, line: &mut [T], out: &mut [Complex<T>], scratch: &mut [Complex<T>]) -> Result<()>;
    /// Frequencies to a real line along the last axis; destroys the frequencies.
    fn line_inverse(&self, line: &mut [Complex<T>], out: &mut [T], scratch: &mut [Complex<T>]) -> Result<()>;
    /// All contiguous lines of `buffer`, in place, along the first (0) or middle (1) axis.
    fn lines(&self, axis: usize, direction: Direction, buffer: &mut [Complex<T>], scratch: &mut [Complex<T>]);
}

pub(crate) struct Plans<T> {
    real: (Arc<dyn RealToComplex<T>>, Arc<dyn ComplexToReal<T>>),
    complex: [[Arc<dyn Fft<T>>; 2]; 2],
    line_scratch_len: usize,
    plane_scratch_len: usize,
}

impl<T: FftNum> Plans<T> {
    pub(crate) fn new([m0, m1, m2]: [usize; 3]) -> Self {
        let mut planner = RealFftPlanner::<T>::new();
        let real = (planner.plan_fft_forward(m2), planner.plan_fft_inverse(m2));
        let mut planner = FftPlanner::<T>::new();
        let complex = [m0, m1].map(|length| [planner.plan_fft_forward(length), planner.plan_fft_inverse(length)]);
        let line_scratch_len = real.0.get_scratch_len().max(real.1.get_scratch_len());
        let plane_scratch_len =
            complex.iter().flatten().map(|plan| plan.get_inplace_scratch_len()).max().unwrap_or_default();
        Self { real, complex, line_scratch_len, plane_scratch_len }
    }
}

impl<T: FftNum> Transforms<T> for Plans<T> {
    fn line_scratch_len(&self) -> usize {
        self.line_scratch_len
    }

    fn plane_scratch_len(&self) -> usize {
        self.plane_scratch_len
    }

    fn line_forward(&self, line: &mut [T], out: &mut [Complex<T>], scratch: &mut [Complex<T>]) -> Result<()> {
        self.real.0.process_with_scratch(line, out, scratch).map_err(|e| Error::numerical("FFT", e))
    }

    fn line_inverse(&self, line: &mut [Complex<T>], out: &mut [T], scratch: &mut [Complex<T>]) -> Result<()> {
        // Real by symmetry; rounding leaves a trace that the transform would refuse.
        if let [first, .., last] = line {
            first.im = T::zero();
            last.im = T::zero();
        }
        self.real.1.process_with_scratch(line, out, scratch).map_err(|e| Error::numerical("FFT", e))
    }

    fn lines(&self, axis: usize, direction: Direction, buffer: &mut [Complex<T>], scratch: &mut [Complex<T>]) {
        let plans = if axis == 0 { &self.complex[0] } else { &self.complex[1] };
        let plan = if direction == Direction::Forward { &plans[0] } else { &plans[1] };
        plan.process_with_scratch(buffer, scratch);
    }
}
