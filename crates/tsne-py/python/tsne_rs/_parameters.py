"""Parameters as the documents that the toolkit reads."""

from __future__ import annotations

import json
import math
import numbers
from typing import Any

import numpy as np

#: Without a preset of its own the toolkit's would hold.
OPENTSNE = "opentsne"
PRESETS = ("opentsne", "recommended", "exaggerated", "documented")


def document(parameters: dict[str, Any]) -> str:
    """A document of parameters."""
    return json.dumps(_plain(parameters), allow_nan=False)


def _plain(value: Any) -> Any:
    """A value of Python or NumPy as one of JSON."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        value = float(value)
        # Numbers that JSON does not have.
        return value if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "NaN")
    return value


def method(n_jobs: int = 1, **parameters: Any) -> str:
    """The document of a fit by openTSNE's defaults, with what is given."""
    return document({**parameters, "optimize": {"preset": OPENTSNE, "n_jobs": n_jobs}})


def number(name: str, value: Any, none: bool = True) -> Any:
    """A real number, or None where that is allowed."""
    if value is None and none:
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return value
    raise TypeError(f"{name} is {value!r}, but must be a number{' or None' if none else ''}")


def integer(name: str, value: Any) -> int:
    """A whole number that is not negative."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not float(value).is_integer():
        raise TypeError(f"{name} is {value!r}, but must be a whole number")
    if float(value) < 0:
        raise ValueError(f"{name} is {value!r}, but must not be negative")
    return int(float(value))


def n_jobs(value: Any) -> int:
    """The number of threads; None is one, as in joblib."""
    if value is None:
        return 1
    threads = int(float(number("n_jobs", value, none=False)))
    if threads == 0:
        raise ValueError("n_jobs is 0, but must be a positive number of threads, or -1 for all processors, -2 for all but one, and so on")
    return threads


def seed(random_state: Any) -> int:
    """The seed of everything random: drawn where a generator is given, or None."""
    if isinstance(random_state, numbers.Integral):
        if random_state < 0:
            raise ValueError(f"random_state is {random_state}, but must not be negative")
        return int(random_state) % 2**64
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if random_state is None or random_state is np.random:
        return int(np.random.default_rng().integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    raise ValueError(
        f"random_state is {random_state!r}, but must be an integer, a numpy.random.RandomState, a numpy.random.Generator or None: "
        "it cannot be used to seed"
    )


def metric_document(metric: Any, params: dict[str, Any] | None) -> tuple[Any, Any]:
    """The document of a metric, and the function that it is, if it is one."""
    params = dict(params or {})
    if callable(metric):
        return "euclidean", (lambda a, b: metric(a, b, **params)) if params else metric
    if not isinstance(metric, str):
        raise ValueError(f"metric is {metric!r}, but must be the name of one, or a function of two rows")
    name = metric
    if name in ("wminkowski", "weighted_minkowski"):
        name = "minkowski"
    if name in ("minkowski", "p"):
        weights = params.pop("w", None)
        numbers_: Any = {"minkowski": {"p": params.pop("p", 2), "weights": weights}}
    elif name in ("seuclidean", "standardised_euclidean"):
        numbers_ = {"seuclidean": {"variances": params.pop("V", params.pop("v", None))}}
    elif name == "mahalanobis":
        inverse = params.pop("VI", params.pop("vinv", None))
        if inverse is None and (covariance := params.pop("V", None)) is not None:
            inverse = np.linalg.inv(covariance)
        flat = None if inverse is None else np.ravel(inverse)
        numbers_ = {"mahalanobis": {"inverse_covariance": flat}}
    else:
        numbers_ = name
    if params:
        raise ValueError(f"metric_params has {sorted(params)}, which the metric {metric!r} does not take")
    return numbers_, None


#: Parameters of a descent by their names in a document; the momentum of a call is that of the normal phase.
_SCHEDULE = {
    "momentum": "final_momentum",
    **{name: name for name in ("exaggeration", "learning_rate", "min_grad_norm", "max_grad_norm", "max_step_norm")},
}
_REPULSION = ("theta", "force_tolerance")
_GRID = ("n_interpolation_points", "min_num_intervals", "ints_in_interval")


def repulsion(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """The document of a repulsion, with what is given of its parameters."""
    return {
        "method": method,
        **{name: given[name] for name in _REPULSION if given.get(name) is not None},
        "grid": {name: given[name] for name in _GRID if given.get(name) is not None},
    }


#: The rules that a recommended fit has and new points do not.
_OF_A_FIT = {"adaptive_momentum": False, "min_kl_improvement": None}


def descent(preset: str, n_iter: int, method: str, n_jobs: int, given: dict[str, Any], new: bool = False) -> dict[str, Any]:
    """The document of one phase of a descent (of ``new`` points), with what is given and the preset's for the rest."""
    schedule = {to: given[name] for name, to in _SCHEDULE.items() if name in given}
    phase = {"early_exaggeration_iter": 0, "transition_iter": 0, "n_iter": n_iter, "exaggeration": None}
    return {
        "preset": preset,
        "n_jobs": n_jobs,
        "schedule": {**phase, **(_OF_A_FIT if new else {}), **schedule},
        "repulsion": repulsion(method, given),
    }
