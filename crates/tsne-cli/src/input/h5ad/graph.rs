//! The graph of neighbors that scanpy's `pp.neighbors` leaves in `obsp`.

use super::file::{Node, Store, array, attribute, members, node};
use super::matrix::sparse;
use crate::input::names::nearest;
use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::Group;
use tsne::core::memory;
use tsne::{KnnGraph, Scalar};

/// Reads the distances of a key: of `uns[key]`, or of `obsp` itself. Rows of unequal length are cut to the shortest.
pub(super) fn read<T: Scalar>(store: &Store, root: &Group, key: &str) -> Result<(String, KnnGraph<T>)> {
    let name = name_of(store, root, key)?;
    let Some(Node::Group(obsp)) = node(root, "obsp")? else {
        bail!("the file has no obsp, so no graph of neighbors: run scanpy.pp.neighbors before")
    };
    let Some(Node::Group(matrix)) = node(&obsp, &name)? else {
        let names = members(&obsp)?;
        let near = nearest(&name, names.iter().map(String::as_str));
        let known = if near.is_empty() { names.iter().map(String::as_str).collect() } else { near };
        bail!("there is no sparse matrix {name:?} in obsp: give --neighbors-key one of {known:?}, or a key of uns")
    };
    let what = format!("obsp/{name}");
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
    Ok((name, KnnGraph::from_parts(least, n, indices, distances)?))
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
    Ok(if key == "neighbors" { "distances".to_owned() } else { key.to_owned() })
}
