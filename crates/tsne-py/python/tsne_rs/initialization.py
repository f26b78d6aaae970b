"""Where points start."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters, _tsne_rs
from ._data import compressed, dense, prepared
from .nearest_neighbors import arrays

#: Standard deviation along the first axis, and that of what is added, in units of it.
STD, JITTER = 1e-4, 0.01


def rescale(x: Any, inplace: bool = False, target_std: float = STD) -> np.ndarray:
    """Positions around the origin, with this standard deviation along their first axis."""
    x = _copied(x, inplace)
    _tsne_rs.rescale(x, float(target_std))
    return x


def jitter(x: Any, inplace: bool = False, scale: float = JITTER, random_state: Any = None) -> np.ndarray:
    """Positions with normally distributed numbers added, of ``scale`` times the deviation along their first axis."""
    x = _copied(x, inplace)
    std = float(scale * np.std(x[:, 0], dtype=np.float64))
    _tsne_rs.jitter(x, std, _parameters.seed(random_state))
    return x


def _copied(x: Any, inplace: bool) -> np.ndarray:
    if not inplace:
        return np.array(dense(x, what="initialization"), copy=True)
    if not (isinstance(x, np.ndarray) and x.flags.c_contiguous and x.dtype in (np.float32, np.float64)):
        raise ValueError("only a C-contiguous array of float32 or float64 can be changed in place")
    return x


def _size(x: Any) -> int:
    return _parameters.integer("n_samples", x) if np.isscalar(x) else (x.shape[0] if hasattr(x, "shape") else len(x))


def random(n_samples: Any, n_components: int = 2, random_state: Any = None, verbose: bool = False) -> np.ndarray:
    """Normally distributed positions of as many points, or of those of the data."""
    return _tsne_rs.random(_size(n_samples), n_components, STD, _parameters.seed(random_state))


def pca(
    X: Any,
    n_components: int = 2,
    svd_solver: str = "auto",
    random_state: Any = None,
    verbose: bool = False,
    add_jitter: bool = True,
    n_jobs: int = 1,
) -> np.ndarray:
    """Principal components, rescaled. There is one solver: ``svd_solver`` is not used."""
    seed = _parameters.seed(random_state)
    return _finished(_tsne_rs.pca(prepared(X), n_components, seed, _parameters.n_jobs(n_jobs)), add_jitter, seed)


def spectral(
    A: Any,
    n_components: int = 2,
    tol: float = 1e-4,
    max_iter: int | None = None,
    random_state: Any = None,
    verbose: bool = False,
    add_jitter: bool = True,
    n_jobs: int = 1,
) -> np.ndarray:
    """Leading eigenvectors of the random walk along affinities (a sparse matrix, or an ``Affinities``), rescaled."""
    seed = _parameters.seed(random_state)
    made = _tsne_rs.spectral(_index(A), n_components, float(tol) or 1e-4, max_iter, seed, _parameters.n_jobs(n_jobs))
    return _finished(made, add_jitter, seed)


def coarse(A: Any, n_components: int = 2, dof: float = 1, random_state: Any = None, n_jobs: int = 1) -> np.ndarray:
    """A map of groups of points, with the points around theirs: where the recommended preset starts."""
    return _tsne_rs.coarse(_index(A), n_components, float(dof), _parameters.seed(random_state), _parameters.n_jobs(n_jobs))


def _finished(positions: np.ndarray, add_jitter: bool, seed: int) -> np.ndarray:
    if not _tsne_rs.rescale(positions, STD):
        # Constant data have no axis.
        return _tsne_rs.random(len(positions), positions.shape[1], STD, seed).astype(positions.dtype)
    if add_jitter:
        _tsne_rs.jitter(positions, STD * JITTER, seed)
    return positions


def _index(affinities: Any) -> _tsne_rs.AffinityIndex:
    if hasattr(affinities, "_rust"):
        return affinities._rust()
    if np.ndim(affinities) != 2 and not sp.issparse(affinities):
        raise ValueError("the adjacency matrix must be two-dimensional")
    matrix = sp.csr_matrix(affinities, dtype=None)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"the adjacency matrix has the shape {matrix.shape}, but must be square")
    matrix = matrix.astype(np.float32 if matrix.dtype == np.float32 else np.float64)
    if matrix.diagonal().any():
        matrix.setdiag(0)
        matrix.eliminate_zeros()
    return _tsne_rs.AffinityIndex.of_joint(_parameters.method(), compressed(matrix if abs(matrix.sum() - 1) < 1e-6 else matrix / matrix.sum()))


def weighted_mean(X: Any, embedding: Any, neighbors: Any, distances: Any, verbose: bool = False) -> np.ndarray:
    """The mean of the positions of the nearest points, in which nearer ones count more."""
    embedding = dense(embedding, what="embedding")
    return _tsne_rs.among(embedding, *arrays(neighbors, distances, embedding.dtype), True)


def median(embedding: Any, neighbors: Any, verbose: bool = False) -> np.ndarray:
    """The median of the positions of the nearest points, coordinate by coordinate."""
    embedding = dense(embedding, what="embedding")
    neighbors = np.asarray(neighbors)
    return _tsne_rs.among(embedding, *arrays(neighbors, np.zeros(neighbors.shape), embedding.dtype), False)
