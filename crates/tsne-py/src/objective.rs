//! The objective at given positions: its divergence and its gradient.

use crate::arrays::{Element, new_array, positions, scalar_of, with_dimensions, with_scalar};
use crate::error::{exception, of_document};
use crate::work::{self, Failure};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use tsne::bh::{BarnesHut, BarnesHutReference};
use tsne::core::AffinityKind;
use tsne::fft::{GridReference, GridRepulsion};
use tsne::optim::{Conditional, Exact, ExactReference, Joint, Objective};
use tsne::{
    Affinities, Context, Embedding, Error, Kernel, OptimizeParams, Preset, ReferenceRepulsion, Repulsion,
    RepulsionMethod, RepulsionParams, Scalar, Tsne, with_threads,
};

/// A sparse matrix whose entries may sum to more than 1, and its number of columns.
type Parts<'py, T> = (PyReadonlyArray1<'py, usize>, PyReadonlyArray1<'py, u32>, PyReadonlyArray1<'py, T>, usize);

/// How far a sum may lie from 1 to be one.
const ROUNDING: f64 = 1e-6;

/// The affinities of a matrix, and the factor that they are exaggerated by.
fn normalized<T: Element>(p: &Parts<'_, T>, kind: AffinityKind) -> PyResult<(Affinities<T>, f64)> {
    let slice = |error| pyo3::exceptions::PyValueError::new_err(format!("{error}"));
    let weights = p.2.as_slice().map_err(slice)?;
    let pointers = p.0.as_slice().map_err(slice)?.to_vec();
    let columns = p.1.as_slice().map_err(slice)?.to_vec();
    let expected = if kind == AffinityKind::Joint { 1.0 } else { pointers.len().saturating_sub(1) as f64 };
    let factor = weights.iter().map(|weight| weight.to_f64()).sum::<f64>() / expected;
    let factor = if (factor - 1.0).abs() < ROUNDING { 1.0 } else { factor };
    let weights = weights.iter().map(|weight| T::from_f64(weight.to_f64() / factor)).collect();
    Ok((Affinities::from_parts(pointers, columns, weights, p.3, kind).map_err(exception)?, factor))
}

fn repulsion<T: Element, const D: usize>(of: &RepulsionParams<T, D>) -> Result<Box<dyn Repulsion<T, D>>, Error> {
    Ok(match of.method {
        RepulsionMethod::BarnesHut => Box::new(BarnesHut::new(of.theta)?),
        RepulsionMethod::Fft => Box::new(GridRepulsion::new(of.grid)?),
        _ => Box::new(Exact::new()),
    })
}

fn reference_repulsion<T: Element, const D: usize>(
    of: &RepulsionParams<T, D>,
    kernel: Kernel,
    reference: &[[T; D]],
    cx: Context<'_>,
) -> Result<Box<dyn ReferenceRepulsion<T, D>>, Error> {
    Ok(match of.method {
        RepulsionMethod::BarnesHut => Box::new(BarnesHutReference::new(kernel, reference, of.theta, cx)?),
        RepulsionMethod::Fft => Box::new(GridReference::new(of.grid, kernel, reference, cx)?),
        _ => Box::new(ExactReference::new(kernel, reference)?),
    })
}

/// The divergence at these positions and its gradient without the factor 4, both of exaggerated affinities where they are.
#[pyfunction]
pub(crate) fn evaluate<'py>(
    py: Python<'py>,
    embedding: &Bound<'py, PyAny>,
    p: &Bound<'py, PyAny>,
    dof: f64,
    document: &str,
    reference: Option<&Bound<'py, PyAny>>,
    n_jobs: i32,
) -> PyResult<(f64, Bound<'py, PyAny>)> {
    let kernel = Kernel::new(dof).map_err(exception)?;
    let dimensions: usize = embedding.getattr("shape")?.get_item(1)?.extract()?;
    with_scalar!(scalar_of(embedding)?.as_str(), T => with_dimensions!(dimensions, D => {
        let params: RepulsionParams<T, D> = serde_json::from_str(document).map_err(|error| of_document(&error))?;
        params.check().map_err(exception)?;
        let at = positions::<T, D>(embedding)?;
        let reference = reference.map(positions::<T, D>).transpose()?;
        let kind = if reference.is_some() { AffinityKind::Conditional } else { AffinityKind::Joint };
        let (p, factor) = normalized::<T>(&p.extract()?, kind)?;
        let evaluated = work::run(py, None, &Failure::default(), false, |_, cx| with_threads(n_jobs, || {
            let mut gradient = vec![[T::ZERO; D]; at.len()];
            let kl = match &reference {
                Some(reference) => {
                    let repulsion = reference_repulsion(&params, kernel, reference, cx)?;
                    let mut objective = Conditional::new(&p, kernel, reference, &*repulsion)?;
                    objective.evaluate(&at, factor, true, &mut gradient, cx)?
                }
                None => {
                    let mut repulsion = repulsion(&resolved(params, &at, &p, dof)?)?;
                    Joint::new(&p, kernel, &mut *repulsion)?.evaluate(&at, factor, true, &mut gradient, cx)?
                }
            };
            Ok((kl.kl_divergence.unwrap_or(f64::NAN), gradient))
        }))?;
        let (kl, gradient) = evaluated;
        Ok((factor * (kl + factor.ln()), new_array(py, gradient)?))
    }))
}

/// The repulsion that a map with these positions has.
fn resolved<T: Element, const D: usize>(
    mut params: RepulsionParams<T, D>,
    at: &[[T; D]],
    p: &Affinities<T>,
    dof: f64,
) -> Result<RepulsionParams<T, D>, Error> {
    let index = Tsne::<T, D>::opentsne().n_jobs(1).build()?.affinities(p.clone())?;
    let of = OptimizeParams::preset(Preset::OpenTsne).negative_gradient_method(params.method);
    params.method = Embedding::new(at.to_vec(), index.into(), dof, of, None)?.negative_gradient_method();
    Ok(params)
}
