"""openTSNE's `transform` into a map that is there already, so that every peer places the same points into the same map."""

import time

from common import Stages, arguments, finish

args = arguments(__doc__, "fitted", "fitted_map", "data", "map")

import numpy as np
import openTSNE
from openTSNE import affinity, nearest_neighbors

common = dict(n_jobs=args.threads, random_state=args.seed)


def embedding(x, y):
    """The map `y` of `x` as openTSNE would hold it after a fit."""
    affinities = affinity.PerplexityBasedNN(x, perplexity=args.perplexity, **common)
    return openTSNE.TSNE(**common).prepare_initial(affinities=affinities, initialization=y)


fitted, fitted_map = np.load(args.fitted), np.load(args.fitted_map).astype(np.float64)
data = np.load(args.data)
embedding(fitted[:2000], fitted_map[:2000]).transform(data[:100])
whole = embedding(fitted, fitted_map)
stages = Stages()
for name in ("Sklearn", "Annoy", "NNDescent", "HNSW"):
    stages.around(getattr(nearest_neighbors, name), "query", "neighbors_s")
start = time.perf_counter()
positions = whole.transform(data)
seconds = time.perf_counter() - start
# The second call finds the interpolation grid of the fitted points ready.
stages.active = False
start = time.perf_counter()
whole.transform(data)
again = time.perf_counter() - start
finish("openTSNE", args.map, positions, total_s=seconds, again_s=again, **stages.seconds)
