"""Callbacks of a descent: called with the iteration, the KL divergence and the map; one that returns True ends the descent."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from . import kl_divergence as kl
from ._data import dense
from ._optimizer import OptimizationInterrupt

__all__ = ["Callback", "ErrorApproximations", "ErrorLogger", "VerifyExaggerationError", "OptimizationInterrupt"]


class Callback:
    """The base of callbacks. The map that it is called with moves on: take a copy to keep it."""

    def optimization_about_to_start(self) -> None:
        """Called at the beginning of each descent."""

    def __call__(self, iteration: int, error: float, embedding: Any) -> bool | None:
        raise NotImplementedError


class ErrorLogger(Callback):
    """Prints iteration, KL divergence and time."""

    def __init__(self) -> None:
        self.iter_count = 0
        self.last_log_time: float | None = None

    def optimization_about_to_start(self) -> None:
        self.last_log_time, self.iter_count = time.time(), 0

    def __call__(self, iteration: int, error: float, embedding: Any) -> None:
        now = time.time()
        duration = now - (self.last_log_time or now)
        self.last_log_time = now
        print(f"Iteration {iteration: 5d}, KL divergence {error: 6.4f}, {iteration - self.iter_count} iterations in {duration:.4f} sec", flush=True)
        self.iter_count = iteration


class VerifyExaggerationError(Callback):
    """Raises RuntimeError where the divergence that is reported is not that of the true affinities.

    The divergence of an approximate repulsion differs from that of all pairs by its own error: ``tolerance`` is relative.
    """

    def __init__(self, embedding: Any, tolerance: float = 1e-2) -> None:
        self.affinities, self.tolerance = embedding.affinities, tolerance
        self.dof = embedding.gradient_descent_params.get("dof", 1)

    def __call__(self, iteration: int, error: float, embedding: Any) -> None:
        P = self.affinities.P
        after = kl.kl_divergence_approx_bh(P.indices, P.indptr, P.data, np.array(embedding), 0, self.dof)
        # The divergence is that before or after the last step: they differ by little, and not by a factor.
        if not abs(after - error) <= self.tolerance * max(1.0, abs(after)):
            raise RuntimeError(f"the divergence was reported as {error} in iteration {iteration}, but is {after}")


class ErrorApproximations(Callback):
    """Compares the divergence by all pairs with those of the approximations."""

    def __init__(self, P: Any) -> None:
        self.P = P
        self.exact_errors: list[float] = []
        self.bh_errors: list[float] = []
        self.fft_errors: list[float] = []

    def __call__(self, iteration: int, error: float, embedding: Any) -> None:
        positions, P = dense(np.array(embedding), what="embedding"), self.P
        self.exact_errors.append(kl.kl_divergence_exact(P, positions))
        self.bh_errors.append(kl.kl_divergence_approx_bh(P.indices, P.indptr, P.data, positions))
        self.fft_errors.append(kl.kl_divergence_approx_fft(P.indices, P.indptr, P.data, positions))

    def report(self) -> None:
        """Prints how far the approximations lie from the truth."""
        exact = np.array(self.exact_errors)
        for name, errors in (("Barnes-Hut", self.bh_errors), ("FFT", self.fft_errors)):
            differences = np.abs(np.array(errors) - exact)
            if len(differences):
                print(f"{name}: mean difference {differences.mean():.2e}, largest {differences.max():.2e}", flush=True)
