"""How controllers make pods: from a template, and many of them carefully; and how they name a template.

Upstream: ``GetPodFromTemplate`` and ``ComputeHash`` in ``pkg/controller/controller_utils.go``, and
``slowStartBatch`` in the controllers that make pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.go_dump import dump
from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import owners
from k8slearn.kube.names import safe_encode

POD_TEMPLATE = "k8s.io.api.core.v1.PodTemplateSpec"


def pod_of(owner: Object, template: dict[str, Any]) -> Object:
    """The pod that ``template`` describes, controlled by ``owner``; the API server completes its name."""
    described = template.get("metadata", {})
    copied = {name: described[name] for name in ("labels", "annotations", "finalizers") if name in described}
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            **copied,
            "ownerReferences": [owners.controller_reference(owner)],
        },
        "spec": template["spec"],
    }


def template_hash(template: dict[str, Any], collision_count: int | None = None) -> str:
    """``69c6f74b8b``: the label ``pod-template-hash``, the same in every cluster and namespace, real ones too.

    FNV-1a in 32 bits over a dump of the Go struct. ``collision_count`` comes from the status of a Deployment
    or DaemonSet whose hash met a different template's. It costs a quarter of a millisecond for a small
    template: nothing to ask for at each look.
    """
    data = dump(POD_TEMPLATE, template).encode()
    if collision_count is not None:
        data += collision_count.to_bytes(8, "little")
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return safe_encode(str(value))


def slow_start(count: int) -> Iterator[int]:
    """Batch sizes that double: 10 is 1, 2, 4, 3. Where a pod is refused (a quota is full, say), the batch
    after it is not tried, and the API server is spared hundreds of requests that cannot succeed."""
    batch = 1
    while count > 0:
        yield min(batch, count)
        count -= batch
        batch *= 2
