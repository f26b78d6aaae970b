"""The estimator among others of scikit-learn, and the parameters of the method."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import tsne_rs
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from tsne_rs.sklearn import EXPECTED_FAILED_CHECKS, TSNE


def test_the_checks_of_scikit_learn():
    results = check_estimator(TSNE(), expected_failed_checks=EXPECTED_FAILED_CHECKS, on_fail=None, on_skip=None)
    failed = {r["check_name"]: repr(r["exception"]) for r in results if r["status"] == "failed"}
    assert not failed
    assert len(results) >= 46
    # What is declared does fail.
    expected = {r["check_name"] for r in results if r["status"] == "xfail"}
    assert expected == set(EXPECTED_FAILED_CHECKS)


def test_it_is_the_method(some):
    estimator = TSNE(random_state=1, preset="opentsne").fit(some)
    assert np.array_equal(estimator.embedding_, tsne_rs.TSNE(random_state=1).fit(some))
    assert isinstance(estimator.embedding_, tsne_rs.TSNEEmbedding)
    assert estimator.kl_divergence_ == estimator.embedding_.kl_divergence and estimator.n_iter_ == 750
    recommended = TSNE(random_state=1).fit_transform(some)
    assert type(recommended) is np.ndarray
    assert np.array_equal(recommended, tsne_rs.TSNE(random_state=1, preset="recommended").fit(some))
    assert np.array_equal(estimator.transform(some[:5]), estimator.embedding_.transform(some[:5]))


def test_pipelines_frames_and_sparse_data(some):
    frame = pd.DataFrame(some, columns=[f"pixel {i}" for i in range(some.shape[1])])
    pipeline = make_pipeline(StandardScaler(), TSNE(random_state=1, n_iter=20)).set_output(transform="pandas")
    made = pipeline.fit_transform(frame)
    assert list(made.columns) == ["tsne0", "tsne1"] and made.index.equals(frame.index)
    estimator = TSNE(random_state=1, n_iter=20).fit(frame)
    assert estimator.n_features_in_ == 64 and list(estimator.feature_names_in_) == list(frame.columns)
    assert TSNE(random_state=1, n_iter=20).fit_transform(sp.csr_matrix(some)).shape == (300, 2)
    distances = np.linalg.norm(some[:, None] - some[None], axis=2)
    assert TSNE(random_state=1, n_iter=20, metric="precomputed", initialization="spectral").fit_transform(distances).shape == (300, 2)
    assert TSNE(random_state=1, n_iter=20, metric=lambda a, b: abs(a - b).max()).fit_transform(some[:50]).shape == (50, 2)


def test_parameters_of_the_method(some):
    method = tsne_rs.TSNE(perplexity=20, metric="cosine", n_iter=5, early_exaggeration_iter=5, random_state=1)
    assert "perplexity=20" in repr(method) and "TSNE(" in repr(method) and "theta" not in repr(method)
    assert method.get_params()["perplexity"] == 20 and method.set_params(dof=0.5) is method and method.dof == 0.5
    other = clone(method)
    assert other.get_params() == method.get_params()
    assert np.array_equal(other.fit(some), method.fit(some))
    again = pickle.loads(pickle.dumps(method))
    assert np.array_equal(again.fit(some), method.fit(some))
    with pytest.raises(ValueError):
        method.set_params(magic=1)


def test_a_preset_goes_through_clones_and_pickles(some):
    method = tsne_rs.TSNE(preset="recommended", random_state=1)
    expected = method.fit(some)
    assert np.array_equal(clone(method).fit(some), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(method)).fit(some), expected)


#: Of openTSNE 1.0.4, in this order.
DEFAULTS = {
    "n_components": 2, "perplexity": 30, "learning_rate": "auto", "early_exaggeration_iter": 250, "early_exaggeration": "auto",
    "n_iter": 500, "exaggeration": None, "dof": 1, "theta": 0.5, "n_interpolation_points": 3, "min_num_intervals": 50,
    "ints_in_interval": 1, "initialization": "pca", "metric": "euclidean", "metric_params": None, "initial_momentum": 0.8,
    "final_momentum": 0.8, "max_grad_norm": None, "max_step_norm": 5, "n_jobs": 1, "neighbors": "auto", "knn_kwargs": None,
    "negative_gradient_method": "auto", "callbacks": None, "callbacks_every_iters": 50, "random_state": None, "verbose": False,
}  # fmt: skip


def test_the_signature_is_openTSNE_s():
    parameters = inspect.signature(tsne_rs.TSNE).parameters
    theirs = {name: parameters[name].default for name in DEFAULTS}
    assert theirs == DEFAULTS and list(parameters)[: len(DEFAULTS)] == list(DEFAULTS)
    assert set(parameters) - set(DEFAULTS) == {"min_grad_norm", "preset"}
    transform = {name: p.default for name, p in inspect.signature(tsne_rs.TSNEEmbedding.transform).parameters.items()}
    assert transform == {
        "self": inspect.Parameter.empty, "X": inspect.Parameter.empty, "perplexity": 5, "initialization": "median", "k": 25,
        "learning_rate": 0.1, "early_exaggeration": 4, "early_exaggeration_iter": 0, "exaggeration": 1.5, "n_iter": 250,
        "initial_momentum": 0.8, "final_momentum": 0.8, "max_grad_norm": 0.25, "max_step_norm": None,
    }  # fmt: skip


def test_all_parameters_of_the_method_are_the_estimator_s():
    assert set(inspect.signature(TSNE).parameters) == set(inspect.signature(tsne_rs.TSNE).parameters)
    assert sklearn.base.is_clusterer(TSNE()) is False


def test_the_base_without_scikit_learn(monkeypatch):
    import importlib
    import sys

    import tsne_rs._base

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    base = importlib.reload(tsne_rs._base).BaseEstimator

    class Method(base):
        def __init__(self, a=1, b="x"):
            self.a, self.b = a, b

    method = Method(a=2)
    assert method.get_params() == {"a": 2, "b": "x"} and repr(method) == "Method(a=2)"
    assert method.set_params(b="y").b == "y"
    with pytest.raises(ValueError, match="magic"):
        method.set_params(magic=1)
    monkeypatch.undo()
    importlib.reload(tsne_rs._base)
