"""Maps of new points."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters, _tsne_rs
from ._affinities import PrecomputedAffinities, matrix_of
from ._data import compressed
from ._map import Map, as_optimizer


class PartialTSNEEmbedding(Map):
    """New points in a map, which stays as it is. Points do not act on each other."""

    reference_embedding: Any
    _P: Any
    _matrix: Any

    _attributes = {"reference_embedding": None, "_P": None, "_matrix": None, **Map._attributes}

    def __new__(
        cls, embedding: Any, reference_embedding: Any, P: Any, optimizer: Any = None, **gradient_descent_params: Any
    ) -> PartialTSNEEmbedding:
        if not hasattr(reference_embedding, "_engine"):
            reference_embedding = _fixed(reference_embedding)
        obj = np.array(embedding, dtype=reference_embedding.dtype, order="C").view(cls)
        if P.shape[0] != len(obj):
            raise ValueError(f"The number of samples in the given embedding ({len(obj)}) does not match that of the affinities ({P.shape[0]}).")
        obj.reference_embedding, obj.P = reference_embedding, P
        obj.gradient_descent_params = gradient_descent_params
        obj.random_state, obj._preset = reference_embedding.random_state, reference_embedding._preset
        obj.optimizer, obj._told = as_optimizer(optimizer), set()
        return obj

    @property
    def P(self) -> Any:
        """The affinities of these points to those of the map, a row for each, summing to 1."""
        if self._matrix is None and self._P is not None:
            self._matrix = matrix_of(self._P.p(), self._P.shape)
        return self._matrix

    @P.setter
    def P(self, matrix: Any) -> None:
        self._matrix, self._P = matrix, None

    def _automatic_rate(self, exaggeration: float) -> float:
        # The objectives of new points are of the same size however many there are.
        return 0.1

    def _conditional(self) -> _tsne_rs.ConditionalAffinities:
        if self._P is None:
            rows = compressed(sp.csr_matrix(self._matrix), self.dtype)
            self._P = _tsne_rs.ConditionalAffinities.of_matrix(rows)
        return self._P

    def _engine(self) -> _tsne_rs.Partial:
        if self._map is None:
            document = _parameters.document({"preset": self._preset, "n_jobs": 1})
            self._map = self.reference_embedding._engine().place(self, self._conditional(), document)
        return self._map

    def _warnings(self) -> list[str]:
        return self._map.warnings()

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "_P": None, "_matrix": self.P}

    def copy(self, order: Any = "C") -> PartialTSNEEmbedding:
        """A copy that is optimized by itself."""
        other = np.array(self.view(np.ndarray)).view(type(self))
        for name in self._attributes:
            setattr(other, name, getattr(self, name))
        other.optimizer, other._told = self.optimizer.copy(), set(self._told)
        other._map = None if self._map is None else self._map.copy()
        return other

    def optimize(
        self, n_iter: int, inplace: bool = False, propagate_exception: bool = False, **gradient_descent_params: Any
    ) -> PartialTSNEEmbedding:
        """Optimizes by ``n_iter`` iterations: this map where ``inplace``, or else a copy, which is returned."""
        embedding = self if inplace else self.copy()
        params = embedding._told_params(n_iter, gradient_descent_params)
        params["reference_embedding"] = self.reference_embedding
        return self._optimized(embedding, embedding._conditional(), propagate_exception, params)


def _fixed(positions: Any) -> Any:
    """A map of which there are only positions."""
    from ._embedding import TSNEEmbedding

    positions = np.asarray(positions)
    n = len(positions)
    # Any affinities: nothing is fitted to them.
    ring = sp.csr_matrix((np.full(n, 1 / n, np.float32 if positions.dtype == np.float32 else np.float64), (np.arange(n), (np.arange(n) + 1) % n)), shape=(n, n))
    return TSNEEmbedding(positions, PrecomputedAffinities(ring))
