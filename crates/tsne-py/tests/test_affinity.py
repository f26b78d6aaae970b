"""Affinities against naive computations, their changes, and new points."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import tsne_rs
from sklearn.neighbors import NearestNeighbors
from tsne_rs import _tsne, affinity, nearest_neighbors


@pytest.fixture(scope="module")
def some(digits):
    """Digits of which no two neighbors are equally far: of those, any may be taken."""
    return digits[:300] + np.random.default_rng(0).normal(scale=0.01, size=(300, 64))


def naive_rows(distances, perplexities):
    """The affinities of rows of distances: precisions by bisection, mixed before they are normalized."""
    rows = np.zeros_like(distances)
    for row, d in zip(rows, distances**2):
        for perplexity in perplexities:
            low, high = 0.0, np.inf
            precision = 1.0
            for _ in range(200):
                weights = np.exp(-(d - d.min()) * precision / 2)
                p = weights / weights.sum()
                entropy = -(p[p > 0] * np.log(p[p > 0])).sum()
                low, high = (precision, high) if entropy > np.log(perplexity) else (low, precision)
                precision = 2 * low if np.isinf(high) else (low + high) / 2
            # A kernel of a mixture counts by its density.
            row += np.sqrt(precision) * np.exp(-d * precision / 2)
        row /= row.sum()
    return rows


def neighbors_of(x, k):
    distances, indices = NearestNeighbors(n_neighbors=k).fit(x).kneighbors()
    return indices, distances


def matrix(indices, rows, n):
    return sp.csr_matrix((rows.ravel(), indices.ravel(), np.arange(0, rows.size + 1, rows.shape[1])), shape=(len(rows), n)).toarray()


@pytest.mark.parametrize("perplexities", [[10], [5, 20]])
def test_joint_affinities_are_those_of_the_definition(some, perplexities):
    indices, distances = neighbors_of(some, 3 * max(perplexities))
    P = matrix(indices, naive_rows(distances, perplexities), len(some))
    expected = (P + P.T) / P.sum() / 2
    made = affinity.MultiscaleMixture(some, perplexities)
    assert np.allclose(made.P.toarray(), expected, atol=1e-9)
    assert isinstance(made.P, sp.csr_matrix) and abs(made.P.sum() - 1) < 1e-9
    by_function = affinity.joint_probabilities_nn(indices, distances, perplexities)
    assert np.allclose(by_function.toarray(), expected, atol=1e-9)
    pointwise = affinity.joint_probabilities_nn(indices, distances, perplexities, symmetrize=False, normalization="point-wise")
    assert np.allclose(pointwise.toarray(), P, atol=1e-9)
    rows = _tsne.compute_gaussian_perplexity(distances, perplexities)
    assert np.allclose(rows, naive_rows(distances, perplexities), atol=1e-8)


def test_other_rules(some):
    indices, distances = neighbors_of(some, 15)
    uniform = affinity.Uniform(some, k_neighbors=15)
    P = matrix(indices, np.ones_like(distances), len(some))
    assert np.allclose(uniform.P.toarray(), np.maximum(P, P.T) / np.maximum(P, P.T).sum(), atol=1e-12)
    mean = affinity.Uniform(some, k_neighbors=15, symmetrize="mean").P.toarray()
    assert np.allclose(mean, (P + P.T) / (P + P.T).sum(), atol=1e-12)
    sigma = affinity.FixedSigmaNN(some, sigma=10, k=15)
    rows = np.exp(-(distances**2) / 200)
    P = matrix(indices, rows / rows.sum(axis=1, keepdims=True), len(some))
    assert np.allclose(sigma.P.toarray(), (P + P.T) / (P + P.T).sum(), atol=1e-9)
    parts = [affinity.PerplexityBasedNN(some, p, k_neighbors=60).P.toarray() for p in (5, 20)]
    multiscale = affinity.Multiscale(some, [5, 20]).P.toarray()
    assert np.allclose(multiscale, sum(parts) / 2, atol=1e-6)


def test_a_lower_perplexity_from_the_same_neighbors(some):
    changed = affinity.PerplexityBasedNN(some, 30)
    changed.set_perplexity(10)
    assert changed.perplexity == 10 and abs(changed.effective_perplexity_ - 10) < 1e-9
    assert np.array_equal(changed.P.toarray(), affinity.PerplexityBasedNN(some, 10).P.toarray())
    with pytest.raises(RuntimeError, match="largest perplexity first"):
        changed.set_perplexity(100)
    with pytest.raises(ValueError, match="Perplexity"):
        changed.set_perplexity(-1)
    # Few neighbors for it, but enough.
    with pytest.warns(UserWarning, match="few"):
        changed.set_perplexity(40)
    several = affinity.MultiscaleMixture(some, [10, 30])
    several.set_perplexities([5, 20])
    assert np.array_equal(several.P.toarray(), affinity.MultiscaleMixture(some, [5, 20]).P.toarray())
    with pytest.raises(RuntimeError):
        several.set_perplexities([50, 200])


def test_too_large_a_perplexity_is_lowered_and_told(some):
    with pytest.warns(UserWarning, match="perplexity 200"):
        made = affinity.PerplexityBasedNN(some, 200)
    assert abs(made.effective_perplexity_ - 299 / 3) < 1e-9


@pytest.mark.parametrize(
    "make",
    [
        lambda x: affinity.PerplexityBasedNN(x, 10),
        lambda x: affinity.MultiscaleMixture(x, [5, 10]),
        lambda x: affinity.Multiscale(x, [5, 10]),
        lambda x: affinity.Uniform(x, 10),
        lambda x: affinity.FixedSigmaNN(x, 10.0, 10),
    ],
)
def test_new_points(some, make):
    made = make(some[:250])
    P, neighbors, distances = made.to_new(some[250:], return_distances=True)
    assert P.shape == (50, 250) and np.allclose(P.sum(axis=1), 1)
    expected = NearestNeighbors(n_neighbors=neighbors.shape[1]).fit(some[:250]).kneighbors(some[250:])
    assert np.allclose(distances, expected[0], atol=1e-9)
    assert (P.toarray() > 0).sum() <= neighbors.size
    assert np.array_equal(make(some[:250]).to_new(some[250:]).toarray(), P.toarray())
    # Another index, of one's own, gives the same.
    own = nearest_neighbors.Sklearn(some[:250], made.knn_index.k)
    indices, lengths = own.query(some[250:], 5)
    assert np.allclose(lengths, distances[:, :5]) and np.array_equal(indices, neighbors[:, :5])


def test_an_index_that_is_there(some):
    class Mine(nearest_neighbors.KNNIndex):
        def build(self):
            return neighbors_of(self.data, self.k)

        def query(self, query, k):
            distances, indices = NearestNeighbors(n_neighbors=k).fit(self.data).kneighbors(query)
            return indices, distances

    index = Mine(some[:250], 30)
    made = affinity.PerplexityBasedNN(perplexity=10, knn_index=index)
    assert made.knn_index is index and made.n_samples == 250
    assert np.allclose(made.P.toarray(), affinity.PerplexityBasedNN(some[:250], 10).P.toarray(), atol=1e-12)
    fitted = tsne_rs.TSNE(random_state=1, n_iter=50).fit(affinities=made, initialization="random")
    assert fitted.transform(some[250:]).shape == (50, 2)
    # As the method, too.
    assert affinity.Uniform(some[:250], method=index).knn_index is index
    fixed = affinity.FixedSigmaNN(sigma=10, knn_index=index)
    assert (np.diff(fixed.P.indptr) >= 30).all()


def test_wrong_arguments(some):
    with pytest.raises(ValueError, match="neither"):
        affinity.PerplexityBasedNN()
    with pytest.raises(ValueError, match="both"):
        affinity.PerplexityBasedNN(some, knn_index=nearest_neighbors.Sklearn(some, 5))
    with pytest.raises(ValueError, match="sigma"):
        affinity.FixedSigmaNN(some)
    with pytest.raises(ValueError, match="perplexities"):
        affinity.MultiscaleMixture(some)
    with pytest.raises(ValueError, match="k_neighbors"):
        affinity.Uniform(some, 300)
    with pytest.raises(ValueError, match="from 1 to 299"):
        affinity.FixedSigmaNN(some, 1.0, 300)
    with pytest.raises(ValueError, match="symmetrize"):
        affinity.Uniform(some, symmetrize="sum")
    with pytest.raises(ValueError, match="nearest neighbor algorithm"):
        affinity.PerplexityBasedNN(some, method="magic")
    with pytest.raises(ValueError, match="beeline"):
        affinity.PerplexityBasedNN(some, metric="beeline")
    with pytest.raises(ValueError, match="not finite"):
        affinity.PerplexityBasedNN(np.where(np.arange(some.size).reshape(some.shape) == 70, np.nan, some))


def test_a_matrix_of_one_s_own(some):
    P = affinity.PerplexityBasedNN(some, 10).P
    twice = (P * 2).tocsr()
    made = affinity.PrecomputedAffinities(twice)
    assert np.allclose(made.P.toarray(), P.toarray()) and abs(twice.sum() - 2) < 1e-9
    by_matrix = tsne_rs.TSNE(random_state=1, n_iter=50).fit(affinities=made, initialization="random")
    assert by_matrix.shape == (300, 2)
    with pytest.raises(RuntimeError):
        made.to_new(some)
    with pytest.raises(TypeError, match="perplexity"):
        by_matrix.transform(some)
    with pytest.raises(ValueError, match="square"):
        affinity.PrecomputedAffinities(P[:10])
    counts = sp.csr_matrix(np.ones((20, 20), int))
    assert np.allclose(affinity.PrecomputedAffinities(counts).P.toarray(), (1 - np.eye(20)) / 380)


def test_affinities_of_one_s_own(some):
    class Mine(affinity.Affinities):
        def __init__(self, data):
            super().__init__()
            self.P = affinity.PerplexityBasedNN(data, 10).P * 1.0

    made = Mine(some)
    embedding = tsne_rs.TSNE(random_state=1, n_iter=20).fit(some, affinities=made)
    assert embedding.affinities is made and made.n_samples == 300
    # Exaggerated by hand: the sum has to be 1.
    made.P = made.P * 2
    with pytest.raises(ValueError, match="sum"):
        embedding.optimize(1)


def test_what_is_changed_in_the_matrix_counts(some):
    made = affinity.PerplexityBasedNN(some[:250], 10)
    start = tsne_rs.initialization.pca(some[:250], random_state=1)
    as_computed = tsne_rs.TSNEEmbedding(start, made).optimize(20)
    assert made.P is made.P
    made.P.data[:] = 1 / made.P.nnz
    changed = tsne_rs.TSNEEmbedding(start, made)
    assert not np.array_equal(changed.optimize(20), as_computed)
    flat = affinity.PrecomputedAffinities(made.P, normalize=False)
    assert np.array_equal(changed.optimize(20), tsne_rs.TSNEEmbedding(start, flat).optimize(20))
    # New points have affinities by the rule, all the same; and a pickle has the matrix.
    assert changed.transform(some[250:]).shape == (50, 2)
    assert np.array_equal(pickle.loads(pickle.dumps(made)).P.toarray(), made.P.toarray())
    # Exaggerated by hand: the sum has to be 1.
    made.P.data[:] *= 12
    with pytest.raises(ValueError, match="sum"):
        changed.optimize(1)
    made.set_perplexity(5)
    assert np.array_equal(made.P.toarray(), affinity.PerplexityBasedNN(some[:250], 5).P.toarray())


def test_copies_and_pickles(some):
    made = affinity.MultiscaleMixture(some[:250], [5, 10])
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert np.array_equal(other.P.toarray(), made.P.toarray())
        assert np.array_equal(other.to_new(some[250:]).toarray(), made.to_new(some[250:]).toarray())
        other.set_perplexities([7])
        assert made.perplexities == [5, 10]


def test_metrics_and_their_parameters(some):
    def p(**kwargs):
        return affinity.PerplexityBasedNN(some, 10, **kwargs).P.toarray()

    euclidean = p()
    assert np.allclose(p(metric="minkowski", metric_params={"p": 2}), euclidean)
    assert np.allclose(p(metric=lambda a, b: np.linalg.norm(a - b)), euclidean, atol=1e-9)
    assert not np.allclose(p(metric="minkowski", metric_params={"p": 1.5}), euclidean)
    weights = np.linspace(1, 2, some.shape[1])
    assert np.allclose(p(metric="minkowski", metric_params={"p": 2, "w": weights}), affinity.PerplexityBasedNN(some * np.sqrt(weights), 10).P.toarray(), atol=1e-9)
    distances = np.linalg.norm(some[:, None] - some[None], axis=2)
    precomputed = affinity.PerplexityBasedNN(distances, 10, metric="precomputed")
    assert np.allclose(precomputed.P.toarray(), euclidean, atol=1e-9)
    with pytest.raises(ValueError, match="metric_params"):
        p(metric="cosine", metric_params={"p": 2})

    def fail(a, b):
        raise LookupError("no distance")

    with pytest.raises(LookupError, match="no distance"):
        p(metric=fail)


def test_indices_of_all_kinds(some):
    exact = nearest_neighbors.Sklearn(some, 10)
    indices, distances = exact.build()
    expected = neighbors_of(some, 10)
    assert np.allclose(distances, expected[1])
    for method in ("auto", "exact", "approx", "annoy", "pynndescent", "hnsw"):
        index = nearest_neighbors.get_knn_index(some, method, 10, "euclidean", random_state=1)
        assert np.mean(index.build()[0] == indices) > 0.95
        assert np.allclose(pickle.loads(pickle.dumps(index)).query(some[:3], 4)[1][:, 0], 0, atol=1e-6)
    square = np.linalg.norm(some[:, None] - some[None], axis=2)
    precomputed = nearest_neighbors.get_knn_index(square, "auto", 10, "precomputed")
    assert np.allclose(precomputed.build()[1], distances, atol=1e-6)
    assert np.array_equal(precomputed.query(square[:5], 1)[0].ravel(), np.arange(5))
    given = nearest_neighbors.PrecomputedNeighbors(indices, distances)
    assert affinity.Uniform(knn_index=given, k_neighbors=10).P.shape == (300, 300)
    with pytest.raises(ValueError):
        nearest_neighbors.Sklearn(some, 300)
    with pytest.raises(ValueError, match="metric"):
        nearest_neighbors.Sklearn(some, 3, metric="beeline")


def test_warnings_come_once_and_the_logger_hears_them(some, caplog):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tsne_rs.TSNE(perplexity=200, random_state=1, n_iter=5, early_exaggeration_iter=5).fit(some)
    assert len([w for w in caught if "perplexity 200" in str(w.message)]) == 1
    assert any("perplexity 200" in message for message in caplog.messages)
