"""The KL divergence of positions from affinities, by all pairs and by approximations."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from ._objective import kl_divergence_bh as _bh
from ._objective import kl_divergence_exact as _exact
from ._objective import kl_divergence_fft as _fft

__all__ = ["kl_divergence_approx_bh", "kl_divergence_approx_fft", "kl_divergence_exact"]


def kl_divergence_exact(P: Any, embedding: Any, dof: float = 1) -> float:
    """By all pairs; ``P`` is dense or sparse."""
    return _exact.divergence(embedding, sp.csr_matrix(P), dof)


def kl_divergence_approx_bh(indices: Any, indptr: Any, P_data: Any, embedding: Any, theta: float = 0.5, dof: float = 1) -> float:
    """By Barnes-Hut, of the parts of a sparse matrix."""
    P = _matrix(indices, indptr, P_data, embedding)
    return _bh.divergence(embedding, P, dof, {"theta": theta})


def kl_divergence_approx_fft(
    indices: Any,
    indptr: Any,
    P_data: Any,
    embedding: Any,
    dof: float = 1,
    n_interpolation_points: int = 3,
    min_num_intervals: int = 10,
    ints_in_interval: float = 1,
) -> float:
    """By the interpolation grid, of the parts of a sparse matrix."""
    P = _matrix(indices, indptr, P_data, embedding)
    grid = {"n_interpolation_points": n_interpolation_points, "min_num_intervals": min_num_intervals, "ints_in_interval": ints_in_interval}
    return _fft.divergence(embedding, P, dof, grid)


def _matrix(indices: Any, indptr: Any, data: Any, embedding: Any) -> sp.csr_matrix:
    n = len(np.asarray(embedding))
    return sp.csr_matrix((np.asarray(data), np.asarray(indices), np.asarray(indptr)), shape=(n, n))
