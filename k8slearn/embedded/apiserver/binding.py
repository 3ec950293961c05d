"""The ``binding`` subresource: a pod gets its node, once. Upstream: ``registry/core/pod/storage``."""

from __future__ import annotations

from k8slearn.embedded.apiserver.status import conflict
from k8slearn.embedded.store import Object


def bound(pod: Object, node: str, now: str) -> Object:
    """``pod`` on ``node``, with the condition PodScheduled since ``now`` (a timestamp), and nominated for none.

    Raises ApiError.
    """
    metadata = pod["metadata"]
    name, placed = metadata["name"], pod["spec"].get("nodeName")
    if placed:
        raise conflict("pods/binding", name, f'pod {name} is already assigned to node "{placed}"')
    if "deletionTimestamp" in metadata:
        raise conflict("pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    scheduled = {
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "status": "True",
        "type": "PodScheduled",
    }
    others = [c for c in pod["status"].get("conditions", ()) if c["type"] != "PodScheduled"]
    status = {name: value for name, value in pod["status"].items() if name != "nominatedNodeName"}
    status["conditions"] = [*others, scheduled]
    return {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
