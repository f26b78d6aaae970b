"""Affinities by one or several perplexities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters
from ._affinities import matrix_of
from ._by_neighbors import FromNeighbors
from ._tsne_rs import AffinityIndex, ConditionalAffinities
from .nearest_neighbors import arrays


def _positive(perplexity: Any) -> float:
    perplexity = _parameters.number("perplexity", perplexity, none=False)
    if not perplexity > 0:
        raise ValueError(f"Perplexity must be >=0: it is {perplexity}, but must be at least 1")
    return float(perplexity)


class _Perplexities(FromNeighbors):
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
        return matrix_of(index.p(), (n, n))
    rule = _parameters.document({"perplexity": {**parameters, "symmetrization": "none"}})
    new = ConditionalAffinities.of_neighbors(*found, n_reference_samples or n, rule, threads)
    P = matrix_of(new.p(), new.shape)
    if symmetrize:
        P = (P + P.T) / 2
    if normalization == "pair-wise":
        return sp.csr_matrix(P / P.sum())
    return sp.csr_matrix(sp.diags(1 / np.ravel(P.sum(axis=1))) @ P) if symmetrize else P
