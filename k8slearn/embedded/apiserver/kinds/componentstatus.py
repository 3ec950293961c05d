"""ComponentStatus (core/v1): the control plane's health, worked out when it is asked for. Deprecated since 1.19.

See ``componentstatus.py`` of the API server. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/component-status-v1/
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import Cell, columns, name


def _healthy(field: str) -> Cell:
    return lambda obj, now: _condition(obj).get(field, "")


def _condition(obj: Object) -> Object:
    return next((c for c in obj.get("conditions") or () if c["type"] == "Healthy"), {})


def _status(obj: Object, now: float) -> str:
    return {"True": "Healthy", "": "Unknown"}.get(_condition(obj).get("status", ""), "Unhealthy")


KIND = Kind(
    kind="ComponentStatus",
    plural="componentstatuses",
    namespaced=False,
    short_names=("cs",),
    message="k8s.io.api.core.v1.ComponentStatus",
    columns=columns(
        "componentstatuses",
        {"Name": name, "Status": _status, "Message": _healthy("message"), "Error": _healthy("error")},
    ),
    verbs=("get", "list"),
    deprecation="v1 ComponentStatus is deprecated in v1.19+",
)
