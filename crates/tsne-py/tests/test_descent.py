"""Descents: callbacks, interruptions, objectives of one's own, and what they are told."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import tsne_rs
from tsne_rs.callbacks import Callback, ErrorApproximations, ErrorLogger, VerifyExaggerationError


@pytest.fixture
def start(some):
    return tsne_rs.TSNE(random_state=1).prepare_initial(some)


class Collector(Callback):
    def __init__(self):
        self.seen, self.starts = [], 0

    def optimization_about_to_start(self):
        self.starts += 1

    def __call__(self, iteration, error, embedding):
        self.seen.append((iteration, error, embedding.copy()))


def test_callbacks_are_called_with_iteration_divergence_and_map(some):
    collector = Collector()
    tsne_rs.TSNE(random_state=1, callbacks=collector, callbacks_every_iters=100).fit(some)
    assert collector.starts == 2
    assert [seen[0] for seen in collector.seen] == [100, 200, 100, 200, 300, 400, 500]
    errors = [seen[1] for seen in collector.seen]
    assert all(isinstance(error, float) for error in errors) and errors[-1] < errors[0]
    assert all(isinstance(seen[2], tsne_rs.TSNEEmbedding) for seen in collector.seen)


def test_callbacks_do_not_change_the_map(some):
    with_callbacks = tsne_rs.TSNE(random_state=1, callbacks=lambda *_: None, callbacks_every_iters=7).fit(some)
    assert np.array_equal(with_callbacks, tsne_rs.TSNE(random_state=1).fit(some))


def test_a_callback_that_returns_true_ends_the_fit(some):
    embedding = tsne_rs.TSNE(random_state=1, callbacks=lambda i, e, m: i == 100, callbacks_every_iters=50).fit(some)
    start = tsne_rs.TSNE(random_state=1).prepare_initial(some)
    assert np.array_equal(embedding, start.optimize(100, exaggeration=12, momentum=0.8))
    assert np.isfinite(embedding.kl_divergence)


def test_the_interrupt_comes_through_if_it_is_wanted(start):
    with pytest.raises(tsne_rs.OptimizationInterrupt) as caught:
        start.optimize(100, callbacks=lambda *_: True, propagate_exception=True)
    assert isinstance(caught.value, InterruptedError)
    assert isinstance(caught.value.final_embedding, tsne_rs.TSNEEmbedding) and np.isfinite(caught.value.error)
    assert isinstance(start.optimize(100, callbacks=lambda *_: True), tsne_rs.TSNEEmbedding)


def test_exceptions_of_callbacks_come_through_unchanged(start):
    class Mine(Exception):
        pass

    def fail(iteration, error, embedding):
        raise Mine(iteration)

    before = np.array(start)
    with pytest.raises(Mine) as caught:
        start.optimize(100, callbacks=[lambda *_: None, fail], callbacks_every_iters=10, inplace=True)
    assert caught.value.args == (10,)
    # The map is whole, where it was then, and goes on.
    assert not np.array_equal(start, before) and np.isfinite(start).all()
    rest = start.optimize(90)
    whole = tsne_rs.TSNEEmbedding(before, start.affinities, random_state=1).optimize(100)
    assert np.array_equal(rest, whole)
    assert abs(start.affinities.P.sum() - 1) < 1e-9


def test_callbacks_may_hold_points_in_place(start):
    def hold(iteration, error, embedding):
        embedding[:10] = 0

    moved = start.optimize(20, callbacks=hold, callbacks_every_iters=1)
    assert (moved[:10] == 0).all() and (moved[10:] != 0).all()


@pytest.mark.parametrize("callbacks", [1, "f", [lambda *_: None, 1], [None]])
def test_what_is_no_callback(start, callbacks):
    with pytest.raises(ValueError, match="callbacks"):
        start.optimize(1, callbacks=callbacks)


def test_the_callbacks_that_are_there(start, capsys):
    approximations = ErrorApproximations(start.affinities.P)
    callbacks = [VerifyExaggerationError(start), approximations, ErrorLogger()]
    start.optimize(100, exaggeration=4, callbacks=callbacks)
    approximations.report()
    printed = capsys.readouterr().out
    assert "Barnes-Hut" in printed and "KL divergence" in printed
    assert np.allclose(approximations.exact_errors, approximations.fft_errors, rtol=0.02)
    liar = VerifyExaggerationError(start)
    with pytest.raises(RuntimeError, match="reported"):
        liar(50, 17.0, start)


STAGES = {
    "a search": lambda big: tsne_rs.nearest_neighbors.Sklearn(big, 50).build(),
    "a metric of one's own": lambda big: tsne_rs.affinity.Uniform(big[:3000], metric=lambda a, b: abs(a - b).sum()),
    "affinities": lambda big: tsne_rs.affinity.PerplexityBasedNN(big, method="exact"),
    "principal components": lambda big: tsne_rs.initialization.pca(np.ascontiguousarray(np.tile(big[:20_000], (1, 15)))),
    "a descent": lambda big: tsne_rs.TSNE(n_iter=10**6, random_state=1).fit(big[:3000]),
}


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_is_answered_within_a_second(stage):
    big = np.random.default_rng(0).normal(size=(60_000, 100))
    sent = []

    def send():
        time.sleep(0.6)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    try:
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            STAGES[stage](big)
            # Where it was done before: the signal still comes.
            thread.join()
            time.sleep(1)
        assert time.monotonic() - sent[0] < 1.5
    finally:
        thread.join()


def test_ctrl_c_leaves_the_map_whole(start):
    reached = np.array(start)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        start.optimize(10**7, inplace=True)
    assert not np.array_equal(start, reached) and np.isfinite(start).all()
    start.optimize(10, inplace=True)


def test_an_objective_of_one_s_own(start):
    def objective(embedding, P, dof, bh_params, fft_params, reference_embedding=None, n_jobs=1, should_eval_error=False, **_):
        """The naive computation, with all pairs."""
        P, at = P.toarray(), np.asarray(embedding, dtype=np.float64)
        differences = at[:, None] - at[None]
        weights = 1 / (1 + (differences**2).sum(axis=2))
        np.fill_diagonal(weights, 0)
        Q = weights / weights.sum()
        error = (P[P > 0] * np.log(P[P > 0] / Q[P > 0])).sum() if should_eval_error else None
        return error, (((P - Q) * weights)[:, :, None] * differences).sum(axis=1)

    own = start.optimize(30, exaggeration=4, negative_gradient_method=objective)
    ours = start.optimize(30, exaggeration=4, negative_gradient_method="exact")
    assert np.allclose(own, ours, rtol=1e-6, atol=1e-12)
    assert abs(own.kl_divergence - ours.kl_divergence) < 1e-8
    assert np.allclose(own.optimizer.gains, ours.optimizer.gains)
    # At positions that have room, and in all ways.
    P, at = start.affinities.P, tsne_rs.TSNE(random_state=1).fit(affinities=start.affinities, initialization="random")
    for method in ("exact", "bh", "fft"):
        function = getattr(tsne_rs.tsne, f"kl_divergence_{method}")
        error, gradient = function(at, P * 3, dof=1, bh_params={"theta": 0.2}, fft_params={}, should_eval_error=True)
        expected, exact = objective(at, P * 3, 1, {}, {}, should_eval_error=True)
        assert np.abs(gradient - exact).max() < 2e-3 * np.abs(exact).max(), method
        assert abs(error - expected) < 2e-3 * abs(expected), method


def test_what_the_optimizer_is_called_with(some, monkeypatch):
    calls = []

    def called(self, embedding, P, **kwargs):
        calls.append(kwargs)
        return 0.0, embedding

    monkeypatch.setattr(tsne_rs.tsne.gradient_descent, "__call__", called)
    tsne_rs.TSNE(random_state=1, exaggeration=2, max_step_norm=3).fit(some)
    early, normal = calls
    assert (early["n_iter"], early["exaggeration"], early["momentum"], early["learning_rate"]) == (250, 12, 0.8, 300 / 12)
    assert (normal["n_iter"], normal["exaggeration"], normal["momentum"], normal["learning_rate"]) == (500, 2, 0.8, 150)
    assert normal["max_step_norm"] == 3 and normal["callbacks_every_iters"] == 50 and normal["n_jobs"] == 1


def test_gains_and_updates(start):
    assert start.optimizer.gains is None and start.optimizer.update is None
    further = start.optimize(3)
    gains = further.optimizer.gains
    assert gains.shape == further.shape and (gains != 1).any()
    copied = further.optimizer.copy()
    copied.gains = np.ones_like(gains)
    assert np.array_equal(further.optimizer.gains, gains) and (copied.gains == 1).all()
    assert np.array_equal(copied.update, further.optimizer.update)


def test_random_state_is_accepted_and_unknown_names_are_not(start):
    start.optimize(1, random_state=3)
    with pytest.raises(TypeError, match="foo"):
        start.optimize(1, foo=3)
    with pytest.raises(ValueError, match="n_jobs"):
        start.optimize(1, n_jobs=0)
    with pytest.raises(ValueError, match="learning_rate"):
        start.optimize(1, learning_rate=-1)
    with pytest.raises(ValueError, match="gradient method"):
        start.optimize(1, negative_gradient_method="magic")


def test_verbose_tells_of_stages_and_iterations(some, capsys):
    tsne_rs.TSNE(random_state=1, verbose=True, n_iter=100, early_exaggeration_iter=50).fit(some)
    printed = capsys.readouterr().out
    assert "Iteration   50, KL divergence" in printed and "Iteration  100, KL divergence" in printed


def test_twenty_threads(digits):
    expected = tsne_rs.TSNE(random_state=1, n_iter=50).fit(digits[:200])
    placed = expected.transform(digits[200:210])
    found = [None] * 20

    def work(i):
        embedding = tsne_rs.TSNE(random_state=1, n_iter=50).fit(digits[:200])
        found[i] = (np.array_equal(embedding, expected), np.array_equal(expected.transform(digits[200:210]), placed))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(True, True)] * 20
