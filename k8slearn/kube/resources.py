"""What pods request and nodes offer, as whole numbers: CPU in thousandths, everything else in units or bytes.

Upstream: ``k8s.io/component-helpers/resource`` and ``pkg/scheduler/util/pod_resources.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import ceil
from typing import Any, Literal, TypeVar

from k8slearn.kube import quantity

Object = dict[str, Any]
Resources = dict[str, int]
A = TypeVar("A")

ASSUMED = {"cpu": 100, "memory": 200 * 1024 * 1024}
"""What a container without requests counts as when nodes are compared: so its pods spread too."""


LARGEST = 2**63 - 1
"""What Go makes of any quantity beyond it."""


@lru_cache(maxsize=1024)
def amount(resource: str, text: str | int) -> int:
    """``amount("cpu", "0.25")`` is 250, ``amount("memory", "1Ki")`` is 1024."""
    value = quantity.parse(text)
    return ceil(value * 1000) if resource == "cpu" else ceil(value)


def amounts(quantities: Mapping[str, str | int] | None) -> Resources:
    return {resource: amount(resource, text) for resource, text in (quantities or {}).items()}


def requests(pod: Object, assumed: Mapping[str, int] | None = None) -> Resources:
    """What the pod needs at most at one time, ``assumed`` standing in for requests that a container lacks."""
    needed = _at_one_time(
        pod["spec"],
        lambda container: {**(assumed or {}), **amounts((container.get("resources") or {}).get("requests"))},
        int.__add__,
        max,
    )
    needed.update(amounts((pod["spec"].get("resources") or {}).get("requests")))
    _merge(needed, amounts(pod["spec"].get("overhead")), int.__add__)
    return {resource: min(number, LARGEST) for resource, number in needed.items()}


def quantities(pod: Object, field: Literal["requests", "limits"]) -> dict[str, str]:
    """The pod's requests or limits at one time as quantities, in the family (``Mi``, ``m``) that was written."""
    spec = pod["spec"]
    total = _at_one_time(
        spec,
        lambda container: (container.get("resources") or {}).get(field) or {},
        quantity.add,
        lambda left, right: left if quantity.compare(left, right) >= 0 else right,
    )
    total.update((spec.get("resources") or {}).get(field) or {})
    if field == "requests":
        _merge(total, spec.get("overhead") or {}, quantity.add)
    return total


def _at_one_time(
    spec: Object,
    of: Callable[[Object], Mapping[str, A]],
    plus: Callable[[A, A], A],
    larger: Callable[[A, A], A],
) -> dict[str, A]:
    """What the containers of a pod want at most at one time.

    Containers and sidecars (init containers that restart) run together; the other init containers run one by
    one before them, beside the sidecars started so far. So a pod whose init container wants 2 CPUs and whose
    two containers want 500m each wants 2 CPUs.
    """
    needed: dict[str, A] = {}
    for container in spec["containers"]:
        _merge(needed, of(container), plus)
    sidecars: dict[str, A] = {}
    start: dict[str, A] = {}
    for container in spec.get("initContainers") or ():
        wants = dict(of(container))
        if container.get("restartPolicy") == "Always":
            _merge(needed, wants, plus)
            _merge(sidecars, wants, plus)
            wants = sidecars
        else:
            _merge(wants, sidecars, plus)
        _merge(start, wants, larger)
    _merge(needed, start, larger)
    return needed


def _merge(total: dict[str, A], more: Mapping[str, A], how: Callable[[A, A], A]) -> None:
    for resource, amount in more.items():
        total[resource] = how(total[resource], amount) if resource in total else amount
