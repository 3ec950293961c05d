"""ControllerRevision (apps/v1): what a StatefulSet's or DaemonSet's template was at one time, never changed.

https://kubernetes.io/docs/tasks/manage-daemon/rollback-daemon-set/#understanding-daemonset-revisions
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import immutable, non_negative, required


def _default(obj: Object) -> None:
    obj.setdefault("revision", 0)


def _validate(obj: Object) -> Iterator[FieldError]:
    yield from non_negative("revision", obj["revision"])
    data = obj.get("data")
    if data is None:
        yield required("data", "data is mandatory")
    elif not isinstance(data, dict):
        yield required("data", "data must be a valid JSON object")


def _controller(obj: Object, now: float) -> str:
    """``statefulset.apps/db``."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group, slash, _ = owner["apiVersion"].partition("/")
            kind = f"{owner['kind']}.{group}" if slash else owner["kind"]
            return f"{kind.lower()}/{owner['name']}"
    return "<none>"


KIND = Kind(
    kind="ControllerRevision",
    plural="controllerrevisions",
    group="apps",
    message="k8s.io.api.apps.v1.ControllerRevision",
    columns=columns(
        "controllerrevisions.apps",
        {
            "Name": name,
            "Controller": _controller,
            "Revision": lambda obj, now: obj["revision"],
            "Age": age,
        },
    ),
    default=_default,
    validate=_validate,
    validate_update=lambda new, old: immutable("data", new.get("data"), old.get("data")),
)
