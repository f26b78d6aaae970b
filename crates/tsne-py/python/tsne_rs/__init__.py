"""t-SNE: fast, accurate, deterministic for any number of threads, with openTSNE's interface.

>>> import numpy as np
>>> import tsne_rs
>>> data = np.random.RandomState(0).normal(size=(200, 10))
>>> embedding = tsne_rs.TSNE(perplexity=20, random_state=42).fit(data)
>>> embedding.shape
(200, 2)
"""

from . import (
    affinity,
    callbacks,
    initialization,
    kl_divergence,
    metrics,
    nearest_neighbors,
    tsne,
    utils,
)
from ._tsne_rs import VERSION as __version__
from .tsne import (
    TSNE,
    OptimizationInterrupt,
    PartialTSNEEmbedding,
    TSNEEmbedding,
    load,
)

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
