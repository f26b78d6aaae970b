"""The method as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from . import _estimator
from ._defaults import is_default

#: Checks that do not hold of a t-SNE, and why; for ``check_estimator(TSNE(), expected_failed_checks=...)``.
EXPECTED_FAILED_CHECKS = {
    "check_transformer_general": "the fitted points are optimized together, new points one by one: fit_transform is not transform",
    "check_transformer_data_not_an_array": "as check_transformer_general",
}


class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """t-SNE with the recommended defaults: parameters as those of :class:`tsne_rs.TSNE`, and None is what the preset has.

    Attributes
    ----------
    embedding_: the map, a :class:`tsne_rs.TSNEEmbedding`.
    kl_divergence_: its KL divergence.
    n_iter_: the iterations that were run.
    n_features_in_, feature_names_in_: the columns of the data.
    """

    def __init__(
        self,
        n_components: int = 2,
        perplexity: Any = 30,
        learning_rate: Any = None,
        early_exaggeration_iter: int | None = None,
        early_exaggeration: Any = None,
        n_iter: int | None = None,
        exaggeration: float | None = None,
        dof: float = 1,
        theta: float = 0.5,
        n_interpolation_points: int = 3,
        min_num_intervals: int = 50,
        ints_in_interval: float = 1,
        initialization: Any = None,
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        initial_momentum: float | None = None,
        final_momentum: float | None = None,
        max_grad_norm: float | None = None,
        max_step_norm: float | None = None,
        n_jobs: int | None = None,
        neighbors: Any = None,
        knn_kwargs: dict[str, Any] | None = None,
        negative_gradient_method: Any = None,
        callbacks: Any = None,
        callbacks_every_iters: int = 50,
        random_state: Any = None,
        verbose: Any = False,
        min_grad_norm: float | None = None,
        preset: str = "recommended",
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.pairwise = self.metric == "precomputed"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X: Any, y: Any = None) -> TSNE:
        """Fits a map of the data, which is ``embedding_``."""
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], order="C", ensure_min_samples=2)
        self.embedding_ = self._method().fit(X)
        self.kl_divergence_ = self.embedding_.kl_divergence
        self.n_iter_ = self.embedding_.n_iterations
        self._n_features_out = self.embedding_.shape[1]
        return self

    def _method(self) -> _estimator.TSNE:
        """The method with all that was given; for the rest its own defaults hold, which give way to the preset's."""
        import inspect

        defaults = inspect.signature(_estimator.TSNE.__init__).parameters
        given = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if value is not None or not is_default(defaults[name].default)
        }
        return _estimator.TSNE(**given)

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Fits a map of the data, and returns the positions."""
        return np.array(self.fit(X).embedding_)

    def transform(self, X: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """Places new points into the map, and returns their positions: see :meth:`tsne_rs.TSNEEmbedding.transform`."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], order="C", reset=False)
        return np.array(self.embedding_.transform(X, *args, **kwargs))
