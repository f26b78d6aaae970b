use crate::field::{Field, Filled, with_order};
use crate::geometry::Bounds;
use crate::lagrange::LagrangeField;
use crate::split::Rest;
use crate::{GridParams, GridScalar, Interpolation};
use rayon::prelude::*;
use tsne_core::simd::{self, Task};
use tsne_core::{Context, Error, Kernel, Repulsion, Result, blocks, check_embedding};

/// Below this number of points all pairs are summed directly (B-splines only): TUNING
pub(crate) const DIRECT_BELOW: usize = 256;

/// The repulsion among the points of an embedding by an interpolation grid. `D` is 1, 2 or 3.
///
/// Plans, spectrum and buffers are kept between calls, and change only when the map outgrows its grid.
#[derive(Debug)]
pub struct GridRepulsion<T: GridScalar, const D: usize> {
    field: Field<T, D>,
    lagrange: LagrangeField<T, D>,
    bounds: Vec<(Bounds<T, D>, bool)>,
    sums: Vec<f64>,
}

impl<T: GridScalar, const D: usize> GridRepulsion<T, D> {
    /// The repulsion with the given parameters.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a parameter out of range, or unless `D` is 1, 2 or 3.
    pub fn new(params: GridParams) -> Result<Self> {
        params.check()?;
        check_dimension::<D>()?;
        Ok(Self {
            field: Field::new(params),
            lagrange: LagrangeField::new(params),
            bounds: Vec::new(),
            sums: Vec::new(),
        })
    }

    /// The parameters.
    pub const fn params(&self) -> &GridParams {
        &self.field.params
    }
}

pub(crate) fn check_dimension<const D: usize>() -> Result<()> {
    match D {
        1..=3 => Ok(()),
        _ => Err(Error::parameter("n_components", D, "1, 2 or 3 for the grid: use the exact repulsion beyond")),
    }
}

impl<T: GridScalar, const D: usize> Repulsion<T, D> for GridRepulsion<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        if out.len() != y.len() {
            return Err(Error::Shape { what: "force", expected: y.len(), given: out.len() });
        }
        let (bounds, finite) = Bounds::of(y, &mut self.bounds);
        if !finite {
            check_embedding(y)?;
        }
        let n = y.len();
        if n < 2 {
            out.fill([T::ZERO; D]);
            return Ok(0.0);
        }
        cx.check()?;
        let z = match self.field.params.interpolation {
            Interpolation::Lagrange => self.lagrange.repulse(kernel, &bounds, y, out)?,
            Interpolation::BSpline if n < DIRECT_BELOW => {
                out.fill([T::ZERO; D]);
                self.field.cells.build(y, &bounds, f64::INFINITY);
                self.field.cells.own_sums(kernel, Rest::everything(), cx)?;
                self.add_pairs(out)
            }
            Interpolation::BSpline => {
                let filled = self.field.fill(kernel, &bounds, y)?;
                cx.check()?;
                let mut z = self.read(&filled, y, out);
                z += n as f64 * (filled.constant - filled.own);
                if let Some(rest) = filled.rest {
                    self.field.cells.own_sums(kernel, rest, cx)?;
                    z += self.add_pairs(out);
                }
                z
            }
        };
        // No pair is farther apart than the diagonal, and none has a weight above 1: what interpolation errs beyond that
        // on a handful of distant points is taken back.
        let pairs = n as f64 * (n - 1) as f64;
        let diagonal2: f64 = (0..D).map(|c| (bounds.high[c].to_f64() - bounds.low[c].to_f64()).powi(2)).sum();
        Ok(z.clamp(pairs * kernel.weight(diagonal2).max(f64::MIN_POSITIVE), pairs))
    }
}

impl<T: GridScalar, const D: usize> GridRepulsion<T, D> {
    /// Reads forces and the sum of the potential from the grid.
    fn read(&mut self, filled: &Filled<T, D>, y: &[[T; D]], out: &mut [[T; D]]) -> f64 {
        self.sums.clear();
        self.sums.resize(blocks::count(y.len()), 0.0);
        let grid = self.field.grid();
        let blocks = self.sums.par_iter_mut().zip(y.par_chunks(blocks::BLOCK)).zip(out.par_chunks_mut(blocks::BLOCK));
        with_order!(self.field.params, M => blocks.for_each(|((sum, y), out)| {
            *sum = simd::dispatch(ReadBlock::<T, D, M> { filled, grid, y, out });
        }));
        self.sums.iter().sum()
    }

    /// Adds the forces of pairs and returns the sum of their weights.
    fn add_pairs(&mut self, out: &mut [[T; D]]) -> f64 {
        let mut z = 0.0;
        for (i, sums) in self.field.cells.results() {
            z += sums.weight.to_f64();
            for c in 0..D {
                out[i][c] += sums.force[c];
            }
        }
        z
    }
}

struct ReadBlock<'a, T, const D: usize, const M: usize> {
    filled: &'a Filled<T, D>,
    grid: &'a [T],
    y: &'a [[T; D]],
    out: &'a mut [[T; D]],
}

impl<T: GridScalar, const D: usize, const M: usize> Task for ReadBlock<'_, T, D, M> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sum = 0.0;
        for (y, out) in self.y.iter().zip(self.out) {
            let (value, force) = self.filled.read_own::<M>(self.grid, y);
            *out = force;
            sum += value.to_f64();
        }
        sum
    }
}
