//! The graph of neighbors that scanpy's `pp.neighbors` leaves in `obsp`, or left in `uns` before anndata 0.7.

use super::file::{Node, Store, array, attribute, members, node};
use super::matrix::{rows_and_entries, sparse};
use crate::input::names::nearest;
use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::Group;
use tsne::core::memory;
use tsne::{KnnGraph, Scalar};

/// The distances of a graph in `uns`.
const DISTANCES: &str = "distances";

/// Reads the distances of a key: of `uns[key]`, or of `obsp` itself; and where they are. Rows of unequal length are cut to the
/// shortest.
pub(super) fn read<T: Scalar>(store: &Store, root: &Group, key: &str) -> Result<(String, KnnGraph<T>)> {
    let (place, what, matrix) = found(store, root, key)?;
    let table = sparse::<T>(store, &matrix, &what).with_context(|| what.clone())?;
    let rows = table.rows()?;
    let n = rows.n();
    ensure!(rows.d() == n, "{what} is {n} × {}, but distances among the points are needed", rows.d());
    let count = |i: usize| rows.row(i).0.iter().filter(|&&j| j as usize != i).count();
    let (least, most) = (0..n).map(count).fold((usize::MAX, 0), |(least, most), k| (least.min(k), most.max(k)));
    ensure!(
        least > 0 && 2 * least >= most,
        "{what} has from {least} to {most} neighbors of a point, but all points need about as many: run scanpy.pp.neighbors again"
    );
    let (mut indices, mut distances) = (Vec::new(), Vec::new());
    let size = n.checked_mul(least).context("the graph is too large")?;
    memory::reserve("the graph", &mut indices, size)?;
    memory::reserve("the graph", &mut distances, size)?;
    let mut row = Vec::new();
    for i in 0..n {
        let (columns, values) = rows.row(i);
        row.clear();
        row.extend(values.iter().copied().zip(columns.iter().copied()).filter(|(_, j)| *j as usize != i));
        row.sort_by(|a, b| a.0.to_f64().total_cmp(&b.0.to_f64()).then(a.1.cmp(&b.1)));
        indices.extend(row[..least].iter().map(|(_, j)| *j));
        distances.extend(row[..least].iter().map(|(distance, _)| *distance));
    }
    Ok((place, KnnGraph::from_parts(least, n, indices, distances)?))
}

/// The matrix of a key, where it is, and what it is called.
fn found(store: &Store, root: &Group, key: &str) -> Result<(String, String, Group)> {
    Ok(match legacy(root, key)? {
        Some(matrix) => (format!("uns {key:?}"), format!("uns/{key}/{DISTANCES}"), matrix),
        None => {
            let (name, matrix) = named(store, root, key)?;
            (format!("obsp {name:?}"), format!("obsp/{name}"), matrix)
        }
    })
}

/// The points and the entries of a graph.
pub(super) fn shape(store: &Store, root: &Group, key: &str) -> Result<(usize, usize)> {
    let (_, what, matrix) = found(store, root, key)?;
    rows_and_entries(&matrix, &what).with_context(|| what.clone())
}

/// The distances in `uns[key]` itself.
fn legacy(root: &Group, key: &str) -> Result<Option<Group>> {
    let Some(Node::Group(uns)) = node(root, "uns")? else { return Ok(None) };
    let Some(Node::Group(of_key)) = node(&uns, key)? else { return Ok(None) };
    Ok(match node(&of_key, DISTANCES)? {
        Some(Node::Group(matrix)) => Some(matrix),
        _ => None,
    })
}

/// The distances of a key in `obsp`, and their name.
fn named(store: &Store, root: &Group, key: &str) -> Result<(String, Group)> {
    let name = name_of(store, root, key)?;
    let Some(Node::Group(obsp)) = node(root, "obsp")? else {
        bail!("the file has no obsp, so no graph of neighbors: run scanpy.pp.neighbors before")
    };
    if let Some(Node::Group(matrix)) = node(&obsp, &name)? {
        return Ok((name, matrix));
    }
    let names = members(&obsp)?;
    let near = nearest(&name, names.iter().map(String::as_str));
    let known = if near.is_empty() { names.iter().map(String::as_str).collect() } else { near };
    bail!("there is no sparse matrix {name:?} in obsp: give --neighbors-key one of {known:?}, or a key of uns")
}

/// The name of the distances of a key.
fn name_of(store: &Store, root: &Group, key: &str) -> Result<String> {
    if let Some(Node::Group(uns)) = node(root, "uns")?
        && let Some(Node::Group(of_key)) = node(&uns, key)?
    {
        if let Some(Node::Array(_)) = node(&of_key, "distances_key")? {
            let texts = store.texts(&array(&of_key, "distances_key", "uns")?, "uns")?;
            return texts.into_iter().next().context("distances_key is empty");
        }
        if let Some(name) = attribute(&of_key, "distances_key")? {
            return Ok(name);
        }
    }
    Ok(if key == "neighbors" { DISTANCES.to_owned() } else { key.to_owned() })
}
