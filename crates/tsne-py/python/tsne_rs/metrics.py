"""How good a map is."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _parameters, _tsne_rs
from ._data import dense, dtype_of, prepared

__all__ = ["continuity", "label_agreement", "neighbor_recall", "pBIC", "spearman", "trustworthiness"]


def pBIC(embedding: Any) -> float:
    """The pseudo Bayesian information criterion of a map (Cao and Wang 2017): of several perplexities, the least is best."""
    affinities = embedding.affinities
    perplexity = getattr(affinities, "effective_perplexity_", None)
    if perplexity is None:
        several = np.ravel(getattr(affinities, "effective_perplexities_", ()))
        if len(several) != 1:
            raise TypeError(f"{type(affinities).__name__} has not one perplexity, which the criterion compares")
        perplexity = several[0]
    return _tsne_rs.pbic(float(embedding.kl_divergence), float(perplexity), len(embedding))


def _compared(measure: str, X: Any, embedding: Any, k: int, metric: Any, sample: int | None, random_state: Any, n_jobs: int) -> float:
    positions = dense(np.asarray(embedding), what="embedding")
    drawn = None if sample is None else (_parameters.integer("sample", sample), _parameters.seed(random_state))
    # Both in one precision, the higher one.
    data = prepared(X)
    if dtype_of(data) != positions.dtype:
        data, positions = prepared(X, np.float64), positions.astype(np.float64)
    return _tsne_rs.compare(measure, data, positions, _parameters.integer("k", k), metric, drawn, _parameters.n_jobs(n_jobs))


def trustworthiness(
    X: Any, embedding: Any, n_neighbors: int = 5, metric: Any = "euclidean", sample: int | None = None, random_state: Any = 0, n_jobs: int = 1
) -> float:
    """Whether neighbors in the map are neighbors in the data, from 0 to 1; with ``sample``, of as many points."""
    return _compared("trustworthiness", X, embedding, n_neighbors, metric, sample, random_state, n_jobs)


def continuity(
    X: Any, embedding: Any, n_neighbors: int = 5, metric: Any = "euclidean", sample: int | None = None, random_state: Any = 0, n_jobs: int = 1
) -> float:
    """Whether neighbors in the data are neighbors in the map, from 0 to 1."""
    return _compared("continuity", X, embedding, n_neighbors, metric, sample, random_state, n_jobs)


def neighbor_recall(
    X: Any, embedding: Any, n_neighbors: int = 10, metric: Any = "euclidean", sample: int | None = None, random_state: Any = 0, n_jobs: int = 1
) -> float:
    """The share of the nearest neighbors in the data that are among the nearest in the map."""
    return _compared("neighbor_recall", X, embedding, n_neighbors, metric, sample, random_state, n_jobs)


def spearman(
    X: Any, embedding: Any, metric: Any = "euclidean", sample: int | None = None, random_state: Any = 0, n_jobs: int = 1
) -> float:
    """The rank correlation of the distances of pairs in the data and in the map."""
    return _compared("spearman", X, embedding, 1, metric, sample, random_state, n_jobs)


def label_agreement(embedding: Any, labels: Any, n_neighbors: int = 10, n_jobs: int = 1) -> float:
    """The share of points that have the label of most of their neighbors in the map."""
    codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
    positions = dense(np.asarray(embedding), what="embedding")
    return _tsne_rs.label_agreement(positions, codes.ravel(), _parameters.integer("n_neighbors", n_neighbors), _parameters.n_jobs(n_jobs))
