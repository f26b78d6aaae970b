//! Parameters as documents: what presets and fits tell.

use crate::error::{exception, of_document};
use crate::index;
use pyo3::prelude::*;
use tsne::TransformParams;

/// The defaults of a preset: the documents of a fit and of new points.
#[pyfunction]
pub(crate) fn defaults(preset: &str) -> PyResult<(String, String)> {
    let preset: tsne::Preset = preset.parse().map_err(exception)?;
    let written = |text: serde_json::Result<String>| text.map_err(|error| of_document(&error));
    let fit = written(serde_json::to_string(&tsne::Tsne::<f64, 2>::preset(preset)))?;
    Ok((fit, written(serde_json::to_string(&TransformParams::<f64, 2>::preset(preset)))?))
}

/// What the descent of a fit is told, as the document of an [`OptimizeParams`](tsne::OptimizeParams), once all is resolved.
#[pyfunction]
pub(crate) fn descent_of_fit(parameters: &str) -> PyResult<String> {
    let tsne = index::builder::<f64, 2>(parameters)?.build().map_err(exception)?;
    serde_json::to_string(&tsne.params()).map_err(|error| of_document(&error))
}
