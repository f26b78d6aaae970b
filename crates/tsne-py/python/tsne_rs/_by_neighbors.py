"""Affinities by a rule, from nearest neighbors."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _parameters
from ._affinities import Affinities, matrix_of
from ._data import n_rows, prepared
from ._tsne_rs import AffinityIndex
from ._verbose import Stages
from ._warn import log, tell
from .nearest_neighbors import _METHODS, KNNIndex, PrecomputedDistanceMatrix, arrays


def _fitted_index(affinities: FromNeighbors, method: str, metric: Any, metric_params: Any) -> KNNIndex:
    """The neighbors that affinities were computed from, as an index of the class that the method stands for."""
    cls = PrecomputedDistanceMatrix if metric == "precomputed" else _METHODS[method]
    index = cls.__new__(cls)
    KNNIndex.__init__(index, affinities, affinities._k(), metric, metric_params, affinities.n_jobs, verbose=affinities.verbose)
    return index


class FromNeighbors(Affinities):
    """Affinities by a rule, from nearest neighbors."""

    #: The name of the rule in documents.
    _rule = "perplexity"

    def __init__(
        self,
        data: Any,
        parameters: dict[str, Any],
        *,
        k: Any = None,
        method: Any = "auto",
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: bool = False,
        knn_kwargs: dict[str, Any] | None = None,
        knn_index: Any = None,
    ) -> None:
        super().__init__(verbose)
        if (data is None) == (knn_index is None):
            raise ValueError("give either the data or knn_index: " + ("neither is there" if data is None else "both are there"))
        if isinstance(method, KNNIndex):
            knn_index, method = method, "auto"
        elif not isinstance(method, str) or method not in _METHODS:
            raise ValueError(f"Unrecognized nearest neighbor algorithm: {method!r}; it must be one of {', '.join(_METHODS)}, or an index")
        if knn_kwargs:
            log.info("knn_kwargs are those of searches that this toolkit does not use; they change nothing")
        self.n_jobs = n_jobs
        self._told: set[str] = set()
        document = {
            "neighbors": method,
            "random_state": _parameters.seed(random_state),
            "optimize": {"preset": _parameters.OPENTSNE, "n_jobs": _parameters.n_jobs(n_jobs)},
        }
        with Stages(verbose) as stages:
            if knn_index is None:
                x = prepared(data)
                self._check(n_rows(x))
                metric_, function = _parameters.metric_document(metric, metric_params)
                document |= {"affinities": self._document(parameters, n_rows(x)), "metric": metric_, "k_neighbors": k}
                self._index = AffinityIndex.of_data(_parameters.document(document), x, function, stages)
                self.knn_index = _fitted_index(self, method, metric, metric_params)
            else:
                log.info("the neighbors are those of knn_index: what else is said of their search is not used")
                neighbors, distances = knn_index.build()
                distances = np.asarray(distances)
                dtype = distances.dtype if distances.dtype == np.float32 else np.float64
                self._check(len(neighbors))
                document["affinities"] = self._document(parameters, len(neighbors), neighbors.shape[1])
                found = arrays(neighbors, distances, dtype)
                self._index = AffinityIndex.of_neighbors(_parameters.document(document), *found)
                self.knn_index = knn_index
        tell(self._index.warnings(), self._told)

    def _check(self, n: int) -> None:
        """Errors that the number of points decides."""

    def _document(self, parameters: dict[str, Any], n: int, k: int | None = None) -> dict[str, Any]:
        """The rule for ``n`` points of which ``k`` neighbors are known."""
        return {self._rule: parameters}

    def _searched(self) -> AffinityIndex:
        """The affinities that were computed, whatever has become of the matrix."""
        if self._index is None:
            raise RuntimeError("the affinities were not computed")
        return self._index

    def _k(self) -> int:
        """The number of neighbors that were kept."""
        return self._searched().k or 0

    def _neighbors(self) -> tuple[np.ndarray, np.ndarray]:
        return _there(self._searched().neighbors())

    def _neighbors_of(self, data: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Those of other points."""
        index = self._searched()
        rule = _parameters.document({"uniform": {"k_neighbors": k}})
        return _there(index.to_new(prepared(data, index.dtype), rule).neighbors())

    def _change(self, parameters: dict[str, Any]) -> None:
        """Computes the affinities anew by other parameters of the rule."""
        rule = _parameters.document({self._rule: parameters})
        self._index, self._P, self._joint = self._searched().with_method(rule), None, None
        tell(self._index.warnings(), self._told)

    def _for_new(self, *args: Any, **parameters: Any) -> tuple[dict[str, Any], int]:
        """The rule for new points by the parameters of ``to_new``, and the number of neighbors that it asks for."""
        raise NotImplementedError

    def _to_new(self, data: Any, return_distances: bool, **parameters: Any) -> Any:
        document, k = self._for_new(**parameters)
        rule = _parameters.document(document)
        index = self._searched()
        if index.has_data:
            new = index.to_new(prepared(data, index.dtype), rule)
        else:
            neighbors, distances = self.knn_index.query(data, k)
            new = index.to_new_neighbors(*arrays(neighbors, distances, index.dtype), rule)
        tell(new.warnings(), self._told)
        P = matrix_of(new.p(), new.shape)
        return (P, *_there(new.neighbors())) if return_distances else P


def _there(neighbors: tuple[np.ndarray, np.ndarray] | None) -> tuple[np.ndarray, np.ndarray]:
    if neighbors is None:
        raise RuntimeError("the neighbors were not kept")
    return neighbors
