"""What pods request and nodes offer, as whole numbers: CPU in thousandths, everything else in units or bytes.

Upstream: ``k8s.io/component-helpers/resource`` and ``pkg/scheduler/util/pod_resources.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import Any

from k8slearn.kube import quantity

Object = dict[str, Any]
Resources = dict[str, int]

ASSUMED = {"cpu": 100, "memory": 200 * 1024 * 1024}
"""What a container without requests counts as when nodes are compared: so its pods spread too."""


@lru_cache(maxsize=1024)
def amount(resource: str, text: str | int) -> int:
    """``amount("cpu", "0.25")`` is 250, ``amount("memory", "1Ki")`` is 1024."""
    value = quantity.parse(text)
    return ceil(value * 1000) if resource == "cpu" else ceil(value)


def amounts(quantities: Mapping[str, str | int] | None) -> Resources:
    return {resource: amount(resource, text) for resource, text in (quantities or {}).items()}


def requests(pod: Object, assumed: Mapping[str, int] | None = None) -> Resources:
    """What the pod needs at most at one time.

    Containers and sidecars (init containers that restart) run together; the other init containers run one by
    one before them, beside the sidecars started so far. So a pod whose init container wants 2 CPUs and whose
    two containers want 500m each requests 2 CPUs. ``assumed`` stands in for requests that a container lacks.
    """
    spec = pod["spec"]
    needed: Resources = {}
    for container in spec["containers"]:
        _add(needed, _of(container, assumed))
    sidecars: Resources = {}
    start: Resources = {}
    for container in spec.get("initContainers", ()):
        wants = _of(container, assumed)
        if container.get("restartPolicy") == "Always":
            _add(needed, wants)
            _add(sidecars, wants)
            wants = dict(sidecars)
        else:
            _add(wants, sidecars)
        _raise_to(start, wants)
    _raise_to(needed, start)
    needed.update(amounts((spec.get("resources") or {}).get("requests")))
    _add(needed, amounts(spec.get("overhead")))
    return needed


def _of(container: dict[str, Any], assumed: Mapping[str, int] | None) -> Resources:
    return {**(assumed or {}), **amounts((container.get("resources") or {}).get("requests"))}


def _add(total: Resources, more: Resources) -> None:
    for resource, number in more.items():
        total[resource] = total.get(resource, 0) + number


def _raise_to(total: Resources, least: Resources) -> None:
    for resource, number in least.items():
        total[resource] = max(total.get(resource, 0), number)
