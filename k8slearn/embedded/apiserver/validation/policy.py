"""What is wrong with ResourceQuotas and LimitRanges.

Upstream: ``ValidateResourceQuota`` and ``ValidateLimitRange`` in ``pkg/apis/core/validation``. Go walks maps in any
order; here names come sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    IMMUTABLE,
    NEGATIVE,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
)
from k8slearn.embedded.apiserver.validation.resources import STANDARD, validate_resource_name
from k8slearn.kube import quantity

_COMPUTE = tuple(f"{field}.{name}" for field in ("requests", "limits") for name in STANDARD)
_OBJECTS = (
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
)
_QUOTA_NAMES = (*STANDARD, *_COMPUTE, *_OBJECTS, "requests.storage")

_POD_NAMES = ("pods", "cpu", "memory", *(name for name in _COMPUTE if "ephemeral" not in name))
_OF_SCOPE = {
    "Terminating": _POD_NAMES,
    "NotTerminating": _POD_NAMES,
    "BestEffort": ("pods",),
    "NotBestEffort": _POD_NAMES,
    "PriorityClass": _POD_NAMES,
    "CrossNamespacePodAffinity": _POD_NAMES,
    "VolumeAttributesClass": ("persistentvolumeclaims", "requests.storage"),
}
"""Scopes, and the standard names that a quota with that scope may limit."""

_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_EXISTS_ONLY = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
    "ResourceQuotaScopeCrossNamespacePodAffinity"
)


def validate_quota(quota: Object) -> Iterator[FieldError]:
    spec = quota.get("spec") or {}
    hard = spec.get("hard") or {}
    for name, amount in sorted(hard.items()):
        path = f"spec.hard[{name}]"
        yield from validate_resource_name(path, name, _QUOTA_NAMES, "must be a standard resource for quota")
        value = quantity.parse(amount)
        if value < 0:
            yield invalid(path, amount, NEGATIVE)
        if name in _OBJECTS and value.denominator != 1:
            yield invalid(path, amount, "must be an integer")
    scopes = spec.get("scopes") or []
    for scope in scopes:
        if scope not in _OF_SCOPE:
            yield invalid("spec.scopes", scopes, "unsupported scope")
        for _ in _outside_of(scope, hard):
            yield invalid("spec.scopes", scopes, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _CONFLICTS):
        yield invalid("spec.scopes", scopes, "conflicting scopes")
    if (selector := spec.get("scopeSelector")) is not None:
        yield from _validate_scope_selector("spec.scopeSelector", selector, hard)


def _outside_of(scope: str, hard: dict[str, str]) -> Iterator[str]:
    allowed = _OF_SCOPE.get(scope, _QUOTA_NAMES)
    return (name for name in sorted(hard) if name in _QUOTA_NAMES and name not in allowed)


def _validate_scope_selector(path: str, selector: Object, hard: dict[str, str]) -> Iterator[FieldError]:
    requirements = selector.get("matchExpressions") or ()
    at = f"{path}.matchExpressions"
    for requirement in requirements:
        scope, operator = requirement.get("scopeName", ""), requirement.get("operator", "")
        values = requirement.get("values") or []
        if scope not in _OF_SCOPE:
            yield invalid(f"{at}.scopeName", scope, "unsupported scope")
        for _ in _outside_of(scope, hard):
            yield invalid(at, selector, "unsupported scope applied to resource")
        if scope not in ("PriorityClass", "VolumeAttributesClass") and operator != "Exists":
            yield invalid(f"{at}.operator", operator, _EXISTS_ONLY)
        if operator in ("In", "NotIn"):
            if not values:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                yield required(f"{at}.values", detail)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                yield invalid(f"{at}.values", values, detail)
        else:
            yield invalid(f"{at}.operator", operator, "not a valid selector operator")
    if any(pair <= {r.get("scopeName") for r in requirements} for pair in _CONFLICTS):
        yield invalid(at, selector, "conflicting scopes")


def validate_quota_update(new: Object, old: Object) -> Iterator[FieldError]:
    after, before = ((obj.get("spec") or {}).get("scopes") or [] for obj in (new, old))
    if set(after) != set(before):
        yield invalid("spec.scopes", after, IMMUTABLE)


# -- LimitRange -----------------------------------------------------------------------------------

_TYPES = ("Container", "Pod", "PersistentVolumeClaim")


def validate_limit_range(limits: Object) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, item in enumerate((limits.get("spec") or {}).get("limits") or ()):
        path, type = f"spec.limits[{index}]", item.get("type", "")
        wrong = formats.label_key(type)
        yield from each_invalid(f"{path}.type", type, wrong)
        if not wrong and "/" not in type and type not in _TYPES:
            yield invalid(f"{path}.type", type, "must be a standard limit type or fully qualified")
        if type in seen:
            yield duplicate(f"{path}.type", type)
        seen.add(type)
        yield from _validate_item(path, type, item)


def _validate_item(path: str, type: str, item: Object) -> Iterator[FieldError]:
    fields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
    if type == "Pod":
        for field in ("default", "defaultRequest"):
            fields.remove(field)
            if item.get(field):
                yield forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    given: dict[str, dict[str, str]] = {field: item.get(field) or {} for field in fields}
    for field in fields[:-1]:
        yield from _validate_names(f"{path}.{field}", type, given[field])
    if type == "PersistentVolumeClaim" and "storage" not in {**given["min"], **given["max"]}:
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{path}.limits", detail)
    yield from _validate_names(f"{path}.maxLimitRequestRatio", type, given["maxLimitRequestRatio"])
    for name in sorted({name for amounts in given.values() for name in amounts}):
        amounts = {field: amount[name] for field, amount in given.items() if name in amount}
        yield from _validate_order(path, name, amounts)
        yield from _validate_ratio(f"{path}.maxLimitRequestRatio[{name}]", amounts)


def _validate_names(path: str, type: str, amounts: dict[str, str]) -> Iterator[FieldError]:
    """A claim, say, may also limit what containers do not have: an unknown name is the only fault there."""
    detail = "must be a standard resource for containers"
    for name in sorted(amounts):
        for error in validate_resource_name(f"{path}[{name}]", name, STANDARD, detail):
            if type in ("Container", "Pod") or detail not in error.message:
                yield error


_CALLED = {
    "min": "min value",
    "max": "max value",
    "default": "default value",
    "defaultRequest": "default request value",
}
_ORDER = (
    ("min", "max", "min", "min"),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "default", "defaultRequest", "defaultRequest"),
    ("min", "default", "default", "min"),
    ("default", "max", "default", "max"),
)
"""What may not be greater than what; the field that is blamed, and the one whose value is shown."""


def _validate_order(path: str, name: str, amounts: dict[str, str]) -> Iterator[FieldError]:
    for low, high, blamed, shown in _ORDER:
        if low in amounts and high in amounts and quantity.compare(amounts[low], amounts[high]) > 0:
            called = "default limit value" if (low, high) == ("defaultRequest", "default") else _CALLED[high]
            detail = f"{_CALLED[low]} {amounts[low]} is greater than {called} {amounts[high]}"
            yield invalid(f"{path}.{blamed}[{name}]", amounts[shown], detail)


def _validate_ratio(path: str, amounts: dict[str, Any]) -> Iterator[FieldError]:
    ratio = amounts.get("maxLimitRequestRatio")
    if ratio is None:
        return
    if quantity.parse(ratio) < 1:
        yield invalid(path, ratio, f"ratio {ratio} is less than 1")
    if "min" in amounts and "max" in amounts and quantity.parse(amounts["min"]) > 0:
        largest = quantity.parse(amounts["max"]) / quantity.parse(amounts["min"])
        if quantity.parse(ratio) > largest:
            yield invalid(path, ratio, f"ratio {ratio} is greater than max/min = {float(largest):.6f}")
