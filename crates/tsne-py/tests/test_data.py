"""What can be given as data, and as a start."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import tsne_rs
from tsne_rs._data import prepared
from tsne_rs.sklearn import TSNE as Estimator


def fitted(x, **parameters):
    return tsne_rs.TSNE(random_state=1, n_iter=20, early_exaggeration_iter=20, perplexity=10, **parameters).fit(x)


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.tolist(),
        lambda x: x.astype(int),
        lambda x: x.astype(np.uint8),
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: pd.DataFrame(x),
        lambda x: x.astype(object),
        lambda x: np.matrix(x),
    ],
)
def test_all_kinds_of_numbers_are_the_same(some, convert):
    assert np.array_equal(fitted(convert(some)), fitted(some))


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_data_frames(some, library):
    module = pytest.importorskip(library)
    pytest.importorskip("narwhals")
    columns = {f"c{i}": column for i, column in enumerate(some.T)}
    frame = module.DataFrame(columns) if library == "polars" else module.table(columns)
    assert np.array_equal(fitted(frame), fitted(some))


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csr_array])
def test_sparse_data(some, index, kind):
    sparse = kind(some)
    if hasattr(sparse, "indices"):
        sparse.indices, sparse.indptr = sparse.indices.astype(index), sparse.indptr.astype(index)
    made, dense = fitted(sparse, initialization="random"), fitted(some, initialization="random")
    assert np.allclose(made.affinities.P.toarray(), dense.affinities.P.toarray(), atol=1e-9)
    assert fitted(sparse).shape == (300, 2)
    assert made.transform(sparse.tocsr()[:5]).shape == (5, 2)


def test_sparse_rows_in_disorder(some):
    shuffled = sp.csr_matrix(some)
    for i in range(len(some)):
        row = slice(shuffled.indptr[i], shuffled.indptr[i + 1])
        shuffled.indices[row], shuffled.data[row] = shuffled.indices[row][::-1].copy(), shuffled.data[row][::-1].copy()
    shuffled.has_sorted_indices = False
    before = shuffled.indices.copy()
    assert np.array_equal(fitted(shuffled), fitted(sp.csr_matrix(some)))
    assert np.array_equal(shuffled.indices, before)


def test_the_precision_is_that_of_the_data(some):
    assert fitted(some.astype(np.float32)).dtype == np.float32
    assert fitted(some.astype(np.float16)).dtype == np.float32
    assert fitted(some).dtype == np.float64
    assert fitted(some.astype(int)).dtype == np.float64
    assert fitted(some.astype(np.float32)).transform(some[:3]).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_in_order_are_taken_without_a_copy(some, dtype):
    x = some.astype(dtype)
    assert np.shares_memory(prepared(x), x) and not np.shares_memory(prepared(np.asfortranarray(x)), x)


def test_the_data_are_not_changed(some):
    before = some.copy()
    fitted(some)
    assert np.array_equal(some, before)


@pytest.mark.parametrize("wrong", ["text", [["a", "b"]] * 5, np.zeros(5), np.zeros((5, 2, 2)), np.zeros((5, 2), complex)])
def test_what_is_no_data(wrong):
    with pytest.raises((ValueError, TypeError)):
        fitted(wrong)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(some, value):
    some = some.copy()
    some[3, 4] = value
    with pytest.raises(ValueError, match="row 3, column 4"):
        fitted(some)
    with pytest.raises(ValueError, match="not finite"):
        fitted(some[10:]).transform(some[:5])


def test_constant_data_are_told(some):
    with pytest.warns(UserWarning, match="same"):
        made = fitted(np.ones((50, 3)))
    assert np.isfinite(made).all()


def test_warnings_are_at_the_line_of_the_caller(some):
    with pytest.warns(UserWarning, match="perplexity") as told:
        embedding = tsne_rs.TSNE(perplexity=200, n_iter=5, early_exaggeration_iter=5).fit(some)
        tsne_rs.affinity.PerplexityBasedNN(some, perplexity=200)
        embedding.optimize(1)
        Estimator(perplexity=200, n_iter=5, early_exaggeration_iter=5).fit_transform(some)
    assert {warning.filename for warning in told} == {__file__}
    assert len(told) >= 3


def test_given_starts(some):
    start = np.random.default_rng(0).normal(size=(300, 2), scale=1e-4)
    prepared = tsne_rs.TSNE(initialization=start).prepare_initial(some)
    assert np.array_equal(prepared, start) and prepared.base is not start
    # A list is as good, and what is given in the call goes first.
    again = tsne_rs.TSNE(initialization="random").prepare_initial(some, initialization=start.tolist())
    assert np.array_equal(again, start)
    before = start.copy()
    tsne_rs.TSNE(initialization=start, n_iter=5).fit(some)
    assert np.array_equal(start, before)
    with pytest.warns(UserWarning, match="standard deviation"):
        tsne_rs.TSNE(initialization=start * 1e4).prepare_initial(some)
    with pytest.raises(ValueError, match="number of points"):
        tsne_rs.TSNE(initialization=start[:10]).fit(some)
    with pytest.raises(ValueError, match="columns"):
        tsne_rs.TSNE(initialization=np.zeros((300, 3))).fit(some)
    with pytest.raises(ValueError, match="magic"):
        tsne_rs.TSNE(initialization="magic").fit(some)


def test_what_is_missing(some):
    method = tsne_rs.TSNE()
    with pytest.raises(ValueError, match="At least one"):
        method.fit()
    with pytest.raises(ValueError, match="alone"):
        method.fit(initialization=np.zeros((5, 2)))
    with pytest.raises(ValueError, match="Affinities"):
        method.fit(some, affinities=np.eye(300))
    affinities = tsne_rs.affinity.PerplexityBasedNN(some, 10)
    P = affinities.P
    with pytest.warns(UserWarning, match="spectral"):
        tsne_rs.TSNE(n_iter=5, random_state=1).fit(affinities=tsne_rs.affinity.PrecomputedAffinities(P))


@pytest.mark.parametrize("state", [0, 2**40, np.int64(5), None, np.random.RandomState(0), np.random.default_rng(0)])
def test_sources_of_random_numbers(some, state):
    made = fitted(some, initialization="random") if state is None else tsne_rs.TSNE(random_state=state, n_iter=5).fit(some)
    assert np.isfinite(made).all()
    # The seed that was drawn repeats it.
    again = tsne_rs.TSNE(random_state=7, initialization="random").prepare_initial(some)
    assert np.array_equal(again, tsne_rs.TSNE(random_state=7, initialization="random").prepare_initial(some))
    with pytest.raises(ValueError, match="random_state"):
        tsne_rs.TSNE(random_state="seven").fit(some)


def test_starts_of_the_module(some):
    random = tsne_rs.initialization.random(some, random_state=1)
    assert random.shape == (300, 2) and abs(random.std() - 1e-4) < 2e-5
    assert np.array_equal(random, tsne_rs.initialization.random(300, random_state=1))
    wide = tsne_rs.initialization.rescale(some[:, 20:22] + 5)
    assert abs(wide[:, 0].std() - 1e-4) < 1e-9 and abs(wide[:, 0].mean()) < 1e-9
    moved = tsne_rs.initialization.jitter(wide, random_state=1)
    assert 0 < np.abs(moved - wide).max() < 1e-5
    in_place = wide.copy()
    assert tsne_rs.initialization.jitter(in_place, inplace=True, random_state=1) is in_place
    P = tsne_rs.affinity.PerplexityBasedNN(some, 10)
    by_matrix = tsne_rs.initialization.spectral(P.P, random_state=1)
    assert np.allclose(np.abs(np.corrcoef(by_matrix.T)), np.eye(2), atol=0.05)
    assert np.allclose(by_matrix, tsne_rs.initialization.spectral(P, random_state=1), atol=1e-8)
    with pytest.raises(ValueError, match="square"):
        tsne_rs.initialization.spectral(np.zeros((3, 4)))
    embedding = np.array([[0.0, 0], [1, 0], [0, 1], [10, 10]])
    neighbors, distances = np.array([[0, 1, 2]]), np.array([[1.0, 1.0, 2.0]])
    assert np.allclose(tsne_rs.initialization.median(embedding, neighbors), [[0, 0]])
    # Nearer ones count more.
    assert np.allclose(tsne_rs.initialization.weighted_mean(None, embedding, neighbors, distances), [[0.4, 0.2]])
