"""Measures, pictures, pages, and the command."""

import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import tsne_rs
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from tsne_rs import metrics


@pytest.fixture(scope="module")
def labels():
    return load_digits().target


@pytest.fixture(scope="module")
def fitted(digits):
    return tsne_rs.TSNE(random_state=1, preset="recommended").fit(digits)


def test_measures(digits, fitted, labels):
    assert abs(metrics.trustworthiness(digits, fitted, 5) - trustworthiness(digits, np.array(fitted), n_neighbors=5)) < 1e-4
    assert metrics.trustworthiness(digits.tolist(), fitted, 5) > 0.98
    assert 0.9 < metrics.continuity(digits, fitted, 5) <= 1
    assert 0.3 < metrics.neighbor_recall(digits, fitted, 10) <= 1
    assert -1 <= metrics.spearman(digits, fitted, sample=100) <= 1
    assert metrics.label_agreement(fitted, labels) > 0.97
    assert metrics.label_agreement(fitted, labels.astype(str)) == metrics.label_agreement(fitted, labels)
    assert np.isfinite(metrics.pBIC(fitted))
    with pytest.raises(TypeError, match="perplexity"):
        metrics.pBIC(tsne_rs.TSNE(perplexity=[5, 10], n_iter=5).fit(digits[:100]))


def test_pictures(fitted, labels):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = fitted.plot(labels=labels, title="digits")
    assert axes.get_title() == "digits" and len(axes.get_legend().get_texts()) == 10
    assert fitted.plot().get_legend() is None
    # Numbers have a scale.
    figure = fitted.plot(labels=np.linspace(0, 1, len(fitted))).figure
    assert len(figure.axes) == 2
    with pytest.raises(ValueError, match="labels"):
        fitted.plot(labels=[1, 2])
    with pytest.raises(ValueError, match="colors"):
        fitted.plot(labels=labels, colors={0: "red"})
    three = tsne_rs.TSNE(n_components=3, n_iter=10).fit(np.array(fitted))
    assert three.plot(labels=labels).name == "3d"
    matplotlib.pyplot.close("all")


def test_pages(fitted, labels, tmp_path):
    page = fitted.explore(labels, title="di<gits", path=tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text()
    assert text.startswith("<!") and "di&lt;gits" in text and 'id="data-neighbors"' in text
    assert page._repr_html_().startswith("<iframe srcdoc=")
    frame = pd.DataFrame({"digit": labels, "odd": labels % 2})
    several = fitted.explore(frame, n_neighbors=0, theme="dark", ids=range(len(labels)))
    assert b"odd" in several.page
    with pytest.raises(ValueError, match="theme"):
        fitted.explore(theme="pink")
    with pytest.raises(ValueError, match="labels"):
        fitted.explore([1, 2])


def test_the_command(command, tmp_path):
    assert "tsne" in command("--help")
    command("demo", "--quiet")
    assert list(tmp_path.iterdir())


def test_small_things():
    points, outside = tsne_rs.utils.clip_point_to_disc(np.array([[3.0, 4], [0.1, 0]]), 1)
    assert np.allclose(points, [[0.6, 0.8], [0.1, 0]]) and outside.tolist() == [True, False]
    assert tsne_rs.utils.is_package_installed("numpy") and not tsne_rs.utils.is_package_installed("nonsense_of_mine")

    @tsne_rs.utils.deprecate_parameter("old")
    def f(old=None):
        return 1

    with pytest.warns(FutureWarning, match="old"):
        assert f(old=2) == 1
    from tsne_rs.quad_tree import QuadTree

    points = np.random.default_rng(0).normal(size=(50, 2))
    tree = QuadTree(np.vstack([points, points[:5]]))
    leaves = [node for node in tree if node.is_leaf and node.num_points]
    assert sum(leaf.num_points for leaf in leaves) == tree.num_points == 55 and max(leaf.num_points for leaf in leaves) == 2
    assert np.allclose(tree.center_of_mass, np.vstack([points, points[:5]]).mean(axis=0))


def test_the_command_goes_on_with_a_run(tmp_path, digits):
    np.save(tmp_path / "data.npy", digits)

    def interrupted(*arguments):
        """What a run says that Ctrl-C ends, once it has saved its state."""
        saved = tmp_path / "run.tsne"
        before = saved.stat().st_mtime_ns if saved.exists() else None
        line = [sys.executable, "-m", "tsne_rs._command", *arguments, "--checkpoint-every", "0.5"]
        with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
            for _ in range(600):
                time.sleep(0.1)
                if saved.exists() and saved.stat().st_mtime_ns != before:
                    break
            run.send_signal(signal.SIGINT)
            text = run.communicate(timeout=60)[1]
        assert run.returncode == 130, text
        return text

    text = interrupted("embed", "data.npy", "-o", "map.npy", "--preset", "opentsne", "--n-iter", "1000000", "--checkpoint", "run.tsne")
    assert "tsne resume run.tsne" in text
    # Its arguments are saved with it.
    assert "iterations to come" in interrupted("resume", "run.tsne")


def test_the_command_starts_at_once():
    script = "import sys, tsne_rs._command; print('numpy' in sys.modules, 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split() == ["False", "False"]
