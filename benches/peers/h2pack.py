"""tsne-h2pack with its defaults: repulsion by hierarchical matrices, reused over iterations; starts at random."""

import ctypes
import time

from common import arguments, finish

args = arguments(__doc__)

import numpy as np
import tsne_h2pack
from tsne_h2pack._knn_methods import PyNNDescentKNN


def tsne(iterations, **options):
    common = dict(perplexity=args.perplexity, random_state=args.seed, n_jobs=args.threads, verbose=1)
    return tsne_h2pack.TSNE(max_iter=iterations, **common, **options)


# What the library prints of its iterations is to come line by line: the harness stamps these lines with the time.
LINE_BUFFERED = 1
libc = ctypes.CDLL(None)
libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, LINE_BUFFERED, ctypes.c_size_t(0))

data = np.load(args.data).astype(np.float64)
# The first approximate search of a process compiles, for half a minute or so. Few points are searched exactly, unless
# one asks for a number of trees.
approximate = len(data) >= PyNNDescentKNN.EXACT_BELOW
tsne(20, knn_params=dict(n_trees=4, n_iters=4) if approximate else None).fit_transform(data[:2000])
start = time.perf_counter()
whole = tsne(args.early + args.late)
positions = whole.fit_transform(data)
total = time.perf_counter() - start
finish("tsne-h2pack", args.map, positions, total_s=total, neighbors_s=getattr(whole, "knn_time_", None),
       kl_reported=float(whole.kl_divergence_))
