"""Maps as pages to explore: one file that a browser opens without a network."""

from __future__ import annotations

import html
import webbrowser
from pathlib import Path
from typing import Any

import numpy as np

from . import _tsne_rs


class Explorer:
    """A page. A notebook shows it inline."""

    def __init__(self, page: bytes, height: int) -> None:
        self.page, self.height = page, height

    def save(self, path: Any) -> Path:
        """Writes the page."""
        path = Path(path)
        path.write_bytes(self.page)
        return path

    def open(self, path: Any) -> None:
        """Writes the page, and opens it in a browser."""
        webbrowser.open(self.save(path).resolve().as_uri())

    def _repr_html_(self) -> str:
        text = html.escape(self.page.decode("utf-8"), quote=True)
        style = f"width:100%;height:{self.height}px;border:0"
        return f'<iframe srcdoc="{text}" style="{style}" sandbox="allow-scripts allow-downloads"></iframe>'


def explore(
    embedding: Any,
    labels: Any = None,
    *,
    ids: Any = None,
    title: str = "t-SNE",
    theme: str = "auto",
    n_neighbors: int = 10,
    height: int = 600,
    path: Any = None,
) -> Explorer:
    """The page of a map.

    Parameters
    ----------
    labels: a label for each point; or a dictionary, or a data frame, of several columns of them.
    ids: a name for each point.
    title, theme: ``"auto"``, ``"light"`` or ``"dark"``.
    n_neighbors: how many neighbors of a point the page shows; 0 is none.
    height: that of the frame in a notebook, in pixels.
    path: writes the page, too.
    """
    columns = _columns(labels, len(embedding))
    names = None if ids is None else [str(name) for name in ids]
    index = embedding.affinities._rust() if n_neighbors > 0 else None
    page = _tsne_rs.page(np.ascontiguousarray(embedding), title, theme, columns, names, index, n_neighbors)
    explorer = Explorer(page, height)
    if path is not None:
        explorer.save(path)
    return explorer


def _columns(labels: Any, n: int) -> list[tuple[str, list[str]]]:
    """Columns of labels as texts."""
    if labels is None:
        return []
    if hasattr(labels, "columns"):
        labels = {str(name): labels[name] for name in labels.columns}
    if not isinstance(labels, dict):
        labels = {"label": labels}
    columns = [(str(name), ["" if value is None or value != value else str(value) for value in values]) for name, values in labels.items()]
    for name, texts in columns:
        if len(texts) != n:
            raise ValueError(f"there are {len(texts)} labels {name!r} for {n} points")
    return columns
