"""t-SNE of annotated data, as scanpy keeps it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _estimator
from .affinity import PerplexityBasedNN
from .nearest_neighbors import PrecomputedNeighbors

__all__ = ["tsne"]


def tsne(
    adata: Any,
    n_pcs: int | None = None,
    *,
    use_rep: str | None = None,
    neighbors_key: str | None = None,
    perplexity: float | None = None,
    key_added: str | None = None,
    metric: str = "euclidean",
    random_state: Any = 0,
    preset: str = "recommended",
    n_jobs: int | None = None,
    copy: bool = False,
    **parameters: Any,
) -> Any:
    """Computes a map of cells and writes it where ``scanpy.pl.tsne`` looks for it.

    Parameters
    ----------
    adata: annotated data.
    n_pcs: how many columns of the representation; None is all.
    use_rep: the representation, a key of ``.obsm`` or ``"X"``; None is ``"X_pca"`` if it is there, or else ``"X"``.
    neighbors_key: reuses the graph that ``scanpy.pp.neighbors`` has written under this key (``"neighbors"`` is its own default):
        no neighbors are searched, and the perplexity is at most a third of their number.
    perplexity: None is 30, or with a graph a third of its number of neighbors.
    key_added: the map is ``.obsm[key_added]`` and its parameters ``.uns[key_added]``; None is ``"X_tsne"`` and ``"tsne"``.
    copy: returns a copy with the map rather than write into ``adata``.
    parameters: others of :class:`tsne_rs.TSNE`.
    """
    adata = adata.copy() if copy else adata
    name, X = _representation(adata, use_rep, n_pcs)
    threads: dict[str, Any] = {} if n_jobs is None else {"n_jobs": n_jobs}
    method = _estimator.TSNE(perplexity=30 if perplexity is None else perplexity, metric=metric, random_state=random_state, preset=preset,
                             **threads, **parameters)  # fmt: skip
    used = 30.0 if perplexity is None else float(perplexity)
    if neighbors_key is None:
        embedding = method.fit(X)
    else:
        neighbors, distances = _graph(adata, neighbors_key)
        if perplexity is None:
            used = max(1.0, neighbors.shape[1] / 3)
        affinities = PerplexityBasedNN(
            perplexity=used, knn_index=PrecomputedNeighbors(neighbors, distances), random_state=random_state, n_jobs=method._threads()
        )
        embedding = method.fit(X, affinities=affinities)
    key_obsm, key_uns = (key_added, key_added) if key_added is not None else ("X_tsne", "tsne")
    adata.obsm[key_obsm] = np.array(embedding)
    params: dict[str, Any] = {
        "perplexity": used,
        "metric": metric if neighbors_key is None else adata.uns[neighbors_key]["params"].get("metric", metric),
        "preset": preset,
        "use_rep": name,
        "kl_divergence": embedding.kl_divergence,
    }
    if neighbors_key is not None:
        params["neighbors_key"] = neighbors_key
    adata.uns[key_uns] = {"params": params}
    return adata if copy else None


def _representation(adata: Any, use_rep: str | None, n_pcs: int | None) -> tuple[str, Any]:
    """A representation of the cells, by its name."""
    name = use_rep if use_rep is not None else ("X_pca" if "X_pca" in adata.obsm else "X")
    if name != "X" and name not in adata.obsm:
        raise ValueError(f"use_rep is {name!r}, but .obsm has {sorted(adata.obsm)}")
    X = adata.X if name == "X" else adata.obsm[name]
    if n_pcs is None:
        return name, X
    if name == "X":
        raise ValueError("n_pcs needs principal components: run scanpy.pp.pca first, or leave it out")
    if n_pcs > X.shape[1]:
        raise ValueError(f"n_pcs is {n_pcs}, but {name} has {X.shape[1]} columns")
    return name, X[:, :n_pcs]


def _graph(adata: Any, neighbors_key: str) -> tuple[np.ndarray, np.ndarray]:
    """Neighbors and distances that ``scanpy.pp.neighbors`` has found."""
    if neighbors_key not in adata.uns:
        raise ValueError(f"neighbors_key is {neighbors_key!r}, but .uns has no such neighbors: run scanpy.pp.neighbors first")
    distances = sp.csr_matrix(adata.obsp[adata.uns[neighbors_key].get("distances_key", "distances")], copy=True)
    # Some versions count a cell among its own neighbors.
    others = distances.indices != np.repeat(np.arange(distances.shape[0]), np.diff(distances.indptr))
    kept = np.concatenate([[0], np.cumsum(others)])[distances.indptr]
    distances = sp.csr_matrix((distances.data[others], distances.indices[others], kept), shape=distances.shape)
    counts = np.diff(distances.indptr)
    k = int(counts.min()) if len(counts) else 0
    if k < 1:
        raise ValueError(f"a cell has no neighbors in .uns[{neighbors_key!r}]: run scanpy.pp.neighbors with more of them")
    neighbors = np.empty((len(counts), k), np.int64)
    lengths = np.empty((len(counts), k), distances.dtype)
    for i in range(len(counts)):
        row = slice(distances.indptr[i], distances.indptr[i + 1])
        nearest = np.argsort(distances.data[row], kind="stable")[:k]
        neighbors[i], lengths[i] = distances.indices[row][nearest], distances.data[row][nearest]
    return neighbors, lengths
