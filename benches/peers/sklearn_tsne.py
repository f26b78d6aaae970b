"""scikit-learn's TSNE (Barnes-Hut, theta 0.5), or with --intel that of scikit-learn-intelex; both with PCA and their defaults."""

import math
import time

from common import Stages, arguments, finish

args = arguments(__doc__, intel="take the Intel extension")

import numpy as np
from sklearn.manifold import _t_sne

stages = Stages()
phases, curve, started = [], [], 0.0


def watched(inner):
    """sklearn's descent, which runs once per phase, with its time and its course; they are those of openTSNE's phases."""

    def descend(objective, p0, it, max_iter, **options):
        # In the exaggerated phase the reported value is that of 12 P: 12 KL + 12 ln 12.
        factor = 12.0 if it == 0 else 1.0

        def seen(params, *rest, compute_error=True, **more):
            error, gradient = objective(params, *rest, compute_error=compute_error, **more)
            if compute_error:
                kl_divergence = float(error) / factor - math.log(factor)
                curve.append((seen.calls, round(time.perf_counter() - started, 4), kl_divergence))
            seen.calls += 1
            return error, gradient

        seen.calls = it
        start = time.perf_counter()
        result = inner(seen, p0, it, max_iter, **options)
        phases.append((seen.calls - it, time.perf_counter() - start))
        return result

    return descend


if args.intel:
    import daal4py
    from daal4py.sklearn.manifold import _t_sne as intel
    from sklearnex.manifold import TSNE

    daal4py.daalinit(args.threads)
    stages.around(intel.NearestNeighbors, "fit", "neighbors_s")
    stages.around(intel.NearestNeighbors, "kneighbors_graph", "neighbors_s")
    stages.around(intel, "_joint_probabilities_nn", "affinities_s")
    stages.around(intel.PCA, "fit_transform", "initialization_s")
    descend, given = TSNE._daal_tsne, {}

    def kept(self, p, n, positions):
        """The descent is one call into the library: the inputs are kept to run its early phase alone afterwards."""
        given.update(p=p, n=n, positions=positions.copy())
        start = time.perf_counter()
        result = descend(self, p, n, X_embedded=positions)
        phases.append((self.n_iter_, time.perf_counter() - start))
        return result

    TSNE._daal_tsne = lambda self, p, n, X_embedded: kept(self, p, n, X_embedded)
else:
    from sklearn.manifold import TSNE

    stages.around(_t_sne.NearestNeighbors, "fit", "neighbors_s")
    stages.around(_t_sne.NearestNeighbors, "kneighbors_graph", "neighbors_s")
    stages.around(_t_sne, "_joint_probabilities_nn", "affinities_s")
    stages.around(_t_sne.PCA, "fit_transform", "initialization_s")
    _t_sne._gradient_descent = watched(_t_sne._gradient_descent)


def tsne(iterations):
    return TSNE(perplexity=args.perplexity, max_iter=iterations, n_jobs=args.threads, random_state=args.seed)


data = np.load(args.data)
tsne(250).fit_transform(data[:500])
stages.seconds.clear(), phases.clear(), curve.clear()
started = time.perf_counter()
whole = tsne(args.early + args.late)
positions = whole.fit_transform(data)
total = time.perf_counter() - started
record = dict(total_s=total, kl_reported=float(whole.kl_divergence_), curve=curve or None)
record["optimization_s"] = sum(seconds for _, seconds in phases)
if args.intel:
    [(iterations, seconds)] = phases
    whole.max_iter = args.early
    start = time.perf_counter()
    descend(whole, given["p"], given["n"], given["positions"])
    early = time.perf_counter() - start
    late = (iterations - args.early, seconds - early)
    phases = [(args.early, early), late]
for name, (iterations, seconds) in zip(("ms_early", "ms_late"), phases):
    record[name] = 1e3 * seconds / iterations
finish("scikit-learn-intelex" if args.intel else "scikit-learn", args.map, positions, **record, **stages.seconds)
