//! The choice of the repulsion.

use crate::builder::Parameters;
use crate::{Float, NegativeGradientMethod};
use tsne_bh::BarnesHut;
use tsne_core::{Repulsion, Result};
use tsne_fft::GridRepulsion;
use tsne_optim::Exact;

/// The largest map for which summing all pairs is the fastest, by dimension. TUNING
const fn exact_up_to<const D: usize>() -> usize {
    match D {
        1 => 1_000,
        2 => 3_000,
        3 => 6_000,
        _ => usize::MAX,
    }
}

/// What [`NegativeGradientMethod::Auto`] stands for with `n` points in `D` dimensions.
pub(crate) const fn resolve<const D: usize>(method: NegativeGradientMethod, n: usize) -> NegativeGradientMethod {
    match method {
        NegativeGradientMethod::Auto if n <= exact_up_to::<D>() => NegativeGradientMethod::Exact,
        NegativeGradientMethod::Auto if D == 3 => NegativeGradientMethod::BarnesHut,
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
