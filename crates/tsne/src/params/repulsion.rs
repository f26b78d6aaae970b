//! The repulsion: the choice, its parameters, and what they make.

use crate::params::name::Unknown;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tsne_bh::{BarnesHut, BarnesHutReference, theta_for};
use tsne_core::{Context, Error, Kernel, ReferenceRepulsion, Repulsion, Result, Scalar};
use tsne_fft::{GridParams, GridReference, GridRepulsion, GridScalar};
use tsne_optim::{Exact, ExactReference};

/// How the repulsion is computed: what openTSNE calls the method of the negative gradient.
#[derive(Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum RepulsionMethod<T = f32, const D: usize = 2> {
    /// The fastest of the next three that is as accurate as the default grid, by `n`, `D` and `dof` alone: in two dimensions all
    /// pairs up to 2,000 points, the grid beyond; in three up to 1,000, the tree up to 20,000, the grid beyond; in one up to 500,
    /// the grid beyond. The pairs of a kernel that costs more ([`Kernel::pair_cost`]) end as much earlier: where `dof` is no half of
    /// a whole number, at a third of these numbers.
    #[default]
    Auto,
    /// Barnes-Hut, `D` up to 3.
    BarnesHut,
    /// The interpolation grid, `D` up to 3.
    Fft,
    /// All pairs, any `D`.
    Exact,
    /// A repulsion of your own.
    Custom(CustomRepulsion<T, D>),
}

impl<T, const D: usize> Clone for RepulsionMethod<T, D> {
    fn clone(&self) -> Self {
        match self {
            Self::Auto => Self::Auto,
            Self::BarnesHut => Self::BarnesHut,
            Self::Fft => Self::Fft,
            Self::Exact => Self::Exact,
            Self::Custom(custom) => Self::Custom(custom.clone()),
        }
    }
}

impl<T, const D: usize> From<CustomRepulsion<T, D>> for RepulsionMethod<T, D> {
    fn from(custom: CustomRepulsion<T, D>) -> Self {
        Self::Custom(custom)
    }
}

impl<T, const D: usize> fmt::Display for RepulsionMethod<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::BarnesHut => "bh",
            Self::Fft => "fft",
            Self::Exact => "exact",
            Self::Custom(_) => "custom",
        })
    }
}

impl<T, const D: usize> FromStr for RepulsionMethod<T, D> {
    type Err = Error;

    /// Accepts openTSNE's names and aliases.
    fn from_str(s: &str) -> Result<Self> {
        match s {
            "auto" => Ok(Self::Auto),
            "bh" | "BH" | "barnes-hut" => Ok(Self::BarnesHut),
            "fft" | "FFT" | "interpolation" => Ok(Self::Fft),
            "exact" => Ok(Self::Exact),
            _ => Err(Error::parameter(
                "negative_gradient_method",
                format_args!("{s:?}"),
                "\"auto\", \"bh\" (\"BH\", \"barnes-hut\"), \"fft\" (\"FFT\", \"interpolation\") or \"exact\" (or a repulsion of your own)",
            )),
        }
    }
}

impl<T, const D: usize> RepulsionMethod<T, D> {
    /// What it stands for in a map of `n` points: not automatic.
    pub(crate) fn resolve(&self, n: usize, kernel: Kernel) -> Self {
        match self {
            Self::Auto if n <= exact_up_to::<D>(kernel) => Self::Exact,
            Self::Auto if n <= tree_up_to::<D>() => Self::BarnesHut,
            Self::Auto => Self::Fft,
            given => given.clone(),
        }
    }
}

/// The largest map for which all pairs are summed, by dimension.
///
/// Milliseconds on final maps of the first rows of Fashion-MNIST, `f32`, two threads (`--example crossover`), exact against the
/// fastest other: 2-D, 1,000 points 0.17 / 0.21 and 2,000 points 0.46 / 0.33 (grid), 3,000 points 0.86 / 0.33; 3-D, 1,000 points
/// 0.20 / 0.19 and 2,000 points 0.57 / 0.44 (tree). 1-D, whole iterations: 1,000 points 0.20 / 0.09 (grid). Near the crossover,
/// exactness is worth the little more that it costs.
///
/// All pairs at another `dof` take [`Kernel::pair_cost`] as long, and as many points as cost the same are summed so: descents of
/// 1,797 points with one thread, exact / grid / tree, take 0.36 / 0.29 / 0.20 s at 1 and 1.14 / 0.37 / 0.45 at 0.8, of 900 points 0.17 /
/// 0.18 / 0.08 and 0.32 / 0.28 / 0.13 (`tsne embed --preset exaggerated --dof .8 --method exact --threads 1`, a map of the
/// digits as data, one run each).
fn exact_up_to<const D: usize>(kernel: Kernel) -> usize {
    let points = match D {
        1 => 500.0,
        2 => 2_000.0,
        3 => 1_000.0,
        _ => return usize::MAX,
    };
    (points / f64::sqrt(kernel.pair_cost())) as usize
}

/// The largest map for which the tree is faster than the grid, by dimension, measured in the same way, tree against grid: in
/// 2-D, 3,000 points 0.53 / 0.33 ms, 10,000 points 1.27 / 0.93, 50,000 points 7.4 / 3.9, and more so on early maps. By whole
/// iterations of the recommended preset: in 1-D 0.13 / 0.08 at 1,000 points; in 3-D 3.9 / 5.3 at 10,000, 8.8 / 9.4 at 20,000,
/// 16.4 / 14.2 at 35,000, 37.5 / 27.9 at 70,000; 10,000 new points among 60,000 in 3-D 4.7 / 3.5 s. Errors of the force are 1e-3 to 3e-3 for all, divergences with exact `Z` equal
/// within 0.2 %.
const fn tree_up_to<const D: usize>() -> usize {
    match D {
        1 => 0,
        2 => 0,
        3 => 20_000,
        _ => usize::MAX,
    }
}

/// Makes the repulsion of each descent: a backend of your own, in place of the toolkit's
/// ([`negative_gradient_method`](crate::TsneBuilder::negative_gradient_method) takes it).
///
/// New points are placed by it, too, if it has a form for them ([`with_reference`](Self::with_reference)); without one, placing
/// is an error unless another method is named for it.
///
/// # Examples
///
/// ```
/// use tsne::{Context, CustomRepulsion, Kernel, Repulsion, Result, Rows, Tsne};
///
/// /// All pairs, one by one.
/// struct Pairs;
///
/// impl Repulsion<f64, 2> for Pairs {
///     fn repulse(&mut self, kernel: Kernel, y: &[[f64; 2]], out: &mut [[f64; 2]], cx: Context<'_>) -> Result<f64> {
///         cx.check()?;
///         tsne::core::check_embedding(y)?;
///         let mut z = 0.0;
///         for (i, force) in out.iter_mut().enumerate() {
///             *force = [0.0; 2];
///             for j in (0..y.len()).filter(|&j| j != i) {
///                 let difference = [y[i][0] - y[j][0], y[i][1] - y[j][1]];
///                 let squared = difference[0] * difference[0] + difference[1] * difference[1];
///                 z += kernel.weight(squared);
///                 (0..2).for_each(|c| force[c] += kernel.force(squared) * difference[c]);
///             }
///         }
///         Ok(z)
///     }
/// }
///
/// let data: Vec<f64> = (0..100).map(|i| f64::from((i * 7919) % 101)).collect();
/// let tsne = Tsne::<_, 2>::builder().perplexity(4.0).n_iter(20).early_exaggeration_iter(10);
/// let embedding = tsne.negative_gradient_method(CustomRepulsion::new(|| Pairs)).build()?.fit(Rows::new(&data, 20, 5)?)?;
/// assert_eq!(embedding.negative_gradient_method().to_string(), "custom");
/// assert!((embedding.kl_divergence() - embedding.exact_kl_divergence(Context::new())?).abs() < 1e-9);
/// # Ok::<(), tsne::Error>(())
/// ```
pub struct CustomRepulsion<T, const D: usize> {
    make: Arc<dyn Fn() -> Box<dyn Repulsion<T, D>> + Send + Sync>,
    reference: Option<Arc<MakeReference<T, D>>>,
}

type MakeReference<T, const D: usize> =
    dyn Fn(Kernel, &[[T; D]], Context<'_>) -> Result<Box<dyn ReferenceRepulsion<T, D>>> + Send + Sync;

impl<T: Scalar, const D: usize> CustomRepulsion<T, D> {
    /// A backend that `make` makes, once for each map, and again when a map is optimized by other parameters.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CustomRepulsion, Rows, Tsne, bh::BarnesHut};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(3.0);
    /// let own = tsne.clone().negative_gradient_method(CustomRepulsion::new(BarnesHut::default)).build()?;
    /// let tree = tsne.negative_gradient_method("bh").build()?;
    /// let x = Rows::new(&data[..60], 12, 5)?;
    /// assert_eq!(own.fit(x)?.positions(), tree.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new<R: Repulsion<T, D> + 'static>(make: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(move || Box::new(make())), reference: None }
    }

    /// The same with a form for new points, which `prepare` prepares for a map at given positions.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::optim::{Exact, ExactReference};
    /// use tsne::{CustomRepulsion, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let own = CustomRepulsion::new(Exact::new).with_reference(|kernel, y, _| ExactReference::new(kernel, y));
    /// let tsne = Tsne::<_, 2>::builder().perplexity(3.0).negative_gradient_method(own).build()?;
    /// let embedding = tsne.fit(Rows::new(&data[..60], 12, 5)?)?;
    /// let placed = embedding.transform(Rows::new(&data[60..80], 4, 5)?)?;
    /// assert_eq!(placed.negative_gradient_method().to_string(), "custom");
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn with_reference<R: ReferenceRepulsion<T, D> + 'static>(
        mut self,
        prepare: impl Fn(Kernel, &[[T; D]], Context<'_>) -> Result<R> + Send + Sync + 'static,
    ) -> Self {
        self.reference = Some(Arc::new(move |kernel, y, cx| {
            Ok(Box::new(prepare(kernel, y, cx)?) as Box<dyn ReferenceRepulsion<T, D>>)
        }));
        self
    }
}

impl<T, const D: usize> Clone for CustomRepulsion<T, D> {
    fn clone(&self) -> Self {
        Self { make: Arc::clone(&self.make), reference: self.reference.clone() }
    }
}

impl<T, const D: usize> PartialEq for CustomRepulsion<T, D> {
    /// Whether both are clones of one.
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.reference, &other.reference) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same && Arc::ptr_eq(&self.make, &other.make)
    }
}

impl<T, const D: usize> fmt::Debug for CustomRepulsion<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomRepulsion")
    }
}

/// The repulsion with its parameters.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct RepulsionParams<T, const D: usize> {
    /// How it is computed.
    pub method: RepulsionMethod<T, D>,
    /// The relative error of the force that is acceptable; `None` leaves it to the other parameters.
    pub force_tolerance: Option<f64>,
    /// The threshold of Barnes-Hut.
    pub theta: f64,
    /// The grid. Its [`force_tolerance`](GridParams::force_tolerance) is that of [`force_tolerance`](Self::force_tolerance): set one, or both
    /// alike.
    pub grid: GridParams,
    pub(crate) unknown: Unknown,
}

impl<T, const D: usize> Default for RepulsionParams<T, D> {
    fn default() -> Self {
        let (grid, unknown) = (GridParams::default(), Unknown::default());
        Self { method: RepulsionMethod::Auto, force_tolerance: None, theta: 0.5, grid, unknown }
    }
}

impl<T: GridScalar, const D: usize> RepulsionParams<T, D> {
    repulsion_setters! { [] "tsne::RepulsionParams::<f32, 2>::default()" "check" }

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for the first that is out of range, with its name, the value and what is allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::RepulsionParams;
    ///
    /// assert!(RepulsionParams::<f32, 2>::default().check().is_ok());
    /// // Neither the tree nor the grid has a fourth dimension.
    /// assert!(RepulsionParams::<f32, 4>::default().negative_gradient_method("fft").check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        self.unknown.check()?;
        if let (Some(own), Some(grid)) = (self.force_tolerance, self.grid.force_tolerance)
            && own != grid
        {
            let allowed = format_args!("that of the grid's parameters, {grid}, or set in one place only");
            return Err(Error::parameter("force_tolerance", own, allowed));
        }
        self.grid_params().check()?;
        BarnesHut::<T, 2>::new(self.theta)?;
        if D > 3 && matches!(self.method, RepulsionMethod::BarnesHut | RepulsionMethod::Fft) {
            let allowed = "1, 2 or 3 for Barnes-Hut and the grid: choose the exact repulsion beyond";
            return Err(Error::parameter("n_components", D, allowed));
        }
        Ok(())
    }

    /// The same for a map of `n` points, where nothing is automatic: what a repulsion is made from, so that equal ones make equal
    /// repulsions.
    pub(crate) fn resolve(&self, n: usize, kernel: Kernel) -> Self {
        Self { method: self.method.resolve(n, kernel), ..self.clone() }
    }

    /// The tolerance, wherever it was set.
    pub(crate) fn tolerance(&self) -> Option<f64> {
        self.force_tolerance.or(self.grid.force_tolerance)
    }

    /// The parameters of the grid, with the tolerance.
    fn grid_params(&self) -> GridParams {
        let mut grid = self.grid;
        grid.force_tolerance = self.tolerance();
        grid
    }

    /// The threshold of the tree.
    fn threshold(&self, kernel: Kernel) -> Result<f64> {
        self.tolerance().map_or(Ok(self.theta), |tolerance| theta_for::<D>(tolerance, kernel))
    }

    /// A new repulsion for `n` points.
    pub(crate) fn make(&self, n: usize, kernel: Kernel) -> Result<Box<dyn Repulsion<T, D>>> {
        Ok(match self.method.resolve(n, kernel) {
            RepulsionMethod::BarnesHut => Box::new(match self.tolerance() {
                Some(tolerance) => BarnesHut::with_tolerance(tolerance)?,
                None => BarnesHut::new(self.theta)?,
            }),
            RepulsionMethod::Fft => Box::new(GridRepulsion::new(self.grid_params())?),
            RepulsionMethod::Auto | RepulsionMethod::Exact => Box::new(Exact::new()),
            RepulsionMethod::Custom(custom) => (custom.make)(),
        })
    }

    /// The repulsion of a fixed map for new points.
    pub(crate) fn prepare(
        &self,
        kernel: Kernel,
        positions: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<Box<dyn ReferenceRepulsion<T, D>>> {
        Ok(match self.method.resolve(positions.len(), kernel) {
            RepulsionMethod::BarnesHut => {
                Box::new(BarnesHutReference::new(kernel, positions, self.threshold(kernel)?, cx)?)
            }
            RepulsionMethod::Fft => Box::new(GridReference::new(self.grid_params(), kernel, positions, cx)?),
            RepulsionMethod::Auto | RepulsionMethod::Exact => Box::new(ExactReference::new(kernel, positions)?),
            RepulsionMethod::Custom(CustomRepulsion { reference: Some(prepare), .. }) => {
                prepare(kernel, positions, cx)?
            }
            RepulsionMethod::Custom(_) => {
                let allowed = "one with a form for new points (CustomRepulsion::with_reference), or \"auto\", \"bh\", \"fft\" or \"exact\" for them";
                return Err(Error::parameter(
                    "negative_gradient_method",
                    "a repulsion of the points of a map only",
                    allowed,
                ));
            }
        })
    }
}

names! { [T, const D: usize] RepulsionMethod<T, D>, CustomRepulsion<T, D>; }

#[cfg(test)]
mod tests {
    use super::RepulsionMethod::{self, Auto, BarnesHut, Exact, Fft};
    use tsne_core::Kernel;

    #[test]
    fn the_automatic_method_changes_where_it_is_documented() {
        let of = |dimensions: usize, n: usize, kernel| match dimensions {
            1 => RepulsionMethod::<f32, 1>::Auto.resolve(n, kernel).to_string(),
            2 => RepulsionMethod::<f32, 2>::Auto.resolve(n, kernel).to_string(),
            3 => RepulsionMethod::<f32, 3>::Auto.resolve(n, kernel).to_string(),
            _ => RepulsionMethod::<f32, 4>::Auto.resolve(n, kernel).to_string(),
        };
        for (dimensions, n, method) in [
            (1, 500, Exact),
            (1, 501, Fft),
            (2, 2_000, Exact),
            (2, 2_001, Fft),
            (3, 1_000, Exact),
            (3, 1_001, BarnesHut),
            (3, 20_000, BarnesHut),
            (3, 20_001, Fft),
            (4, 1_000_000, Exact),
        ] {
            let method: RepulsionMethod = method;
            let chosen = of(dimensions, n, Kernel::CAUCHY);
            assert_eq!(chosen, method.to_string(), "{n} points in {dimensions} dimensions");
        }
        // A half of the points, since a pair costs between 4 and 5 times as much; what has been measured, digits, is beyond.
        let general = Kernel::new(0.8).unwrap();
        for (n, method) in [(900, Exact), (950, Fft), (1_797, Fft)] {
            let method: RepulsionMethod = method;
            assert_eq!(of(2, n, general), method.to_string(), "{n} points at dof 0.8");
        }
        assert_eq!(of(4, 1_000_000, general), "exact");
        assert_eq!(RepulsionMethod::<f32, 2>::Exact.resolve(1_000_000, general), Exact);
        assert_ne!(RepulsionMethod::<f32, 2>::Auto, Exact);
        assert_eq!(RepulsionMethod::<f32, 2>::default(), Auto);
    }
}
