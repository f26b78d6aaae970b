"""A descent on an objective of your own, in NumPy: the toolkit's rule, written out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from ._optimizer import Calls, OptimizationInterrupt


def _shortened(rows: np.ndarray, longest: float | None) -> None:
    """Shortens rows that are longer than allowed."""
    if longest is None:
        return
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    np.multiply(rows, longest / np.maximum(norms, longest), out=rows)


def descend(
    optimizer: Any,
    embedding: np.ndarray,
    P: Any,
    n_iter: int,
    objective: Callable[..., Any],
    dof: float,
    n_jobs: int,
    reference: Any,
    given: dict[str, Any],
    calls: Calls,
    min_gain: float,
) -> tuple[float, np.ndarray]:
    """One phase on ``objective(embedding, P, dof=, bh_params=, fft_params=, reference_embedding=, n_jobs=, should_eval_error=)``,
    which returns the divergence, or None where it is not asked for, and the gradient."""
    matrix = sp.csr_matrix(getattr(P, "P", P))
    exaggeration = given["exaggeration"] or 1
    # A copy: no exception leaves anything exaggerated.
    exaggerated = matrix if exaggeration == 1 else matrix * exaggeration
    told = {
        "dof": dof,
        "bh_params": {"theta": given["theta"]},
        "fft_params": {name: given[name] for name in ("n_interpolation_points", "min_num_intervals", "ints_in_interval")},
        "reference_embedding": reference,
        "n_jobs": n_jobs,
    }
    rate, momentum = given["learning_rate"], given["momentum"]
    if rate == "auto":
        rate = len(embedding) / exaggeration if reference is None else 0.1
    update, gains = optimizer.update, optimizer.gains
    update = np.zeros_like(embedding, subok=False) if update is None else update
    gains = np.ones_like(update) if gains is None else gains
    at = embedding.view(np.ndarray)
    for iteration in range(1, n_iter + 1):
        due = calls.due(iteration)
        error, gradient = objective(embedding, exaggerated, should_eval_error=due, **told)
        gradient = np.array(gradient, dtype=at.dtype)
        if due:
            error = float(error) / exaggeration - math.log(exaggeration)
            if calls(iteration, error):
                optimizer.gains, optimizer.update = gains, update
                raise OptimizationInterrupt(error=error, final_embedding=embedding)
        _shortened(gradient, given["max_grad_norm"])
        flipped = np.sign(update) != np.sign(gradient)
        gains = np.where(flipped, gains + 0.2, gains * 0.8 + min_gain)
        update = momentum * update - rate * gains * gradient
        _shortened(update, given["max_step_norm"])
        at += update
        if reference is None:
            at -= at.mean(axis=0)
        if given["min_grad_norm"] is not None and np.linalg.norm(gradient) < given["min_grad_norm"]:
            break
    optimizer.gains, optimizer.update = gains, update
    error, _ = objective(embedding, matrix, should_eval_error=True, **told)
    return float(error), embedding
