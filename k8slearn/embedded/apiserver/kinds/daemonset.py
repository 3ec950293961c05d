"""DaemonSet (apps/v1). https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/

The number of times that the template changed is kept in an annotation: ``spec.templateGeneration`` was a field
before apps/v1, and clients still find it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object
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
from k8slearn.embedded.apiserver.validation.fields import go_value, invalid, non_negative, required
from k8slearn.embedded.apiserver.validation.pod_warnings import template_update_warnings, warn_of_template
from k8slearn.embedded.apiserver.validation.pods import validate_template
from k8slearn.embedded.apiserver.validation.selectors import (
    immutable_selector,
    in_go_order,
    usable,
    validate_selector,
)
from k8slearn.embedded.apiserver.validation.workloads import (
    is_nothing,
    not_more_than_all,
    validate_match,
    validate_number_or_percent,
    validate_runs_always,
)
from k8slearn.kube.label_selectors import format_labels, format_selector

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
ROLLING_DEFAULTS = {"maxUnavailable": 1, "maxSurge": 0}
COUNTS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
"""The counts of a status that are there also when they are 0."""


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("revisionHistoryLimit") is None:
        spec["revisionHistoryLimit"] = 10
    strategy = spec["updateStrategy"] = spec.get("updateStrategy") or {}
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        for field, value in ROLLING_DEFAULTS.items():
            if rolling.get(field) is None:
                rolling[field] = value
    default_template(spec.setdefault("template", {}))


def _generation(obj: Object) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "")
    return int(text) if text.isdecimal() else 0


def _set_generation(obj: Object, generation: int) -> None:
    annotations = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {**annotations, TEMPLATE_GENERATION: str(generation)}


def _prepare_create(obj: Object) -> None:
    obj["status"] = dict.fromkeys(COUNTS, 0)
    _set_generation(obj, max(1, _generation(obj)))


def _prepare_update(new: Object, old: Object) -> None:
    _default(new)
    changed = new["spec"]["template"] != old["spec"]["template"]
    _set_generation(new, _generation(old) + changed)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    selector, template = spec.get("selector"), spec["template"]
    yield from validate_selector("spec.selector", selector)
    if selector is None or usable(selector):
        yield from validate_match(selector, template)
    if selector is not None and not any(selector.values()):
        yield invalid("spec.selector", in_go_order(selector), "empty selector is invalid for daemonset")
    yield from validate_template("spec.template", template)
    yield from validate_runs_always("DaemonSet", template)
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _validate_strategy("spec.updateStrategy", spec["updateStrategy"])
    yield from non_negative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])


def _validate_strategy(path: str, strategy: dict[str, Any]) -> Iterator[FieldError]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate":
        yield from _validate_rolling(f"{path}.rollingUpdate", rolling or {})
    elif strategy["type"] != "OnDelete":
        yield _unknown_strategy(path, strategy["type"], rolling)


def _unknown_strategy(path: str, sort: str, rolling: dict[str, Any] | None) -> FieldError:
    """The whole strategy is shown, under the names of Go's fields and in their order."""
    shown = "null"
    if rolling is not None:
        unavailable, surge = (go_value(rolling.get(field, 0)) for field in ROLLING_DEFAULTS)
        shown = f'{{"MaxUnavailable":{unavailable},"MaxSurge":{surge}}}'
    message = (
        f'Unsupported value: {{"Type":{go_value(sort)},"RollingUpdate":{shown}}}: '
        'supported values: "RollingUpdate", "OnDelete"'
    )
    return FieldError("FieldValueNotSupported", path, message)


def _validate_rolling(path: str, rolling: dict[str, Any]) -> Iterator[FieldError]:
    for check in (validate_number_or_percent, not_more_than_all):
        for field in ROLLING_DEFAULTS:
            yield from check(f"{path}.{field}", rolling[field])
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    if is_nothing(unavailable) and is_nothing(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
    elif not is_nothing(unavailable) and not is_nothing(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    yield from immutable_selector(new["spec"].get("selector"), old["spec"]["selector"])


KIND = Kind(
    kind="DaemonSet",
    plural="daemonsets",
    group="apps",
    short_names=("ds",),
    categories=("all",),
    message="k8s.io.api.apps.v1.DaemonSet",
    columns=columns(
        "daemonsets.apps",
        {
            "Name": name,
            "Desired": status_number("desiredNumberScheduled"),
            "Current": status_number("currentNumberScheduled"),
            "Ready": status_number("numberReady"),
            "Up-to-date": status_number("updatedNumberScheduled"),
            "Available": status_number("numberAvailable"),
            "Node Selector": lambda obj, now: format_labels(
                obj["spec"]["template"]["spec"].get("nodeSelector")
            ),
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
    validate_update=_validate_update,
    creation_warnings=lambda obj: warn_of_template(obj["spec"]["template"]),
    update_warnings=template_update_warnings,
    has_status=True,
    counts_generation=True,
)
