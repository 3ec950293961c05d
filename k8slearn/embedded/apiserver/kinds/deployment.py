"""Deployment (apps/v1). https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object, Scale
from k8slearn.embedded.apiserver.kinds._columns import (
    age,
    columns,
    container_images,
    container_names,
    name,
    status_number,
)
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_template
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import (
    forbidden,
    go_value,
    invalid,
    non_negative,
)
from k8slearn.embedded.apiserver.validation.pod_warnings import (
    template_update_warnings,
    warn_of_name,
    warn_of_template,
)
from k8slearn.embedded.apiserver.validation.selectors import immutable_selector
from k8slearn.embedded.apiserver.validation.workloads import (
    is_nothing,
    not_more_than_all,
    validate_number_or_percent,
    validate_selector_and_template,
)
from k8slearn.kube.label_selectors import format_selector

DEFAULTS = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
ROLLING_DEFAULTS = {"maxUnavailable": "25%", "maxSurge": "25%"}


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    for field, value in DEFAULTS.items():
        if spec.get(field) is None:
            spec[field] = value
    strategy = spec["strategy"] = spec.get("strategy") or {}
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        for field, value in ROLLING_DEFAULTS.items():
            if rolling.get(field) is None:
                rolling[field] = value
    default_template(spec.setdefault("template", {}))


def _prepare_create(obj: Object) -> None:
    obj["status"] = {}


def _prepare_update(new: Object, old: Object) -> None:
    """Annotations count as a change of the spec: they are copied to the ReplicaSets."""
    before, after = old["metadata"], new["metadata"]
    if (before.get("annotations") or {}) != (after.get("annotations") or {}):
        after["generation"] = before.get("generation", 0) + 1


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from validate_selector_and_template(spec)
    yield from _validate_strategy("spec.strategy", spec["strategy"])
    ready_seconds, deadline = spec.get("minReadySeconds") or 0, spec["progressDeadlineSeconds"]
    yield from non_negative("spec.minReadySeconds", ready_seconds)
    yield from non_negative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])
    yield from non_negative("spec.progressDeadlineSeconds", deadline)
    if deadline <= ready_seconds:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _validate_strategy(path: str, strategy: dict[str, Any]) -> Iterator[FieldError]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate":
        if rolling is not None:
            yield forbidden(
                f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"
            )
    elif strategy["type"] == "RollingUpdate":
        yield from _validate_rolling(f"{path}.rollingUpdate", rolling or {})
    else:
        yield _unknown_strategy(path, strategy["type"], rolling)


def _unknown_strategy(path: str, sort: str, rolling: dict[str, Any] | None) -> FieldError:
    """The whole strategy is shown, under the names of Go's fields and in their order."""
    shown = "null"
    if rolling is not None:
        unavailable, surge = (go_value(rolling.get(field, 0)) for field in ROLLING_DEFAULTS)
        shown = f'{{"MaxUnavailable":{unavailable},"MaxSurge":{surge}}}'
    message = (
        f'Unsupported value: {{"Type":{go_value(sort)},"RollingUpdate":{shown}}}: '
        'supported values: "Recreate", "RollingUpdate"'
    )
    return FieldError("FieldValueNotSupported", path, message)


def _validate_rolling(path: str, rolling: dict[str, Any]) -> Iterator[FieldError]:
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    yield from validate_number_or_percent(f"{path}.maxUnavailable", unavailable)
    yield from validate_number_or_percent(f"{path}.maxSurge", surge)
    if is_nothing(unavailable) and is_nothing(surge):
        yield invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    yield from not_more_than_all(f"{path}.maxUnavailable", unavailable)


def _warnings(obj: Object) -> Iterator[str]:
    yield from warn_of_name(obj)
    yield from warn_of_template(obj["spec"]["template"])


KIND = Kind(
    kind="Deployment",
    plural="deployments",
    group="apps",
    short_names=("deploy",),
    categories=("all",),
    message="k8s.io.api.apps.v1.Deployment",
    columns=columns(
        "deployments.apps",
        {
            "Name": name,
            "Ready": lambda obj, now: f"{status_number('readyReplicas')(obj, now)}/{obj['spec']['replicas']}",
            "Up-to-date": status_number("updatedReplicas"),
            "Available": status_number("availableReplicas"),
            "Age": age,
            "Containers": container_names,
            "Images": container_images,
            "Selector": lambda obj, now: format_selector(obj["spec"]["selector"]),
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=lambda new, old: immutable_selector(new["spec"].get("selector"), old["spec"]["selector"]),
    creation_warnings=_warnings,
    update_warnings=template_update_warnings,
    has_status=True,
    counts_generation=True,
    scale=Scale(selector=lambda obj: format_selector(obj["spec"]["selector"])),
)
