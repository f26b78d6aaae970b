"""What deserves a second look, told once."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterable

_PACKAGE = os.path.dirname(__file__) + os.sep

#: Scripts that configure openTSNE's logger hear of the same here.
log = logging.getLogger("openTSNE")


def tell(messages: Iterable[str], told: set[str]) -> None:
    """Warns of the messages that were not told yet, at the line that called the package."""
    for message in messages:
        if message not in told:
            told.add(message)
            warnings.warn(message, UserWarning, stacklevel=_users_level())
            # Without a handler of its own the logger would print what the warning has printed.
            if log.hasHandlers():
                log.warning(message)


def _is_library(file: str, module: str) -> bool:
    return file.startswith(_PACKAGE) or module == "sklearn" or module.startswith("sklearn.")


def _users_level() -> int:
    """How far above its caller the first function is of neither this package nor scikit-learn, whose pipelines and outputs call it."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_library(frame.f_code.co_filename, frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    return level
