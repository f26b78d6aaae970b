"""Defaults that give way to those of a preset: equal to what a signature shows, and told from the same value given by hand."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from . import _tsne_rs


class _Default:
    """Copies are the same object, as sklearn's ``clone`` asks of parameters."""

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self


class DefaultInt(_Default, int):
    """A whole number that was not given by hand."""


class DefaultFloat(_Default, float):
    """A number that was not given by hand."""


class DefaultStr(_Default, str):
    """A name that was not given by hand."""


def is_default(value: Any) -> bool:
    """Whether it was not given by hand."""
    return isinstance(value, _Default)


@cache
def of_preset(preset: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The documents of a preset's fit and of its new points. They are not to be changed."""
    fit, new = _tsne_rs.defaults(preset)
    return json.loads(fit), json.loads(new)
