"""The EndpointSlice controller: for each Service, the addresses of the pods behind it.

Upstream: ``pkg/controller/endpointslice`` and ``k8s.io/endpointslice/reconciler.go``. kube-proxy and DNS read
the slices, so a pod gets a Service's requests when, and only when, its endpoint there is ready.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import owners, pods
from k8slearn.embedded.controllers.endpointslice import selection
from k8slearn.embedded.controllers.endpointslice.distribution import (
    Contents,
    PortsKey,
    contents_of,
    distribute,
)

SLICES = "endpointslices.discovery.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"


class EndpointSliceController(Controller):
    """Looks when a Service changes, one of its pods does, or somebody alters or deletes a slice."""

    name = "endpoint-slice-controller"
    resource = "services"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        owners.add_indexes(client, SLICES)

    def start(self) -> None:
        super().start()
        self.watch("pods", lambda change: selection.services_concerned(self.client, change))
        self.watch(SLICES, lambda change: owners.controllers_concerned(change, "Service"))

    def reconcile(self, key: Key) -> None:
        service = self.client.get("services", *key)
        # The slices of a Service that is gone are garbage: it owned them.
        if service is None or "deletionTimestamp" in service["metadata"]:
            return
        if not selection.has_endpoints(service):
            return
        existing = [
            s
            for s in self.client.by_index(SLICES, owners.OWNER, service["metadata"]["uid"])
            if s["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER
        ]
        labels = _labels(service)
        plan = distribute(existing, self._wanted(service))
        for contents in plan.new:
            self.client.create(SLICES, self._new_slice(service, labels, contents))
        for old, contents in plan.kept:
            if contents_of(old) != contents or old["metadata"].get("labels") != labels:
                metadata = {**old["metadata"], "labels": labels, "annotations": self._triggered_now()}
                self.client.update(SLICES, {**old, **slice_fields(contents), "metadata": metadata})
        for old in plan.superfluous:
            self.client.delete(SLICES, old)

    def _wanted(self, service: Object) -> dict[PortsKey, list[dict[str, Any]]]:
        """Endpoints by the ports they have: pods whose named port differs need slices of their own."""
        wanted: dict[PortsKey, list[dict[str, Any]]] = {}
        for pod in selection.selected(self.client, service):
            ports = tuple(
                (port.get("name", ""), number, port["protocol"], port.get("appProtocol"))
                for port in service["spec"].get("ports", ())
                if (number := selection.port_number(pod, port)) is not None
            )
            wanted.setdefault(ports, []).append(self._endpoint(service, pod))
        return wanted

    def _endpoint(self, service: Object, pod: Object) -> dict[str, Any]:
        serving, terminating = pods.is_ready(pod), pods.is_going(pod)
        regardless = service["spec"].get("publishNotReadyAddresses", False)
        endpoint: dict[str, Any] = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": regardless or (serving and not terminating),
                "serving": serving,
                "terminating": terminating,
            },
            **selection.hostname(pod, service),
            "targetRef": selection.target_reference(pod),
        }
        if node_name := pod["spec"].get("nodeName"):
            endpoint["nodeName"] = node_name
            node = self.client.get("nodes", "", node_name)
            if node and (zone := node["metadata"].get("labels", {}).get(ZONE)):
                endpoint["zone"] = zone
        return endpoint

    def _new_slice(self, service: Object, labels: dict[str, str], contents: Contents) -> Object:
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        return {
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            "metadata": {
                "generateName": f"{name}-",
                "namespace": namespace,
                "labels": labels,
                "annotations": self._triggered_now(),
                "ownerReferences": [owners.controller_reference(service)],
            },
            "addressType": "IPv4",
            **slice_fields(contents),
        }

    def _triggered_now(self) -> dict[str, str]:
        return {selection.TRIGGER_TIME: self.clock.timestamp()}


def _labels(service: Object) -> dict[str, str]:
    metadata = service["metadata"]
    labels = {**metadata.get("labels", {}), SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}
    labels.pop(selection.HEADLESS, None)
    if selection.is_headless(service):
        labels[selection.HEADLESS] = ""
    return labels


def slice_fields(contents: Contents) -> dict[str, Any]:
    """Go writes an empty list of a slice as null, and so do we."""
    ports = [
        {
            "name": name,
            "port": number,
            "protocol": protocol,
            **({"appProtocol": application} if application else {}),
        }
        for name, number, protocol, application in contents.ports
    ]
    return {"endpoints": contents.endpoints or None, "ports": ports or None}
