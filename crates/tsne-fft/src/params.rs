use tsne_core::{Error, Result};

/// How charges are spread to the nodes of the grid and the potential is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Interpolation {
    /// Cardinal B-splines of order `n_interpolation_points + 1`: smooth, one charge, two transforms.
    #[default]
    BSpline,
    /// Lagrange polynomials through the `n_interpolation_points` nodes of a cell, as in FIt-SNE and openTSNE.
    ///
    /// Maps that outgrow [`GridParams::MAX_PADDED_NODES`], or on which these grids would cost out of proportion (a few points
    /// far apart, outliers), go by B-splines, which can leave near pairs to direct sums. Fewer than 64, 768 and 4,096 points in one,
    /// two and three dimensions are summed pair by pair, as with B-splines.
    Lagrange,
}

/// The parameters of the grid, with openTSNE's names, meaning and defaults.
///
/// The spacing of the nodes is `ints_in_interval / n_interpolation_points`, at the default 1/3, and finer for maps of
/// less than `min_num_intervals` cells a side. Where a coarser grid with near pairs summed directly is as exact and
/// cheaper, as on sparse maps, that one is used.
///
/// # Examples
///
/// ```
/// use tsne_fft::GridParams;
///
/// let finer = GridParams::default().with_n_interpolation_points(5).with_ints_in_interval(0.5);
/// assert_eq!(finer.spacing(), 0.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct GridParams {
    /// Nodes per cell and axis, from 1 to [`GridParams::MAX_INTERPOLATION_POINTS`].
    pub n_interpolation_points: usize,
    /// The smallest number of cells along the longer side of the map, as far as [`GridParams::MAX_PADDED_NODES`] allows; in
    /// three dimensions, as far as about 2²¹ padded nodes do (15 to 18 cells of 3 nodes along each side).
    pub min_num_intervals: usize,
    /// The side of a cell, in units of the embedding.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub ints_in_interval: f64,
    /// The interpolation.
    pub interpolation: Interpolation,
    /// The relative error of the force (root mean square) that is acceptable, from 0.0001 to 0.5; `None`, the default,
    /// leaves the grid to the other parameters.
    ///
    /// With a tolerance the number of points, their spacing and the smallest number of cells are chosen at each call for
    /// the positions at hand, and the parameters of these names are not used. The choice is by an estimate of the error
    /// that is checked against exact sums on maps of many kinds, not by a bound. Splines only. Below a `dof` of 1/2, where
    /// kernels are sharp at distance zero, up to 16,384 points, and new points on a reference of so many, are summed pair by pair
    /// if no grid is expected to be so exact; more points get the finest grid then, which may err by more.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::optional"))]
    pub force_tolerance: Option<f64>,
}

impl Default for GridParams {
    /// 3 nodes per cell, at least 50 cells, cells of side 1, B-splines.
    fn default() -> Self {
        Self::new()
    }
}

impl GridParams {
    /// The default parameters: 3 nodes per cell, at least 50 cells, cells of side 1, B-splines, no tolerance.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::new(), GridParams::default());
    /// ```
    pub const fn new() -> Self {
        Self {
            n_interpolation_points: Self::DEFAULT_INTERPOLATION_POINTS,
            min_num_intervals: 50,
            ints_in_interval: 1.0,
            interpolation: Interpolation::BSpline,
            force_tolerance: None,
        }
    }

    /// With another number of nodes per cell and axis. Checked by [`GridParams::check`] and where the parameters are used, as
    /// all values are.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::new().with_n_interpolation_points(5).n_interpolation_points, 5);
    /// ```
    #[must_use]
    pub const fn with_n_interpolation_points(mut self, points: usize) -> Self {
        self.n_interpolation_points = points;
        self
    }

    /// With another smallest number of cells along the longer side.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::new().with_min_num_intervals(30).min_num_intervals, 30);
    /// ```
    #[must_use]
    pub const fn with_min_num_intervals(mut self, cells: usize) -> Self {
        self.min_num_intervals = cells;
        self
    }

    /// With another side of a cell, in units of the embedding.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::new().with_ints_in_interval(0.5).ints_in_interval, 0.5);
    /// ```
    #[must_use]
    pub const fn with_ints_in_interval(mut self, side: f64) -> Self {
        self.ints_in_interval = side;
        self
    }

    /// With the given interpolation.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::{GridParams, Interpolation};
    ///
    /// let reference = GridParams::new().with_interpolation(Interpolation::Lagrange);
    /// assert_eq!(reference.interpolation, Interpolation::Lagrange);
    /// ```
    #[must_use]
    pub const fn with_interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }

    /// With a tolerance of the force, or with none.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::new().with_force_tolerance(Some(0.01)).force_tolerance, Some(0.01));
    /// ```
    #[must_use]
    pub const fn with_force_tolerance(mut self, tolerance: Option<f64>) -> Self {
        self.force_tolerance = tolerance;
        self
    }

    /// The largest number of nodes per cell: polynomials through more equispaced nodes swing between them
    /// (Runge's phenomenon), and splines of higher order gain nothing.
    pub const MAX_INTERPOLATION_POINTS: usize = 9;

    /// The largest `min_num_intervals`: 10,000 cells a side are beyond any memory in two dimensions.
    pub const MAX_MIN_NUM_INTERVALS: usize = 10_000;

    /// The largest product of the padded sides of the grid: 4,096 × 4,096 or 256 × 256 × 256.
    ///
    /// At the default spacing this is reached by maps of extent 680 in two dimensions and 42 in three. A spectrum of
    /// that size takes 8 to 16 MiB in `f32`, a convolution some 25 ms on two cores in three dimensions: beyond, near
    /// pairs are cheaper than nodes.
    pub const MAX_PADDED_NODES: usize = 1 << 24;

    /// The smallest and largest tolerance: below, rounding of `f32` shows (2e-5 in one dimension at extent 500); beyond,
    /// forces are mostly noise.
    pub const FORCE_TOLERANCE_RANGE: (f64, f64) = (1e-4, 0.5);

    /// The number of nodes per cell and axis unless another is asked for.
    pub(crate) const DEFAULT_INTERPOLATION_POINTS: usize = 3;

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for the first that is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::default().check(), Ok(()));
    /// assert!(GridParams::default().with_n_interpolation_points(10).check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        let p = self.n_interpolation_points;
        if !(1..=Self::MAX_INTERPOLATION_POINTS).contains(&p) {
            let allowed = format!("from 1 to {} (3 is a good choice)", Self::MAX_INTERPOLATION_POINTS);
            return Err(Error::parameter("n_interpolation_points", p, allowed));
        }
        let cells = self.min_num_intervals;
        if !(1..=Self::MAX_MIN_NUM_INTERVALS).contains(&cells) {
            let allowed = format!("from 1 to {} (50 is a good choice)", Self::MAX_MIN_NUM_INTERVALS);
            return Err(Error::parameter("min_num_intervals", cells, allowed));
        }
        let side = self.ints_in_interval;
        if !(1e-3..=1e3).contains(&side) {
            return Err(Error::parameter("ints_in_interval", side, "from 0.001 to 1000 (1 is a good choice)"));
        }
        if let Some(tolerance) = self.force_tolerance {
            let (low, high) = Self::FORCE_TOLERANCE_RANGE;
            if !(low..=high).contains(&tolerance) {
                let allowed = format!("from {low} to {high} (0.01 is a good choice)");
                return Err(Error::parameter("force_tolerance", tolerance, allowed));
            }
            if self.interpolation == Interpolation::Lagrange {
                let allowed = "unset for Lagrange interpolation: its error is not known in advance, use B-splines";
                return Err(Error::parameter("force_tolerance", tolerance, allowed));
            }
        }
        Ok(())
    }

    /// The spacing of the nodes on maps of at least `min_num_intervals` cells.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_fft::GridParams;
    ///
    /// assert_eq!(GridParams::default().spacing(), 1.0 / 3.0);
    /// ```
    pub fn spacing(&self) -> f64 {
        self.ints_in_interval / self.n_interpolation_points as f64
    }
}
