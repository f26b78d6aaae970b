//! Arrays and sparse matrices of a file as points.

use super::array::Array;
use super::file::{Node, Store, array, attribute};
use super::look::Look;
use crate::input::dense::Table;
use crate::input::fits::Fits;
use crate::input::points::PointTable;
use crate::input::sparse::{SparseTable, check_size};
use crate::input::table::CsvOptions;
use anyhow::{Context as _, Result, bail, ensure};
use hdf5_pure::{DType, Group};
use tsne::Scalar;

/// Points of any form.
pub(super) enum Points<T> {
    Narrow(Table<T>),
    Wide(Table<f64>),
    Other(PointTable<T>),
}

/// The points in an array or a sparse matrix.
pub(super) fn matrix<T: Scalar>(store: &Store, node: &Node, what: &str, options: &CsvOptions) -> Result<Points<T>> {
    let array = match node {
        Node::Group(group) => return sparse(store, group, what).map(|table| Points::Other(PointTable::Sparse(table))),
        Node::Array(array) => array,
    };
    let (n, d) = sides(array)?;
    let fits = Fits::of::<T>();
    let exact = size_of::<T>() == size_of::<f64>() || fits_single(array)?;
    Ok(if exact {
        Points::Narrow(Table::from_values((store.numbers(array, what)?, n, d), fits, options)?)
    } else {
        Points::Wide(Table::from_values((store.numbers(array, what)?, n, d), fits, options)?)
    })
}

/// Whether an `f32` holds every element exactly.
fn fits_single(array: &Array) -> Result<bool> {
    Ok(!matches!(array.dtype()?, DType::F64 | DType::I32 | DType::I64 | DType::U32 | DType::U64))
}

/// The numbers of rows and columns of a sparse matrix.
pub(super) fn shape_of(group: &Group) -> Result<(usize, usize)> {
    let attributes = group.attrs()?;
    let shape = attributes.get("shape").or_else(|| attributes.get("h5sparse_shape")).and_then(|value| value.to_u64s());
    match shape.as_deref() {
        Some(&[n, d]) => Ok((usize::try_from(n)?, usize::try_from(d)?)),
        _ => bail!("it is no matrix: choose an array with --obsm or --layer"),
    }
}

/// Whether a sparse matrix is in compressed rows, and not columns.
fn is_by_rows(group: &Group) -> Result<bool> {
    let kind = attribute(group, "encoding-type")?.or(attribute(group, "h5sparse_format")?).unwrap_or_default();
    match kind.as_str() {
        "csr_matrix" | "csr" => Ok(true),
        "csc_matrix" | "csc" => Ok(false),
        kind => bail!("it is of type {kind:?}, but an array or a sparse matrix is needed"),
    }
}

/// The number of elements of an array.
fn count(array: &Array) -> Result<usize> {
    let count = array.shape()?.iter().try_fold(1u64, |count, &side| count.checked_mul(side));
    count
        .and_then(|count| usize::try_from(count).ok())
        .context("an array claims more elements than can be counted: the file is damaged")
}

/// What the points in an array or a sparse matrix are, for a run in single precision or not.
pub(super) fn look(node: &Node, what: &str, single: bool) -> Result<Look> {
    match node {
        Node::Group(group) => {
            let ((n, d), by_rows) = (shape_of(group)?, is_by_rows(group)?);
            Ok(Look::Sparse { n, d, entries: count(&array(group, "data", what)?)?, by_rows })
        }
        Node::Array(array) => {
            let (n, d) = sides(array)?;
            Ok(Look::Dense { n, d, is_wide: single && !fits_single(array)? })
        }
    }
}

/// The entries of a sparse matrix and its rows.
pub(super) fn rows_and_entries(group: &Group, what: &str) -> Result<(usize, usize)> {
    Ok((shape_of(group)?.0, count(&array(group, "data", what)?)?))
}

/// The numbers of rows and columns of an array.
fn sides(array: &Array) -> Result<(usize, usize)> {
    let shape = array.shape()?;
    let &[n, d] = shape.as_slice() else { bail!("the array has shape {shape:?}, but n × d is needed") };
    Ok((usize::try_from(n)?, usize::try_from(d)?))
}

/// A sparse matrix in compressed rows or columns.
pub(super) fn sparse<T: Scalar>(store: &Store, group: &Group, what: &str) -> Result<SparseTable<T>> {
    let ((n, d), by_rows) = (shape_of(group)?, is_by_rows(group)?);
    let of = |name: &str| array(group, name, what);
    let (pointers, indices, data) = (of("indptr")?, of("indices")?, of("data")?);
    let lines = if by_rows { n } else { d };
    ensure!(
        count(&pointers)?.checked_sub(1) == Some(lines) && count(&indices)? == count(&data)?,
        "its arrays do not fit together: the file is damaged"
    );
    check_size(n, d, count(&data)?)?;
    check_size(lines, if by_rows { d } else { n }, count(&data)?)?;
    let pointers = store.counts(&pointers, "indptr")?;
    let indices = store.counts(&indices, "indices")?;
    let values = store.numbers::<f64>(&data, "data")?;
    let table = SparseTable::from_compressed(pointers, indices, values, if by_rows { d } else { n })?;
    ensure!(n > 0 && d > 0, "the matrix has shape ({n}, {d}): it must have rows and columns");
    if by_rows { Ok(table) } else { table.transposed() }
}
