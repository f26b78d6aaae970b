"""What scripts and notebooks of openTSNE's users do, with nothing changed but the import."""

import pickle

import numpy as np
import pytest
import tsne_rs as openTSNE
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from tsne_rs import TSNE, affinity, initialization
from tsne_rs.callbacks import ErrorLogger


@pytest.fixture(scope="module")
def split():
    x, y = load_digits(return_X_y=True)
    return train_test_split(x, y, test_size=0.33, random_state=42)


def test_simple_usage(split):
    x_train, x_test, y_train, y_test = split
    tsne = TSNE(perplexity=30, metric="euclidean", callbacks=ErrorLogger(), n_jobs=2, random_state=42)
    embedding_train = tsne.fit(x_train)
    assert openTSNE.metrics.label_agreement(embedding_train, y_train) > 0.95
    embedding_test = embedding_train.transform(x_test)
    # New points lie among fitted ones of their label.
    nearest = ((np.array(embedding_test)[:, None] - np.array(embedding_train)[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(y_train[nearest] == y_test) > 0.93


def test_advanced_usage(split):
    x_train, x_test, y_train, _ = split
    affinities_train = affinity.PerplexityBasedNN(x_train, perplexity=30, metric="euclidean", n_jobs=2, random_state=42)
    init_train = initialization.pca(x_train, random_state=42)
    embedding_train = openTSNE.TSNEEmbedding(init_train, affinities_train, negative_gradient_method="fft", n_jobs=2)
    embedding_train_1 = embedding_train.optimize(n_iter=250, exaggeration=12, momentum=0.5)
    assert np.array_equal(embedding_train, init_train)
    embedding_train_2 = embedding_train_1.optimize(n_iter=500, momentum=0.8)
    assert openTSNE.metrics.label_agreement(embedding_train_2, y_train) > 0.95
    embedding_test = embedding_train_2.prepare_partial(x_test, initialization="median", k=25, perplexity=5)
    embedding_test_1 = embedding_test.optimize(n_iter=250, learning_rate=0.1, exaggeration=1.5, momentum=0.8, max_grad_norm=0.25)
    assert embedding_test_1.shape == (len(x_test), 2)


def test_global_structure(split):
    x_train, _, y_train, _ = split
    affinities = affinity.Multiscale(x_train, perplexities=[30, 100], n_jobs=2, random_state=3)
    for init in (initialization.random(x_train, random_state=3), initialization.pca(x_train, random_state=3), initialization.spectral(affinities.P, random_state=3)):
        embedding = openTSNE.TSNEEmbedding(init, affinities, negative_gradient_method="fft", n_jobs=2, random_state=3)
        embedding.optimize(n_iter=250, exaggeration=12, momentum=0.5, inplace=True)
        embedding.optimize(n_iter=250, exaggeration=1, momentum=0.8, inplace=True)
        assert openTSNE.metrics.label_agreement(embedding, y_train) > 0.93
    mixture = affinity.MultiscaleMixture(x_train, perplexities=[30, 100], n_jobs=2)
    assert openTSNE.TSNEEmbedding(initialization.pca(x_train, random_state=3), mixture).optimize(50).shape == (len(x_train), 2)


def test_annealing_of_the_perplexity(split):
    x_train, _, y_train, _ = split
    affinities = affinity.PerplexityBasedNN(x_train, perplexity=200, n_jobs=2, random_state=3)
    embedding = openTSNE.TSNEEmbedding(initialization.pca(x_train, random_state=3), affinities, n_jobs=2)
    embedding.optimize(n_iter=250, exaggeration=12, momentum=0.5, inplace=True)
    for perplexity in (100, 30):
        affinities.set_perplexity(perplexity)
        embedding.optimize(n_iter=250, momentum=0.8, inplace=True)
    direct = TSNE(perplexity=30, random_state=3).fit(x_train)
    assert embedding.kl_divergence < direct.kl_divergence + 0.1
    assert openTSNE.metrics.label_agreement(embedding, y_train) > 0.95


def test_large_data_sets(split):
    x, _, y, _ = split
    rng = np.random.RandomState(0)
    indices = rng.permutation(len(x))
    sample, rest = indices[:300], indices[300:]
    sample_affinities = affinity.PerplexityBasedNN(x[sample], perplexity=30, n_jobs=2, random_state=0)
    sample_embedding = TSNE(n_jobs=2, random_state=0).fit(affinities=sample_affinities, initialization=initialization.pca(x[sample], random_state=42))
    rest_init = sample_embedding.prepare_partial(x[rest], k=1, perplexity=1 / 3)
    init_full = np.empty((len(x), 2))
    init_full[sample], init_full[rest] = np.array(sample_embedding), np.array(rest_init)
    init_full = init_full / (np.std(init_full[:, 0]) * 10000)
    embedding = openTSNE.TSNEEmbedding(init_full, affinity.PerplexityBasedNN(x, perplexity=30, n_jobs=2), n_jobs=2, random_state=42)
    embedding = embedding.optimize(n_iter=500, exaggeration=12, momentum=0.5).optimize(n_iter=250, exaggeration=4, momentum=0.8)
    assert openTSNE.metrics.label_agreement(embedding, y) > 0.95


def test_a_sample_the_rest_and_the_way_back(tmp_path):
    """Fit on a sample, save, reload elsewhere, place the rest, export."""
    iris = load_iris()
    embedding = TSNE(perplexity=10, random_state=0, initialization=PCA(2).fit_transform(iris.data[::2]) * 1e-4).fit(iris.data[::2])
    with open(tmp_path / "embedding.pkl", "wb") as file:
        pickle.dump(embedding, file)
    with open(tmp_path / "embedding.pkl", "rb") as file:
        loaded = pickle.load(file)
    placed = loaded.transform(iris.data[1::2])
    np.savetxt(tmp_path / "placed.csv", placed, delimiter=",")
    assert np.loadtxt(tmp_path / "placed.csv", delimiter=",").shape == (75, 2)


def test_an_animation():
    frames = []
    iris = load_iris()
    TSNE(perplexity=10, random_state=0, callbacks=lambda i, e, m: frames.append(np.array(m, copy=True)), callbacks_every_iters=25).fit(iris.data)
    assert len(frames) == 30 and not np.array_equal(frames[0], frames[-1])
