"""Small things that openTSNE has, and scripts import."""

from __future__ import annotations

import functools
import importlib.util
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


class Timer:
    """Tells how long what is within it took."""

    def __init__(self, message: str, verbose: bool = False) -> None:
        self.message, self.verbose = message, verbose
        self.start_time: float | None = None

    def __enter__(self) -> Timer:
        self.start_time = time.time()
        if self.verbose:
            print("===>", self.message, flush=True)
        return self

    def __exit__(self, *error: Any) -> None:
        if self.verbose:
            print(f"   --> Time elapsed: {time.time() - (self.start_time or 0):.2f} seconds", flush=True)


def deprecate_parameter(parameter: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Warns where a parameter is given that has no meaning any more."""

    def wrapper(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def func(*args: Any, **kwargs: Any) -> Any:
            if parameter in kwargs:
                warnings.warn(f"The parameter `{parameter}` has been deprecated and will be removed in future versions", FutureWarning, stacklevel=2)
            return f(*args, **kwargs)

        return func

    return wrapper


def is_package_installed(libname: str) -> bool:
    """Whether a package could be imported."""
    return importlib.util.find_spec(libname) is not None


def clip_point_to_disc(points: np.ndarray, radius: float, inplace: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Points moved onto the rim of a disc around the origin where they lie beyond it, and which did."""
    lengths = np.linalg.norm(points, axis=1)
    outside = lengths > radius
    if not inplace:
        points = points.copy()
    points[outside] *= (radius / lengths[outside])[:, None]
    return points, outside
