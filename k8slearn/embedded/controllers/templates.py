"""How controllers make pods: from a template, and many of them carefully.

Upstream: ``GetPodFromTemplate`` in ``pkg/controller/controller_utils.go`` and ``slowStartBatch`` in the
controllers that make pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import owners


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


def slow_start(count: int) -> Iterator[int]:
    """Batch sizes that double: 10 is 1, 2, 4, 3. Where a pod is refused (a quota is full, say), the batch
    after it is not tried, and the API server is spared hundreds of requests that cannot succeed."""
    batch = 1
    while count > 0:
        yield min(batch, count)
        count -= batch
        batch *= 2
