"""A tree of boxes: openTSNE's ``QuadTree``, for scripts that draw or count it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class QuadTree:
    """A box that is cut in halves along each axis, as often as points lie apart in it.

    Attributes
    ----------
    center, length: middle and side of the box.
    center_of_mass, num_points: of the points within.
    children: the boxes within, with points or without; none of a leaf.
    is_leaf: whether it has none.
    """

    #: Points that are nearer than this are one.
    _SAME = 1e-12

    def __init__(self, data: Any) -> None:
        points = np.asarray(data, dtype=np.float64)
        if points.ndim != 2 or not len(points):
            raise ValueError(f"the points have the shape {points.shape}, but must be n × d with at least one")
        low, high = points.min(axis=0), points.max(axis=0)
        self._make(points, (low + high) / 2, float((high - low).max()))

    def _make(self, points: np.ndarray, center: np.ndarray, length: float) -> None:
        self.center, self.length, self.n_dims = center, length, len(center)
        self.num_points = len(points)
        self.center_of_mass = points.mean(axis=0) if len(points) else np.zeros(len(center))
        self.children: list[QuadTree] = []
        spread = float(np.ptp(points, axis=0).max()) if len(points) > 1 else 0.0
        if spread > self._SAME * max(1.0, abs(center).max()) and length > 0:
            bits = (points > center) @ (1 << np.arange(self.n_dims))
            for child in range(1 << self.n_dims):
                sides = np.array([(child >> axis) & 1 for axis in range(self.n_dims)])
                box = QuadTree.__new__(QuadTree)
                box._make(points[bits == child], center + (sides - 0.5) * length / 2, length / 2)
                self.children.append(box)

    @property
    def is_leaf(self) -> bool:
        """Whether it has no boxes within."""
        return not self.children

    def __iter__(self) -> Iterator[QuadTree]:
        yield self
        for child in self.children:
            yield from child
