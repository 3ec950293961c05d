"""Which pods stand behind a Service, and on which port: what EndpointSlices and Endpoints have in common.

Upstream: ``k8s.io/endpointslice/util`` and ``pkg/api/v1/endpoints``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.client import Change, Client, Key, Object
from k8slearn.embedded.controllers import pods

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"


def has_endpoints(service: Object) -> bool:
    """Whether the Service's endpoints are found by its selector; others are filled in by somebody else."""
    spec = service["spec"]
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName"


def is_headless(service: Object) -> bool:
    return service["spec"].get("clusterIP") == "None"


def services_concerned(client: Client, change: Change) -> list[Key]:
    """The Services that select the changed pod, or did before, if the change may matter to them."""
    before = change.previous.object if change.previous else None
    labels = [change.object["metadata"].get("labels", {}).items()]
    if before:
        labels.append(before["metadata"].get("labels", {}).items())
    namespace = change.stored.key.namespace
    concerned = [
        Key(namespace, service["metadata"]["name"])
        for service in client.list("services", namespace)
        if (selector := service["spec"].get("selector")) and any(selector.items() <= have for have in labels)
    ]
    # Last, for it costs most, and most pods of a large namespace have no Service.
    if concerned and change.type == "MODIFIED" and before and _facts(before) == _facts(change.object):
        return []
    return concerned


def _facts(pod: Object) -> tuple[Any, ...]:
    metadata, status = pod["metadata"], pod.get("status", {})
    return (
        status.get("podIP"),
        status.get("phase"),
        pods.is_ready(pod),
        pods.is_going(pod),
        metadata.get("labels"),
        pod["spec"].get("nodeName"),
    )


def selected(client: Client, service: Object) -> Iterator[Object]:
    """The pods behind a Service, ready or not: selected, with an address, and not finished."""
    selector = service["spec"]["selector"].items()
    key, value = next(iter(selector))
    for pod in pods.with_label(client, service["metadata"]["namespace"], key, value):
        is_match = selector <= pod["metadata"].get("labels", {}).items()
        if is_match and pod.get("status", {}).get("podIP") and not pods.is_finished(pod):
            yield pod


def port_number(pod: Object, port: dict[str, Any]) -> int | None:
    """The number of a Service's target port in a pod: a name is looked up among its containers' ports.

    None when no container has a port of that name and protocol: the pod is then not reached on this port.
    """
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())):
        for declared in container.get("ports", ()):
            if declared.get("name") == target and declared["protocol"] == port["protocol"]:
                return declared["containerPort"]
    return None


def target_reference(pod: Object) -> dict[str, str]:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }


def hostname(pod: Object, service: Object) -> dict[str, str]:
    """The name that DNS gives the pod under a headless Service, if the pod asks for one."""
    name = pod["spec"].get("hostname")
    if name and pod["spec"].get("subdomain") == service["metadata"]["name"]:
        return {"hostname": name}
    return {}
