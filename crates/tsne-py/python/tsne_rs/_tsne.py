"""What openTSNE computes in its compiled module, for scripts that call it there."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters
from ._tsne_rs import ConditionalAffinities
from .nearest_neighbors import arrays

__all__ = ["compute_gaussian_perplexity"]


def compute_gaussian_perplexity(
    distances: Any, desired_perplexities: Any, perplexity_tol: float = 1e-8, max_iter: int = 200, num_threads: int = 1
) -> np.ndarray:
    """The affinities of each row of distances, ``n × k``, by one or several perplexities; rows sum to 1.

    Tolerance and iterations are the toolkit's own: what is given of them is not used.
    """
    distances = np.asarray(distances)
    order = np.argsort(distances, axis=1, kind="stable")
    n, k = distances.shape
    # Each neighbor is named by its place in the row.
    found = arrays(order, np.take_along_axis(distances, order, 1), np.float32 if distances.dtype == np.float32 else np.float64)
    rule = {"perplexities": [float(value) for value in np.ravel(desired_perplexities)], "k_neighbors": k}
    new = ConditionalAffinities.of_neighbors(*found, k, _parameters.document({"perplexity": rule}), _parameters.n_jobs(num_threads))
    indptr, indices, data = new.p()
    return sp.csr_matrix((data, indices, indptr), shape=(n, k)).toarray()
