use crate::erased::ErasedReference;
use crate::flat::Flat;
use crate::lagrange::field::{self, LagrangeField, serves};
use crate::layout::bounds::{Bounds, check_range};
use crate::levels::reference::{ReferenceLevels, reach};
use crate::params::{GridParams, Interpolation};
use crate::scalar::GridScalar;
use tsne_core::{Context, Error, Kernel, ReferenceRepulsion, Result, blocks, check_embedding, chunks};

/// The repulsion of new points from a fixed reference embedding, whose potential is computed once.
///
/// New points are independent of each other: one by one or together, the bits are the same. Points within a quarter of
/// half the map's side from its border are read off the grid; those farther out are summed over all reference
/// points. Nothing is clipped.
#[derive(Debug)]
pub struct GridReference<T: GridScalar, const D: usize> {
    grid: Box<dyn ErasedReference<T>>,
}

impl<T: GridScalar, const D: usize> GridReference<T, D> {
    /// Computes the potential of a reference embedding.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a parameter out of range, or unless `D` is 1, 2 or 3; [`Error::NonFinite`] for a
    /// position that is not finite; [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{Context, GridParams, GridReference, Kernel};
    ///
    /// let reference = GridReference::new(GridParams::default(), Kernel::CAUCHY, &[[0.0f64], [3.0]], Context::new())?;
    /// let (mut force, mut z) = ([[0.0]], [0.0]);
    /// reference.repulse(&[[1.0]], &mut force, &mut z, Context::new())?;
    /// assert!((z[0] - (1.0 / 2.0 + 1.0 / 5.0)).abs() < 1e-12); // So few points are summed directly.
    /// # Ok::<(), tsne_fft::Error>(())
    /// ```
    pub fn new(params: GridParams, kernel: Kernel, reference: &[[T; D]], cx: Context<'_>) -> Result<Self> {
        params.check()?;
        Ok(Self { grid: T::reference(params, D, kernel, reference.as_flattened(), cx)? })
    }

    /// Writes `F_i = Σ_j w^((dof+1)/dof) (y_i - r_j)` over all reference points `r_j` into `out`, and each point's own
    /// normalizer `z_i = Σ_j w` into `z`.
    ///
    /// Takes `&self`: one reference serves any number of threads.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `out` and `z` are as long as `y`; [`Error::NonFinite`] for a position that is not finite;
    /// [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{Context, GridParams, GridReference, Kernel};
    ///
    /// let reference = GridReference::new(GridParams::default(), Kernel::CAUCHY, &[[0.0f64, 0.0]], Context::new())?;
    /// let (mut force, mut z) = ([[0.0; 2]], [0.0]);
    /// reference.repulse(&[[3.0, 0.0]], &mut force, &mut z, Context::new())?;
    /// assert!((z[0] - 0.1).abs() < 1e-15 && (force[0][0] - 0.03).abs() < 1e-15);
    /// # Ok::<(), tsne_fft::Error>(())
    /// ```
    pub fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        if out.len() != y.len() {
            return Err(Error::shape("force", y.len(), out.len()));
        }
        if z.len() != y.len() {
            return Err(Error::shape("z", y.len(), z.len()));
        }
        self.grid.repulse(y.as_flattened(), out.as_flattened_mut(), z, cx)
    }
}

impl<T: GridScalar, const D: usize> ReferenceRepulsion<T, D> for GridReference<T, D> {
    fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        Self::repulse(self, y, out, z, cx)
    }
}

/// The reference of `D` dimensions.
#[derive(Debug)]
pub(crate) struct Reference<T: GridScalar, const D: usize> {
    levels: ReferenceLevels<T, D>,
    /// Where the map is so small that it is a closed form: what it acts on by that.
    flat: Option<(Bounds<T, D>, Flat<D>)>,
    lagrange: Option<Box<Lagrange<T, D>>>,
}

#[derive(Debug)]
struct Lagrange<T: 'static, const D: usize> {
    reach: Bounds<T, D>,
    field: LagrangeField<T, D>,
    filled: field::Filled<T, D>,
}

impl<T: GridScalar, const D: usize> Reference<T, D> {
    pub(crate) fn new(params: GridParams, kernel: Kernel, reference: &[[T; D]], cx: Context<'_>) -> Result<Self> {
        check_embedding(reference)?;
        cx.check()?;
        let (bounds, _) = Bounds::of(reference, &mut Vec::new());
        check_range(reference.len(), &bounds)?;
        let spline = GridParams { interpolation: Interpolation::BSpline, ..params };
        let reach = reach(&bounds);
        if let Some(flat) = Flat::of(reference, &bounds, &mut Vec::new()) {
            let levels = ReferenceLevels::outside(kernel, reference)?;
            return Ok(Self { levels, flat: Some((reach, flat)), lagrange: None });
        }
        let lagrange = params.interpolation == Interpolation::Lagrange && serves(&params, &reach, reference.len());
        if !lagrange {
            let levels = ReferenceLevels::new(&spline, kernel, reference, cx)?;
            return Ok(Self { levels, flat: None, lagrange: None });
        }
        let mut field = LagrangeField::new(params);
        let filled = field.fill(kernel, &reach, reference, cx.without_team())?;
        let levels = ReferenceLevels::outside(kernel, reference)?;
        Ok(Self { levels, flat: None, lagrange: Some(Box::new(Lagrange { reach, field, filled })) })
    }

    fn one(&self, y: &[T; D]) -> (T, [T; D]) {
        if let Some((_, flat)) = self.flat.as_ref().filter(|(reach, _)| reach.holds(y)) {
            return (T::from_f64(flat.n()), flat.force(y));
        }
        match &self.lagrange {
            Some(lagrange) if lagrange.reach.holds(y) => {
                let (weight, force) = lagrange.field.read(&lagrange.filled, y);
                (T::from_f64(weight.max(0.0)), force.map(T::from_f64))
            }
            _ => self.levels.at(y),
        }
    }
}

impl<T: GridScalar, const D: usize> ErasedReference<T> for Reference<T, D> {
    fn repulse(&self, y: &[T], out: &mut [T], z: &mut [T], cx: Context<'_>) -> Result<()> {
        let y = y.as_chunks::<D>().0;
        check_embedding(y)?;
        chunks::for_each2((out, blocks::BLOCK * D), (z, blocks::BLOCK), |b, out, z| {
            // A call that was cancelled ends with the check below.
            if cx.check().is_ok() {
                let out = out.as_chunks_mut().0;
                for ((out, z), y) in out.iter_mut().zip(z).zip(&y[blocks::range(b, y.len())]) {
                    (*z, *out) = self.one(y);
                }
            }
        });
        cx.check()
    }
}
