"""What the tests have in common."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

# What a shell starts in the background ignores Ctrl-C, and so would Python: the tests send it to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def digits():
    """1,797 digits of 64 pixels, in single precision."""
    return np.ascontiguousarray(load_digits().data, dtype=np.float32)


@pytest.fixture(scope="session")
def some(digits):
    """Enough digits for what only has to run, in double precision."""
    return digits[:300].astype(np.float64)


@pytest.fixture
def command(tmp_path):
    """Runs the command ``tsne`` of the installed wheel in an empty directory."""

    def run(*arguments: str) -> str:
        line = [sys.executable, "-m", "tsne_rs._command", *map(str, arguments)]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
