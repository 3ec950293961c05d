"""The Endpoints controller: the older, single-object form of what EndpointSlices say.

Upstream: ``pkg/controller/endpoint/endpoints_controller.go``. Deprecated, and still what ``kubectl get
endpoints`` shows. A subset joins addresses with the ports they all have.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Change, Controller, Key, Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.endpointslice import selection

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"


class EndpointsController(Controller):
    """Looks when a Service changes, one of its pods does, or somebody alters the Endpoints."""

    name = "endpoint-controller"
    resource = "services"

    def start(self) -> None:
        super().start()
        self.watch("pods", lambda change: selection.services_concerned(self.client, change))
        self.watch("endpoints", self._of_endpoints)

    def _of_endpoints(self, change: Change) -> list[Key]:
        return [change.stored.key] if self.client.get("services", *change.stored.key) else []

    def reconcile(self, key: Key) -> None:
        service = self.client.get("services", *key)
        current = self.client.get("endpoints", *key)
        if service is None:
            if current is not None:
                self.client.delete("endpoints", current, why="its Service is gone")
            return
        if not selection.has_endpoints(service):
            return
        labels, subsets = _labels(service), self._subsets(service)
        wanted = {
            "kind": "Endpoints",
            "apiVersion": "v1",
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                "labels": labels,
                "annotations": {selection.TRIGGER_TIME: self.clock.timestamp()},
            },
            **({"subsets": subsets} if subsets else {}),
        }
        if current is None:
            self.client.create("endpoints", wanted)
        elif current.get("subsets", []) != subsets or current["metadata"].get("labels") != labels:
            self.client.update("endpoints", wanted)

    def _subsets(self, service: Object) -> list[dict[str, Any]]:
        found: dict[tuple[Any, ...], dict[str, list[dict[str, Any]]]] = {}
        regardless = service["spec"].get("publishNotReadyAddresses", False)
        for pod in selection.selected(self.client, service):
            if pods.is_going(pod) and not regardless:
                continue
            place = "addresses" if regardless or pods.is_ready(pod) else "notReadyAddresses"
            ports = _ports(service, pod)
            if ports or not service["spec"].get("ports"):
                found.setdefault(ports, {}).setdefault(place, []).append(_address(service, pod))
        return [_subset(ports, found[ports]) for ports in sorted(found)]


def _ports(service: Object, pod: Object) -> tuple[tuple[str, int, str], ...]:
    return tuple(
        (port.get("name", ""), number, port["protocol"])
        for port in service["spec"].get("ports", ())
        if (number := selection.port_number(pod, port)) is not None
    )


def _address(service: Object, pod: Object) -> dict[str, Any]:
    node = pod["spec"].get("nodeName")
    return {
        "ip": pod["status"]["podIP"],
        **selection.hostname(pod, service),
        **({"nodeName": node} if node else {}),
        "targetRef": selection.target_reference(pod),
    }


def _subset(
    ports: tuple[tuple[str, int, str], ...], places: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    written: list[dict[str, Any]] = [
        {**({"name": name} if name else {}), "port": number, "protocol": protocol}
        for name, number, protocol in ports
    ]
    subset: dict[str, Any] = {
        place: sorted(addresses, key=lambda address: address["ip"]) for place, addresses in places.items()
    }
    return {**subset, **({"ports": written} if written else {})}


def _labels(service: Object) -> dict[str, str]:
    labels = {**service["metadata"].get("labels", {}), MANAGED_BY: MANAGER}
    labels.pop(selection.HEADLESS, None)
    if selection.is_headless(service):
        labels[selection.HEADLESS] = ""
    return labels
