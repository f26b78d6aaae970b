//! Errors of the toolkit as exceptions of Python, with their text.

use pyo3::PyErr;
use pyo3::exceptions::{
    PyFloatingPointError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyRuntimeError, PyValueError,
};
use tsne::{Error, StoreError};

/// The exception for an error of a computation.
pub(crate) fn exception(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Diverged { .. } | Error::Numerical { .. } => PyFloatingPointError::new_err(text),
        Error::OutOfMemory { .. } => PyMemoryError::new_err(text),
        Error::Cancelled => PyKeyboardInterrupt::new_err(text),
        Error::Other { .. } => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// The exception for an error of a file.
pub(crate) fn of_file(error: StoreError) -> PyErr {
    match error {
        StoreError::Io { .. } => PyOSError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    }
}

/// The exception for a document of parameters that cannot be read: the text without its place in a line that nobody wrote.
pub(crate) fn of_document(error: &serde_json::Error) -> PyErr {
    let text = error.to_string();
    PyValueError::new_err(text.split(" at line ").next().unwrap_or(&text).to_owned())
}
