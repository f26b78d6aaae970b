use crate::field::{Field, Filled, with_order};
use crate::geometry::{Bounds, check_range, geometry, is_coarsened};
use crate::lagrange::{self, LagrangeField};
use crate::pairs::AllPairs;
use crate::sorted::Queries;
use crate::tolerance::Chooser;
use crate::{GridParams, GridScalar, Interpolation};
use rayon::prelude::*;
use tsne_core::{Context, Error, Kernel, ReferenceRepulsion, Result, blocks, check_embedding};

/// How far the grid of a reference reaches beyond it on each side, in units of half its side: openTSNE's padding of
/// 25 %. Points farther out are summed directly.
const PADDING: f64 = 0.25;

/// Below this number of reference points every query is summed directly (B-splines only): 0.2 µs for 256 points on two
/// threads, while a grid has to be made first, 2 ms and more.
const DIRECT_BELOW: usize = 256;

/// The repulsion of new points from a fixed reference embedding, whose potential is computed once.
///
/// New points are independent of each other: one by one or together, the bits are the same. Points within a quarter of
/// half the map's side from its border are read off the grid; those farther out are summed over all reference
/// points. Nothing is clipped.
#[derive(Debug)]
pub struct GridReference<T: GridScalar, const D: usize> {
    engine: Box<dyn Engine<T>>,
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
    /// use tsne_core::{Context, Kernel, ReferenceRepulsion};
    /// use tsne_fft::{GridParams, GridReference};
    ///
    /// let reference = GridReference::new(GridParams::default(), Kernel::CAUCHY, &[[0.0f64], [3.0]], Context::new())?;
    /// let (mut force, mut z) = ([[0.0]], [0.0]);
    /// reference.repulse(&[[1.0]], &mut force, &mut z, Context::new())?;
    /// assert!((z[0] - (1.0 / 2.0 + 1.0 / 5.0)).abs() < 1e-12); // So few points are summed directly.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(params: GridParams, kernel: Kernel, reference: &[[T; D]], cx: Context<'_>) -> Result<Self> {
        params.check()?;
        Ok(Self { engine: T::reference(params, D, kernel, reference.as_flattened(), cx)? })
    }
}

impl<T: GridScalar, const D: usize> ReferenceRepulsion<T, D> for GridReference<T, D> {
    fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        if out.len() != y.len() {
            return Err(Error::shape("force", y.len(), out.len()));
        }
        if z.len() != y.len() {
            return Err(Error::shape("z", y.len(), z.len()));
        }
        self.engine.repulse(y.as_flattened(), out.as_flattened_mut(), z, cx)
    }
}

/// A reference of one dimension, over coordinates point after point.
pub trait Engine<T>: std::fmt::Debug + Send + Sync {
    /// Forces into `out`, and normalizers into `z`.
    fn repulse(&self, y: &[T], out: &mut [T], z: &mut [T], cx: Context<'_>) -> Result<()>;
}

/// The reference of `D` dimensions.
#[derive(Debug)]
pub(crate) struct Reference<T: GridScalar, const D: usize> {
    kernel: Kernel,
    reach: Bounds<T, D>,
    scheme: Scheme<T, D>,
    all: AllPairs<T, D>,
}

#[derive(Debug)]
enum Scheme<T: GridScalar, const D: usize> {
    Direct,
    BSpline { field: Box<Field<T, D>>, filled: Filled<T, D> },
    Lagrange { field: Box<LagrangeField<T, D>>, filled: lagrange::Filled<T, D> },
}

impl<T: GridScalar, const D: usize> Reference<T, D> {
    pub(crate) fn new(params: GridParams, kernel: Kernel, reference: &[[T; D]], cx: Context<'_>) -> Result<Self> {
        check_embedding(reference)?;
        cx.check()?;
        let (bounds, _) = Bounds::of(reference, &mut Vec::new());
        check_range(reference.len(), &bounds)?;
        let mut all = AllPairs::default();
        all.assign(reference);
        let mut reach = bounds;
        for c in 0..D {
            let margin = T::from_f64(PADDING * 0.5 * (bounds.high[c].to_f64() - bounds.low[c].to_f64()));
            reach.low[c] -= margin;
            reach.high[c] += margin;
        }
        let lagrange =
            params.interpolation == Interpolation::Lagrange && !is_coarsened(&params, &geometry(&params, &reach));
        let scheme = if reference.is_empty() || (!lagrange && reference.len() < DIRECT_BELOW) {
            Scheme::Direct
        } else if lagrange {
            let mut field = Box::new(LagrangeField::new(params));
            let filled = field.fill(kernel, &reach, reference)?;
            Scheme::Lagrange { field, filled }
        } else {
            let spline = GridParams { interpolation: Interpolation::BSpline, ..params };
            // New points are taken to lie where the reference does.
            let mut field = Box::new(Field::new(Chooser::default().choose(&spline, kernel, &reach, reference)));
            let filled = field.fill_nominal(kernel, &reach, reference)?;
            Scheme::BSpline { field, filled }
        };
        Ok(Self { kernel, reach, scheme, all })
    }

    fn one(&self, y: &[T; D]) -> (T, [T; D]) {
        let inside = (0..D).all(|c| y[c] >= self.reach.low[c] && y[c] <= self.reach.high[c]);
        match &self.scheme {
            Scheme::BSpline { field, filled } if inside => {
                let (value, force) = with_order!(field.params, M => filled.read::<M>(field.grid(), y));
                let mut forces = [force];
                let mut z = value + T::from_f64(filled.constant);
                if let Some(rest) = filled.rest {
                    let split = (self.kernel, &filled.geometry, rest);
                    z += T::from_f64(field.add_near(split, Queries::Given(y), &mut forces));
                }
                let [force] = forces;
                (z.max(T::ZERO), force)
            }
            Scheme::Lagrange { field, filled } if inside => {
                let (weight, force) = field.read(filled, y);
                (T::from_f64(weight.max(0.0)), force.map(T::from_f64))
            }
            _ => self.all.query(self.kernel, y),
        }
    }
}

impl<T: GridScalar, const D: usize> Engine<T> for Reference<T, D> {
    fn repulse(&self, y: &[T], out: &mut [T], z: &mut [T], cx: Context<'_>) -> Result<()> {
        let (y, out) = (y.as_chunks::<D>().0, out.as_chunks_mut::<D>().0);
        check_embedding(y)?;
        let blocks = out.par_chunks_mut(blocks::BLOCK).zip(z.par_chunks_mut(blocks::BLOCK));
        blocks.zip(y.par_chunks(blocks::BLOCK)).try_for_each(|((out, z), y)| {
            cx.check()?;
            for ((out, z), y) in out.iter_mut().zip(z).zip(y) {
                (*z, *out) = self.one(y);
            }
            Ok(())
        })
    }
}
