"""DefaultTolerationSeconds: how long a pod outlives the loss of its node."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object

TOLERATION_SECONDS = 300
"""How long a pod stays on a node that is lost, unless it says otherwise."""

_LOST = tuple(
    {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": TOLERATION_SECONDS}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
)


def default_toleration_seconds(attributes: Attributes, pod: Object, ctx: Context) -> None:
    spec = pod["spec"]
    given = spec.get("tolerations") or []
    added = [toleration for toleration in _LOST if not any(_covers(g, toleration) for g in given)]
    if added:
        spec["tolerations"] = [*given, *added]


def _covers(given: dict[str, Any], toleration: dict[str, Any]) -> bool:
    return given.get("key", "") in ("", toleration["key"]) and given.get("effect", "") in ("", "NoExecute")
