//! The choice of the repulsion.

use crate::builder::Parameters;
use crate::{Float, NegativeGradientMethod};
use tsne_bh::BarnesHut;
use tsne_core::{Repulsion, Result};
use tsne_fft::GridRepulsion;
use tsne_optim::Exact;

/// The largest map for which all pairs are summed, by dimension.
///
/// Milliseconds per iteration of the recommended preset, first rows of Fashion-MNIST, `f32`, two threads, exact against
/// the fastest other: 1-D, 1,000 points 0.20 / 0.09 (grid); 2-D, 1,000 points 0.27 / 0.22 and 2,000 points 0.5 / 0.4 (tree);
/// 3-D, 1,000 points 0.35 / 0.32 (tree). Near the crossover, exactness is worth the little more that it costs.
const fn exact_up_to<const D: usize>() -> usize {
    match D {
        1 => 500,
        2 => 2_000,
        3 => 1_000,
        _ => usize::MAX,
    }
}

/// The largest map for which the tree is faster than the grid, by dimension, measured in the same way: in 2-D,
/// 10,000 points 1.6 / 2.0 ms, 15,000 points 2.6 / 2.6, 20,000 points 3.5 / 3.1; in 1-D the grid wins from 1,000 points on
/// (0.13 / 0.08), in 3-D the tree at all sizes measured (8,000 points 2.4 / 27). The divergences with exact `Z` are equal
/// within 0.5 %, and lower with the tree up to 15,000 points.
const fn tree_up_to<const D: usize>() -> usize {
    match D {
        1 => 0,
        2 => 15_000,
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

impl<T: Float, const D: usize> Parameters<T, D> {
    /// A new repulsion of the given method, which is not automatic.
    pub(crate) fn repulsion(&self, method: NegativeGradientMethod) -> Result<Box<dyn Repulsion<T, D>>> {
        Ok(match method {
            NegativeGradientMethod::BarnesHut => Box::new(BarnesHut::new(self.theta)?),
            NegativeGradientMethod::Fft => Box::new(GridRepulsion::new(self.grid)?),
            NegativeGradientMethod::Auto | NegativeGradientMethod::Exact => Box::new(Exact::new()),
        })
    }
}
