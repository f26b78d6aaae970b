"""Maps are those of the facade, bit for bit: the command is its other user."""

import numpy as np
import pytest
import tsne_rs


def by_command(command, tmp_path, data, *options):
    np.save(tmp_path / "data.npy", data)
    command("embed", "data.npy", "-o", "map.npy", "--seed", "42", "--quiet", *options)
    return np.load(tmp_path / "map.npy")


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ((), {}),
        (("--perplexity", "10,50"), {"perplexity": [10, 50]}),
        (("--init", "spectral"), {"initialization": "spectral"}),
        (("--init", "random", "--method", "bh"), {"initialization": "random", "negative_gradient_method": "bh"}),
        (("--method", "fft"), {"negative_gradient_method": "fft"}),
        (("--exaggeration", "2", "--dof", "0.8"), {"exaggeration": 2, "dof": 0.8}),
        (("--metric", "cosine"), {"metric": "cosine"}),
        (("--components", "3"), {"n_components": 3}),
        (("--components", "1"), {"n_components": 1}),
        (("--learning-rate", "200", "--min-grad-norm", "1e-4"), {"learning_rate": 200, "min_grad_norm": 1e-4}),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_by_opentsne_s_defaults(command, tmp_path, digits, options, parameters, dtype):
    data = digits[:400].astype(dtype)
    float_type = "f32" if dtype == "float32" else "f64"
    expected = by_command(command, tmp_path, data, "--preset", "opentsne", "--float", float_type, *options)
    embedding = tsne_rs.TSNE(random_state=42, **parameters).fit(data)
    assert embedding.dtype == dtype
    assert np.array_equal(embedding, expected.astype(dtype))


@pytest.mark.parametrize("preset", ["recommended", "exaggerated", "documented"])
def test_a_fit_by_another_preset(command, tmp_path, digits, preset):
    expected = by_command(command, tmp_path, digits, "--preset", preset)
    embedding = tsne_rs.TSNE(random_state=42, preset=preset).fit(digits)
    assert np.array_equal(embedding, expected)


def test_what_is_given_beside_a_preset(command, tmp_path, digits):
    expected = by_command(command, tmp_path, digits[:500], "--init", "pca", "--n-iter", "100", "--learning-rate", "auto")
    # Equal to the defaults of openTSNE, but given.
    embedding = tsne_rs.TSNE(random_state=42, preset="recommended", initialization="pca", n_iter=100, learning_rate="auto").fit(digits[:500])
    assert np.array_equal(embedding, expected)


@pytest.mark.parametrize("preset", ["opentsne", "recommended"])
def test_new_points(command, tmp_path, digits, preset):
    np.save(tmp_path / "data.npy", digits[:1000])
    np.save(tmp_path / "new.npy", digits[1000:1200])
    command("embed", "data.npy", "-o", "map.npy", "--seed", "42", "--quiet", "--preset", preset, "--save", "map.tsne")
    command("transform", "map.tsne", "new.npy", "-o", "placed.npy", "--quiet")
    embedding = tsne_rs.TSNE(random_state=42, preset=preset).fit(digits[:1000])
    placed = embedding.transform(digits[1000:1200])
    assert np.array_equal(placed, np.load(tmp_path / "placed.npy"))
    # And by the file.
    loaded = tsne_rs.load(tmp_path / "map.tsne")
    assert np.array_equal(loaded, embedding)
    assert loaded.transform(digits[1000:1200]).shape == (200, 2)
    embedding.save(tmp_path / "own.tsne")
    command("transform", "own.tsne", "new.npy", "-o", "again.npy", "--quiet")
    assert np.array_equal(placed, np.load(tmp_path / "again.npy"))


def test_any_number_of_threads_gives_the_same_map(digits):
    maps = [tsne_rs.TSNE(random_state=1, n_iter=100, n_jobs=n_jobs).fit(digits) for n_jobs in (1, 2, 3, -1)]
    assert all(np.array_equal(maps[0], other) for other in maps[1:])


def test_steps_are_the_whole(some):
    whole = tsne_rs.TSNE(random_state=1).prepare_initial(some)
    steps = whole.copy()
    whole.optimize(100, exaggeration=12, momentum=0.8, inplace=True)
    for _ in range(100):
        steps.optimize(1, exaggeration=12, momentum=0.8, inplace=True)
    assert np.array_equal(whole, steps)
    assert np.array_equal(whole.optimizer.gains, steps.optimizer.gains)
    assert np.array_equal(whole.optimizer.update, steps.optimizer.update)


def test_the_principal_components_of_the_module_are_those_of_a_fit(some):
    start = tsne_rs.TSNE(random_state=7).prepare_initial(some)
    assert np.array_equal(start, tsne_rs.initialization.pca(some, random_state=7))
    assert abs(np.std(start[:, 0]) - 1e-4) < 1e-5
