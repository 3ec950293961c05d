"""What is wrong with a container's requests and limits. Upstream: ``validateResourceRequirements``.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import NEGATIVE, each_invalid, forbidden, invalid, required
from k8slearn.kube import quantity

STANDARD = ("cpu", "memory", "ephemeral-storage")
"""Resources of a container that need no domain in their name, besides ``hugepages-SIZE``."""

_STANDARD_ELSEWHERE = (
    *(f"{field}.{name}" for field in ("requests", "limits") for name in STANDARD),
    "pods",
    "services",
    "services.nodeports",
    "services.loadbalancers",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "requests.storage",
    "storage",
)
"""Names without a domain that mean something to quotas and claims, though not to containers."""


def validate_resources(path: str, resources: dict[str, Any]) -> Iterator[FieldError]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, amount in sorted(limits.items()):
        yield from _validate_amount(f"{path}.limits[{name}]", name, amount)
    for name, amount in sorted(requests.items()):
        yield from _validate_amount(f"{path}.requests[{name}]", name, amount)
        if name in limits:
            yield from _validate_pair(f"{path}.requests", name, amount, limits[name])
        elif not _may_overcommit(name):
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    huge = any(name.startswith("hugepages-") for name in (*limits, *requests))
    if huge and not any(name in ("cpu", "memory") for name in (*limits, *requests)):
        yield forbidden(path, "HugePages require cpu or memory")


def _validate_pair(path: str, name: str, request: str, limit: str) -> Iterator[FieldError]:
    asked, allowed = quantity.parse(request), quantity.parse(limit)
    if asked != allowed and not _may_overcommit(name):
        yield invalid(path, request, f"must be equal to {name} limit of {limit}")
    elif asked > allowed:
        yield invalid(path, request, f"must be less than or equal to {name} limit of {limit}")


def _validate_amount(path: str, name: str, amount: str) -> Iterator[FieldError]:
    yield from validate_resource_name(path, name, STANDARD, "must be a standard resource for containers")
    value = quantity.parse(amount)
    if value < 0:
        yield invalid(path, amount, NEGATIVE)
    if not _may_overcommit(name) and value.denominator != 1:
        yield invalid(path, amount, "must be an integer")


def validate_resource_name(
    path: str, name: str, standard: Sequence[str], detail: str
) -> Iterator[FieldError]:
    """``name`` has a domain, or is one of ``standard``: ``detail`` says that it must be."""
    wrong = formats.label_key(name)
    yield from each_invalid(path, name, wrong)
    if wrong or "/" in name or name in standard or name.removeprefix("requests.").startswith("hugepages-"):
        return
    if name not in STANDARD and name not in _STANDARD_ELSEWHERE:
        yield invalid(path, name, "must be a standard resource type or fully qualified")
    yield invalid(path, name, detail)


def _may_overcommit(name: str) -> bool:
    """CPU and memory may be promised twice; devices (``nvidia.com/gpu``) and huge pages may not."""
    return "/" not in name and not name.startswith("hugepages-")
