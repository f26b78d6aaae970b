//! Preparation of points: sums, logarithms, standard deviations, principal components.
//!
//! What is learned from the points of a fit (the sum, means, deviations, axes) is kept, goes into the saved map, and is applied to new
//! points as it is. All arithmetic is in double precision, column by column or row by row in their order, so that the bits do not
//! depend on the number of threads.

mod stored;
mod values;

use crate::input::PointTable;
use anyhow::{Result, ensure};
use tsne::{Context, Scalar, initialization};
use values::Values;

/// The steps that are asked for, in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Steps {
    /// Each point is scaled so that its values add up to this; `Some(None)`: to the median of the sums.
    pub normalize_total: Option<Option<f64>>,
    /// Each value `x` becomes `ln(1 + x)`.
    pub log1p: bool,
    /// Each column is divided by its standard deviation, and centered if it is dense.
    pub standardize: bool,
    /// The columns become so many principal components.
    pub pca: Option<usize>,
}

/// What was learned from the points of a fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preparation {
    /// The number of columns.
    d: usize,
    /// The sum of each point.
    total: Option<f64>,
    log1p: bool,
    /// Means, or zeros where nothing is centered, and standard deviations.
    scale: Option<(Vec<f64>, Vec<f64>)>,
    /// Means, and the axes one after the other.
    pca: Option<(Vec<f64>, Vec<f64>)>,
}

impl Preparation {
    /// Prepares the points of a fit, and learns how.
    ///
    /// # Errors
    ///
    /// For points that cannot be prepared so: negative ones whose sums or logarithms are asked for, values so large that what is made
    /// of them is not finite, and a graph of neighbors.
    pub fn fit<T: Scalar>(points: PointTable<T>, steps: Steps, seed: u64) -> Result<(PointTable<T>, Option<Self>)> {
        if steps == Steps::default() {
            return Ok((points, None));
        }
        let mut values = Values::of(points)?;
        let mut learned = Self { d: values.d(), log1p: steps.log1p, ..Self::default() };
        if let Some(sum) = steps.normalize_total {
            let sum = match sum {
                Some(sum) => sum,
                None => median(values.sums()?),
            };
            ensure!(
                sum > 0.0,
                "the values of most points add up to 0, so there is nothing to scale them by: leave out --normalize-total"
            );
            learned.total = Some(sum);
            values.scale_rows(sum)?;
        }
        if steps.log1p {
            values.log1p()?;
        }
        if steps.standardize {
            let mut means = values.means()?;
            let deviations = values.deviations(&means)?;
            if values.is_sparse() {
                means.fill(0.0);
            }
            values.standardize(&means, &deviations)?;
            learned.scale = Some((means, deviations));
        }
        if let Some(count) = steps.pca {
            let means = values.means()?;
            ensure!(
                !values.are_same(),
                "all points are the same, so they have no principal components: leave out --pca"
            );
            let axes = initialization::principal_axes(values.points()?, count, seed, Context::new())?;
            let axes = axes.concat();
            values = values.project(&means, &axes)?;
            learned.pca = Some((means, axes));
        }
        Ok((values.into_points()?, Some(learned)))
    }

    /// Prepares new points as those of the fit were.
    ///
    /// # Errors
    ///
    /// For another number of columns, and as [`Preparation::fit`].
    pub fn apply<T: Scalar>(&self, points: PointTable<T>) -> Result<PointTable<T>> {
        let mut values = Values::of(points)?;
        let (given, expected) = (values.d(), self.d);
        ensure!(
            given == expected,
            "the points have {given} columns, but those of the map had {expected} before they were prepared: give the same columns"
        );
        if let Some(sum) = self.total {
            values.scale_rows(sum)?;
        }
        if self.log1p {
            values.log1p()?;
        }
        if let Some((means, deviations)) = &self.scale {
            // What was centered is no longer sparse, and new points have to be as the old ones are.
            if means.iter().any(|&mean| mean != 0.0) {
                values = values.dense()?;
            }
            values.standardize(means, deviations)?;
        }
        if let Some((means, axes)) = &self.pca {
            values = values.project(means, axes)?;
        }
        values.into_points()
    }

    /// What was done, in words.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.total.map(|sum| format!("sums scaled to {sum}")));
        words.extend(self.log1p.then(|| "ln(1 + x)".to_owned()));
        words.extend(self.scale.as_ref().map(|_| "standardized".to_owned()));
        words.extend(self.pca.as_ref().map(|(means, axes)| {
            format!("{} principal components of {} columns", axes.len() / means.len().max(1), means.len())
        }));
        words
    }
}

/// The median of numbers above 0, which is that of half of them; 0 where there are none.
fn median(mut sums: Vec<f64>) -> f64 {
    sums.retain(|&sum| sum > 0.0);
    sums.sort_unstable_by(f64::total_cmp);
    match sums.len() {
        0 => 0.0,
        n if n % 2 == 1 => sums[n / 2],
        n => 0.5 * (sums[n / 2 - 1] + sums[n / 2]),
    }
}
