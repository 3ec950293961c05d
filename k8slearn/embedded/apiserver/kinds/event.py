"""Event (core/v1). https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import columns, name, since
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import each_invalid, invalid, required

_SUBJECT_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


_ALWAYS_THERE = {
    "eventTime": None,
    "firstTimestamp": None,
    "lastTimestamp": None,
    "reportingComponent": "",
    "reportingInstance": "",
    "source": {},
}


def _default(obj: Object) -> None:
    """Fields that Go writes even when they are empty."""
    for field, value in _ALWAYS_THERE.items():
        obj.setdefault(field, value)


_LONGEST = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}


def validate(obj: Object, controller: str = "reportingComponent") -> Iterator[FieldError]:
    """What holds in every version; ``controller`` is what this one calls the field of the reporting controller."""
    subject, home = obj.get("involvedObject") or {}, obj["metadata"].get("namespace", "")
    subjects_home = subject.get("namespace", "")
    if not obj.get("eventTime"):
        if home != subjects_home and (subjects_home or home not in ("", "default")):
            yield invalid("involvedObject.namespace", subjects_home, "does not match event.namespace")
        return
    if not subjects_home and home not in ("default", "kube-system"):
        yield invalid("involvedObject.namespace", subjects_home, "does not match event.namespace")
    reporter = obj.get("reportingComponent") or ""
    if not reporter:
        yield required(controller)
    yield from each_invalid(controller, reporter, formats.label_key(reporter))
    for field, longest in _LONGEST.items():
        text = obj.get(field) or ""
        if not text and field != "message":
            yield required(field)
        if len(text) > longest:
            yield invalid(field, "", f"can have at most {longest} characters")


def _involved(field: str) -> Callable[[Object], str]:
    return lambda obj: (obj.get("involvedObject") or {}).get(field, "")


def _source(obj: Object) -> str:
    return (obj.get("source") or {}).get("component") or obj.get("reportingComponent") or ""


def _source_cell(obj: Object, now: float) -> str:
    host = (obj.get("source") or {}).get("host") or obj.get("reportingInstance") or ""
    return f"{_source(obj)}, {host}" if host else _source(obj)


def _first_seen(obj: Object, now: float) -> str:
    return since(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _last_seen(obj: Object, now: float) -> str:
    series = obj.get("series")
    last = series.get("lastObservedTime") if series else obj.get("lastTimestamp")
    return since(last, now) if last or series else _first_seen(obj, now)


def _count(obj: Object, now: float) -> int:
    series = obj.get("series")
    return series.get("count", 0) if series else obj.get("count") or 1


def _subject(obj: Object, now: float) -> str:
    kind, called = _involved("kind")(obj).lower(), _involved("name")(obj)
    return f"{kind}/{called}" if called else kind


KIND = Kind(
    kind="Event",
    plural="events",
    short_names=("ev",),
    message="k8s.io.api.core.v1.Event",
    columns=columns(
        "events",
        {
            "Last Seen": _last_seen,
            "Type": lambda obj, now: obj.get("type", ""),
            "Reason": lambda obj, now: obj.get("reason", ""),
            "Object": _subject,
            "Subobject": lambda obj, now: _involved("fieldPath")(obj),
            "Source": _source_cell,
            "Message": lambda obj, now: obj.get("message", "").strip(),
            "First Seen": _first_seen,
            "Count": _count,
            "Name": name,
        },
    ),
    default=_default,
    validate=validate,
    selectable_fields={
        **{f"involvedObject.{field}": _involved(field) for field in _SUBJECT_FIELDS},
        "reason": lambda obj: obj.get("reason", ""),
        "reportingComponent": lambda obj: obj.get("reportingComponent", ""),
        "source": _source,
        "type": lambda obj: obj.get("type", ""),
    },
)
