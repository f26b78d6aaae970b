"""Maps as pictures of matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Colors that the color-blind can tell apart (Okabe and Ito 2008), for up to eight classes.
_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
#: More classes than these are colored by the numbers that they are, if they are.
_MOST_CLASSES = 30


def plot(
    positions: np.ndarray,
    labels: Any = None,
    *,
    ax: Any = None,
    colors: Any = None,
    s: float | None = None,
    alpha: float | None = None,
    legend: bool = True,
    title: str | None = None,
    cmap: str = "viridis",
    rasterized: bool = True,
    **kwargs: Any,
) -> Any:
    """Draws a map, and returns the axes.

    Parameters
    ----------
    labels: a label for each point: classes have a legend, numbers a color bar.
    ax: the axes; None makes some.
    colors: a dictionary of classes to colors, or a list.
    s, alpha: size and opacity of a point; None is by the number of points.
    kwargs: what ``Axes.scatter`` takes.
    """
    import matplotlib.pyplot as plt

    n, n_components = positions.shape
    three = n_components == 3
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 8), subplot_kw={"projection": "3d"} if three else None)
    s = float(np.clip(50_000 / n, 0.5, 20)) if s is None else s
    alpha = float(np.clip(20_000 / n, 0.2, 0.8)) if alpha is None else alpha
    columns = positions.T if n_components > 1 else (positions[:, 0], np.zeros(n))
    common = {"s": s, "alpha": alpha, "linewidths": 0, "rasterized": rasterized, **kwargs}
    if labels is None:
        ax.scatter(*columns, **common)
    else:
        labels = np.asarray(labels)
        if len(labels) != n:
            raise ValueError(f"there are {len(labels)} labels for {n} points")
        classes = _classes(labels)
        if classes is None:
            drawn = ax.scatter(*columns, c=labels, cmap=cmap, **common)
            if legend:
                plt.colorbar(drawn, ax=ax, shrink=0.5)
        else:
            palette = _palette(classes, colors)
            codes = {label: i for i, label in enumerate(classes)}
            # One call, so that no class lies on top of all others.
            of_point = np.array([palette[codes[label]] for label in labels.tolist()], dtype=object)
            ax.scatter(*columns, c=list(of_point), **common)
            if legend:
                handles = [plt.Line2D([], [], marker="o", linestyle="", color=palette[i], label=str(label)) for i, label in enumerate(classes)]
                ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    ax.set_xticks([])
    ax.set_yticks([])
    if three:
        ax.set_zticks([])
    else:
        ax.set_aspect("equal", adjustable="datalim")
    if title is not None:
        ax.set_title(title)
    return ax


def _classes(labels: np.ndarray) -> list[Any] | None:
    """The classes in their order; None where the labels are numbers."""
    if labels.dtype.kind == "f":
        return None
    classes = sorted(set(labels.tolist()), key=lambda label: (isinstance(label, str), label))
    return None if labels.dtype.kind in "iu" and len(classes) > _MOST_CLASSES else classes


def _palette(classes: list[Any], colors: Any) -> list[Any]:
    if isinstance(colors, dict):
        missing = [label for label in classes if label not in colors]
        if missing:
            raise ValueError(f"colors has none for {missing}")
        return [colors[label] for label in classes]
    if colors is not None:
        if len(colors) < len(classes):
            raise ValueError(f"there are {len(colors)} colors for {len(classes)} classes")
        return list(colors)[: len(classes)]
    if len(classes) <= len(_OKABE_ITO):
        return list(_OKABE_ITO[: len(classes)])
    import matplotlib

    wheel = matplotlib.colormaps["tab20" if len(classes) <= 20 else "gist_ncar"]
    steps = range(len(classes)) if len(classes) <= 20 else np.linspace(0, 0.95, len(classes))
    return [wheel(step) for step in steps]
