"""A descent by the toolkit, of maps that carry its state and of plain arrays."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from . import _parameters
from ._defaults import is_default
from ._objective import Objective
from ._optimizer import Calls, OptimizationInterrupt


def descend(
    optimizer: Any,
    embedding: np.ndarray,
    P: Any,
    n_iter: int,
    objective: Objective,
    dof: float,
    n_jobs: int,
    reference: Any,
    given: dict[str, Any],
    calls: Calls,
) -> tuple[float, np.ndarray]:
    """One phase, in as many pieces as callbacks move the map."""
    from ._affinities import Affinities, PrecomputedAffinities
    from ._embedding import TSNEEmbedding
    from ._partial import PartialTSNEEmbedding

    moving: Any = embedding
    target: Any
    if reference is None:
        if not isinstance(embedding, TSNEEmbedding):
            moving = TSNEEmbedding(embedding, P if isinstance(P, Affinities) else PrecomputedAffinities(P, normalize=False), dof=dof)
        affinities = P if isinstance(P, Affinities) else moving._affinities_of(P)
        target = _Map(moving, optimizer, affinities, dof)
    else:
        if not isinstance(embedding, PartialTSNEEmbedding):
            moving = PartialTSNEEmbedding(embedding, reference, P)
        target = _Placed(moving, optimizer)
    preset = moving._preset
    if preset != _parameters.OPENTSNE:
        given = {name: value for name, value in given.items() if not is_default(value)}
    remaining = n_iter
    while True:
        phase = _parameters.descent(preset, remaining, objective.method, _parameters.n_jobs(n_jobs), given, reference is not None)
        document = _parameters.document(phase)
        finish, done, error = target.run(document, calls)
        remaining -= done
        calls.before += done
        if finish != "moved":
            break
    if moving is not embedding:
        embedding[...] = moving
    error = calls.error if error is None else error
    if finish == "stopped":
        raise OptimizationInterrupt(error=error, final_embedding=embedding)
    return (math.nan if error is None else error), embedding


def whole(embedding: Any, document: str, calls: Calls) -> float:
    """A descent by a whole schedule, in as many pieces as callbacks move the map."""
    target = _Map(embedding, embedding.optimizer, embedding.affinities, embedding.gradient_descent_params["dof"])
    finish, done, error = target.run(document, calls)
    while finish == "moved":
        params = json.loads(document)
        params["schedule"]["part"] = {"start": done}
        finish, more, error = target.run(_parameters.document(params), calls)
        done += more
    error = calls.error if error is None else error
    if finish == "stopped":
        raise OptimizationInterrupt(error=error, final_embedding=embedding)
    return error


class _Map:
    """A map of data points."""

    def __init__(self, embedding: Any, optimizer: Any, affinities: Any, dof: float) -> None:
        self.embedding, self.optimizer, self.affinities, self.dof = embedding, optimizer, affinities, float(dof)

    def run(self, document: str, calls: Calls) -> tuple[str, int, float | None]:
        index = self.affinities._rust()
        engine = self.embedding._engine(self.optimizer, index, self.dof)
        callback = calls if calls.every() else None
        return engine.optimize(
            self.embedding, self.optimizer._taken(self.embedding.dtype), index, document, calls.every(), callback
        )


class _Placed:
    """New points in a map."""

    def __init__(self, embedding: Any, optimizer: Any) -> None:
        self.embedding, self.optimizer = embedding, optimizer

    def run(self, document: str, calls: Calls) -> tuple[str, int, float | None]:
        reference = self.embedding.reference_embedding
        engine = self.embedding._engine()
        callback = calls if calls.every() else None
        return engine.optimize(
            self.embedding,
            self.optimizer._taken(self.embedding.dtype),
            reference._engine(),
            self.embedding._conditional(),
            document,
            calls.every(),
            callback,
        )
