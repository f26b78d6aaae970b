"""openTSNE with its defaults: the stages of `TSNE.fit`, called one by one to time them."""

import time

from common import Stages, arguments, finish

args = arguments(__doc__)

import numpy as np
import openTSNE
from openTSNE import affinity, initialization, nearest_neighbors

stages = Stages()
for name in ("Sklearn", "Annoy", "NNDescent", "HNSW"):
    stages.around(getattr(nearest_neighbors, name), "build", "neighbors_s")
common = dict(n_jobs=args.threads, random_state=args.seed)


def fit(x, early, late):
    """The map, its time by stage and its course."""
    start = time.perf_counter()
    affinities = affinity.PerplexityBasedNN(x, perplexity=args.perplexity, **common)
    affine = time.perf_counter()
    positions = initialization.pca(x, random_state=args.seed)
    placed = time.perf_counter()
    tsne = openTSNE.TSNE(perplexity=args.perplexity, early_exaggeration_iter=early, n_iter=late, **common)
    embedding = tsne.prepare_initial(affinities=affinities, initialization=positions)
    prepared = time.perf_counter()
    curve, before = [], 0

    def seen(iteration, kl_divergence, _):
        curve.append((before + iteration, round(time.perf_counter() - start, 4), float(kl_divergence)))

    watched = dict(callbacks=seen, callbacks_every_iters=50, propagate_exception=True)
    embedding = embedding.optimize(early, exaggeration=12, momentum=0.8, **watched)
    exaggerated, before = time.perf_counter(), early
    embedding = embedding.optimize(late, momentum=0.8, **watched)
    end = time.perf_counter()
    return embedding, dict(
        total_s=end - start,
        affinities_s=affine - start,
        initialization_s=placed - affine,
        optimization_s=end - prepared,
        ms_early=1e3 * (exaggerated - prepared) / early,
        ms_late=1e3 * (end - exaggerated) / late,
        kl_reported=float(embedding.kl_divergence),
        curve=curve,
    )


data = np.load(args.data)
fit(data[:500], 20, 20)
stages.seconds.clear()
embedding, record = fit(data, args.early, args.late)
record["affinities_s"] -= stages.seconds["neighbors_s"]
finish("openTSNE", args.map, embedding, **record, **stages.seconds)
