"""What a pod may know of itself: ``fieldRef`` and ``resourceFieldRef``, in its environment and its volumes.

Upstream: pkg/fieldpath and pkg/api/v1/resource (ExtractContainerResourceValue).
"""

from __future__ import annotations

import re
from math import ceil
from typing import Any

from k8slearn.kube import quantity

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")


def field(pod: dict[str, Any], path: str, *, ip: str, host_ip: str) -> str:
    """The text of ``fieldPath``. Labels and annotations as a whole are lines of ``key="value"``."""
    metadata, spec = pod["metadata"], pod["spec"]
    if match := _SUBSCRIPT.fullmatch(path):
        return (metadata.get(match[1]) or {}).get(match[2], "")
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = metadata.get(path.partition(".")[2]) or {}
        return "\n".join(f"{key}={go_quoted(pairs[key])}" for key in sorted(pairs))
    simple = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": host_ip,
        "status.hostIPs": host_ip,
        "status.podIP": ip,
        "status.podIPs": ip,
    }
    return simple.get(path, "")


def resource(container: dict[str, Any], name: str, divisor: str | None, allocatable: dict[str, str]) -> str:
    """``limits.cpu`` in units of ``divisor``, rounded up: 500m with the divisor 1 is 1. A limit that is not
    set is what the node has to give; a request that is not set is 0."""
    kind, _, what = name.partition(".")
    value = ((container.get("resources") or {}).get(kind) or {}).get(what)
    if value is None:
        value = allocatable.get(what, "0") if kind == "limits" else "0"
    unit = quantity.parse(divisor) if divisor and divisor != "0" else 1
    return str(ceil(quantity.parse(value) / unit))


def go_quoted(text: str) -> str:
    """Go's %q, as far as values and short outputs need it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
