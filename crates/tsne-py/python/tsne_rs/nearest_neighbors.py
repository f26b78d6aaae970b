"""Nearest neighbors: openTSNE's classes, searched by this toolkit.

``"annoy"``, ``"pynndescent"`` and ``"hnsw"`` all mean its approximate search, which gives the same neighbors for any number of
threads; what was written for one of the three need not be changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters
from ._data import dtype_of, prepared
from ._tsne_rs import KnnIndex as _KnnIndex

_METRICS = [
    "braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "dice", "dot", "euclidean", "hamming", "haversine",
    "hellinger", "infinity", "ip", "jaccard", "jensen-shannon", "jensenshannon", "l1", "l2", "linf", "linfinity", "linfty",
    "mahalanobis", "manhattan", "matching", "minkowski", "p", "precomputed", "rogerstanimoto", "russellrao", "seuclidean",
    "jensen_shannon", "symmetric_kl", "symmetric_kullback_liebler", "weighted_minkowski", "wminkowski",
    "sokalmichener", "sokalsneath", "spearmanr", "sqeuclidean", "standardised_euclidean", "symmetric-kl", "taxicab", "yule",
]  # fmt: skip


class KNNIndex:
    """An index of nearest neighbors: the base of those here, and of your own.

    Your own has ``build``, which returns indices and distances of the ``k`` nearest others of each point, nearest first, and
    ``query``, which returns those of other points.
    """

    VALID_METRICS: list[str] = _METRICS
    #: How the toolkit is to search.
    _search = "auto"

    def __init__(
        self,
        data: Any,
        k: int,
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: bool = False,
        knn_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.data = data
        self.n_samples = data.n_samples if hasattr(data, "n_samples") else data.shape[0] if hasattr(data, "shape") else len(data)
        self.k = self.check_k(k, self.n_samples)
        self.metric = self.check_metric(metric)
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        #: Options of the searches that openTSNE wraps; this toolkit's has none.
        self.knn_kwargs = knn_kwargs
        self.index: _KnnIndex | None = None
        self._dtype: Any = None

    def check_metric(self, metric: Any) -> Any:
        """The metric, if there is such a one."""
        if not callable(metric) and str(metric).partition(":")[0] not in self.VALID_METRICS:
            raise ValueError(f"`{self.__class__.__name__}` does not support the `{metric}` metric; it knows {self.VALID_METRICS}")
        return metric

    @staticmethod
    def check_k(k: Any, n: int) -> int:
        """The number of neighbors, which is less than that of points."""
        k = _parameters.integer("k", k)
        if not 0 < k < n:
            raise ValueError(f"k is {k}, but must be from 1 to {n - 1} for {n} points")
        return k

    def build(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices and distances of the ``k`` nearest others of each point."""
        if hasattr(self.data, "_neighbors"):
            # Of affinities, which have found them.
            return self.data._neighbors()
        return self._built().build(self.k)

    def query(self, query: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices and distances of the ``k`` points nearest to each of other points."""
        if hasattr(self.data, "_neighbors_of"):
            return self.data._neighbors_of(query, int(k))
        index = self._built()
        return index.query(prepared(query, self._dtype), int(k))

    def _built(self) -> _KnnIndex:
        if self.index is None:
            data = prepared(self.data)
            self._dtype = dtype_of(data)
            document, function = _parameters.metric_document(self.metric, self.metric_params)
            metric = function if function is not None else _parameters.document(document)
            self.index = _KnnIndex(
                data, self._search, metric, _parameters.seed(self.random_state), _parameters.n_jobs(self.n_jobs)
            )
        return self.index

    def __getstate__(self) -> dict[str, Any]:
        # It is made anew from the data.
        return {**self.__dict__, "index": None}


class Auto(KNNIndex):
    """Exact where that is fast, approximate beyond."""


class Sklearn(KNNIndex):
    """Exact, by trees and matrix products of this toolkit."""

    _search = "exact"


class Approximate(KNNIndex):
    """Approximate, with a recall of about .99."""

    _search = "approx"


class Annoy(Approximate):
    """The approximate search, by the name that openTSNE has for Annoy's."""


class NNDescent(Approximate):
    """The approximate search, by the name that openTSNE has for pynndescent's."""


class HNSW(Approximate):
    """The approximate search, by the name that openTSNE has for hnswlib's."""


class PrecomputedDistanceMatrix(KNNIndex):
    """The nearest by a matrix of distances, ``n × n``."""

    def __init__(self, distance_matrix: Any, k: int) -> None:
        matrix = distance_matrix.toarray() if sp.issparse(distance_matrix) else distance_matrix
        super().__init__(np.asarray(matrix), k, metric="precomputed")

    def query(self, query: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest by distances to these points, ``m × n``."""
        query = np.asarray(query)
        if query.ndim != 2 or query.shape[1] != self.n_samples:
            raise ValueError(f"the distances have the shape {query.shape}, but must have a column for each of {self.n_samples} points")
        # Of equal distances the first.
        indices = np.argsort(query, axis=1, kind="stable")[:, :k]
        return indices, np.take_along_axis(query, indices, axis=1)


class PrecomputedNeighbors(KNNIndex):
    """Neighbors that are known: indices and distances of the ``k`` nearest others of each point, nearest first."""

    def __init__(self, neighbors: Any, distances: Any) -> None:
        neighbors, distances = np.asarray(neighbors), np.asarray(distances)
        if neighbors.ndim != 2 or neighbors.shape != distances.shape:
            raise ValueError(f"the neighbors have the shape {neighbors.shape} and their distances {distances.shape}: both must be n × k")
        self.neighbors, self.distances = neighbors, distances
        super().__init__(neighbors, neighbors.shape[1])

    def build(self) -> tuple[np.ndarray, np.ndarray]:
        return self.neighbors, self.distances

    def query(self, query: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
        raise RuntimeError("neighbors that were given say nothing of other points: give theirs, or the data")


_METHODS: dict[str, type[KNNIndex]] = {
    "auto": Auto,
    "exact": Sklearn,
    "approx": Approximate,
    "annoy": Annoy,
    "pynndescent": NNDescent,
    "hnsw": HNSW,
}


def get_knn_index(
    data: Any,
    method: Any,
    k: int,
    metric: Any,
    metric_params: dict[str, Any] | None = None,
    n_jobs: int = 1,
    random_state: Any = None,
    verbose: bool = False,
    knn_kwargs: dict[str, Any] | None = None,
) -> KNNIndex:
    """The index that a method stands for; an index is taken as it is."""
    if isinstance(method, KNNIndex):
        return method
    if metric == "precomputed":
        return PrecomputedDistanceMatrix(data, k)
    if method not in _METHODS:
        raise ValueError(f"Unrecognized nearest neighbor algorithm: {method!r}; it must be one of {', '.join(_METHODS)}, or an index")
    return _METHODS[method](data, k, metric, metric_params, n_jobs, random_state, verbose, knn_kwargs)


def arrays(neighbors: Any, distances: Any, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Neighbors of any source as what the toolkit takes, nearest first."""
    neighbors, distances = np.asarray(neighbors), np.asarray(distances, dtype=dtype)
    if neighbors.size and neighbors.min() < 0:
        raise ValueError("a neighbor has a negative number: the search did not find enough, ask it for fewer")
    neighbors = neighbors.astype(np.uint32, copy=False)
    if distances.size and (np.diff(distances, axis=1) < 0).any():
        order = np.argsort(distances, axis=1, kind="stable")
        neighbors, distances = np.take_along_axis(neighbors, order, 1), np.take_along_axis(distances, order, 1)
    return np.ascontiguousarray(neighbors), np.ascontiguousarray(distances)
