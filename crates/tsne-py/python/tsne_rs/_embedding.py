"""Maps of data sets."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from . import _parameters, _tsne_rs
from ._affinities import Affinities, PrecomputedAffinities
from ._by_neighbors import FromNeighbors
from ._data import is_array_like, n_rows, prepared
from ._defaults import DefaultFloat, DefaultInt, is_default, of_preset
from ._map import Map, as_optimizer
from ._objective import objective
from ._optimizer import OptimizationInterrupt, gradient_descent
from ._partial import PartialTSNEEmbedding
from ._verbose import Stages


class TSNEEmbedding(Map):
    """A map of a data set: an array of positions that can be optimized further, and that new points can be placed in."""

    affinities: Any

    _attributes = {"affinities": None, **Map._attributes}

    def __new__(
        cls,
        embedding: Any,
        affinities: Affinities,
        dof: float = 1,
        n_interpolation_points: int = 3,
        min_num_intervals: int = 50,
        ints_in_interval: float = 1,
        negative_gradient_method: Any = "auto",
        random_state: Any = None,
        optimizer: Any = None,
        preset: str = _parameters.OPENTSNE,
        **gradient_descent_params: Any,
    ) -> TSNEEmbedding:
        index = affinities._rust()
        obj = np.array(embedding, dtype=index.dtype, order="C").view(cls)
        if obj.ndim != 2 or len(obj) != index.n:
            raise ValueError(f"The number of samples in the given embedding ({len(obj)}) does not match that of the affinities ({index.n}).")
        obj._attach(affinities, preset, random_state, optimizer)
        obj.gradient_descent_params = {
            "dof": dof,
            "negative_gradient_method": negative_gradient_method,
            "n_interpolation_points": n_interpolation_points,
            "min_num_intervals": min_num_intervals,
            "ints_in_interval": ints_in_interval,
            **gradient_descent_params,
        }
        return obj

    def _attach(self, affinities: Affinities, preset: str, random_state: Any, optimizer: Any) -> None:
        self.affinities, self._preset, self.random_state = affinities, preset, random_state
        self.optimizer, self._told = as_optimizer(optimizer), set(getattr(affinities, "_told", ()))

    @classmethod
    def _of(cls, engine: _tsne_rs.Embedding, affinities: Affinities, preset: str, random_state: Any, params: dict[str, Any]) -> Any:
        """The array of a map that the toolkit has."""
        obj = engine.array().view(cls)
        obj._attach(affinities, preset, random_state, None)
        obj.gradient_descent_params, obj._map = params, engine
        engine.state(obj.optimizer._state)
        obj._tell()
        return obj

    def _affinities_of(self, P: Any) -> Affinities:
        """The affinities whose matrix it is."""
        if P is None or P is self.affinities or P is self.affinities._P:
            return self.affinities
        return PrecomputedAffinities(P, normalize=False)

    def _engine(self, optimizer: Any = None, index: Any = None, dof: float | None = None) -> _tsne_rs.Embedding:
        """The map as the toolkit has it, at these positions."""
        optimizer = self.optimizer if optimizer is None else optimizer
        index = self.affinities._rust() if index is None else index
        dof = float(self.gradient_descent_params.get("dof", 1) if dof is None else dof)
        if self._map is None:
            document = _parameters.document({"preset": self._preset, "n_jobs": 1})
            self._map = _tsne_rs.Embedding(self, index, dof, document, optimizer._taken(self.dtype))
        else:
            self._map.adopt(self, optimizer._taken(self.dtype), index, dof)
        return self._map

    def _warnings(self) -> list[str]:
        return self._map.report()[4]

    @property
    def n_iterations(self) -> int:
        """The iterations that were run, in all."""
        return 0 if self._map is None else self._map.report()[1]

    def copy(self, order: Any = "C") -> TSNEEmbedding:
        """A copy that is optimized by itself; the affinities are shared."""
        other = np.array(self.view(np.ndarray)).view(type(self))
        for name in self._attributes:
            setattr(other, name, getattr(self, name))
        other.gradient_descent_params = dict(self.gradient_descent_params or {})
        other.optimizer = None if self.optimizer is None else self.optimizer.copy()
        other._told = set(self._told or ())
        # A callback's copy has none: it is made anew from the positions.
        other._map = None if self._map is None else self._map.copy()
        return other

    def optimize(
        self, n_iter: int, inplace: bool = False, propagate_exception: bool = False, **gradient_descent_params: Any
    ) -> TSNEEmbedding:
        """Optimizes by ``n_iter`` iterations: this map where ``inplace``, or else a copy, which is returned.

        What is not given is that of the map. A callback that stops the descent ends it, or raises
        :class:`OptimizationInterrupt` with ``propagate_exception``.
        """
        embedding = self if inplace else self.copy()
        params = embedding._told_params(n_iter, gradient_descent_params)
        return self._optimized(embedding, embedding.affinities, propagate_exception, params)

    def prepare_partial(self, X: Any, initialization: Any = "median", k: int = 25, **affinity_params: Any) -> PartialTSNEEmbedding:
        """New points where they start: ``"median"`` or ``"weighted"`` among ``k`` neighbors, ``"random"``, or an array."""
        affinities = self.affinities
        affinity_params = self._renamed(affinity_params)
        given = is_array_like(initialization)
        if not given and initialization not in ("median", "weighted", "random"):
            raise ValueError(f"Unrecognized initialization scheme: {initialization!r}; it must be \"median\", \"weighted\", \"random\" or an array")
        params = {name: value for name, value in self.gradient_descent_params.items() if name != "dof"}
        if not isinstance(affinities, FromNeighbors) or not affinities._rust().has_data:
            return self._prepare_by_matrix(X, initialization, k, params, affinity_params)
        x = prepared(X, self.dtype)
        rule, _ = affinities._for_new(**affinity_params)
        start = self._positions(initialization, n_rows(x)) if given else None
        document = {
            "preset": self._preset,
            "affinities": rule,
            "n_jobs": _parameters.n_jobs(params.get("n_jobs", 1)),
        }
        if not given:
            document |= {"k": _parameters.integer("k", k), "initialization": initialization}
        if not given and initialization == "random":
            document["random_state"] = _parameters.seed(self.random_state)
        engine = self._engine()
        with Stages(params.get("verbose")) as stages:
            placed, P = engine.prepare_partial(x, affinities._rust(), _parameters.document(document), start, stages)
        partial = placed.array().view(PartialTSNEEmbedding)
        partial.reference_embedding, partial._P, partial._map = self, P, placed
        partial.gradient_descent_params, partial.random_state, partial._preset = params, self.random_state, self._preset
        partial.optimizer, partial._told = gradient_descent(), set()
        partial._tell()
        return partial

    def _prepare_by_matrix(self, X: Any, initialization: Any, k: int, params: dict[str, Any], affinity_params: dict[str, Any]) -> Any:
        """By affinities of your own, or by an index of your own."""
        from . import initialization as start

        P, neighbors, distances = self.affinities.to_new(X, return_distances=True, **affinity_params)
        if is_array_like(initialization):
            positions = self._positions(initialization, P.shape[0])
        elif initialization == "random":
            positions = _tsne_rs.random(P.shape[0], self.shape[1], start.STD, _parameters.seed(self.random_state))
        elif initialization == "weighted":
            positions = start.weighted_mean(X, self, neighbors[:, :k], distances[:, :k])
        else:
            positions = start.median(self, neighbors[:, :k])
        partial = PartialTSNEEmbedding(positions, self, P, **params)
        partial._engine()
        return partial

    def _renamed(self, affinity_params: dict[str, Any]) -> dict[str, Any]:
        """``perplexity`` by the name that the affinities have for it."""
        if "perplexity" not in affinity_params:
            return affinity_params
        known = inspect.signature(self.affinities.to_new).parameters
        if "perplexity" in known:
            return affinity_params
        if "perplexities" not in known:
            raise TypeError(
                f"{type(self.affinities).__name__} has no perplexity, which these new points were to have: use prepare_partial and optimize"
            )
        return {**{name: value for name, value in affinity_params.items() if name != "perplexity"}, "perplexities": affinity_params["perplexity"]}

    def transform(
        self,
        X: Any,
        perplexity: Any = 5,
        initialization: Any = "median",
        k: int = 25,
        learning_rate: Any = DefaultFloat(0.1),
        early_exaggeration: float = 4,
        early_exaggeration_iter: int = 0,
        exaggeration: float | None = 1.5,
        n_iter: int = DefaultInt(250),
        initial_momentum: float | None = DefaultFloat(0.8),
        final_momentum: float | None = DefaultFloat(0.8),
        max_grad_norm: float | None = 0.25,
        max_step_norm: float | None = None,
    ) -> PartialTSNEEmbedding:
        """Places new points into the map, which does not change. ``learning_rate`` may be ``"auto"``: 0.1."""
        partial = self.prepare_partial(X, initialization, k, perplexity=perplexity)
        schedule = of_preset(self._preset)[1]["schedule"]

        def told(name: str, value: Any) -> Any:
            return schedule[name] if is_default(value) and schedule[name] != "none" else value

        common: dict[str, Any] = {
            "learning_rate": told("learning_rate", learning_rate),
            "max_grad_norm": max_grad_norm,
            "max_step_norm": max_step_norm,
            "inplace": True,
            "propagate_exception": True,
        }
        phases = [
            (early_exaggeration_iter, early_exaggeration, told("initial_momentum", initial_momentum)),
            (told("n_iter", n_iter), exaggeration, told("final_momentum", final_momentum)),
        ]
        try:
            for iterations, factor, momentum in phases:
                partial.optimize(n_iter=iterations, exaggeration=factor, momentum=momentum, **common)
        except OptimizationInterrupt as interrupt:
            return interrupt.final_embedding
        return partial

    def prepare_interpolation_grid(self, padding: float = 0.25) -> None:
        """Prepares the repulsion of new points before there are any: the first call of ``transform`` is faster then."""
        method = objective(self.gradient_descent_params.get("negative_gradient_method", "auto"))
        document = {"preset": self._preset, "n_jobs": 1, "negative_gradient_method": getattr(method, "method", "auto")}
        self._engine().prepare_reference(_parameters.document(document))

    def save(self, path: Any) -> None:
        """Writes the map with all that it takes to place new points: :func:`tsne_rs.load` and the command read it."""
        self._engine().save(path)

    def explore(self, labels: Any = None, **kwargs: Any) -> Any:
        """The map as a page to explore: see :func:`tsne_rs._explore.explore`."""
        from ._explore import explore

        return explore(self, labels, **kwargs)
