"""Columns of ``kubectl get``: their definitions as a real server gives them, and cells that kinds share.

``_columns.json`` holds ``[name, type, format, wide, description]`` of each column of each resource, recorded
from a real Kubernetes 1.37. A kind brings the cells: ``columns("secrets", {"Name": name, "Type": …})``.
Upstream: ``pkg/printers/internalversion/printers.go``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from k8slearn.embedded.apiserver.kind import Column, Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube.duration import human_duration

Cell = Callable[[Object, float], Any]


@cache
def _recorded() -> dict[str, list[list[Any]]]:
    return orjson.loads((Path(__file__).parent / "_columns.json").read_bytes())


def columns(resource: str, cells: dict[str, Cell]) -> tuple[Column, ...]:
    """The columns of ``resource``, each with its cell; raises KeyError when one has none."""
    return tuple(
        Column(name, cells[name], type=type_, format=format_, description=description, wide=wide)
        for name, type_, format_, wide, description in _recorded()[resource]
    )


def description(resource: str, column: str) -> str:
    """What a real server says of a column."""
    return next(entry[4] for entry in _recorded()[resource] if entry[0] == column)


def since(timestamp: str | None, now: float) -> str:
    """``5m10s``; ``<unknown>`` without a time."""
    return human_duration(now - parse_timestamp(timestamp)) if timestamp else "<unknown>"


def name(obj: Object, now: float) -> str:
    return obj["metadata"]["name"]


def age(obj: Object, now: float) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def status_number(field: str) -> Cell:
    """The cell of a count in ``status``, where a count of zero may be left out."""
    return lambda obj, now: (obj.get("status") or {}).get(field, 0)


def first_three(texts: list[str]) -> str:
    """``a,b,c + 2 more...``"""
    shown = ",".join(texts[:3])
    return f"{shown} + {len(texts) - 3} more..." if len(texts) > 3 else shown


def container_names(obj: Object, now: float) -> str:
    return ",".join(container["name"] for container in _containers(obj))


def container_images(obj: Object, now: float) -> str:
    return ",".join(container.get("image", "") for container in _containers(obj))


def _containers(obj: Object) -> list[Object]:
    return obj["spec"]["template"]["spec"].get("containers") or []
