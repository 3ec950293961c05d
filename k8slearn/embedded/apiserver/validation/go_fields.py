"""A spec as Go prints it, each field under its Go name: the diff that a refused update shows.

``go_fields.json`` lists ``[Go's name, the API's name, type]`` of each field of the types in the specs of pods,
claims and volumes, in the order of Kubernetes 1.37's ``pkg/apis/core/types.go``. A type is ``s``tring,
``b``ool, ``i``nteger, ``q``uantity, ``map``, ``raw`` (as the API writes it), another type's name, or one of
these behind ``*`` (may be missing) or ``[]`` (a list).
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path
from typing import Any

import orjson

_ZERO: dict[str, Any] = {"s": "", "b": False, "i": 0, "q": "0", "map": None, "raw": None}


@cache
def _types() -> dict[str, list[tuple[str, str, str]]]:
    return orjson.loads((Path(__file__).parent / "go_fields.json").read_bytes())


def go_form(value: Any, type_: str) -> Any:
    """``{"restartPolicy": "Always"}`` as ``{"Volumes": None, …, "RestartPolicy": "Always", …}``."""
    if type_.startswith("*"):
        return None if value is None else go_form(value, type_[1:])
    if type_.startswith("[]"):
        return None if value is None else [go_form(item, type_[2:]) for item in value]
    if type_ in _ZERO:
        return _ZERO[type_] if value is None else value
    value = value or {}
    return {go_name: go_form(value.get(name), field) for go_name, name, field in _types()[type_]}


def diff(old: dict[str, Any], new: dict[str, Any], type_: str) -> str:
    """A unified diff of two values of ``type_``, without the lines that name files; "" when they are equal."""
    before, after = (_lines(value, type_) for value in (old, new))
    return "".join(line for line in difflib.unified_diff(before, after) if line not in ("--- \n", "+++ \n"))


def _lines(value: dict[str, Any], type_: str) -> list[str]:
    text = json.dumps(go_form(value, type_), indent=1, ensure_ascii=False)
    return [f"{line}\n" for line in text.split("\n")]
