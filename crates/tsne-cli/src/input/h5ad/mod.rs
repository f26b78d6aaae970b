//! Files of anndata: `X`, `raw`, `layers` or `obsm` as points, names and labels from `obs`, the graph of `obsp`.
//!
//! Format: "On-disk format" of the documentation of anndata; before 0.7, where `obs`, `var` and `obsm` were compound arrays,
//! categories and graphs were in `uns`, and `raw` was spelled `raw.X`, its `_io/h5ad.py` and `compat`.

mod array;
mod claim;
mod field;
mod file;
mod frame;
mod graph;
mod look;
mod matrix;
mod variable;

use super::annotations::Annotations;
use super::labels::{Labels, Owners};
use super::missing::Missing;
use super::names::one_of;
use super::points::PointTable;
use super::table::{CsvOptions, IndexColumn};
use super::text::HeaderLine;
use anyhow::{Context, Result, bail, ensure};
use file::{Node, Store, node};
use frame::Frame;
use hdf5_pure::Group;
use matrix::{Points, matrix, shape_of};
use std::path::Path;
use tsne::Scalar;

pub(crate) use claim::claimed;
pub(crate) use field::{CONVERT, Field};
pub(super) use look::Look;

/// The components that are taken where no other array is asked for and `X` has many columns, as scanpy does.
const COMPONENTS: &str = "X_pca";

/// The most columns of `X` that are taken rather than components, as scanpy does.
const FEW: usize = 50;

/// Which array of a file holds the points.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choice<'a> {
    pub(super) layer: Option<&'a str>,
    pub(super) obsm: Option<&'a str>,
    pub(super) raw: bool,
    pub(super) neighbors_key: Option<&'a str>,
}

/// The names of the points of a file, if it has any.
///
/// # Errors
///
/// For a file that is none of anndata.
#[cfg(not(test))]
pub(crate) fn names_of_points(path: &Path) -> Result<Option<Vec<String>>> {
    let store = Store::open(path)?;
    Frame::open(&store, &store.root(), "obs")?.map_or(Ok(None), |obs| obs.index())
}

/// Whether `obs` has a column of that name.
///
/// # Errors
///
/// For a file that is none of anndata.
pub(super) fn has_labels(path: &Path, name: &str) -> Result<bool> {
    let store = Store::open(path)?;
    Frame::open(&store, &store.root(), "obs")?.map_or(Ok(false), |obs| obs.has(name))
}

/// What a file gives.
pub(super) struct Content<T> {
    pub(super) points: PointTable<T>,
    pub(super) annotations: Annotations,
    /// What the points are.
    pub(super) part: String,
    /// Columns of `obs` with classes that were not asked for.
    pub(super) left_out: Vec<String>,
    /// The names of the columns.
    pub(super) names: Option<Vec<String>>,
    pub(super) resolved: super::missing::Resolved,
}

/// Reads the points of a file.
pub(super) fn read<T: Scalar>(path: &Path, choice: Choice<'_>, options: &CsvOptions) -> Result<Content<T>> {
    ensure!(
        options.columns.is_empty() && options.drop_columns.is_empty() && options.header == HeaderLine::default(),
        "--columns, --drop-columns and --header are for text tables: choose an array of the file with --obsm or --layer"
    );
    ensure!(!options.transpose, "an .h5ad file has points as rows: leave out --transpose");
    let store = Store::open(path)?;
    let root = store.root();
    let obs = Frame::open(&store, &root, "obs")?;
    let (part, points) = match choice.neighbors_key {
        Some(key) => {
            ensure!(
                options.missing == Missing::Error,
                "a graph of neighbors has no missing values: leave out --missing"
            );
            let (place, graph) = graph::read::<T>(&store, &root, key)?;
            let neighbors = graph.indices().len() / graph.n().max(1);
            (format!("{neighbors} neighbors of each in {place}, no search"), Points::Other(PointTable::Graph(graph)))
        }
        None => {
            let (part, node) = chosen(&root, choice)?;
            let points = matrix::<T>(&store, &node, &part, options).with_context(|| part.clone())?;
            (part, points)
        }
    };
    let (points, resolved) = match points {
        Points::Narrow(mut table) => {
            let resolved = std::mem::take(&mut table.resolved);
            (PointTable::Dense(table), resolved)
        }
        Points::Wide(mut table) => {
            let resolved = std::mem::take(&mut table.resolved);
            (PointTable::Wide(table), resolved)
        }
        Points::Other(points) => (points, super::missing::Resolved::default()),
    };
    let n = resolved.given(points.n());
    let mut annotations = Annotations::default();
    let mut left_out = Vec::new();
    let mut names = None;
    if let Some(obs) = obs {
        let ids = match &options.index_column {
            IndexColumn::Auto => obs.index()?,
            IndexColumn::None => None,
            IndexColumn::Column(column) => {
                let labels = obs.labels(column, n)?;
                Some((0..n).map(|i| labels.of(i).unwrap_or_default().to_owned()).collect())
            }
        };
        if let Some(ids) = &ids {
            ensure!(ids.len() == n, "obs has {} names for {n} points: the file is damaged", ids.len());
        }
        let owners = Owners { n, ids: None, kept: resolved.kept.as_deref() };
        for column in &options.label_columns {
            let of_variable = if obs.has(column)? { None } else { variable::labels(&store, &root, column, n)? };
            let labels = match of_variable {
                Some(labels) => labels,
                None => Labels { label_type: options.label_type, ..obs.labels(column, n)? },
            };
            annotations.labels.push(owners.left(labels));
        }
        left_out = if options.label_columns.is_empty() { obs.classes()? } else { Vec::new() };
        annotations.ids = match &resolved.kept {
            Some(kept) => ids.map(|ids| super::missing::keep(ids, kept)),
            None => ids,
        };
    } else {
        ensure!(
            options.label_columns.is_empty(),
            "the file has no obs, so it has no column {:?} of labels",
            options.label_columns.first().map_or("", String::as_str)
        );
    }
    if part == "X" {
        names = Frame::open(&store, &root, "var")?.map(|var| var.index()).transpose()?.flatten();
        if let Some(names) = &names {
            let d = points.d();
            ensure!(names.len() == d, "var has {} names for {d} columns of X: the file is damaged", names.len());
        }
    }
    Ok(Content { points, annotations, part, left_out, names, resolved })
}

/// Looks at the points of a file, for a run in single precision or not.
pub(super) fn look(path: &Path, choice: Choice<'_>, single: bool) -> Result<Look> {
    let store = Store::open(path)?;
    let root = store.root();
    if let Some(key) = choice.neighbors_key {
        let (n, entries) = graph::shape(&store, &root, key)?;
        return Ok(Look::Graph { n, k: entries / n.max(1) });
    }
    let (part, node) = chosen(&root, choice)?;
    matrix::look(&node, &part, single).with_context(|| part.clone())
}

/// The array that was chosen, and what it is called.
fn chosen(root: &Group, choice: Choice<'_>) -> Result<(String, Node)> {
    let within = |parent: &'static str, wanted: &str| -> Result<Node> {
        let Some(parts) = node(root, parent)? else {
            bail!("the file has no {parent}, so there is no {wanted:?} in it")
        };
        let names = parts.members(parent)?;
        let name = one_of(&format!("array of {parent}"), wanted, &names)?;
        parts.child(name, parent)?.with_context(|| format!("{parent} has no {name:?}"))
    };
    let x = || node(root, "X")?.context("the file has no X: choose an array with --obsm or --layer");
    match (choice.layer, choice.obsm, choice.raw) {
        (Some(layer), ..) => Ok((format!("layer {layer:?}"), within("layers", layer)?)),
        (_, Some("X"), _) => Ok(("X".to_owned(), x()?)),
        (_, Some(name), _) => Ok((format!("obsm {name:?}"), within("obsm", name)?)),
        (.., true) => Ok(("raw.X".to_owned(), node(root, "raw.X")?.map_or_else(|| within("raw", "X"), Ok)?)),
        _ => {
            let components = match node(root, "obsm")? {
                Some(parts) => parts.child(COMPONENTS, "obsm")?,
                None => None,
            };
            let wide = match node(root, "X")? {
                Some(Node::Array(array)) => array.shape()?.get(1).is_none_or(|&d| d > FEW as u64),
                Some(Node::Group(group)) => shape_of(&group)?.1 > FEW,
                None => true,
            };
            match components.filter(|_| wide) {
                Some(components) => Ok((format!("obsm {COMPONENTS:?}"), components)),
                None => Ok(("X".to_owned(), x()?)),
            }
        }
    }
}
