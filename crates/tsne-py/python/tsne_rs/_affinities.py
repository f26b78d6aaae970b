"""The affinities of points: what all of them have, and a matrix of one's own."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters
from ._data import compressed
from ._tsne_rs import AffinityIndex


def matrix_of(parts: tuple[Any, Any, Any], shape: tuple[int, int]) -> sp.csr_matrix:
    """A matrix of the parts that the toolkit returns."""
    indptr, indices, data = parts
    if len(data) <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    matrix = sp.csr_matrix((data, indices, indptr), shape=shape)
    matrix.has_canonical_format = True
    return matrix


def _marked(matrix: Any) -> int:
    """A number that is another one when the matrix was changed."""
    mark = 0
    for name in ("data", "indices", "indptr"):
        array = getattr(matrix, name, None)
        mark = zlib.crc32(np.ascontiguousarray(matrix if array is None else array).view(np.uint8).data, mark)
    return mark


class Affinities:
    """The joint affinities ``P`` of points: the base of the classes here, and of your own.

    Your own sets ``P``, a sparse matrix whose entries sum to 1, and has ``to_new`` if new points are to be placed.
    """

    def __init__(self, verbose: bool = False) -> None:
        self.P = None
        self.verbose = verbose
        self.knn_index: Any = None

    def to_new(self, data: Any, return_distances: bool = False) -> Any:
        """The affinities of new points to these: a matrix, or with ``return_distances`` also neighbors and distances."""
        raise NotImplementedError("these affinities say nothing of new points")

    @property
    def n_samples(self) -> int:
        """The number of points."""
        if self._index is not None:
            return self._index.n
        if self._P is not None:
            return self._P.shape[0]
        raise RuntimeError("`n_samples` is known when the affinities were computed")

    # What is computed lies in the toolkit, and becomes a matrix when it is looked at.
    _index: AffinityIndex | None = None
    _P: Any = None
    # What the matrix was then; and the affinities of one that was assigned, or changed since.
    _mark: int | None = None
    _joint: AffinityIndex | None = None

    @property
    def P(self) -> Any:
        """The matrix, whose entries sum to 1. What is changed in it, or assigned, is what maps are fitted to from then on."""
        if self._P is None and self._index is not None:
            n = self._index.n
            self._P = matrix_of(self._index.p(), (n, n))
            self._mark = _marked(self._P)
        return self._P

    @P.setter
    def P(self, matrix: Any) -> None:
        self._P, self._mark, self._joint = matrix, None, None

    def _rust(self) -> AffinityIndex:
        """The affinities as the toolkit has them."""
        if self._P is None:
            if self._index is None:
                raise RuntimeError("the affinities have no matrix P")
            return self._index
        mark = _marked(self._P)
        if self._index is not None and self._joint is None and mark == self._mark:
            return self._index
        if self._joint is None or mark != self._mark:
            self._joint = AffinityIndex.of_joint(_parameters.method(), compressed(sp.csr_matrix(self._P)))
            self._mark = mark
        return self._joint

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if state.get("_index") is not None:
            state["_index"] = state["_index"].to_bytes()
        if self._index is not None and self._rust() is self._index:
            state["_P"] = None
        return {**state, "_joint": None, "_mark": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._index is not None:
            self._index = AffinityIndex.from_bytes(state["_index"])

    def __deepcopy__(self, memo: dict[int, Any]) -> Affinities:
        # The toolkit's part is never changed, and shared.
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        other._P = None if self._P is None else self._P.copy()
        memo[id(self)] = other
        return other


class PrecomputedAffinities(Affinities):
    """A matrix of affinities of your own. It is copied; entries of a point for itself do not count."""

    def __init__(self, affinities: Any, normalize: bool = True) -> None:
        super().__init__()
        matrix = sp.csr_matrix(affinities, copy=True)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"the affinities have the shape {matrix.shape}, but must be square")
        matrix = matrix.astype(np.float32 if matrix.dtype == np.float32 else np.float64)
        if matrix.diagonal().any():
            matrix.setdiag(0)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        self.P = (matrix / matrix.sum()).astype(matrix.dtype) if normalize else matrix
        # What is wrong with them shows here.
        self._rust()

    def to_new(self, data: Any, return_distances: bool = False) -> Any:
        raise RuntimeError("affinities that were given say nothing of new points: give theirs to PartialTSNEEmbedding")
