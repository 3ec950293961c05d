"""Endpoints: the old form of EndpointSlice, still written for every Service with a selector.

https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, first_three, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.containers import PROTOCOLS
from k8slearn.embedded.apiserver.validation.fields import choice, each_invalid, required


def _default(obj: Object) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def _validate(obj: Object) -> Iterator[FieldError]:
    for index, subset in enumerate(obj.get("subsets") or ()):
        at = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield required(at, "must specify `addresses` or `notReadyAddresses`")
        ports = subset.get("ports") or ()
        for number, port in enumerate(ports):
            yield from _validate_port(f"{at}.ports[{number}]", port, must_be_named=len(ports) > 1)


def _validate_port(path: str, port: dict[str, Any], *, must_be_named: bool) -> Iterator[FieldError]:
    called = port.get("name", "")
    if called:
        yield from each_invalid(f"{path}.name", called, formats.dns_label(called))
    elif must_be_named:
        yield required(f"{path}.name")
    yield from each_invalid(f"{path}.port", port.get("port", 0), formats.port_number(port.get("port", 0)))
    yield from choice(f"{path}.protocol", port.get("protocol"), PROTOCOLS)


def _ready(obj: Object, now: float) -> str:
    subsets = obj.get("subsets") or ()
    places = [
        f"{address['ip']}:{port['port']}" if port else address["ip"]
        for subset in subsets
        for port in subset.get("ports") or (None,)
        for address in subset.get("addresses") or ()
    ]
    return first_three(places) if subsets else "<none>"


KIND = Kind(
    kind="Endpoints",
    plural="endpoints",
    short_names=("ep",),
    message="k8s.io.api.core.v1.Endpoints",
    columns=columns("endpoints", {"Name": name, "Endpoints": _ready, "Age": age}),
    default=_default,
    validate=_validate,
    deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
)
