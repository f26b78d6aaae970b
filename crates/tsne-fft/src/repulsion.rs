use crate::erased::ErasedRepulsion;
use crate::flat::Flat;
use crate::lagrange::field::{LagrangeField, serves};
use crate::layout::bounds::{Bounds, check_range};
use crate::levels::fit::{Levels, PAIRS_UP_TO};
use crate::params::{GridParams, Interpolation};
use crate::scalar::GridScalar;
use tsne_core::{Context, Error, Kernel, Repulsion, Result, blocks, check_embedding, chunks};

/// The repulsion among the points of an embedding by an interpolation grid. `D` is 1, 2 or 3.
///
/// Plans, spectrum and buffers are kept between calls, and change only when the map outgrows its grid.
#[derive(Debug)]
pub struct GridRepulsion<T: GridScalar, const D: usize> {
    params: GridParams,
    grid: Box<dyn ErasedRepulsion<T>>,
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
        Ok(Self { params, grid: T::repulsion(params, D)? })
    }

    /// The parameters.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{GridParams, GridRepulsion};
    ///
    /// let params = GridParams::default().with_min_num_intervals(30);
    /// assert_eq!(GridRepulsion::<f32, 2>::new(params)?.params(), &params);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn params(&self) -> &GridParams {
        &self.params
    }

    /// Writes the force on every point into `out` and returns the normalizer `Z`: `F_i = Σ_j w(r_ij²)^((dof+1)/dof) (y_i - y_j)`
    /// and `Z = Σ_{i≠j} w(r_ij²)` with the kernel `w(r²) = (1 + r²/dof)^-dof`. The repulsive part of the gradient of t-SNE is
    /// `-F_i / Z`.
    ///
    /// Works in rayon's ambient pool of threads. The context cancels a call; [`Context::new`] never does. What `out` held before
    /// is of no meaning. In a [`Team`](tsne_core::Team) `y` are the positions of all points and `out` the forces on this member's,
    /// [`Context::rows`] of `y.len()`; the bits are those of one process.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `out` is as long as `y`, or in a team as this member's rows; [`Error::NonFinite`] for a position that
    /// is not finite; [`Error::Parameter`] for a map wider than 8.5e37 (`f32`) or 1e150 (`f64`); [`Error::Capacity`] for more than
    /// 2³² - 1 points; [`Error::OutOfMemory`]; [`Error::Cancelled`]; [`Error::Team`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{Context, GridParams, GridRepulsion, Kernel};
    ///
    /// let mut forces = [[0.0f64]; 2];
    /// let z = GridRepulsion::new(GridParams::default())?.repulse(Kernel::CAUCHY, &[[0.0], [1.0]], &mut forces, Context::new())?;
    /// assert_eq!((z, forces), (1.0, [[-0.25], [0.25]])); // Few points are summed pair by pair.
    /// # Ok::<(), tsne_fft::Error>(())
    /// ```
    pub fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        let rows = cx.rows(y.len()).len();
        if out.len() != rows {
            return Err(Error::shape("force", rows, out.len()));
        }
        self.grid.repulse(kernel, y.as_flattened(), out.as_flattened_mut(), cx)
    }
}

impl<T: GridScalar, const D: usize> Repulsion<T, D> for GridRepulsion<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        Self::repulse(self, kernel, y, out, cx)
    }
}

/// The normalizer, for each point, below which the points of a map are strangers to each other: a grid may err by 5e-5 for each point,
/// which beside less is more than the 5e-4 of a normalizer that maps are held to. As few as can be summed pair by pair are.
const LONELY: f64 = 0.1;

/// The grid of `D` dimensions.
#[derive(Debug)]
pub(crate) struct Grid<T: GridScalar, const D: usize> {
    params: GridParams,
    levels: Levels<T, D>,
    lagrange: LagrangeField<T, D>,
    bounds: Vec<(Bounds<T, D>, bool)>,
    sums: Vec<Option<[f64; D]>>,
}

impl<T: GridScalar, const D: usize> Grid<T, D> {
    pub(crate) fn new(params: GridParams) -> Self {
        let lagrange = LagrangeField::new(params);
        Self { params, levels: Levels::default(), lagrange, bounds: Vec::new(), sums: Vec::new() }
    }
}

impl<T: GridScalar, const D: usize> ErasedRepulsion<T> for Grid<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[T], out: &mut [T], cx: Context<'_>) -> Result<f64> {
        let (y, out) = (y.as_chunks::<D>().0, out.as_chunks_mut::<D>().0);
        let (bounds, finite) = Bounds::of_team(y, &mut self.bounds, cx)?;
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
        let pairs = n as f64 * (n - 1) as f64;
        if let Some(flat) = Flat::of(y, &bounds, &mut self.sums) {
            let y = &y[cx.rows(n)];
            chunks::for_each_point(out, blocks::BLOCK, |b, out| {
                for (force, point) in out.iter_mut().zip(&y[b * blocks::BLOCK..]) {
                    *force = flat.force(point);
                }
            });
            return Ok(pairs);
        }
        let spline = GridParams { interpolation: Interpolation::BSpline, ..self.params };
        let lagrange = self.params.interpolation == Interpolation::Lagrange;
        let z = if lagrange && serves(&self.params, &bounds, n) {
            self.lagrange.repulse(kernel, &bounds, y, out, cx)?
        } else {
            self.levels.repulse((&spline, kernel), &bounds, y, out, cx)?
        };
        if z < LONELY * n as f64 && n <= PAIRS_UP_TO {
            return self.levels.by_pairs(kernel, y, out, cx);
        }
        // No pair is farther apart than the diagonal, and none has a weight above 1: what interpolation errs beyond that
        // on a handful of distant points is taken back.
        let diagonal2: f64 = (0..D).map(|c| (bounds.high[c].to_f64() - bounds.low[c].to_f64()).powi(2)).sum();
        Ok(z.clamp(pairs * kernel.weight(diagonal2).max(f64::MIN_POSITIVE), pairs))
    }
}
