"""The whole method."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters, _tsne_rs
from . import initialization as start
from ._affinities import Affinities
from ._base import BaseEstimator
from ._data import dense, is_array_like, n_rows, prepared
from ._defaults import DefaultFloat, DefaultInt, DefaultStr, is_default
from ._embedding import TSNEEmbedding
from ._map import check_shape, checked_callbacks
from ._objective import Objective, objective
from ._optimizer import Calls, OptimizationInterrupt
from ._perplexity import MultiscaleMixture
from ._verbose import Stages
from ._warn import tell

#: Presets whose descent is one of constant numbers in two phases, as openTSNE's.
_CLASSICAL = ("opentsne", "documented")


class TSNE(BaseEstimator):
    """t-SNE: a map of points, in which neighbors stay neighbors.

    Parameters have openTSNE's names, meaning and defaults. ``preset`` changes the defaults of what is not given: ``"recommended"``
    is faster and at least as good, ``"documented"`` is release 0.3 of openTSNE.

    Parameters
    ----------
    n_components: the dimensions of the map, 1 to 3.
    perplexity: how many neighbors count for each point, about; several are mixed.
    learning_rate: a number, or ``"auto"``: the number of points over the exaggeration.
    early_exaggeration_iter, early_exaggeration: the first phase, in which attraction is stronger; ``"auto"`` is 12, or ``exaggeration``.
    n_iter, exaggeration: the second phase.
    dof: degrees of freedom of the kernel; below 1 clusters split, above 1 they cling.
    theta: the accuracy of ``"bh"``, smaller is better.
    n_interpolation_points, min_num_intervals, ints_in_interval: the grid of ``"fft"``.
    initialization: ``"pca"``, ``"spectral"``, ``"random"``, ``"coarse"``, or an array.
    metric, metric_params: the distance, by its name or as a function of two rows.
    initial_momentum, final_momentum: the momentum of the two phases.
    min_grad_norm: the norm of the gradient at which a phase ends.
    max_grad_norm, max_step_norm: the longest gradient and the longest step of a point.
    n_jobs: threads; -1 is all processors. The map is the same for any number.
    neighbors: ``"auto"``, ``"exact"``, ``"approx"``, or an index. ``knn_kwargs`` is accepted and not used.
    negative_gradient_method: ``"auto"``, ``"bh"``, ``"fft"``, ``"exact"``, or a function.
    callbacks, callbacks_every_iters: called with iteration, divergence and map; one that returns True ends the fit.
    random_state: a number, a generator of NumPy, or None.
    verbose: tells of stages and iterations.
    preset: ``"opentsne"``, ``"recommended"``, ``"exaggerated"`` or ``"documented"``.
    """

    def __init__(
        self,
        n_components: int = 2,
        perplexity: Any = 30,
        learning_rate: Any = DefaultStr("auto"),
        early_exaggeration_iter: int | None = DefaultInt(250),
        early_exaggeration: Any = DefaultStr("auto"),
        n_iter: int = DefaultInt(500),
        exaggeration: float | None = None,
        dof: float = 1,
        theta: float = 0.5,
        n_interpolation_points: int = 3,
        min_num_intervals: int = 50,
        ints_in_interval: float = 1,
        initialization: Any = DefaultStr("pca"),
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        initial_momentum: float | None = DefaultFloat(0.8),
        final_momentum: float | None = DefaultFloat(0.8),
        max_grad_norm: float | None = None,
        max_step_norm: float | None = DefaultInt(5),
        n_jobs: int | None = DefaultInt(1),
        neighbors: Any = DefaultStr("auto"),
        knn_kwargs: dict[str, Any] | None = None,
        negative_gradient_method: Any = DefaultStr("auto"),
        callbacks: Any = None,
        callbacks_every_iters: int = 50,
        random_state: Any = None,
        verbose: Any = False,
        min_grad_norm: float | None = DefaultFloat(0.0),
        preset: str = _parameters.OPENTSNE,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.learning_rate = learning_rate
        self.early_exaggeration_iter = early_exaggeration_iter
        self.early_exaggeration = early_exaggeration
        self.n_iter = n_iter
        self.exaggeration = exaggeration
        self.dof = dof
        self.theta = theta
        self.n_interpolation_points = n_interpolation_points
        self.min_num_intervals = min_num_intervals
        self.ints_in_interval = ints_in_interval
        self.initialization = initialization
        self.metric = metric
        self.metric_params = metric_params
        self.initial_momentum = initial_momentum
        self.final_momentum = final_momentum
        self.min_grad_norm = min_grad_norm
        self.max_grad_norm = max_grad_norm
        self.max_step_norm = max_step_norm
        self.n_jobs = n_jobs
        self.neighbors = neighbors
        self.knn_kwargs = knn_kwargs
        self.negative_gradient_method = negative_gradient_method
        self.callbacks = callbacks
        self.callbacks_every_iters = callbacks_every_iters
        self.random_state = random_state
        self.verbose = verbose
        self.preset = preset
        if np.ndim(initialization) == 2 and np.shape(initialization)[1] != n_components:
            raise ValueError(f"The provided initialization has {np.shape(initialization)[1]} columns, but `n_components` is {n_components}.")

    def fit(self, X: Any = None, affinities: Affinities | None = None, initialization: Any = None) -> TSNEEmbedding:
        """Fits a map of data, or of affinities, and returns it."""
        embedding = self.prepare_initial(X, affinities, initialization)
        embedding._on_its_way = True
        try:
            if self.preset in _CLASSICAL:
                for n_iter, factor, momentum in self._phases():
                    embedding.optimize(
                        n_iter=n_iter, exaggeration=factor, momentum=momentum, inplace=True, propagate_exception=True
                    )
            else:
                self._descend(embedding)
        except OptimizationInterrupt as interrupt:
            return interrupt.final_embedding
        finally:
            embedding._on_its_way = False
            embedding._tell()
        return embedding

    def prepare_initial(self, X: Any = None, affinities: Affinities | None = None, initialization: Any = None) -> TSNEEmbedding:
        """The map before its optimization: affinities, and where the points start."""
        if X is None and affinities is None and initialization is None:
            raise ValueError("At least one of `X`, `affinities`, or `initialization` must be specified: there is nothing to fit")
        if affinities is not None and not isinstance(affinities, Affinities):
            raise ValueError(f"`affinities` must be an instance of `Affinities`, but is {type(affinities).__name__}")
        if self.preset not in _parameters.PRESETS:
            raise ValueError(f"preset is {self.preset!r}, but must be one of {', '.join(_parameters.PRESETS)}")
        chosen = self.initialization if initialization is None else initialization
        # Wrong arguments should not cost a search.
        checked_callbacks(self.callbacks)
        objective(self.negative_gradient_method)
        seed = _parameters.seed(self.random_state)
        n_jobs = self._threads()
        if X is None and affinities is None:
            raise ValueError("an initialization alone says nothing of the points: give `X`, or `affinities`")
        x: Any = None if X is None else prepared(X)
        n = affinities.n_samples if x is None and affinities is not None else n_rows(x)
        if is_array_like(chosen):
            given = np.asarray(chosen)
            if given.ndim != 2:
                raise ValueError(f"the initialization has {given.ndim} dimensions, but must have a row for each point and {self.n_components} columns")
            check_shape(given, n, self.n_components)
        elif chosen not in ("pca", "spectral", "random", "coarse"):
            raise ValueError(
                f"Unrecognized initialization scheme: {chosen!r}; it must be \"pca\", \"spectral\", \"random\", \"coarse\" or an array of positions"
            )
        if affinities is None:
            affinities = MultiscaleMixture(
                self._rows(x), self.perplexity, method=self._neighbors(), metric=self.metric, metric_params=self.metric_params, n_jobs=n_jobs,
                random_state=seed, verbose=self.verbose, knn_kwargs=self.knn_kwargs,
            )  # fmt: skip
        index = affinities._rust()
        if X is None and isinstance(chosen, str) and chosen == "pca":
            tell(["there are no coordinates to compute principal components of: the spectral initialization is used; give `X`, or choose it"], set())
            chosen = "spectral"
        document = {
            "random_state": seed,
            "dof": self.dof,
            "optimize": {"preset": self.preset, "n_jobs": n_jobs},
        }
        positions = None
        if is_array_like(chosen):
            positions = dense(chosen, index.dtype, "initialization")
        elif chosen == "pca" and not index.has_data and x is not None and self.metric != "precomputed":
            made = start.pca(X, self.n_components, random_state=seed, n_jobs=n_jobs)
            positions = np.ascontiguousarray(made, dtype=index.dtype)
        elif not (is_default(chosen) and self.preset != _parameters.OPENTSNE):
            document["initialization"] = str(chosen)
        with Stages(self.verbose) as stages:
            engine = _tsne_rs.Embedding.prepare(_parameters.document(document), self.n_components, index, positions, stages)
        return TSNEEmbedding._of(engine, affinities, self.preset, seed, self._descent_params())

    @staticmethod
    def _rows(x: Any) -> Any:
        """Prepared data as those that affinities are made of."""
        if not isinstance(x, tuple):
            return x
        indptr, indices, values, d = x
        return sp.csr_matrix((values, indices.astype(np.int64), indptr.astype(np.int64)), shape=(len(indptr) - 1, d))

    def _threads(self) -> int:
        if is_default(self.n_jobs) and self.preset in ("recommended", "exaggerated"):
            return -1
        return _parameters.n_jobs(self.n_jobs)

    def _neighbors(self) -> Any:
        if is_default(self.neighbors):
            return "approx" if self.preset == "documented" else "auto"
        return self.neighbors

    def _given(self, name: str) -> dict[str, Any]:
        """A parameter that was given by hand, or nothing."""
        value = getattr(self, name)
        return {} if is_default(value) and self.preset != _parameters.OPENTSNE else {name: value}

    def _phases(self) -> list[tuple[int, float | None, float | None]]:
        """Iterations, exaggeration and momentum of both phases of a classical descent."""
        from ._defaults import of_preset

        schedule = of_preset(self.preset)[0]["optimize"]["schedule"]
        value = {name: self._given(name).get(name, schedule[name]) for name in (
            "early_exaggeration_iter", "early_exaggeration", "n_iter", "initial_momentum", "final_momentum"
        )}  # fmt: skip
        early = value["early_exaggeration"]
        if isinstance(early, str):
            if early != "auto":
                raise ValueError(f"early_exaggeration is {early!r}, but must be \"auto\" or a positive number")
            early = max(12, self.exaggeration or 1)
        return [
            (value["early_exaggeration_iter"], early, value["initial_momentum"]),
            (value["n_iter"], self.exaggeration, value["final_momentum"]),
        ]

    def _descent_params(self) -> dict[str, Any]:
        """What the optimizer of the map is told in all its descents."""
        method = "fft" if is_default(self.negative_gradient_method) and self.preset == "documented" else self.negative_gradient_method
        params = {
            "dof": self.dof,
            "negative_gradient_method": method,
            "n_interpolation_points": self.n_interpolation_points,
            "min_num_intervals": self.min_num_intervals,
            "ints_in_interval": self.ints_in_interval,
            "theta": self.theta,
            "max_grad_norm": self.max_grad_norm,
            "n_jobs": self._threads(),
            "callbacks": self.callbacks,
            "callbacks_every_iters": self.callbacks_every_iters,
            "verbose": self.verbose,
        }
        if self.preset == "documented":
            defaults = {"learning_rate": 200, "min_grad_norm": 1e-8, "max_step_norm": None}
        else:
            defaults = {"min_grad_norm": None} if self.preset == _parameters.OPENTSNE else {}
        for name in ("learning_rate", "min_grad_norm", "max_step_norm"):
            value = getattr(self, name)
            if not is_default(value):
                params[name] = value
            elif name in defaults:
                params[name] = defaults[name]
            elif self.preset == _parameters.OPENTSNE:
                params[name] = value
        return params

    def _descend(self, embedding: TSNEEmbedding) -> None:
        """A descent whose numbers change from one iteration to the next, in one call."""
        from . import _engine

        params = embedding._told_params(0, {})
        if not isinstance(params["objective_function"], Objective):
            raise ValueError(f"the preset {self.preset!r} has no constant phases, which an objective of your own needs: take preset=\"opentsne\"")
        schedule: dict[str, Any] = {"exaggeration": self.exaggeration}
        for name in ("learning_rate", "early_exaggeration_iter", "early_exaggeration", "n_iter", "initial_momentum", "final_momentum",
                     "min_grad_norm", "max_step_norm"):  # fmt: skip
            schedule |= self._given(name)
        schedule["max_grad_norm"] = self.max_grad_norm
        initialization = self.initialization if isinstance(self.initialization, str) else "random"
        document = {
            **({} if is_default(self.initialization) else {"initialization": initialization}),
            "dof": self.dof,
            "optimize": {
                "preset": self.preset,
                "n_jobs": params["n_jobs"],
                "schedule": schedule,
                "repulsion": _parameters.repulsion(params["objective_function"].method, params),
            },
        }
        calls = Calls(embedding, params["callbacks"], self.callbacks_every_iters, self.verbose)
        calls.about_to_start()
        try:
            embedding.kl_divergence = _engine.whole(embedding, _tsne_rs.descent_of_fit(_parameters.document(document)), calls)
        except OptimizationInterrupt as interrupt:
            embedding.kl_divergence = interrupt.error
            raise
        finally:
            embedding._tell()
