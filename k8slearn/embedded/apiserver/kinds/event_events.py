"""Event (events.k8s.io/v1): the same objects as those of core, under other names for their fields.

Upstream: ``pkg/apis/events/v1/conversion.go``. What is created here must be complete; core takes what old
clients send.
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds import event
from k8slearn.embedded.apiserver.kinds._columns import columns
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import immutable, invalid, required

_CALLED_IN_CORE = {
    "reportingController": "reportingComponent",
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_CALLED_HERE = {core: here for here, core in _CALLED_IN_CORE.items()}
_DROPPED_WHEN_EMPTY = ("reportingController", "reportingInstance")

_FIXED = (
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingComponent",
    "reportingInstance",
)


def _from_core(obj: Object) -> Object:
    renamed = {_CALLED_HERE.get(field, field): value for field, value in obj.items()}
    kept = {field: v for field, v in renamed.items() if v or field not in _DROPPED_WHEN_EMPTY}
    return {**kept, "apiVersion": "events.k8s.io/v1"}


def _to_core(obj: Object) -> Object:
    return {**{_CALLED_IN_CORE.get(field, field): value for field, value in obj.items()}, "apiVersion": "v1"}


def _validate(obj: Object) -> Iterator[FieldError]:
    yield from event.validate(obj, controller="reportingController")


def _validate_create(obj: Object) -> Iterator[FieldError]:
    yield from _validate_series(obj)
    if not obj.get("eventTime"):
        yield required("eventTime")
    if obj.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {obj.get('type', '')}")
    for field in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if obj.get(field):
            yield invalid(field, "", "needs to be unset")


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    if new.get("series") != old.get("series"):
        yield from _validate_series(new)
    for field in _FIXED:
        shown = "reportingController" if field == "reportingComponent" else field
        yield from immutable(shown, new.get(field), old.get(field))


def _validate_series(obj: Object) -> Iterator[FieldError]:
    if (series := obj.get("series")) is not None:
        if series.get("count", 0) < 2:
            yield invalid("series.count", "", "should be at least 2")
        if not series.get("lastObservedTime"):
            yield required("series.lastObservedTime")


_CELLS = {column.name: column.cell for column in event.KIND.columns}
_SELECTABLE = ("reason", "reportingComponent", "type")

KIND = replace(
    event.KIND,
    group="events.k8s.io",
    message="k8s.io.api.events.v1.Event",
    stored_as=event.KIND,
    to_stored=_to_core,
    from_stored=_from_core,
    columns=columns("events.events.k8s.io", _CELLS),
    validate=_validate,
    validate_create=_validate_create,
    validate_update=_validate_update,
    selectable_fields={
        _CALLED_HERE.get(field.partition(".")[0], field.partition(".")[0])
        + "".join(field.partition(".")[1:]): of
        for field, of in event.KIND.selectable_fields.items()
        if field.startswith("involvedObject.") or field in _SELECTABLE
    },
)
