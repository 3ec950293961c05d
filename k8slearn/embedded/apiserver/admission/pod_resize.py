"""PodResize: a pod may not ask for more than its node has in all. Upstream: ``plugin/pkg/admission/podresize``."""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import forbidden
from k8slearn.kube.resources import amounts, requests


def pod_resize(attributes: Attributes, pod: Object, ctx: Context) -> None:
    if attributes.subresource != "resize":
        return
    node = ctx.store.find("nodes", "", pod["spec"].get("nodeName", ""))
    if node is None:
        return
    asked, offered = requests(pod), amounts(node.object["status"].get("allocatable"))
    excess = [
        f"{name}, requested: {asked[name]}, allocatable: {offered.get(name, 0)}"
        for name in ("cpu", "memory")
        if asked.get(name, 0) > offered.get(name, 0)
    ]
    if excess:
        why = f"node didn't have enough allocatable resources: {'; '.join(excess)}"
        raise forbidden("pods", pod["metadata"]["name"], why)
