//! A number that stands for an input: by it the members of a team find out that they were given different ones.

use super::input::Input;
use tsne_core::random::element_seed;
use tsne_core::{Affinities, KnnGraph, Points, Result, Scalar};

/// A hash of all numbers of an input, and of its shape.
pub(crate) fn fingerprint<T: Scalar>(x: &Input<'_, T>) -> Result<u64> {
    Ok(match x {
        Input::Data(data) => of_points(data.points()?),
        Input::Graph(graph) => of_graph(graph),
        Input::SharedGraph(graph) => of_graph(graph),
        Input::Affinities(p) => of_affinities(p),
        Input::Index(index) => of_affinities(&index.joint),
    })
}

fn of_points<T: Scalar>(points: Points<'_, T>) -> u64 {
    let shape = hash(0, [points.n() as u64, points.d() as u64]);
    match points {
        Points::Dense(rows) => rows.iter().fold(shape, |before, row| hash(before, row.iter().map(|v| v.bits()))),
        Points::Sparse(rows) => (0..rows.n()).fold(shape, |before, i| {
            let (columns, values) = rows.row(i);
            hash(hash(before, columns.iter().map(|&j| u64::from(j))), values.iter().map(|v| v.bits()))
        }),
        _ => shape,
    }
}

fn of_graph<T: Scalar>(graph: &KnnGraph<T>) -> u64 {
    let shape = hash(0, [graph.k() as u64, graph.n_reference() as u64]);
    let indices = hash(shape, graph.indices().iter().map(|&j| u64::from(j)));
    hash(indices, graph.distances().iter().map(|d| d.bits()))
}

fn of_affinities<T: Scalar>(p: &Affinities<T>) -> u64 {
    let rows = hash(p.n_columns() as u64, p.row_pointers().iter().map(|&at| at as u64));
    let columns = hash(rows, p.columns().iter().map(|&j| u64::from(j)));
    hash(columns, p.weights().iter().map(|w| w.bits()))
}

/// A hash of positions.
pub(crate) fn of_positions<T: Scalar, const D: usize>(positions: &[[T; D]]) -> u64 {
    hash(positions.len() as u64, positions.as_flattened().iter().map(|v| v.bits()))
}

/// A hash of parameters, as their text has them.
pub(crate) fn of_text(text: &str) -> u64 {
    hash(text.len() as u64, text.bytes().map(u64::from))
}

fn hash(before: u64, values: impl IntoIterator<Item = u64>) -> u64 {
    values.into_iter().fold(before, |hash, value| element_seed(hash, 1, value))
}
