"""Maps of files."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _parameters, _tsne_rs
from ._affinities import Affinities
from ._by_neighbors import FromNeighbors
from ._embedding import TSNEEmbedding


def load(path: Any) -> TSNEEmbedding:
    """The map of a file that :meth:`TSNEEmbedding.save`, or the command ``tsne``, wrote."""
    engine = _tsne_rs.Embedding.load(path)
    affinities = FromNeighbors.__new__(_Loaded)
    affinities._load(engine.index())
    return TSNEEmbedding._of(engine, affinities, _parameters.OPENTSNE, engine.report()[3], {"n_jobs": 1})


class _Loaded(FromNeighbors):
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
