"""The base of estimators: scikit-learn's, or as much of it as is needed without it."""

from __future__ import annotations

import inspect
from typing import Any

try:
    from sklearn.base import BaseEstimator
except ImportError:

    class BaseEstimator:  # type: ignore[no-redef]
        """Parameters by their names."""

        @classmethod
        def _parameter_names(cls) -> list[str]:
            return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """All parameters."""
            return {name: getattr(self, name) for name in self._parameter_names()}

        def set_params(self, **params: Any) -> Any:
            """Sets parameters, and returns the estimator."""
            for name, value in params.items():
                if name not in self._parameter_names():
                    raise ValueError(f"Invalid parameter {name!r} for estimator {type(self).__name__}: it has {self._parameter_names()}")
                setattr(self, name, value)
            return self

        def __repr__(self) -> str:
            defaults = {name: parameter.default for name, parameter in inspect.signature(type(self).__init__).parameters.items()}
            changed = (f"{name}={value!r}" for name, value in self.get_params().items() if repr(value) != repr(defaults[name]))
            return f"{type(self).__name__}({', '.join(changed)})"


__all__ = ["BaseEstimator"]
