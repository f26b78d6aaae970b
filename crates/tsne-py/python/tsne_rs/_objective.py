"""Objectives of a descent: those of the toolkit by their names, and those of your own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _parameters, _tsne_rs
from ._data import compressed, dense


class Objective:
    """The KL divergence and its gradient, without the factor 4, by one way to the repulsion."""

    def __init__(self, method: str) -> None:
        #: ``"auto"``, ``"bh"``, ``"fft"`` or ``"exact"``.
        self.method = method
        self.__name__ = f"kl_divergence_{method}"

    def __call__(
        self,
        embedding: Any,
        P: Any,
        dof: float = 1,
        bh_params: dict[str, Any] | None = None,
        fft_params: dict[str, Any] | None = None,
        reference_embedding: Any = None,
        n_jobs: int = 1,
        should_eval_error: bool = False,
        **_: Any,
    ) -> tuple[float | None, np.ndarray]:
        """The divergence, if it is asked for, and the gradient. ``P`` may be exaggerated: its entries need not sum to 1."""
        matrix = sp.csr_matrix(P)
        at = dense(embedding, None if np.asarray(embedding).dtype.kind == "f" else np.float64, "embedding")
        repulsion = _parameters.repulsion(self.method, {**(bh_params or {}), **(fft_params or {})})
        reference = None if reference_embedding is None else dense(reference_embedding, at.dtype, "reference")
        error, gradient = _tsne_rs.evaluate(
            at, compressed(matrix, at.dtype), float(dof), _parameters.document(repulsion), reference, _parameters.n_jobs(n_jobs)
        )
        return (error if should_eval_error else None), gradient

    def divergence(self, embedding: Any, P: Any, dof: float, params: dict[str, Any] | None = None) -> float:
        """The divergence alone."""
        error, _ = self(embedding, P, dof, params, should_eval_error=True)
        return float("nan") if error is None else error

    def __repr__(self) -> str:
        return f"<objective {self.__name__}>"

    def __reduce__(self) -> Any:
        return objective, (self.method,)


kl_divergence_auto = Objective("auto")
kl_divergence_bh = Objective("bh")
kl_divergence_fft = Objective("fft")
kl_divergence_exact = Objective("exact")

_NAMES = {
    "auto": kl_divergence_auto,
    **dict.fromkeys(("bh", "BH", "barnes-hut"), kl_divergence_bh),
    **dict.fromkeys(("fft", "FFT", "interpolation"), kl_divergence_fft),
    "exact": kl_divergence_exact,
}


def objective(method: Any) -> Callable[..., Any]:
    """The objective that ``negative_gradient_method`` stands for."""
    if isinstance(method, str) and method in _NAMES:
        return _NAMES[method]
    if callable(method):
        return method
    names = ", ".join(f'"{name}"' for name in _NAMES)
    raise ValueError(f"Unrecognized gradient method: negative_gradient_method is {method!r}, but must be one of {names}, or a function")
