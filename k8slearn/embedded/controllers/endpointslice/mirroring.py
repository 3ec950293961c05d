"""The EndpointSlice mirroring controller: Endpoints made by hand, for a Service without selector, as slices.

Upstream: ``pkg/controller/endpointslicemirroring``. kube-proxy and DNS read slices only; who writes Endpoints, as
manifests from before 1.21 do, is understood all the same.
https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import owners
from k8slearn.embedded.controllers.endpointslice.distribution import (
    MAX_ENDPOINTS,
    Contents,
    PortsKey,
    contents_of,
)
from k8slearn.embedded.controllers.endpointslice.endpointslice import (
    MANAGED_BY,
    SERVICE_NAME,
    SLICES,
    slice_fields,
)
from k8slearn.embedded.controllers.endpointslice.selection import TRIGGER_TIME

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class EndpointSliceMirroringController(Controller):
    """Looks when Endpoints change, their Service does, or somebody alters or deletes a mirrored slice."""

    name = "endpoint-slice-mirroring-controller"
    resource = "endpoints"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        owners.add_indexes(client, SLICES)

    def start(self) -> None:
        super().start()
        self.watch("services", lambda change: [change.stored.key])
        self.watch(SLICES, lambda change: owners.controllers_concerned(change, "Endpoints"))

    def reconcile(self, key: Key) -> None:
        endpoints = self.client.get("endpoints", *key)
        # The slices of Endpoints that are gone are garbage: they owned them.
        if endpoints is None or "deletionTimestamp" in endpoints["metadata"]:
            return
        existing = self.client.by_index(SLICES, owners.OWNER, endpoints["metadata"]["uid"])
        wanted = _wanted(endpoints) if self._is_mirrored(key, endpoints) else []
        metadata = _metadata(endpoints)
        for contents in wanted:
            old = next((s for s in existing if contents_of(s).ports == contents.ports), None)
            if old is None:
                self.client.create(SLICES, {**_new(endpoints), **slice_fields(contents)})
                continue
            existing.remove(old)
            if contents_of(old) != contents or any(
                old["metadata"].get(field, {}) != metadata[field] for field in metadata
            ):
                changed = {**old, **slice_fields(contents), "metadata": {**old["metadata"], **metadata}}
                self.client.update(SLICES, changed)
        for old in existing:
            self.client.delete(SLICES, old)

    def _is_mirrored(self, key: Key, endpoints: Object) -> bool:
        service = self.client.get("services", *key)
        skipped = endpoints["metadata"].get("labels", {}).get(SKIP) == "true"
        return service is not None and not service["spec"].get("selector") and not skipped


def _wanted(endpoints: Object) -> list[Contents]:
    """What the slices are to hold: one for each set of ports, more when there are many addresses."""
    places: dict[PortsKey, list[dict[str, Any]]] = {}
    for subset in endpoints.get("subsets") or ():
        ports = tuple(
            (port.get("name", ""), port["port"], port["protocol"], port.get("appProtocol"))
            for port in subset.get("ports") or ()
        )
        found = places.setdefault(ports, [])
        for field, ready in (("addresses", True), ("notReadyAddresses", False)):
            found += [_endpoint(address, ready) for address in subset.get(field) or ()]
    return [
        Contents(ports, found[at : at + MAX_ENDPOINTS])
        for ports, found in places.items()
        for at in range(0, len(found), MAX_ENDPOINTS)
    ]


def _endpoint(address: dict[str, Any], ready: bool) -> dict[str, Any]:
    kept = {field: address[field] for field in ("hostname", "nodeName", "targetRef") if address.get(field)}
    return {"addresses": [address["ip"]], "conditions": {"ready": ready}, **kept}


def _metadata(endpoints: Object) -> dict[str, dict[str, str]]:
    """Labels and annotations that a slice takes over."""
    metadata = endpoints["metadata"]
    labels = {**metadata.get("labels", {}), SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}
    annotations = metadata.get("annotations", {})
    kept = {key: value for key, value in annotations.items() if key not in (APPLIED, TRIGGER_TIME)}
    return {"labels": labels, **({"annotations": kept} if kept else {})}


def _new(endpoints: Object) -> Object:
    metadata = {
        "generateName": f"{endpoints['metadata']['name']}-",
        "namespace": endpoints["metadata"]["namespace"],
        "ownerReferences": [owners.controller_reference(endpoints)],
    }
    return {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {**metadata, **_metadata(endpoints)},
        "addressType": "IPv4",
    }
