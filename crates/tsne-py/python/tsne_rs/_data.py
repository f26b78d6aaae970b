"""What users give as data, as the arrays that the toolkit takes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import scipy.sparse as sp

#: A C-contiguous array, or row pointers, columns, values and the number of columns of compressed rows.
Prepared = np.ndarray | tuple[np.ndarray, np.ndarray, np.ndarray, int]


def is_array_like(x: Any) -> bool:
    """Whether it is given as positions or data rather than by a name."""
    return x is not None and not isinstance(x, str) and hasattr(x, "__len__")


def _from_frame(x: Any) -> Any:
    """The values of a data frame, of whichever kind; anything else as it is."""
    if isinstance(x, (np.ndarray, list, tuple)) or sp.issparse(x):
        return x
    if "pandas" in sys.modules and isinstance(x, sys.modules["pandas"].DataFrame):
        return x.to_numpy()
    try:
        import narwhals
    except ImportError:
        return x
    try:
        frame = narwhals.from_native(x)
    except TypeError:
        return x
    if isinstance(frame, narwhals.LazyFrame):
        frame = frame.collect()
    return frame.to_numpy()


def dense(x: Any, dtype: Any = None, what: str = "data") -> np.ndarray:
    """A two-dimensional C-contiguous array of floats: of ``dtype``, or else of the precision that ``x`` has."""
    x = np.asarray(_from_frame(x))
    if x.dtype.kind == "O":
        x = x.astype(np.float64)
    if x.dtype.kind not in "fiub":
        hint = "complex data not supported" if x.dtype.kind == "c" else "convert it to numbers"
        raise ValueError(f"the {what} has the type {x.dtype}, but must be real numbers: {hint}")
    if dtype is None:
        dtype = np.float32 if x.dtype in (np.float16, np.float32) else np.float64
    if x.ndim != 2:
        raise ValueError(
            f"the {what} has {x.ndim} dimensions, but must have 2, a row for each point. Reshape your data: "
            "reshape(-1, 1) where it is one column, reshape(1, -1) where it is one point"
        )
    # A subclass would be carried along, with all that hangs on it.
    return np.ascontiguousarray(x, dtype=dtype).view(np.ndarray)


def compressed(x: Any, dtype: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Compressed rows of a sparse matrix, in ascending order of columns and without repetition."""
    rows = sp.csr_array(x) if not sp.issparse(x) else x.tocsr()
    if rows.dtype.kind == "c":
        raise ValueError("the data are complex numbers, but must be real: complex data not supported")
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    if dtype is None:
        dtype = np.float32 if rows.dtype in (np.float16, np.float32) else np.float64
    return (
        np.ascontiguousarray(rows.indptr, dtype=np.uintp),
        np.ascontiguousarray(rows.indices, dtype=np.uint32),
        np.ascontiguousarray(rows.data, dtype=dtype),
        int(rows.shape[1]),
    )


def prepared(x: Any, dtype: Any = None) -> Prepared:
    """Data of any kind as what the toolkit takes."""
    return compressed(x, dtype) if sp.issparse(x) else dense(x, dtype)


def n_rows(x: Prepared) -> int:
    """The number of points of prepared data."""
    return len(x[0]) - 1 if isinstance(x, tuple) else len(x)


def dtype_of(x: Prepared) -> np.dtype:
    """The number type of prepared data."""
    return x[2].dtype if isinstance(x, tuple) else x.dtype
