//! The choice of the repulsion.

use crate::{Float, NegativeGradientMethod, OptimizeParams};
use tsne_bh::{BarnesHut, BarnesHutReference, theta_for};
use tsne_core::{Context, Kernel, ReferenceRepulsion, Repulsion, Result};
use tsne_fft::{GridParams, GridReference, GridRepulsion};
use tsne_optim::{Exact, ExactReference};

/// The largest map for which all pairs are summed, by dimension.
///
/// Milliseconds on final maps of the first rows of Fashion-MNIST, `f32`, two threads (`--example crossover`), exact against the
/// fastest other: 2-D, 1,000 points 0.17 / 0.21 and 2,000 points 0.46 / 0.33 (grid), 3,000 points 0.86 / 0.33; 3-D, 1,000 points
/// 0.20 / 0.19 and 2,000 points 0.57 / 0.44 (tree). 1-D, whole iterations: 1,000 points 0.20 / 0.09 (grid). Near the crossover,
/// exactness is worth the little more that it costs.
const fn exact_up_to<const D: usize>() -> usize {
    match D {
        1 => 500,
        2 => 2_000,
        3 => 1_000,
        _ => usize::MAX,
    }
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

/// What [`NegativeGradientMethod::Auto`] stands for with `n` points in `D` dimensions.
pub(crate) const fn resolve<const D: usize>(method: NegativeGradientMethod, n: usize) -> NegativeGradientMethod {
    match method {
        NegativeGradientMethod::Auto if n <= exact_up_to::<D>() => NegativeGradientMethod::Exact,
        NegativeGradientMethod::Auto if n <= tree_up_to::<D>() => NegativeGradientMethod::BarnesHut,
        NegativeGradientMethod::Auto => NegativeGradientMethod::Fft,
        given => given,
    }
}

impl<T: Float, const D: usize> OptimizeParams<T, D> {
    /// The parameters of the grid, with the tolerance.
    pub(crate) const fn grid_params(&self) -> GridParams {
        self.grid.with_force_tolerance(self.force_tolerance)
    }

    /// The threshold of the tree.
    fn threshold(&self) -> Result<f64> {
        self.force_tolerance.map_or(Ok(self.theta), theta_for::<D>)
    }

    /// A new repulsion for `n` points, and its method, which is not automatic.
    pub(crate) fn repulsion(&self, n: usize) -> Result<(Box<dyn Repulsion<T, D>>, NegativeGradientMethod)> {
        let method = resolve::<D>(self.negative_gradient_method, n);
        if let Some(custom) = &self.custom_repulsion {
            return Ok((custom.make(), NegativeGradientMethod::Custom));
        }
        let repulsion: Box<dyn Repulsion<T, D>> = match method {
            NegativeGradientMethod::BarnesHut => Box::new(BarnesHut::new(self.threshold()?)?),
            NegativeGradientMethod::Fft => Box::new(GridRepulsion::new(self.grid_params())?),
            NegativeGradientMethod::Auto | NegativeGradientMethod::Custom | NegativeGradientMethod::Exact => {
                Box::new(Exact::new())
            }
        };
        Ok((repulsion, method))
    }
}

/// What prepares a reference: all that its repulsion depends on besides the positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReferenceKey {
    pub(crate) kernel: Kernel,
    /// Not automatic.
    pub(crate) method: NegativeGradientMethod,
    theta: f64,
    grid: GridParams,
}

/// A fitted map as new points see it: fixed, with its repulsion prepared once.
pub(crate) struct Reference<T, const D: usize> {
    pub(crate) key: ReferenceKey,
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) repulsion: Box<dyn ReferenceRepulsion<T, D>>,
}

impl<T, const D: usize> std::fmt::Debug for Reference<T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reference").field("key", &self.key).field("n", &self.positions.len()).finish_non_exhaustive()
    }
}

impl ReferenceKey {
    /// For a map of `n` points: the automatic method depends on nothing else, so new points are placed alike however many
    /// they are.
    pub(crate) fn new<T: Float, const D: usize>(
        params: &OptimizeParams<T, D>,
        kernel: Kernel,
        n: usize,
    ) -> Result<Self> {
        let method = match params.negative_gradient_method {
            // A repulsion of the user's own is among the points of a map; new points get the automatic one.
            NegativeGradientMethod::Custom => NegativeGradientMethod::Auto,
            method => method,
        };
        let method = resolve::<D>(method, n);
        let theta = if method == NegativeGradientMethod::BarnesHut { params.threshold()? } else { params.theta };
        Ok(Self { kernel, method, theta, grid: params.grid_params() })
    }
}

impl<T: Float, const D: usize> Reference<T, D> {
    pub(crate) fn new(key: ReferenceKey, positions: Vec<[T; D]>, cx: Context<'_>) -> Result<Self> {
        let ReferenceKey { kernel, method, theta, grid } = key;
        let repulsion: Box<dyn ReferenceRepulsion<T, D>> = match method {
            NegativeGradientMethod::BarnesHut => Box::new(BarnesHutReference::new(kernel, &positions, theta, cx)?),
            NegativeGradientMethod::Fft => Box::new(GridReference::new(grid, kernel, &positions, cx)?),
            NegativeGradientMethod::Auto | NegativeGradientMethod::Custom | NegativeGradientMethod::Exact => {
                Box::new(ExactReference::new(kernel, &positions)?)
            }
        };
        Ok(Self { key, positions, repulsion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NegativeGradientMethod::{Auto, BarnesHut, Exact, Fft};

    #[test]
    fn the_automatic_method_changes_where_it_is_documented() {
        let of = |dimensions: usize, n: usize| match dimensions {
            1 => resolve::<1>(Auto, n),
            2 => resolve::<2>(Auto, n),
            3 => resolve::<3>(Auto, n),
            _ => resolve::<4>(Auto, n),
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
            assert_eq!(of(dimensions, n), method, "{n} points in {dimensions} dimensions");
        }
        assert_eq!(resolve::<2>(Exact, 1_000_000), Exact);
    }
}
