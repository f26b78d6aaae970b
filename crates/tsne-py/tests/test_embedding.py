"""Maps as arrays: what is a map, what is an array, and what goes through a pickle."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import tsne_rs


@pytest.fixture(scope="module")
def fitted(digits):
    return tsne_rs.TSNE(random_state=1, n_iter=50, early_exaggeration_iter=50).fit(digits[:300])


def test_it_is_an_array(fitted):
    assert isinstance(fitted, np.ndarray) and isinstance(fitted, tsne_rs.TSNEEmbedding)
    assert fitted.shape == (300, 2) and fitted.dtype == np.float32 and fitted.flags.c_contiguous
    assert np.isfinite(fitted).all()


@pytest.mark.parametrize(
    "cut",
    [
        lambda e: e[:10],
        lambda e: e[:, 0],
        lambda e: e[e[:, 0] > 0],
        lambda e: e * 2,
        lambda e: -e,
        lambda e: e - e.mean(axis=0),
        lambda e: e.T,
        lambda e: e.reshape(-1),
        lambda e: e.astype(np.float64),
        lambda e: np.concatenate([e, e]),
        lambda e: np.zeros_like(e),
        lambda e: np.linalg.norm(e, axis=1),
        lambda e: e.min(axis=0),
        lambda e: np.copy(e),
        lambda e: np.dot(e, np.eye(2, dtype=np.float32)),
        lambda e: e @ np.eye(2, dtype=np.float32),
    ],
)
def test_what_is_no_map_is_a_plain_array(fitted, cut):
    plain = cut(np.array(fitted))
    made = cut(fitted)
    assert type(made) is np.ndarray
    assert np.array_equal(made, plain)


def test_single_numbers_are_numbers(fitted):
    assert isinstance(fitted.max(), np.float32) and isinstance(fitted[0, 0], np.float32)
    assert float(fitted.sum()) == float(np.array(fitted).sum())


@pytest.mark.parametrize("how", [lambda e: e.copy(), copy.copy, copy.deepcopy])
def test_copies_are_maps_of_their_own(fitted, how):
    before = np.array(fitted)
    other = how(fitted)
    assert isinstance(other, tsne_rs.TSNEEmbedding) and np.array_equal(other, fitted)
    assert other.affinities is fitted.affinities and other.optimizer is not fitted.optimizer
    assert other.kl_divergence == fitted.kl_divergence
    other.optimize(10, inplace=True)
    assert not np.array_equal(other, fitted) and np.array_equal(fitted, before)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_goes_on_as_the_original_would(fitted, digits, protocol):
    other = pickle.loads(pickle.dumps(fitted, protocol))
    assert isinstance(other, tsne_rs.TSNEEmbedding) and np.array_equal(other, fitted)
    assert other.kl_divergence == fitted.kl_divergence
    assert np.array_equal(other.optimize(20), fitted.optimize(20))
    assert np.array_equal(other.transform(digits[300:320]), fitted.transform(digits[300:320]))
    assert np.array_equal(other.affinities.P.toarray(), fitted.affinities.P.toarray())


def test_a_pickle_of_new_points(fitted, digits):
    placed = fitted.prepare_partial(digits[300:320], perplexity=5)
    other = pickle.loads(pickle.dumps(placed))
    assert isinstance(other, tsne_rs.PartialTSNEEmbedding)
    told = {"learning_rate": 0.1, "max_grad_norm": 0.25}
    assert np.array_equal(other.optimize(20, **told), placed.optimize(20, **told))


def test_a_pickle_of_another_process(fitted, digits, tmp_path):
    (tmp_path / "map.pkl").write_bytes(pickle.dumps(fitted))
    script = "import pickle, numpy; e = pickle.load(open('map.pkl', 'rb')); numpy.save('out.npy', e.optimize(5))"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "out.npy"), fitted.optimize(5))


def test_in_place_moves_the_array_itself(fitted):
    embedding = fitted.copy()
    base, address = embedding.base, embedding.ctypes.data
    returned = embedding.optimize(10, inplace=True)
    assert returned is embedding and embedding.base is base and embedding.ctypes.data == address


def test_not_in_place_leaves_it(fitted):
    before, gains = np.array(fitted), fitted.optimizer.gains
    returned = fitted.optimize(10)
    assert returned is not fitted and np.array_equal(fitted, before)
    assert np.array_equal(fitted.optimizer.gains, gains)
    assert returned.affinities is fitted.affinities


def test_positions_that_were_changed_by_hand_are_where_it_goes_on(fitted):
    moved = fitted.copy()
    moved[:] = -np.array(fitted)
    mirrored = tsne_rs.TSNEEmbedding(-np.array(fitted), fitted.affinities, random_state=1)
    mirrored.optimizer = moved.optimizer.copy()
    assert np.array_equal(moved.optimize(10, learning_rate=10.0), mirrored.optimize(10, learning_rate=10.0))
    assert not np.array_equal(moved.optimize(10), fitted.optimize(10))
    scaled = fitted.copy()
    scaled *= 2
    assert isinstance(scaled, tsne_rs.TSNEEmbedding) and np.array_equal(scaled, 2 * np.array(fitted))


def test_the_divergence_is_that_of_the_positions(fitted):
    exact = tsne_rs.kl_divergence.kl_divergence_exact(fitted.affinities.P.toarray(), fitted)
    assert abs(exact - fitted.kl_divergence) < 1e-4


def test_other_affinities(fitted):
    affinities = copy.deepcopy(fitted.affinities)
    affinities.set_perplexities([5])
    embedding = tsne_rs.TSNEEmbedding(fitted, affinities)
    assert not np.array_equal(embedding.optimize(20), fitted.optimize(20))
    with pytest.raises(ValueError, match="number of samples"):
        tsne_rs.TSNEEmbedding(np.array(fitted)[:10], affinities)
    with pytest.raises(TypeError, match="gradient_descent"):
        tsne_rs.TSNEEmbedding(fitted, affinities, optimizer="adam")
