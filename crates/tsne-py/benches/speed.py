"""Seconds and KL divergence of this package and of others that are installed, on one data set.

    python crates/tsne-py/benches/speed.py data.npy [--rows N] [--threads N]

Divergences are by all pairs and on one P: that of perplexity 30 from exact neighbors. Each method runs in a process of its own, one after
the other; what is not installed is left out. With ``--overhead`` the same fit is run by the command, too, and what the binding costs is told.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
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
    from sklearnex import patch_sklearn

    patch_sklearn()
    return sklearn(x, threads)


METHODS = {
    "tsne_rs, recommended": ("tsne_rs", lambda x, threads: ours(x, threads, "recommended")),
    "tsne_rs, openTSNE's defaults": ("tsne_rs", lambda x, threads: ours(x, threads, "opentsne")),
    "openTSNE": ("openTSNE", opentsne),
    "scikit-learn": ("sklearn", sklearn),
    "scikit-learn with Intel's extension": ("sklearnex", intel),
}


def one(name: str, data: Path, threads: int, out: Path) -> None:
    """Runs a method, and writes its map."""
    x = np.load(data)
    METHODS[name][1](x[:200].copy(), threads)
    start = time.perf_counter()
    made = METHODS[name][1](x, threads)
    print(json.dumps({"seconds": time.perf_counter() - start}))
    np.save(out, np.asarray(made))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], arguments.data, arguments.threads, Path(arguments.one[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        data, out = Path(directory, "data.npy"), Path(directory, "map.npy")
        x = np.load(arguments.data)[: arguments.rows].astype(np.float32)
        np.save(data, x)
        from tsne_rs import TSNEEmbedding, affinity

        affinities = affinity.PerplexityBasedNN(x, 30, method="exact", n_jobs=-1)
        print(f"{len(x)} rows of {x.shape[1]}, {arguments.threads} threads")
        for name, (module, _) in METHODS.items():
            if importlib.util.find_spec(module) is None:
                continue
            line = [sys.executable, __file__, str(data), "--threads", str(arguments.threads), "--one", name, str(out)]
            told = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
            exact = TSNEEmbedding(np.load(out), affinities)._engine().kl_divergence(True)
            print(f"{name:36} {told['seconds']:8.2f} s   KL {exact:.4f}")
        if arguments.overhead:
            line = [sys.executable, "-m", "tsne_rs._command", "embed", str(data), "-o", str(out), "--seed", "42", "--json"]
            line += ["--preset", "opentsne", "--threads", str(arguments.threads)]
            report = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
            print(json.dumps(report.get("timings", report), indent=1))


if __name__ == "__main__":
    main()
