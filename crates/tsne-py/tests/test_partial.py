"""New points in a map."""

import copy

import numpy as np
import pytest
import tsne_rs


@pytest.fixture(scope="module")
def fitted(digits):
    return tsne_rs.TSNE(random_state=1, n_jobs=-1).fit(digits[:1000])


@pytest.fixture(scope="module")
def new(digits):
    return digits[1000:1100]


def test_they_are_placed_among_their_neighbors(fitted, new):
    before = np.array(fitted)
    placed = fitted.transform(new)
    assert isinstance(placed, tsne_rs.PartialTSNEEmbedding) and placed.shape == (100, 2) and placed.dtype == np.float32
    assert np.array_equal(fitted, before)
    assert placed.reference_embedding is fitted and placed.P.shape == (100, 1000)
    assert np.isfinite(placed.kl_divergence)
    _, neighbors, _ = fitted.affinities.to_new(new, perplexities=5, return_distances=True)
    medians = np.median(before[neighbors], axis=1)
    assert np.median(np.linalg.norm(placed - medians, axis=1)) < 0.1 * np.ptp(before)


def test_the_steps_of_transform(fitted, new):
    partial = fitted.prepare_partial(new, perplexity=5)
    _, neighbors, _ = fitted.affinities.to_new(new, perplexities=25 / 3 + 0.01, return_distances=True)
    assert np.array_equal(partial, np.median(np.array(fitted)[neighbors[:, :25]], axis=1).astype(np.float32))
    told = {"learning_rate": 0.1, "max_grad_norm": 0.25, "max_step_norm": None}
    partial.optimize(250, exaggeration=1.5, momentum=0.8, inplace=True, **told)
    assert np.array_equal(partial, fitted.transform(new))


def test_points_do_not_act_on_each_other(fitted, new):
    together, alone = fitted.transform(new), fitted.transform(new[:1])
    assert np.allclose(together[:1], alone, atol=1e-3)


@pytest.mark.parametrize("initialization", ["median", "weighted", "random"])
def test_where_they_start(fitted, new, initialization):
    assert np.isfinite(fitted.transform(new, initialization=initialization)).all()


def test_given_starts(fitted, new):
    start = np.zeros((100, 2))
    assert np.array_equal(fitted.transform(new, initialization=start, n_iter=0), start)
    assert np.array_equal(fitted.prepare_partial(new, initialization=start), start)
    with pytest.raises(ValueError, match="number of points"):
        fitted.transform(new, initialization=start[:5])
    with pytest.raises(ValueError, match="initialization"):
        fitted.transform(new, initialization="magic")


def test_callbacks_of_the_map_go_on(digits, new):
    seen = []
    method = tsne_rs.TSNE(random_state=1, n_iter=50, callbacks=lambda i, e, m: seen.append(type(m)), callbacks_every_iters=50)
    fitted = method.fit(digits[:300])
    del seen[:]
    fitted.transform(new, n_iter=100)
    assert seen == [tsne_rs.PartialTSNEEmbedding] * 2
    fitted.gradient_descent_params["callbacks"] = [lambda i, e, m: True]
    stopped = fitted.transform(new, n_iter=100)
    assert np.isfinite(stopped.kl_divergence)


def test_copies_and_cuts(fitted, new):
    partial = fitted.prepare_partial(new, perplexity=5)
    other = copy.deepcopy(partial)
    other.optimize(10, inplace=True, learning_rate=0.1)
    assert not np.array_equal(other, partial) and type(partial[:5]) is np.ndarray
    assert not hasattr(partial, "transform")


def test_a_matrix_of_one_s_own(fitted, new):
    P = fitted.affinities.to_new(new, perplexities=5)
    start = np.array(fitted.prepare_partial(new, perplexity=5))
    own = tsne_rs.PartialTSNEEmbedding(start, fitted, P)
    told = {"learning_rate": 0.1, "max_grad_norm": 0.25}
    ours = fitted.prepare_partial(new, perplexity=5).optimize(50, **told)
    assert np.array_equal(own.optimize(50, **told), ours)
    by_array = tsne_rs.PartialTSNEEmbedding(start, np.array(fitted), P)
    assert np.array_equal(by_array.optimize(50, **told), ours)
    with pytest.raises(ValueError, match="number of samples"):
        tsne_rs.PartialTSNEEmbedding(start[:5], fitted, P)


def test_perplexities_of_new_points(fitted, new, some):
    assert not np.array_equal(fitted.transform(new, perplexity=[5, 15]), fitted.transform(new))
    one = tsne_rs.TSNE(random_state=1, n_iter=20).fit(some, affinities=tsne_rs.affinity.PerplexityBasedNN(some, 10))
    assert one.transform(some[:5]).shape == (5, 2)
    uniform = tsne_rs.TSNE(random_state=1, n_iter=20).fit(some, affinities=tsne_rs.affinity.Uniform(some, 10))
    with pytest.raises(TypeError, match="perplexity"):
        uniform.transform(some[:5])
    assert uniform.prepare_partial(some[:5], k_neighbors=5).optimize(10, learning_rate=0.1).shape == (5, 2)


def test_a_prepared_map_gives_the_same(fitted, new):
    prepared = fitted.copy()
    prepared.prepare_interpolation_grid()
    assert np.array_equal(prepared.transform(new), fitted.transform(new))


def test_a_map_that_moved_on(fitted, new):
    embedding = fitted.copy()
    partial = embedding.prepare_partial(new, perplexity=5)
    embedding += 3
    # Where the map is now is where they are drawn to.
    drawn = partial.optimize(100, learning_rate=0.1, max_grad_norm=0.25)
    assert np.median(drawn - partial) > 0.5
