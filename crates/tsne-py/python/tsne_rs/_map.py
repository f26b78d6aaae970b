"""What maps of fitted points and of new ones have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import _parameters
from ._array import MapArray
from ._objective import objective
from ._optimizer import OptimizationInterrupt, gradient_descent
from ._warn import tell


def checked_callbacks(callbacks: Any) -> list[Any] | None:
    if callbacks is None:
        return None
    if isinstance(callbacks, Iterable) and not callable(callbacks):
        callbacks = list(callbacks)
    elif callable(callbacks):
        callbacks = [callbacks]
    if not isinstance(callbacks, list) or not all(callable(callback) for callback in callbacks):
        raise ValueError("`callbacks` must be a callable object or a list of callable objects")
    return callbacks


class Map(MapArray):
    """What maps of fitted points and of new ones have in common."""

    gradient_descent_params: dict[str, Any]
    random_state: Any
    optimizer: Any
    kl_divergence: float | None
    _preset: str
    _told: set[str]
    #: Whether more is to come, so that what the map looks like is no matter yet.
    _on_its_way: bool
    _map: Any

    _attributes = {
        "gradient_descent_params": None,
        "random_state": None,
        "optimizer": None,
        "kl_divergence": None,
        "_preset": _parameters.OPENTSNE,
        "_told": None,
        "_on_its_way": False,
        "_map": None,
    }

    def _warnings(self) -> list[str]:
        raise NotImplementedError

    def _told_params(self, n_iter: int, given: dict[str, Any]) -> dict[str, Any]:
        """What the optimizer is called with."""
        params = {**self.gradient_descent_params, **given}
        # There is nothing random in it: documented, and not used, as ever.
        params.pop("random_state", None)
        callbacks = checked_callbacks(params.pop("callbacks", None))
        params["callbacks"], params["use_callbacks"] = callbacks, bool(callbacks)
        params["objective_function"] = objective(params.pop("negative_gradient_method", "auto"))
        params["n_jobs"] = _parameters.n_jobs(params.get("n_jobs", 1))
        if self._preset in ("opentsne", "documented"):
            rate = params.get("learning_rate")
            if rate is None or (isinstance(rate, str) and rate == "auto"):
                params["learning_rate"] = self._automatic_rate(params.get("exaggeration") or 1)
        params["n_iter"] = n_iter
        return params

    def _automatic_rate(self, exaggeration: float) -> float:
        """The learning rate that ``"auto"`` stands for."""
        return len(self) / exaggeration

    def _optimized(self, embedding: Any, P: Any, propagate_exception: bool, params: dict[str, Any]) -> Any:
        """Runs the optimizer of a map, and keeps the divergence that it came to."""
        try:
            embedding.kl_divergence, _ = embedding.optimizer(embedding=embedding, P=P, **params)
        except OptimizationInterrupt as interrupt:
            embedding.kl_divergence = interrupt.error
            if propagate_exception:
                raise
            return interrupt.final_embedding
        finally:
            embedding._tell()
        return embedding

    def _tell(self) -> None:
        """Warns of what deserves a second look."""
        if self._map is not None and not self._on_its_way:
            tell(self._warnings(), self._told)

    def _positions(self, initialization: Any, n: int) -> np.ndarray:
        """Given positions of ``n`` new points."""
        positions = np.ascontiguousarray(initialization, dtype=self.dtype)
        check_shape(positions, n, self.shape[1])
        return positions

    def plot(self, labels: Any = None, **kwargs: Any) -> Any:
        """Draws the map with matplotlib: see :func:`tsne_rs._plot.plot`."""
        from ._plot import plot

        return plot(np.asarray(self), labels, **kwargs)


def check_shape(positions: np.ndarray, n: int, n_components: int) -> None:
    if positions.ndim != 2 or positions.shape[0] != n:
        raise ValueError(f"The provided initialization contains a different number of points ({len(positions)}) than the data provided ({n}).")
    if positions.shape[1] != n_components:
        raise ValueError(f"The provided initialization has {positions.shape[1]} columns, but `n_components` is {n_components}.")


def as_optimizer(optimizer: Any) -> gradient_descent:
    if optimizer is None:
        return gradient_descent()
    if not isinstance(optimizer, gradient_descent):
        raise TypeError(f"`optimizer` must be an instance of `gradient_descent`, but is {type(optimizer).__name__}")
    return optimizer
