"""Affinities by one width, and by none."""

from __future__ import annotations

from typing import Any

from . import _parameters
from ._by_neighbors import FromNeighbors


class FixedSigmaNN(FromNeighbors):
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


class Uniform(FromNeighbors):
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
