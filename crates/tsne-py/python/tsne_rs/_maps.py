"""Maps of fitted points and of new ones."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters, _tsne_rs
from ._array import MapArray
from ._data import compressed, is_array_like, n_rows, prepared
from ._defaults import DefaultFloat, DefaultInt, is_default, of_preset
from ._objective import objective
from ._optimizer import OptimizationInterrupt, gradient_descent
from ._verbose import Stages
from ._warn import tell
from .affinity import Affinities, PrecomputedAffinities, _FromNeighbors


def _float_type(x: Any) -> Any:
    return np.float32 if getattr(x, "dtype", None) == np.float32 else np.float64


def _checked_callbacks(callbacks: Any) -> list[Any] | None:
    if callbacks is None:
        return None
    if isinstance(callbacks, Iterable) and not callable(callbacks):
        callbacks = list(callbacks)
    elif callable(callbacks):
        callbacks = [callbacks]
    if not isinstance(callbacks, list) or not all(callable(callback) for callback in callbacks):
        raise ValueError("`callbacks` must be a callable object or a list of callable objects")
    return callbacks


class _Map(MapArray):
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

    def _warnings(self) -> list[str]:
        raise NotImplementedError

    def _told_params(self, n_iter: int, given: dict[str, Any]) -> dict[str, Any]:
        """What the optimizer is called with."""
        params = {**self.gradient_descent_params, **given}
        # There is nothing random in it: documented, and not used, as ever.
        params.pop("random_state", None)
        callbacks = _checked_callbacks(params.pop("callbacks", None))
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
            tell(self._warnings(), self._told, stacklevel=5)

    def _positions(self, initialization: Any, n: int) -> np.ndarray:
        """Given positions of ``n`` new points."""
        positions = np.ascontiguousarray(initialization, dtype=self.dtype)
        _check_shape(positions, n, self.shape[1])
        return positions

    def plot(self, labels: Any = None, **kwargs: Any) -> Any:
        """Draws the map with matplotlib: see :func:`tsne_rs._plot.plot`."""
        from ._plot import plot

        return plot(np.asarray(self), labels, **kwargs)


def _check_shape(positions: np.ndarray, n: int, n_components: int) -> None:
    if positions.ndim != 2 or positions.shape[0] != n:
        raise ValueError(f"The provided initialization contains a different number of points ({len(positions)}) than the data provided ({n}).")
    if positions.shape[1] != n_components:
        raise ValueError(f"The provided initialization has {positions.shape[1]} columns, but `n_components` is {n_components}.")


class PartialTSNEEmbedding(_Map):
    """New points in a map, which stays as it is. Points do not act on each other."""

    reference_embedding: Any
    _P: Any
    _matrix: Any

    _attributes = {
        "reference_embedding": None,
        "_P": None,
        "_matrix": None,
        "gradient_descent_params": None,
        "random_state": None,
        "optimizer": None,
        "kl_divergence": None,
        "_preset": _parameters.OPENTSNE,
        "_told": None,
        "_on_its_way": False,
        "_map": None,
    }

    def __new__(
        cls, embedding: Any, reference_embedding: Any, P: Any, optimizer: Any = None, **gradient_descent_params: Any
    ) -> "PartialTSNEEmbedding":
        if not isinstance(reference_embedding, TSNEEmbedding):
            reference_embedding = _fixed(reference_embedding)
        obj = np.array(embedding, dtype=reference_embedding.dtype, order="C").view(cls)
        if P.shape[0] != len(obj):
            raise ValueError(f"The number of samples in the given embedding ({len(obj)}) does not match that of the affinities ({P.shape[0]}).")
        obj.reference_embedding, obj.P = reference_embedding, P
        obj.gradient_descent_params = gradient_descent_params
        obj.random_state, obj._preset = reference_embedding.random_state, reference_embedding._preset
        obj.optimizer, obj._told = _optimizer(optimizer), set()
        return obj

    @property
    def P(self) -> Any:
        """The affinities of these points to those of the map, a row for each, summing to 1."""
        if self._matrix is None and self._P is not None:
            from .affinity import _matrix

            self._matrix = _matrix(self._P.p(), self._P.shape)
        return self._matrix

    @P.setter
    def P(self, matrix: Any) -> None:
        self._matrix, self._P = matrix, None

    def _automatic_rate(self, exaggeration: float) -> float:
        # The objectives of new points are of the same size however many there are.
        return 0.1

    def _conditional(self) -> _tsne_rs.ConditionalAffinities:
        if self._P is None:
            rows = compressed(sp.csr_matrix(self._matrix), self.dtype)
            self._P = _tsne_rs.ConditionalAffinities.of_matrix(rows)
        return self._P

    def _engine(self) -> _tsne_rs.Partial:
        if self._map is None:
            document = _parameters.document({"preset": self._preset, "n_jobs": 1})
            self._map = self.reference_embedding._engine().place(self, self._conditional(), document)
        return self._map

    def _warnings(self) -> list[str]:
        return self._map.warnings()

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "_P": None, "_matrix": self.P}

    def copy(self, order: Any = "C") -> "PartialTSNEEmbedding":
        """A copy that is optimized by itself."""
        other = np.array(self.view(np.ndarray)).view(type(self))
        for name in self._attributes:
            setattr(other, name, getattr(self, name))
        other.optimizer, other._told = self.optimizer.copy(), set(self._told)
        other._map = None if self._map is None else self._map.copy()
        return other

    def optimize(
        self, n_iter: int, inplace: bool = False, propagate_exception: bool = False, **gradient_descent_params: Any
    ) -> "PartialTSNEEmbedding":
        """Optimizes by ``n_iter`` iterations: this map where ``inplace``, or else a copy, which is returned."""
        embedding = self if inplace else self.copy()
        params = embedding._told_params(n_iter, gradient_descent_params)
        params["reference_embedding"] = self.reference_embedding
        return self._optimized(embedding, embedding._conditional(), propagate_exception, params)


def _fixed(positions: Any) -> "TSNEEmbedding":
    """A map of which there are only positions."""
    positions = np.asarray(positions)
    n = len(positions)
    # Any affinities: nothing is fitted to them.
    ring = sp.csr_matrix((np.full(n, 1 / n, _float_type(positions)), (np.arange(n), (np.arange(n) + 1) % n)), shape=(n, n))
    return TSNEEmbedding(positions, PrecomputedAffinities(ring))


def _optimizer(optimizer: Any) -> gradient_descent:
    if optimizer is None:
        return gradient_descent()
    if not isinstance(optimizer, gradient_descent):
        raise TypeError(f"`optimizer` must be an instance of `gradient_descent`, but is {type(optimizer).__name__}")
    return optimizer


class TSNEEmbedding(_Map):
    """A map of a data set: an array of positions that can be optimized further, and that new points can be placed in."""

    affinities: Any

    _attributes = {
        "affinities": None,
        "gradient_descent_params": None,
        "random_state": None,
        "optimizer": None,
        "kl_divergence": None,
        "_preset": _parameters.OPENTSNE,
        "_told": None,
        "_on_its_way": False,
        "_map": None,
    }

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
    ) -> "TSNEEmbedding":
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
        self.optimizer, self._told = _optimizer(optimizer), set(getattr(affinities, "_told", ()))

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

    def copy(self, order: Any = "C") -> "TSNEEmbedding":
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
    ) -> "TSNEEmbedding":
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
        if not isinstance(affinities, _FromNeighbors) or not affinities._rust().has_data:
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


def load(path: Any) -> TSNEEmbedding:
    """The map of a file that :meth:`TSNEEmbedding.save`, or the command ``tsne``, wrote."""
    engine = _tsne_rs.Embedding.load(path)
    affinities = _FromNeighbors.__new__(_Loaded)
    affinities._load(engine.index())
    return TSNEEmbedding._of(engine, affinities, _parameters.OPENTSNE, engine.report()[3], {"n_jobs": 1})


class _Loaded(_FromNeighbors):
    """The affinities of a map that was loaded."""

    def _load(self, index: Any) -> None:
        Affinities.__init__(self)
        self._index, self._told = index, set()

    def to_new(self, data: Any, perplexity: Any = 5, return_distances: bool = False) -> Any:  # type: ignore[override]
        """The affinities of new points to these."""
        return self._to_new(data, return_distances, perplexity=perplexity)

    def _for_new(self, perplexity: Any = 5) -> tuple[dict[str, Any], int]:
        perplexities = [float(value) for value in np.ravel(perplexity)]
        return {"perplexity": {"perplexities": perplexities}}, min(self.n_samples, int(3 * max(perplexities)))
