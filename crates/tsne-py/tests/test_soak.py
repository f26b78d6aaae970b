"""Nothing grows with the number of fits."""

import gc

import numpy as np
import pytest
import tsne_rs


def resident():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        pytest.skip("the memory of a process is known on Linux only")


def test_a_thousand_fits_take_no_more_memory():
    data = np.random.default_rng(0).normal(size=(200, 50)).astype(np.float32)

    def fit(i):
        method = tsne_rs.TSNE(random_state=i, n_iter=2, early_exaggeration_iter=2, perplexity=5, callbacks=lambda *_: None, callbacks_every_iters=1)
        embedding = method.fit(data)
        embedding.transform(data[:5], n_iter=2)
        assert embedding.affinities.P.nnz > 0

    for i in range(200):
        fit(i)
    gc.collect()
    before = resident()
    for i in range(1000):
        fit(i)
    gc.collect()
    # A thousandth of this would be the data of one fit: 40 KB, and its neighbors.
    assert resident() - before < 8 << 20
