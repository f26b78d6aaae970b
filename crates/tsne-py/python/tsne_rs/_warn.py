"""What deserves a second look, told once."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable

#: Scripts that configure openTSNE's logger hear of the same here.
log = logging.getLogger("openTSNE")


def tell(messages: Iterable[str], told: set[str], stacklevel: int = 3) -> None:
    """Warns of the messages that were not told yet."""
    for message in messages:
        if message not in told:
            told.add(message)
            warnings.warn(message, UserWarning, stacklevel=stacklevel)
            # Without a handler of its own the logger would print what the warning has printed.
            if log.hasHandlers():
                log.warning(message)
