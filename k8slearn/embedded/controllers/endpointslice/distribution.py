"""How a Service's endpoints are spread over slices of at most 100, changing as few slices as possible.

Upstream: ``reconcileByPortMapping`` and ``recycleSlices`` in ``k8s.io/endpointslice/reconciler.go``. Pure.

An endpoint stays in the slice it is in. New ones fill slices that have room, then new slices. With 250 pods
there are slices of 100, 100 and 50; when 20 of the first go, it keeps 80 until new endpoints come.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.embedded.client import Object

MAX_ENDPOINTS = 100

PortsKey = tuple[tuple[str, int, str, str | None], ...]
"""Ports as (name, number, protocol, application protocol): all endpoints of a slice share them."""


class Contents(NamedTuple):
    """What a slice holds."""

    ports: PortsKey
    endpoints: list[dict[str, Any]]


class Plan(NamedTuple):
    """``kept``: existing slices and what they are to hold; ``new``: to make; ``superfluous``: to delete."""

    kept: list[tuple[Object, Contents]]
    new: list[Contents]
    superfluous: list[Object]


def distribute(existing: list[Object], wanted: dict[PortsKey, list[dict[str, Any]]]) -> Plan:
    """Spread ``wanted`` over ``existing`` slices and new ones. Without endpoints there is one empty slice."""
    kept: list[tuple[Object, Contents]] = []
    new: list[Contents] = []
    free = list(existing)
    for ports, endpoints in wanted.items():
        left = {endpoint["targetRef"]["uid"]: endpoint for endpoint in endpoints}
        mine: list[tuple[Object, Contents]] = []
        for endpoint_slice in [s for s in free if contents_of(s).ports == ports]:
            uids = [endpoint["targetRef"]["uid"] for endpoint in contents_of(endpoint_slice).endpoints]
            stay = [left.pop(uid) for uid in uids if uid in left]
            if stay:
                mine.append((endpoint_slice, Contents(ports, stay)))
                free.remove(endpoint_slice)
        rest = list(left.values())
        for _, contents in mine:
            room = MAX_ENDPOINTS - len(contents.endpoints)
            contents.endpoints.extend(rest[:room])
            rest = rest[room:]
        kept += mine
        new += [Contents(ports, rest[at : at + MAX_ENDPOINTS]) for at in range(0, len(rest), MAX_ENDPOINTS)]
    if not kept and not new:
        new.append(Contents((), []))
    # A slice to delete and one to create are one to change.
    while free and new:
        kept.append((free.pop(0), new.pop(0)))
    return Plan(kept, new, free)


def contents_of(endpoint_slice: Object) -> Contents:
    """What a slice holds now; null stands for an empty list."""
    ports = tuple(
        (port["name"], port["port"], port["protocol"], port.get("appProtocol"))
        for port in endpoint_slice.get("ports") or ()
    )
    return Contents(ports, endpoint_slice.get("endpoints") or [])
