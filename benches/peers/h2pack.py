"""tsne-h2pack with its defaults: repulsion by hierarchical matrices, reused over iterations; starts at random."""

import ctypes
import time

from common import arguments, finish

args = arguments(__doc__)

import numpy as np
import tsne_h2pack


def tsne(iterations):
    return tsne_h2pack.TSNE(
        perplexity=args.perplexity, max_iter=iterations, random_state=args.seed, n_jobs=args.threads, verbose=1
    )


# What the library prints of its iterations is to come line by line: the harness stamps these lines with the time.
LINE_BUFFERED = 1
libc = ctypes.CDLL(None)
libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, LINE_BUFFERED, ctypes.c_size_t(0))

data = np.load(args.data).astype(np.float64)
# The first search of a process compiles, for a minute or so.
tsne(20).fit_transform(data[:5000])
start = time.perf_counter()
whole = tsne(args.early + args.late)
positions = whole.fit_transform(data)
total = time.perf_counter() - start
finish("tsne-h2pack", args.map, positions, total_s=total, neighbors_s=getattr(whole, "knn_time_", None),
       kl_reported=float(whole.kl_divergence_))
