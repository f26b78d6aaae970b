"""Affinities of points, and of new points to them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters
from ._data import compressed, dtype_of, n_rows, prepared
from ._tsne_rs import AffinityIndex, ConditionalAffinities
from ._verbose import Stages
from ._warn import log, tell
from .nearest_neighbors import _METHODS, KNNIndex, PrecomputedDistanceMatrix, arrays

__all__ = [
    "Affinities",
    "FixedSigmaNN",
    "Multiscale",
    "MultiscaleMixture",
    "PerplexityBasedNN",
    "PrecomputedAffinities",
    "Uniform",
    "joint_probabilities_nn",
]


def _matrix(parts: tuple[Any, Any, Any], shape: tuple[int, int]) -> sp.csr_matrix:
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
            self._P = _matrix(self._index.p(), (n, n))
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

    def __deepcopy__(self, memo: dict[int, Any]) -> "Affinities":
        # The toolkit's part is never changed, and shared.
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        other._P = None if self._P is None else self._P.copy()
        memo[id(self)] = other
        return other


def _fitted_index(affinities: "_FromNeighbors", method: str, metric: Any, metric_params: Any) -> KNNIndex:
    """The neighbors that affinities were computed from, as an index of the class that the method stands for."""
    cls = PrecomputedDistanceMatrix if metric == "precomputed" else _METHODS[method]
    index = cls.__new__(cls)
    KNNIndex.__init__(index, affinities, affinities._k(), metric, metric_params, affinities.n_jobs, verbose=affinities.verbose)
    return index


class _FromNeighbors(Affinities):
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
        tell(self._index.warnings(), self._told, stacklevel=4)

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
        tell(self._index.warnings(), self._told, stacklevel=4)

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
        tell(new.warnings(), self._told, stacklevel=4)
        P = _matrix(new.p(), new.shape)
        return (P, *_there(new.neighbors())) if return_distances else P


def _there(neighbors: tuple[np.ndarray, np.ndarray] | None) -> tuple[np.ndarray, np.ndarray]:
    if neighbors is None:
        raise RuntimeError("the neighbors were not kept")
    return neighbors


def _positive(perplexity: Any) -> float:
    perplexity = _parameters.number("perplexity", perplexity, none=False)
    if not perplexity > 0:
        raise ValueError(f"Perplexity must be >=0: it is {perplexity}, but must be at least 1")
    return float(perplexity)


class _Perplexities(_FromNeighbors):
    """What the classes with one and with several perplexities have in common."""

    _multiscale = False
    _takes_few = False

    def _gaussians(self, perplexities: list[float], k: int | None = None, symmetrize: bool = True) -> dict[str, Any]:
        return {
            "perplexities": perplexities,
            "k_neighbors": k,
            "multiscale": self._multiscale,
            "symmetrization": "mean" if symmetrize else "none",
        }

    def _effective(self) -> list[float]:
        return self._searched().effective_perplexities() or []

    def _reset(self, perplexities: list[float], symmetrize: bool) -> None:
        kept = self._k()
        needed = 3 * max(perplexities)
        # Of one perplexity, openTSNE takes what neighbors there are; of several it does not.
        if (max(perplexities) if self._takes_few else int(needed)) > kept:
            raise RuntimeError(
                f"the perplexity {max(perplexities)} needs {int(needed)} neighbors, but only {kept} were computed: make new affinities with "
                "the largest perplexity first, which can then be lowered"
            )
        self._change(self._gaussians(perplexities, kept if int(needed) > kept else None, symmetrize))

    def _gaussians_for_new(self, perplexities: list[float], k_neighbors: Any = "auto") -> tuple[dict[str, Any], int]:
        k = None if k_neighbors in ("auto", None) else min(_parameters.integer("k_neighbors", k_neighbors), self.n_samples)
        if max(perplexities) < 1:
            # The nearest neighbor counts, and no other: no distribution has a smaller perplexity.
            return {"uniform": {"k_neighbors": 1}}, 1
        return {self._rule: self._gaussians(perplexities, k)}, k or min(self.n_samples, int(3 * max(perplexities)))


class PerplexityBasedNN(_Perplexities):
    """Gaussians of one perplexity."""

    _takes_few = True

    def __init__(
        self,
        data: Any = None,
        perplexity: float = 30,
        method: Any = "auto",
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        symmetrize: bool = True,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: bool = False,
        k_neighbors: Any = "auto",
        knn_kwargs: dict[str, Any] | None = None,
        knn_index: Any = None,
    ) -> None:
        self.perplexity, self.symmetrize = perplexity, symmetrize
        k = None if k_neighbors in ("auto", None) else _parameters.integer("k_neighbors", k_neighbors)
        super().__init__(
            data, self._gaussians([_positive(perplexity)], k, symmetrize), method=method, metric=metric, metric_params=metric_params,
            n_jobs=n_jobs, random_state=random_state, verbose=verbose, knn_kwargs=knn_kwargs, knn_index=knn_index,
        )  # fmt: skip
        self.effective_perplexity_ = self._effective()[0]

    def set_perplexity(self, new_perplexity: float) -> None:
        """Another perplexity, from the neighbors that are there."""
        if new_perplexity == self.perplexity:
            return
        self._reset([_positive(new_perplexity)], self.symmetrize)
        self.perplexity, self.effective_perplexity_ = new_perplexity, self._effective()[0]

    def to_new(  # type: ignore[override]
        self, data: Any, perplexity: float | None = None, return_distances: bool = False, k_neighbors: Any = "auto"
    ) -> Any:
        """The affinities of new points to these: a matrix, or with ``return_distances`` also neighbors and distances."""
        return self._to_new(data, return_distances, perplexity=perplexity, k_neighbors=k_neighbors)

    def _for_new(self, perplexity: Any = None, k_neighbors: Any = "auto") -> tuple[dict[str, Any], int]:
        perplexity = self.perplexity if perplexity is None else perplexity
        return self._gaussians_for_new([_positive(perplexity)], k_neighbors)


class MultiscaleMixture(_Perplexities):
    """Gaussians of several perplexities, added before they are normalized."""

    def __init__(
        self,
        data: Any = None,
        perplexities: Any = None,
        method: Any = "auto",
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        symmetrize: bool = True,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: bool = False,
        knn_kwargs: dict[str, Any] | None = None,
        knn_index: Any = None,
    ) -> None:
        listed = self._listed(perplexities)
        self.perplexities, self.symmetrize = listed if isinstance(perplexities, Iterable) else perplexities, symmetrize
        super().__init__(
            data, self._gaussians(listed, None, symmetrize), method=method, metric=metric, metric_params=metric_params,
            n_jobs=n_jobs, random_state=random_state, verbose=verbose, knn_kwargs=knn_kwargs, knn_index=knn_index,
        )  # fmt: skip
        self.effective_perplexities_ = np.array(self._effective())

    @staticmethod
    def _listed(perplexities: Any) -> list[float]:
        if perplexities is None:
            raise ValueError("`perplexities` must be specified: a number, or several")
        if not isinstance(perplexities, Iterable):
            perplexities = [perplexities]
        return sorted(_positive(perplexity) for perplexity in perplexities)

    def set_perplexities(self, new_perplexities: Any) -> None:
        """Other perplexities, from the neighbors that are there."""
        perplexities = self._listed(new_perplexities)
        if perplexities == self._listed(self.perplexities):
            return
        self._reset(perplexities, self.symmetrize)
        self.perplexities, self.effective_perplexities_ = perplexities, np.array(self._effective())

    def to_new(self, data: Any, perplexities: Any = None, return_distances: bool = False) -> Any:  # type: ignore[override]
        """The affinities of new points to these: a matrix, or with ``return_distances`` also neighbors and distances."""
        return self._to_new(data, return_distances, perplexities=perplexities)

    def _for_new(self, perplexities: Any = None) -> tuple[dict[str, Any], int]:
        return self._gaussians_for_new(self._listed(self.perplexities if perplexities is None else perplexities))


class Multiscale(MultiscaleMixture):
    """The mean of the joint affinities of several perplexities."""

    _multiscale = True


class FixedSigmaNN(_FromNeighbors):
    """Gaussians of one width."""

    _rule = "fixed_sigma"

    def __init__(
        self,
        data: Any = None,
        sigma: float | None = None,
        k: int = 30,
        method: Any = "auto",
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        symmetrize: bool = True,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: bool = False,
        knn_kwargs: dict[str, Any] | None = None,
        knn_index: Any = None,
    ) -> None:
        if sigma is None:
            raise ValueError("`sigma` must be specified")
        self.sigma, self.k, self.symmetrize = sigma, k, symmetrize
        super().__init__(
            data, {"sigma": sigma, "symmetrization": "mean" if symmetrize else "none"}, method=method, metric=metric,
            metric_params=metric_params, n_jobs=n_jobs, random_state=random_state, verbose=verbose, knn_kwargs=knn_kwargs,
            knn_index=knn_index,
        )  # fmt: skip

    def _check(self, n: int) -> None:
        _fewer("k", self.k, n)

    def _document(self, parameters: dict[str, Any], n: int, k: int | None = None) -> dict[str, Any]:
        return {self._rule: {**parameters, "k_neighbors": k or self.k}}

    def to_new(  # type: ignore[override]
        self, data: Any, k: int | None = None, sigma: float | None = None, return_distances: bool = False
    ) -> Any:
        """The affinities of new points to these: a matrix, or with ``return_distances`` also neighbors and distances."""
        return self._to_new(data, return_distances, k=k, sigma=sigma)

    def _for_new(self, k: Any = None, sigma: Any = None) -> tuple[dict[str, Any], int]:
        k = _fewer("k", self.k if k is None else k, self.n_samples)
        return {self._rule: {"sigma": self.sigma if sigma is None else sigma, "k_neighbors": k}}, k


class Uniform(_FromNeighbors):
    """The same for all neighbors."""

    _rule = "uniform"

    def __init__(
        self,
        data: Any = None,
        k_neighbors: int = 30,
        method: Any = "auto",
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        symmetrize: Any = True,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: bool = False,
        knn_kwargs: dict[str, Any] | None = None,
        knn_index: Any = None,
    ) -> None:
        self.k_neighbors, self.symmetrize = k_neighbors, symmetrize
        names: dict[Any, str] = {True: "max", False: "none", "max": "max", "mean": "mean", "none": "none"}
        if symmetrize not in names:
            raise ValueError(f"`symmetrize` is {symmetrize!r}, but must be True, False, \"max\", \"mean\" or \"none\"")
        super().__init__(
            data, {"symmetrization": names[symmetrize]}, method=method, metric=metric, metric_params=metric_params, n_jobs=n_jobs,
            random_state=random_state, verbose=verbose, knn_kwargs=knn_kwargs, knn_index=knn_index,
        )  # fmt: skip

    def _check(self, n: int) -> None:
        _fewer("k_neighbors", self.k_neighbors, n)

    def _document(self, parameters: dict[str, Any], n: int, k: int | None = None) -> dict[str, Any]:
        return {self._rule: {**parameters, "k_neighbors": k or self.k_neighbors}}

    def to_new(self, data: Any, k_neighbors: int | None = None, return_distances: bool = False) -> Any:  # type: ignore[override]
        """The affinities of new points to these: a matrix, or with ``return_distances`` also neighbors and distances."""
        return self._to_new(data, return_distances, k_neighbors=k_neighbors)

    def _for_new(self, k_neighbors: Any = None) -> tuple[dict[str, Any], int]:
        k = _fewer("k_neighbors", self.k_neighbors if k_neighbors is None else k_neighbors, self.n_samples)
        return {self._rule: {"k_neighbors": k}}, k


def _fewer(name: str, k: Any, n: int) -> int:
    k = _parameters.integer(name, k)
    if not 0 < k < n:
        raise ValueError(f"`{name}` is {k}, but must be from 1 to {n - 1} for {n} points")
    return k


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


def joint_probabilities_nn(
    neighbors: Any,
    distances: Any,
    perplexities: Any,
    symmetrize: bool = True,
    normalization: str = "pair-wise",
    n_reference_samples: int | None = None,
    n_jobs: int = 1,
) -> sp.csr_matrix:
    """The affinities of neighbors that are known, by one or several perplexities.

    ``"pair-wise"``: all entries sum to 1; ``"point-wise"``: those of each row.
    """
    assert normalization in ("pair-wise", "point-wise"), f"unrecognized normalization scheme: {normalization!r}"
    distances = np.asarray(distances)
    found = arrays(neighbors, distances, np.float32 if distances.dtype == np.float32 else np.float64)
    n, k = found[0].shape
    listed = [float(perplexity) for perplexity in np.ravel(perplexities)]
    parameters = {"perplexities": listed, "k_neighbors": k, "symmetrization": "mean" if symmetrize else "none"}
    threads = _parameters.n_jobs(n_jobs)
    if normalization == "pair-wise" and (n_reference_samples or n) == n:
        index = AffinityIndex.of_neighbors(_parameters.method(threads, affinities={"perplexity": parameters}), *found)
        return _matrix(index.p(), (n, n))
    rule = _parameters.document({"perplexity": {**parameters, "symmetrization": "none"}})
    new = ConditionalAffinities.of_neighbors(*found, n_reference_samples or n, rule, threads)
    P = _matrix(new.p(), new.shape)
    if symmetrize:
        P = (P + P.T) / 2
    return sp.csr_matrix(P / P.sum() if normalization == "pair-wise" else sp.diags(1 / np.ravel(P.sum(axis=1))) @ P if symmetrize else P)
