"""The update rule, and how it is run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _parameters
from ._defaults import DefaultFloat, DefaultInt, DefaultStr, is_default
from ._objective import Objective
from ._tsne_rs import OptimizerState

#: How often ``verbose`` tells of the divergence.
_TOLD_EVERY = 50


class OptimizationInterrupt(InterruptedError):
    """A callback has stopped the descent: ``error`` is the divergence there, and ``final_embedding`` the map."""

    def __init__(self, error: float, final_embedding: Any) -> None:
        super().__init__(f"the optimization was stopped by a callback at the KL divergence {error}")
        self.error, self.final_embedding = error, final_embedding

    def __reduce__(self) -> Any:
        return type(self), (self.error, self.final_embedding)


class gradient_descent:
    """Gradient descent with momentum and gains, which are kept from one call to the next."""

    def __init__(self) -> None:
        self._state = OptimizerState()
        # What was set by hand since.
        self._given: dict[str, Any] = {}

    def _part(self, name: str, place: int) -> np.ndarray | None:
        if name in self._given:
            return self._given[name]
        parts: Any = self._state.parts()
        return None if parts is None else parts[place]

    @property
    def gains(self) -> np.ndarray | None:
        """The factor on each step, ``n × n_components``; None before the first. A copy: set it to change it."""
        return self._part("gains", 1)

    @gains.setter
    def gains(self, gains: Any) -> None:
        self._given["gains"] = gains

    @property
    def update(self) -> np.ndarray | None:
        """The last step, ``n × n_components``; None before the first. A copy: set it to change it."""
        return self._part("update", 2)

    @update.setter
    def update(self, update: Any) -> None:
        self._given["update"] = update

    def _taken(self, dtype: Any) -> OptimizerState:
        """The state for the toolkit, with what was set by hand."""
        if self._given:
            gains, update = self.gains, self.update
            rule, _, _, steps, slope = self._state.parts() or ("classical", None, None, 0, None)
            self._given = {}
            if gains is None and update is None:
                self._state = OptimizerState()
            else:
                gains = np.ones_like(update, dtype=dtype) if gains is None else np.ascontiguousarray(gains, dtype=dtype)
                update = np.zeros_like(gains) if update is None else np.ascontiguousarray(update, dtype=dtype)
                self._state = OptimizerState.from_parts(rule, gains, update, steps, slope)
        return self._state

    def copy(self) -> gradient_descent:
        """A copy with its own gains and updates."""
        other = self.__class__()
        other._state, other._given = self._state.copy(), dict(self._given)
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_state": self._state.parts()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._state = OptimizerState() if state["_state"] is None else OptimizerState.from_parts(*state["_state"])

    def __deepcopy__(self, memo: dict[int, Any]) -> gradient_descent:
        return self.copy()

    def __call__(
        self,
        embedding: np.ndarray,
        P: Any,
        n_iter: int,
        objective_function: Callable[..., Any],
        learning_rate: Any = DefaultStr("auto"),
        momentum: float | None = DefaultFloat(0.8),
        exaggeration: float | None = None,
        dof: float = 1,
        min_gain: float = 0.01,
        min_grad_norm: float | None = DefaultFloat(0.0),
        max_grad_norm: float | None = None,
        max_step_norm: float | None = DefaultInt(5),
        theta: float = 0.5,
        n_interpolation_points: int = 3,
        min_num_intervals: int = 50,
        ints_in_interval: float = 1,
        reference_embedding: Any = None,
        n_jobs: int = 1,
        use_callbacks: bool = False,
        callbacks: list[Callable[..., Any]] | None = None,
        callbacks_every_iters: int = 50,
        verbose: Any = False,
        force_tolerance: float | None = None,
    ) -> tuple[float, np.ndarray]:
        """Runs ``n_iter`` iterations, which move ``embedding``; returns the divergence at their end, and the embedding."""
        assert isinstance(embedding, np.ndarray), "`embedding` must be a `numpy.ndarray`"
        assert reference_embedding is None or isinstance(reference_embedding, np.ndarray), "`reference_embedding` must be a `numpy.ndarray`"
        given = {
            "learning_rate": learning_rate,
            "momentum": momentum,
            "exaggeration": exaggeration,
            "min_grad_norm": None if is_default(min_grad_norm) else min_grad_norm,
            "max_grad_norm": max_grad_norm,
            "max_step_norm": max_step_norm,
            "theta": theta,
            "n_interpolation_points": n_interpolation_points,
            "min_num_intervals": min_num_intervals,
            "ints_in_interval": ints_in_interval,
            "force_tolerance": force_tolerance,
        }
        n_iter = _parameters.integer("n_iter", n_iter)
        calls = Calls(embedding, callbacks if use_callbacks else None, callbacks_every_iters, verbose)
        calls.about_to_start()
        if isinstance(objective_function, Objective) and min_gain == 0.01:
            from . import _engine

            return _engine.descend(self, embedding, P, n_iter, objective_function, dof, n_jobs, reference_embedding, given, calls)
        from . import _custom

        return _custom.descend(self, embedding, P, n_iter, objective_function, dof, n_jobs, reference_embedding, given, calls, min_gain)


class Calls:
    """Whoever is called in the course of a descent: callbacks, and a text for ``verbose``."""

    def __init__(self, embedding: Any, callbacks: Any, every: int, verbose: Any) -> None:
        self.embedding = embedding
        self.callbacks = list(callbacks or ())
        self.callbacks_every = _parameters.integer("callbacks_every_iters", every)
        if self.callbacks_every == 0:
            raise ValueError("callbacks_every_iters is 0, but must be at least 1")
        self.verbose = bool(verbose)
        #: The iterations that went before, where a descent is run in pieces.
        self.before = 0
        self.error = math.nan
        self._since = time.monotonic()

    def about_to_start(self) -> None:
        for callback in self.callbacks:
            if hasattr(callback, "optimization_about_to_start"):
                callback.optimization_about_to_start()

    def every(self) -> list[int]:
        """The numbers of iterations after whose multiples there is something to call."""
        return [self.callbacks_every] * bool(self.callbacks) + [_TOLD_EVERY] * self.verbose

    def due(self, iteration: int) -> bool:
        return any(iteration % every == 0 for every in self.every())

    def __call__(self, iteration: int, error: float) -> bool:
        """Calls all that are due; true if one wants an end."""
        iteration, self.error = self.before + iteration, error
        if self.verbose and iteration % _TOLD_EVERY == 0:
            now = time.monotonic()
            print(f"Iteration {iteration:4d}, KL divergence {error:6.4f}, {_TOLD_EVERY} iterations in {now - self._since:.4f} sec", flush=True)
            self._since = now
        if not self.callbacks or iteration % self.callbacks_every:
            return False
        return any([bool(callback(iteration, error, self.embedding)) for callback in self.callbacks])
