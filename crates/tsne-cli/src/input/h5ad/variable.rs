//! Values of one variable as labels: the expression of a gene colors a map as a column of `obs` does.

use super::file::{Node, Store, node};
use super::frame::Frame;
use super::matrix::sparse;
use crate::input::labels::{LabelType, Labels, LabelsBuilder};
use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::Group;

/// Matrices with the tables of their variables, in the order in which they are asked: like scanpy, `raw` before `X`, since `X` is
/// often scaled, and of fewer genes. The second is the spelling of `raw` before anndata 0.7.
const MATRICES: [[&str; 3]; 3] = [["raw", "X", "var"], ["", "raw.X", "raw.var"], ["", "X", "var"]];

/// The values of the variable of that name at each of `n` points; `None` if the file has none of that name.
pub(super) fn labels(store: &Store, root: &Group, name: &str, n: usize) -> Result<Option<Labels>> {
    for [parent, matrix, table] in MATRICES {
        let group = match parent {
            "" => None,
            parent => match node(root, parent)? {
                Some(Node::Group(group)) => Some(group),
                _ => continue,
            },
        };
        let group = group.as_ref().unwrap_or(root);
        let names = Frame::open(store, group, table)?.map(|var| var.index()).transpose()?.flatten().unwrap_or_default();
        let (Some(column), Some(values)) = (names.iter().position(|known| known == name), node(group, matrix)?) else {
            continue;
        };
        let values = values_of(store, &values, matrix, (column, names.len()), n)
            .with_context(|| format!("the values of {name:?}"))?;
        let mut labels = LabelsBuilder::default();
        // Like the elements of obs; a zero has no sign.
        values.iter().try_for_each(|value| labels.push(&(value + 0.0).to_string()))?;
        return Ok(Some(Labels { name: name.to_owned(), label_type: LabelType::Numbers, ..labels.finish() }));
    }
    Ok(None)
}

/// A column of an `n × d` matrix.
fn values_of(store: &Store, matrix: &Node, what: &str, (column, d): (usize, usize), n: usize) -> Result<Vec<f32>> {
    match matrix {
        Node::Array(array) => {
            let shape = array.shape()?;
            ensure!(shape == [n as u64, d as u64], "the array has shape {shape:?}, not {n} × {d}: the file is damaged");
            let all = store.numbers::<f32>(array, what)?;
            Ok(all.into_iter().skip(column).step_by(d.max(1)).collect())
        }
        Node::Group(group) => {
            let table = sparse::<f32>(store, group, what)?;
            let rows = table.rows()?;
            if (rows.n(), rows.d()) != (n, d) {
                bail!("the matrix has shape {} × {}, not {n} × {d}: the file is damaged", rows.n(), rows.d());
            }
            let of_row = |i| {
                let (columns, values) = rows.row(i);
                columns.binary_search(&(column as u32)).map_or(0.0, |place| values[place])
            };
            Ok((0..n).map(of_row).collect())
        }
    }
}
