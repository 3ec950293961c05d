"""YAML as a server reads it: in the terms of JSON, and no more of it than the server can bear.

Upstream: ``sigs.k8s.io/yaml`` on goyaml, whose sentences the refusals are where both parsers say so.
"""

from __future__ import annotations

import math
from typing import Any

import yaml

from k8slearn.embedded.apiserver.decoding import DecodeError

_FEW, _MANY = 400_000, 4_000_000
"""Values read, aliases followed: up to the first number nearly all may come from aliases, from the second on few."""
_RATIO_OF_FEW, _RATIO_OF_MANY = 0.99, 0.10
_UNSUSPECTED = 100


_Fastest: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fastest):
    """The one in C where there is one: it is ten times as fast, and stops at 1,000 levels."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}  # a time is a string


def parse(body: bytes) -> Any:
    """The JSON value of the first document in ``body``. Raises DecodeError.

    >>> parse(b"at: 2026-11-25\\n1: [yes]")
    {'at': '2026-11-25', '1': [True]}
    """
    try:
        loader = _Loader(body)
        value = loader.get_data() if loader.check_data() else None
        return _Json().of(value)
    except yaml.YAMLError as error:
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise DecodeError(f"yaml: {why}") from None
    except RecursionError:
        raise DecodeError("yaml: exceeded max depth") from None
    except ValueError as error:  # a number or a tagged value that Python's constructors do not make
        raise error if isinstance(error, DecodeError) else DecodeError(f"yaml: {error}") from None


class _Json:
    """What the loader made as JSON has it. What several aliases mean is one value, and counted as often as meant."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}
        self._written = 0

    def of(self, value: Any) -> Any:
        found, size = self._read(value)
        if size > _UNSUSPECTED and (size - self._written) / size > _allowed_ratio(size):
            raise DecodeError("yaml: document contains excessive aliasing")
        return found

    def _read(self, value: Any) -> tuple[Any, int]:
        if not isinstance(value, dict | list):
            self._written += 1
            return _scalar(value), 1
        if (known := self._known.get(id(value))) is not None:
            if known[1] == 0:
                raise DecodeError("yaml: anchor value contains itself")
            return known
        self._known[id(value)] = None, 0
        self._written += 1
        found: Any
        size = 1
        if isinstance(value, list):
            found = []
            for item in value:
                one, its_size = self._read(item)
                found.append(one)
                size += its_size
        else:
            found = {}
            for name, item in value.items():
                found[_key(name)], its_size = self._read(item)
                size += its_size
        self._known[id(value)] = found, size
        return found, size


def _allowed_ratio(size: int) -> float:
    if size <= _FEW:
        return _RATIO_OF_FEW
    if size >= _MANY:
        return _RATIO_OF_MANY
    return _RATIO_OF_FEW - (_RATIO_OF_FEW - _RATIO_OF_MANY) * (size - _FEW) / (_MANY - _FEW)


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        shown = "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
        raise DecodeError(f"json: unsupported value: {shown}")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise DecodeError(f"yaml: a {type(value).__name__} has no counterpart in JSON")


def _key(name: Any) -> str:
    if isinstance(name, bool):
        return str(name).lower()
    if isinstance(name, str | int | float):
        return str(name)
    raise DecodeError(f"yaml: invalid map key: {name!r}")
