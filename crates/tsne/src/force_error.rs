//! How exact the forces of a map are.

use crate::float::Float;
use crate::maps::embedding::Embedding;
use crate::threads;
use tsne_core::{Context, Error, Result, memory};
use tsne_optim::{Exact, ExactReference};

/// The error of the repulsive forces at the positions of a map, from [`Embedding::force_error`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ForceError {
    /// The number of points whose forces were compared with exact ones.
    pub samples: usize,
    /// The root of the mean squared error, relative to the root of the mean squared force.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub relative_rms: f64,
    /// The largest error of one force, relative to the same.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub worst: f64,
    /// The relative error of the normalizer `Z`; `None` unless all points were compared, which its exact value takes.
    #[cfg_attr(feature = "serde", serde(default, with = "tsne_core::serial::nullable"))]
    pub z_relative: Option<f64>,
}

impl<T: Float, const D: usize> Embedding<T, D> {
    /// The error of the repulsion in use, with the parameters of [`Embedding::params`], at the present positions: against sums
    /// over all pairs in `f64` for `samples` points spread evenly over their order, all of them if there are fewer.
    ///
    /// Takes time for `samples` times as many pairs as there are points, and one evaluation of the repulsion. 1,000 samples
    /// tell the root of the mean square within a few per cent.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for no samples; those of the repulsion; [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, RepulsionMethod};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0).force_tolerance(0.01);
    /// let tsne = tsne.negative_gradient_method(RepulsionMethod::BarnesHut).build()?;
    /// let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let error = embedding.force_error(1_000, Context::new())?;
    /// assert_eq!(error.samples, 60);
    /// assert!(error.relative_rms <= 0.01 && error.z_relative.is_some());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn force_error(&self, samples: usize, cx: Context<'_>) -> Result<ForceError> {
        if samples == 0 {
            return Err(Error::parameter("samples", 0, "at least 1 (1000 is a good choice)"));
        }
        // All members of a team have all positions.
        threads::run(self.run.params.n_jobs, || self.sampled_error(samples, cx.without_team()))
    }

    fn sampled_error(&self, samples: usize, cx: Context<'_>) -> Result<ForceError> {
        let y = self.positions();
        let n = y.len();
        let samples = samples.min(n);
        let wide = memory::collected("positions", y.iter().map(|p| p.map(T::to_f64)))?;
        // In 64 bits, where the product of two counts cannot overflow.
        let at = |s: usize| (s as u64 * n as u64 / samples as u64) as usize;
        let mut exact = memory::filled("exact forces", samples, [0.0; D])?;
        // As new points, samples feel themselves with weight 1: beside it those of far points would be lost.
        let exact_z = if samples == n {
            Some(Exact::new().repulse(self.kernel, &wide, &mut exact, cx)?)
        } else {
            let places = memory::collected("samples", (0..samples).map(|s| wide[at(s)]))?;
            let mut weights = memory::filled("exact forces", samples, 0.0)?;
            ExactReference::new(self.kernel, &wide)?.repulse(&places, &mut exact, &mut weights, cx)?;
            None
        };
        let mut forces = memory::filled("forces", n, [T::ZERO; D])?;
        let z = self.run.repulsion.make(n, self.kernel)?.repulse(self.kernel, y, &mut forces, cx)?;
        // In units of the largest force, so that no square is lost.
        let largest = exact.as_flattened().iter().fold(0.0, |a: f64, f| a.max(f.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let (mut error2, mut force2, mut worst2) = (0.0, 0.0, 0.0_f64);
        for (s, exact) in exact.iter().enumerate() {
            let given = &forces[at(s)];
            let squared: f64 = (0..D).map(|c| ((given[c].to_f64() - exact[c]) / unit).powi(2)).sum();
            error2 += squared;
            worst2 = worst2.max(squared);
            force2 += exact.iter().map(|f| (f / unit).powi(2)).sum::<f64>();
        }
        // Where all points coincide there are neither forces nor errors.
        let scale = if error2 == 0.0 { 1.0 } else { force2 };
        Ok(ForceError {
            samples,
            relative_rms: (error2 / scale).sqrt(),
            worst: (worst2 * samples as f64 / scale).sqrt(),
            z_relative: exact_z.filter(|exact| *exact > 0.0).map(|exact| (z / exact - 1.0).abs()),
        })
    }
}
