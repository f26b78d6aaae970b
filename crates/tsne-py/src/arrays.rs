//! Arrays of NumPy as what the toolkit takes, and back.

use crate::error::exception;
use crate::optimizer::State;
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::sync::Arc;
use tsne::optim::MomentumGains;
use tsne::{AffinityIndex, Points, Rows, SparseRows};

/// A number type of data and maps.
pub(crate) trait Element: tsne::Float + numpy::Element {
    /// Its affinities, as the class of both number types holds them.
    fn wrap(index: Arc<AffinityIndex<Self>>) -> AnyIndex;

    /// The affinities of this number type.
    fn of(index: &AnyIndex) -> PyResult<&Arc<AffinityIndex<Self>>>;
}

/// Affinities of either number type.
#[derive(Debug, Clone)]
pub(crate) enum AnyIndex {
    F32(Arc<AffinityIndex<f32>>),
    F64(Arc<AffinityIndex<f64>>),
}

macro_rules! element {
    ($($scalar:ident: $variant:ident),*) => {$(
        impl Element for $scalar {
            fn wrap(index: Arc<AffinityIndex<Self>>) -> AnyIndex {
                AnyIndex::$variant(index)
            }

            fn of(index: &AnyIndex) -> PyResult<&Arc<AffinityIndex<Self>>> {
                match index {
                    AnyIndex::$variant(index) => Ok(index),
                    _ => Err(PyTypeError::new_err(concat!("the affinities are not of the number type ", stringify!($scalar)))),
                }
            }
        }
    )*};
}

element!(f32: F32, f64: F64);

/// `$body` with `$index` of the number type at hand.
macro_rules! with_index {
    ($any:expr, $index:ident => $body:expr) => {
        match $any {
            $crate::arrays::AnyIndex::F32($index) => $body,
            $crate::arrays::AnyIndex::F64($index) => $body,
        }
    };
}
pub(crate) use with_index;

/// `$body` with the type `$T` of the name of a number type: `float32` or `float64`.
macro_rules! with_scalar {
    ($name:expr, $T:ident => $body:expr) => {
        match $name {
            "float32" => {
                type $T = f32;
                $body
            }
            "float64" => {
                type $T = f64;
                $body
            }
            other => Err(pyo3::exceptions::PyTypeError::new_err(format!(
                "the number type is {other}, but must be float32 or float64"
            ))),
        }
    };
}
pub(crate) use with_scalar;

/// `$body` with the constant `$D` of a number of dimensions.
macro_rules! with_dimensions {
    ($d:expr, $D:ident => $body:expr) => {
        match $d {
            1 => {
                const $D: usize = 1;
                $body
            }
            2 => {
                const $D: usize = 2;
                $body
            }
            3 => {
                const $D: usize = 3;
                $body
            }
            other => Err(pyo3::exceptions::PyValueError::new_err(format!(
                "n_components is {other}, but must be 1, 2 or 3: more are slow and show nothing"
            ))),
        }
    };
}
pub(crate) use with_dimensions;

/// The name of the number type of an array.
pub(crate) fn scalar_of(array: &Bound<'_, PyAny>) -> PyResult<String> {
    array.getattr("dtype")?.getattr("name")?.extract()
}

/// Data as Python prepares them: a C-contiguous array, or the parts of compressed rows.
#[derive(Debug)]
pub(crate) enum Data<'py, T: numpy::Element> {
    Dense(PyReadonlyArray2<'py, T>),
    Sparse {
        row_pointers: PyReadonlyArray1<'py, usize>,
        columns: PyReadonlyArray1<'py, u32>,
        values: PyReadonlyArray1<'py, T>,
        d: usize,
    },
}

/// The number type of data as Python prepares them.
pub(crate) fn scalar_of_data(data: &Bound<'_, PyAny>) -> PyResult<String> {
    match data.get_item(2) {
        Ok(values) if data.is_instance_of::<pyo3::types::PyTuple>() => scalar_of(&values),
        _ => scalar_of(data),
    }
}

impl<'py, T: Element> Data<'py, T> {
    pub(crate) fn new(data: &Bound<'py, PyAny>) -> PyResult<Self> {
        if data.is_instance_of::<pyo3::types::PyTuple>() {
            let (row_pointers, columns, values, d) = data.extract()?;
            return Ok(Self::Sparse { row_pointers, columns, values, d });
        }
        Ok(Self::Dense(data.extract()?))
    }

    pub(crate) fn points(&self) -> PyResult<Points<'_, T>> {
        match self {
            Self::Dense(array) => rows(array).map(Points::Dense),
            Self::Sparse { row_pointers, columns, values, d } => {
                let rows = SparseRows::new(contiguous(row_pointers)?, contiguous(columns)?, contiguous(values)?, *d);
                rows.map(Points::Sparse).map_err(exception)
            }
        }
    }
}

fn not_contiguous<E>(_: E) -> PyErr {
    PyValueError::new_err("the array is not C-contiguous: numpy.ascontiguousarray makes it so")
}

/// An array as rows, in place.
pub(crate) fn rows<'a, T: Element>(array: &'a PyReadonlyArray2<'_, T>) -> PyResult<Rows<'a, T>> {
    let (n, d) = (array.shape()[0], array.shape()[1]);
    Rows::new(array.as_slice().map_err(not_contiguous)?, n, d).map_err(exception)
}

/// An array as a slice, in place.
pub(crate) fn contiguous<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>) -> PyResult<&'a [T]> {
    array.as_slice().map_err(not_contiguous)
}

/// Positions: an `n × D` array, copied.
pub(crate) fn positions<T: Element, const D: usize>(array: &Bound<'_, PyAny>) -> PyResult<Vec<[T; D]>> {
    let array: PyReadonlyArray2<'_, T> = array.extract()?;
    if array.shape()[1] != D {
        let given = array.shape()[1];
        return Err(PyValueError::new_err(format!("the positions have {given} columns, but must have {D}")));
    }
    Ok(array.as_slice().map_err(not_contiguous)?.as_chunks().0.to_vec())
}

/// Whether an array holds these positions, to the bit.
pub(crate) fn holds<T: Element, const D: usize>(array: &Bound<'_, PyAny>, positions: &[[T; D]]) -> PyResult<bool> {
    let array: PyReadonlyArray2<'_, T> = array.extract()?;
    Ok(array.shape() == [positions.len(), D] && array.as_slice().map_err(not_contiguous)? == positions.as_flattened())
}

/// Writes positions into an array.
pub(crate) fn write<T: Element, const D: usize>(array: &Bound<'_, PyAny>, positions: &[[T; D]]) -> PyResult<()> {
    let array = array.cast::<PyArray2<T>>()?;
    let mut array = array
        .try_readwrite()
        .map_err(|error| PyValueError::new_err(format!("the embedding cannot be written to: {error}")))?;
    array.as_slice_mut().map_err(not_contiguous)?.copy_from_slice(positions.as_flattened());
    Ok(())
}

/// A new array of positions.
pub(crate) fn new_array<'py, T: Element, const D: usize>(
    py: Python<'py>,
    positions: Vec<[T; D]>,
) -> PyResult<Bound<'py, PyAny>> {
    let n = positions.len();
    matrix(py, positions.into_flattened(), n, D)
}

/// A new `n × d` array.
pub(crate) fn matrix<T: numpy::Element>(
    py: Python<'_>,
    values: Vec<T>,
    n: usize,
    d: usize,
) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape([n, d])?.into_any())
}

/// A new array.
pub(crate) fn vector<T: numpy::Element>(py: Python<'_>, values: Vec<T>) -> Bound<'_, PyAny> {
    PyArray1::from_vec(py, values).into_any()
}

/// The state of an optimizer of this number type and dimension, where it is one.
pub(crate) fn gains<T: Element, const D: usize>(state: Option<&dyn State>) -> Option<&MomentumGains<T, D>> {
    state?.as_any().downcast_ref()
}
