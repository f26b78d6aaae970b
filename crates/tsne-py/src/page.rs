//! The page of a map, and the command.

use crate::arrays::{positions, scalar_of, with_dimensions, with_index, with_scalar};
use crate::index::AffinityIndex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::ffi::OsString;
use tsne_cli::explore::{self, Neighbors, Page, Theme};
use tsne_cli::input::{Annotations, Labels};

/// The page of a map as HTML. Columns of labels have a name and a text for each point.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one call across the border")]
pub(crate) fn page<'py>(
    py: Python<'py>,
    embedding: &Bound<'py, PyAny>,
    title: &str,
    theme: &str,
    labels: Vec<(String, Vec<String>)>,
    ids: Option<Vec<String>>,
    index: Option<&AffinityIndex>,
    n_neighbors: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let theme = match theme {
        "auto" => Theme::Auto,
        "light" => Theme::Light,
        "dark" => Theme::Dark,
        other => {
            return Err(PyValueError::new_err(format!(
                "theme is {other:?}, but must be \"auto\", \"light\" or \"dark\""
            )));
        }
    };
    let failed = |error: &dyn std::fmt::Display| PyValueError::new_err(format!("{error:#}"));
    let labels = labels.into_iter().map(|(name, texts)| Labels { name, ..Labels::from_texts(texts) }).collect();
    let annotations = Annotations { ids, labels };
    let neighbors = index.map(|index| {
        with_index!(&index.any, index => match index.graph() {
            Some(graph) => Neighbors::from_graph(graph, n_neighbors),
            None => Neighbors::from_affinities(index.affinities(), n_neighbors),
        })
    });
    let neighbors = neighbors.transpose().map_err(|error| failed(&error))?;
    let options = Page { title, theme, annotations: Some(&annotations), neighbors: neighbors.as_ref(), film: None };
    let dimensions: usize = embedding.getattr("shape")?.get_item(1)?.extract()?;
    with_scalar!(scalar_of(embedding)?.as_str(), T => with_dimensions!(dimensions, D => {
        let at = positions::<T, D>(embedding)?;
        let bytes = py.detach(|| explore::page(&at, &options)).map_err(|error| failed(&error))?;
        Ok(PyBytes::new(py, &bytes))
    }))
}

/// Runs the command with these arguments, the first of which is its name: the exit code.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| tsne_cli::run(arguments))
}
