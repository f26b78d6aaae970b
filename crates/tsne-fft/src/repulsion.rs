use crate::field::{Field, Filled, Places};
use crate::geometry::{Bounds, check_range, geometry, is_coarsened};
use crate::lagrange::LagrangeField;
use crate::pairs::{AllPairs, QUERIES};
use crate::sorted::Queries;
use crate::split::Rest;
use crate::tolerance::Chooser;
use crate::{GridParams, GridScalar, Interpolation, slabs};
use rayon::prelude::*;
use tsne_core::{Context, Error, Kernel, Repulsion, Result, blocks, check_embedding};

/// Below this number of points all pairs are summed directly (B-splines only).
///
/// Measured, `f32`, ms per call on two threads. In two dimensions, 512, 768 and 1,024 points: 0.17, 0.37, 0.63 directly,
/// 0.28 to 0.30 by the smallest grid, 0.33 at extent 60, 0.77 at extent 100; exactness decides where the two are close.
/// In three dimensions, 4,095 points at extent 30: 23 directly, 29 by the grid. In one, 255 points: 0.051 directly, 0.0067 by
/// the grid; at 64 points, a sixteenth of the pairs, direct sums take about half as long.
const fn direct_below<const D: usize>() -> usize {
    match D {
        1 => 64,
        2 => 768,
        _ => 4096,
    }
}

/// The repulsion among the points of an embedding by an interpolation grid. `D` is 1, 2 or 3.
///
/// Plans, spectrum and buffers are kept between calls, and change only when the map outgrows its grid.
#[derive(Debug)]
pub struct GridRepulsion<T: GridScalar, const D: usize> {
    params: GridParams,
    engine: Box<dyn Engine<T>>,
}

impl<T: GridScalar, const D: usize> GridRepulsion<T, D> {
    /// The repulsion with the given parameters.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a parameter out of range, or unless `D` is 1, 2 or 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{GridParams, GridRepulsion};
    ///
    /// assert!(GridRepulsion::<f32, 2>::new(GridParams::default()).is_ok());
    /// assert!(GridRepulsion::<f32, 4>::new(GridParams::default()).is_err());
    /// ```
    pub fn new(params: GridParams) -> Result<Self> {
        params.check()?;
        Ok(Self { params, engine: T::repulsion(params, D)? })
    }

    /// The parameters.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{GridParams, GridRepulsion};
    ///
    /// let params = GridParams { min_num_intervals: 30, ..GridParams::default() };
    /// assert_eq!(GridRepulsion::<f32, 2>::new(params)?.params(), &params);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn params(&self) -> &GridParams {
        &self.params
    }
}

impl<T: GridScalar, const D: usize> Repulsion<T, D> for GridRepulsion<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        if out.len() != y.len() {
            return Err(Error::shape("force", y.len(), out.len()));
        }
        self.engine.repulse(kernel, y.as_flattened(), out.as_flattened_mut(), cx)
    }
}

pub(crate) fn wrong_dimension(dimension: usize) -> Error {
    Error::parameter("n_components", dimension, "1, 2 or 3 for the grid: use the exact repulsion beyond")
}

/// A grid of one dimension, over coordinates point after point.
pub trait Engine<T>: std::fmt::Debug + Send + Sync {
    /// Forces into `out`, and `Z`.
    fn repulse(&mut self, kernel: Kernel, y: &[T], out: &mut [T], cx: Context<'_>) -> Result<f64>;
}

/// The grid of `D` dimensions.
#[derive(Debug)]
pub(crate) struct Grid<T: GridScalar, const D: usize> {
    params: GridParams,
    field: Field<T, D>,
    lagrange: LagrangeField<T, D>,
    all: AllPairs<T, D>,
    chooser: Chooser<D>,
    bounds: Vec<(Bounds<T, D>, bool)>,
    /// Forces in the order of the sorted points.
    forces: Vec<[T; D]>,
    sums: Vec<f64>,
}

impl<T: GridScalar, const D: usize> Grid<T, D> {
    pub(crate) fn new(params: GridParams) -> Self {
        Self {
            params,
            field: Field::new(GridParams { interpolation: Interpolation::BSpline, ..params }),
            lagrange: LagrangeField::new(params),
            all: AllPairs::default(),
            chooser: Chooser::default(),
            bounds: Vec::new(),
            forces: Vec::new(),
            sums: Vec::new(),
        }
    }
}

impl<T: GridScalar, const D: usize> Engine<T> for Grid<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[T], out: &mut [T], cx: Context<'_>) -> Result<f64> {
        let (y, out) = (y.as_chunks::<D>().0, out.as_chunks_mut::<D>().0);
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
        check_range(n, &bounds)?;
        let lagrange = self.params.interpolation == Interpolation::Lagrange
            && !is_coarsened(&self.params, &geometry(&self.params, &bounds));
        let z = if lagrange {
            self.lagrange.repulse(kernel, &bounds, y, out)?
        } else if n < direct_below::<D>() {
            self.all.assign(y);
            self.all.own_sums(kernel, out, &mut self.sums, cx)?
        } else {
            let spline = GridParams { interpolation: Interpolation::BSpline, ..self.params };
            self.field.set_params(self.chooser.choose(&spline, kernel, &bounds, y));
            let filled = self.field.fill(kernel, &bounds, y)?;
            cx.check()?;
            let sum = match filled.rest {
                None => self.read(&filled, y, out),
                Some(rest) => self.read_sorted(kernel, (&filled, rest), out, cx)?,
            };
            sum + n as f64 * (filled.constant - filled.own)
        };
        // No pair is farther apart than the diagonal, and none has a weight above 1: what interpolation errs beyond that
        // on a handful of distant points is taken back.
        let pairs = n as f64 * (n - 1) as f64;
        let diagonal2: f64 = (0..D).map(|c| (bounds.high[c].to_f64() - bounds.low[c].to_f64()).powi(2)).sum();
        Ok(z.clamp(pairs * kernel.weight(diagonal2).max(f64::MIN_POSITIVE), pairs))
    }
}

impl<T: GridScalar, const D: usize> Grid<T, D> {
    /// Reads forces and the sum of the potential from the grid.
    fn read(&mut self, filled: &Filled<T, D>, y: &[[T; D]], out: &mut [[T; D]]) -> f64 {
        let field = &self.field;
        self.sums.clear();
        self.sums.resize(blocks::count(y.len()), 0.0);
        let parts = self.sums.par_iter_mut().zip(y.par_chunks(blocks::BLOCK)).zip(out.par_chunks_mut(blocks::BLOCK));
        parts.for_each(|((sum, y), out)| *sum = field.read_block(filled, Places::Given(y), out));
        self.sums.iter().sum()
    }

    /// The same from the grid and from near pairs, point after sorted point.
    fn read_sorted(
        &mut self,
        kernel: Kernel,
        (filled, rest): (&Filled<T, D>, Rest<T>),
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        let field = &self.field;
        self.forces.resize(out.len(), [T::ZERO; D]);
        self.sums.clear();
        self.sums.resize(out.len().div_ceil(QUERIES), 0.0);
        let parts = self.sums.par_iter_mut().zip(self.forces.par_chunks_mut(QUERIES));
        parts.enumerate().try_for_each(|(block, (sum, forces))| {
            cx.check()?;
            let first = block * QUERIES;
            *sum = field.read_block(filled, Places::Sorted { first }, forces);
            *sum += field.add_near((kernel, &filled.geometry, rest), Queries::Own { first }, forces);
            Ok(())
        })?;
        // Back into the order of the points.
        out.par_chunks_mut(slabs::BLOCK).enumerate().for_each(|(b, out)| {
            for (i, rank) in field.sorted.block(&field.slabs, b) {
                out[i] = self.forces[rank];
            }
        });
        Ok(self.sums.iter().sum())
    }
}
