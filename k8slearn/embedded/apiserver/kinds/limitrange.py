"""LimitRange (v1). https://kubernetes.io/docs/concepts/policy/limit-range/"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import columns, name
from k8slearn.embedded.apiserver.validation.policy import validate_limit_range


def _default(obj: Object) -> None:
    """A container's default limit is its maximum; its default request is the default limit, else the minimum."""
    for item in obj.setdefault("spec", {}).setdefault("limits", []):
        if item.get("type") == "Container":
            limit = {**(item.get("max") or {}), **(item.get("default") or {})}
            request = {**(item.get("min") or {}), **limit, **(item.get("defaultRequest") or {})}
            item |= {
                field: value for field, value in (("default", limit), ("defaultRequest", request)) if value
            }


KIND = Kind(
    kind="LimitRange",
    plural="limitranges",
    short_names=("limits",),
    message="k8s.io.api.core.v1.LimitRange",
    columns=columns(
        "limitranges",
        {"Name": name, "Created At": lambda obj, now: obj["metadata"]["creationTimestamp"]},
    ),
    default=_default,
    validate=validate_limit_range,
)
