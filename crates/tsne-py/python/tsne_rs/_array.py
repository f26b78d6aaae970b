"""Arrays that carry more than numbers, and what NumPy makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np


def _plain(x: Any) -> Any:
    """The numbers alone, also within lists, tuples and dictionaries."""
    if isinstance(x, MapArray):
        return x.view(np.ndarray)
    if isinstance(x, (list, tuple)) and any(isinstance(inner, (MapArray, list, tuple)) for inner in x):
        return type(x)(*map(_plain, x)) if hasattr(x, "_fields") else type(x)(map(_plain, x))
    if isinstance(x, dict):
        return {name: _plain(inner) for name, inner in x.items()}
    return x


class MapArray(np.ndarray):
    """An array of positions with what belongs to a map: what is computed or cut from it is a plain array."""

    #: The attributes with their values where there is no map.
    _attributes: dict[str, Any] = {}

    def __array_finalize__(self, obj: Any) -> None:
        if obj is None:
            return
        same = isinstance(obj, type(self)) and obj.shape == self.shape
        for name, default in self._attributes.items():
            setattr(self, name, getattr(obj, name, default) if same else default)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None:
            kwargs["out"] = _plain(out)
        result = getattr(ufunc, method)(*_plain(inputs), **_plain(kwargs))
        # What was written into a map is the map.
        return out[0] if out is not None and len(out) == 1 else result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*_plain(args), **_plain(kwargs))

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Any:
        array = np.asarray(array)
        return array[()] if return_scalar else array

    def __getitem__(self, key: Any) -> Any:
        return self.view(np.ndarray)[key]

    def __iter__(self) -> Any:
        return iter(self.view(np.ndarray))

    @property
    def T(self) -> np.ndarray:  # type: ignore[override]
        return self.view(np.ndarray).T

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Any:
        other = self.copy()
        if memo is not None:
            memo[id(self)] = other
        return other

    def __reduce__(self) -> Any:
        return _rebuilt, (type(self), np.array(self.view(np.ndarray)), self._state())

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__reduce__()

    def _state(self) -> dict[str, Any]:
        """The attributes, without what can be made anew."""
        return {name: getattr(self, name) for name in self._attributes if name != "_map"}


def _rebuilt(cls: type[MapArray], array: np.ndarray, state: dict[str, Any]) -> MapArray:
    map_array = array.view(cls)
    for name, value in state.items():
        setattr(map_array, name, value)
    return map_array


def _as_plain(name: str) -> Any:
    def method(self: MapArray, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.view(np.ndarray), name)(*args, **kwargs)

    method.__name__, method.__doc__ = name, getattr(np.ndarray, name).__doc__
    return method


for _name in (
    "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "compress", "conj", "cumprod", "cumsum", "diagonal",
    "dot", "flatten", "ravel", "repeat", "reshape", "round", "squeeze", "swapaxes", "take", "transpose",
):  # fmt: skip
    setattr(MapArray, _name, _as_plain(_name))
