"""What is told of long work."""

from __future__ import annotations

import sys
import time
from typing import Any


class Stages:
    """Names the stages of the work within it, with their times; as a bar, where tqdm is there."""

    def __init__(self, verbose: Any) -> None:
        self.verbose = bool(verbose)
        self._stage: str | None = None
        self._since = 0.0
        self._bar: Any = None

    def __enter__(self) -> Any:
        return self._advance if self.verbose else None

    def __exit__(self, *error: Any) -> None:
        self._end()

    def _advance(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._end()
            self._stage, self._since = stage, time.monotonic()
            self._bar = _bar(stage, total)
            if self._bar is None:
                print(f"===> {stage}...", flush=True)
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._stage is not None:
            print(f"   --> Time elapsed: {time.monotonic() - self._since:.2f} seconds", flush=True)
        self._stage = self._bar = None


def _bar(stage: str, total: int) -> Any:
    """A bar, if whoever runs this has loaded tqdm."""
    if "tqdm" not in sys.modules:
        return None
    from tqdm.auto import tqdm

    return tqdm(desc=stage, total=total, leave=False)
