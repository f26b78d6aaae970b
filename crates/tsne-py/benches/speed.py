"""Seconds and KL divergence of this package and of others that are installed, on one data set.

    python crates/tsne-py/benches/speed.py data.npy [--rows N] [--threads N] [--repeat N] [--only NAME ...] [--overhead]

Each run is a process of its own, which imports and compiles before its clock starts. The methods take turns, as often as ``--repeat``
says, so that a busy minute of the machine meets all of them: the table has the median and the range. Divergences are by all pairs and on
one P: that of perplexity 30 from exact neighbors. What is not installed is left out.

With ``--overhead`` the same fit is run by the command, too, in turns. Times of a busy machine do not show a hundredth, so that the
processor time of the thread that called the fit is told as well: all that the binding does is done there, and the fit itself elsewhere.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def ours(x, threads, preset):
    import tsne_rs

    return tsne_rs.TSNE(preset=preset, n_jobs=threads, random_state=42).fit(x)


def opentsne(x, threads):
    import openTSNE

    return openTSNE.TSNE(n_jobs=threads, random_state=42).fit(x)


def sklearn(x, threads):
    from sklearn.manifold import TSNE

    return TSNE(n_jobs=threads, random_state=42).fit_transform(x)


def intel(x, threads):
    from sklearnex import config_context, patch_sklearn

    patch_sklearn()
    # Its own threads are all processors, unless they are limited.
    with config_context(**({"n_jobs": threads} if "n_jobs" in _options(config_context) else {})):
        return sklearn(x, threads)


def _options(function):
    import inspect

    return inspect.signature(function).parameters


#: The module, the distribution whose version is told, and the call.
METHODS = {
    "tsne_rs, recommended": ("tsne_rs", "tsne-rs", lambda x, threads: ours(x, threads, "recommended")),
    "tsne_rs, openTSNE's defaults": ("tsne_rs", "tsne-rs", lambda x, threads: ours(x, threads, "opentsne")),
    "openTSNE": ("openTSNE", "openTSNE", opentsne),
    "scikit-learn": ("sklearn", "scikit-learn", sklearn),
    "scikit-learn with Intel's extension": ("sklearnex", "scikit-learn-intelex", intel),
}

PRESETS = {"tsne_rs, recommended": "recommended", "tsne_rs, openTSNE's defaults": "opentsne"}


def one(name: str, data: Path, threads: int, out: Path) -> None:
    """Runs a method, and writes its map."""
    x = np.load(data)
    method = METHODS[name][2]
    method(x[:200].copy(), threads)
    start, process, caller = time.perf_counter(), time.process_time(), time.thread_time()
    made = method(x, threads)
    told = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - process,
        "caller": time.thread_time() - caller,
    }
    print(json.dumps(told))
    np.save(out, np.asarray(made))


def run(line: list[str]) -> dict:
    """What a process tells in its last line, or in all that it prints."""
    text = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(text.splitlines()[-1])


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):8.2f} s ({min(values):.2f} to {max(values):.2f})"


def compare(arguments, data: Path, out: Path, x: np.ndarray) -> None:
    from tsne_rs import TSNEEmbedding, affinity

    affinities = affinity.PerplexityBasedNN(x, 30, method="exact", n_jobs=-1)
    names = [name for name in METHODS if importlib.util.find_spec(METHODS[name][0]) and (not arguments.only or name in arguments.only)]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    divergences = {}
    for _ in range(arguments.repeat):
        for name in names:
            line = [sys.executable, __file__, str(data), "--threads", str(arguments.threads), "--one", name, str(out)]
            seconds[name].append(run(line)["seconds"])
            if name not in divergences:
                divergences[name] = TSNEEmbedding(np.load(out), affinities)._engine().kl_divergence(True)
            print(f"    {name}: {seconds[name][-1]:.2f} s, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    for name in names:
        version = importlib.metadata.version(METHODS[name][1])
        print(f"{name + ' ' + version:50} {spread(seconds[name]):34} KL {divergences[name]:.4f}")


def overhead(arguments, data: Path, out: Path) -> None:
    for name, preset in PRESETS.items():
        here, there, shares = [], [], []
        for _ in range(arguments.repeat):
            line = [sys.executable, __file__, str(data), "--threads", str(arguments.threads), "--one", name, str(out)]
            told = run(line)
            here.append(told["seconds"])
            shares.append(told["caller"] / told["processor"])
            line = [sys.executable, "-m", "tsne_rs._command", "embed", str(data), "-o", str(out), "--seed", "42", "--json", "--quiet"]
            there.append(run([*line, "--preset", preset, "--threads", str(arguments.threads)])["seconds"]["total"])
        print(f"{preset}: Python {spread(here)}, command {spread(there)}")
        print(f"    of the processor time, the calling thread has {100 * statistics.median(shares):.2f} % (at most {100 * max(shares):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, help="the first so many")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(METHODS), help="a method; may be given again")
    parser.add_argument("--overhead", action="store_true", help="what the binding costs, in place of the comparison")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], arguments.data, arguments.threads, Path(arguments.one[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        data, out = Path(directory, "data.npy"), Path(directory, "map.npy")
        x = np.load(arguments.data)[: arguments.rows].astype(np.float32)
        np.save(data, x)
        print(f"{len(x)} rows of {x.shape[1]}, {arguments.threads} threads, {arguments.repeat} rounds")
        if arguments.overhead:
            overhead(arguments, data, out)
        else:
            compare(arguments, data, out, x)


if __name__ == "__main__":
    main()
