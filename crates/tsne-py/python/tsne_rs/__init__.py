"""t-SNE: fast, accurate, deterministic for any number of threads, with openTSNE's interface.

>>> import numpy as np
>>> import tsne_rs
>>> data = np.random.RandomState(0).normal(size=(200, 10))
>>> embedding = tsne_rs.TSNE(perplexity=20, random_state=42).fit(data)
>>> embedding.shape
(200, 2)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._tsne_rs import VERSION as __version__

if TYPE_CHECKING:
    from . import affinity, callbacks, initialization, kl_divergence, metrics, nearest_neighbors, tsne, utils
    from .tsne import TSNE, OptimizationInterrupt, PartialTSNEEmbedding, TSNEEmbedding, load

__all__ = [
    "OptimizationInterrupt",
    "PartialTSNEEmbedding",
    "TSNE",
    "TSNEEmbedding",
    "__version__",
    "affinity",
    "callbacks",
    "initialization",
    "kl_divergence",
    "load",
    "metrics",
    "nearest_neighbors",
    "tsne",
    "utils",
]

_MODULES = ("affinity", "callbacks", "initialization", "kl_divergence", "metrics", "nearest_neighbors", "tsne", "utils")
_OF_TSNE = ("OptimizationInterrupt", "PartialTSNEEmbedding", "TSNE", "TSNEEmbedding", "load")


def __getattr__(name: str) -> Any:
    # When it is asked for: the command needs none of it, and starts at once.
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _OF_TSNE:
        return getattr(importlib.import_module(f"{__name__}.tsne"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
