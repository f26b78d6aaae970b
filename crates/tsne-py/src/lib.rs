//! The Python package `tsne_rs`: the part of it that computes.
//!
//! Everything is done by the facade [`tsne`]; here arrays become its data and back, parameters come as documents, errors and
//! signals are translated. What users see is written in Python beside it.

mod arrays;
mod descent;
mod embedding;
mod error;
mod index;
mod initialization;
mod metrics;
mod neighbors;
mod objective;
mod optimizer;
mod page;
mod parameters;
mod partial;
mod shared;
mod work;

#[pyo3::pymodule(gil_used = false)]
mod _tsne_rs {
    #[pymodule_export]
    use crate::embedding::Embedding;
    #[pymodule_export]
    use crate::index::{AffinityIndex, ConditionalAffinities};
    #[pymodule_export]
    use crate::initialization::{among, coarse, jitter, pca, random, rescale, spectral};
    #[pymodule_export]
    use crate::metrics::{compare, label_agreement, pbic};
    #[pymodule_export]
    use crate::neighbors::KnnIndex;
    #[pymodule_export]
    use crate::objective::evaluate;
    #[pymodule_export]
    use crate::optimizer::OptimizerState;
    #[pymodule_export]
    use crate::page::{command, page};
    #[pymodule_export]
    use crate::parameters::{defaults, descent_of_fit};
    #[pymodule_export]
    use crate::partial::Partial;

    /// The version of the toolkit.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
