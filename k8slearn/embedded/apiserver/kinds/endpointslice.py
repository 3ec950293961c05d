"""EndpointSlice. https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, first_three, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.containers import PROTOCOLS
from k8slearn.embedded.apiserver.validation.fields import (
    duplicate,
    each_invalid,
    immutable,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.services import NOT_AN_ADDRESS

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


def _default(obj: Object) -> None:
    for endpoint in obj.get("endpoints") or ():
        endpoint.setdefault("conditions", {})
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _prepare_update(new: Object, old: Object) -> None:
    """The generation counts changes of anything but metadata: a slice has no spec."""
    if any(new.get(field) != old.get(field) for field in ("addressType", "endpoints", "ports")):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _validate(obj: Object) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, port in enumerate(obj.get("ports") or ()):
        at, called = f"ports[{index}]", port.get("name") or ""
        if called:
            yield from each_invalid(f"{at}.name", called, formats.dns_label(called))
        if called in names:
            yield duplicate(f"{at}.name", called)
        names.add(called)
        if port.get("protocol") not in PROTOCOLS:
            yield not_supported(f"{at}.protocol", port.get("protocol"), PROTOCOLS)
    sort = obj.get("addressType", "")
    if not sort:
        yield required("addressType")
    elif sort not in ADDRESS_TYPES:
        yield not_supported("addressType", sort, ADDRESS_TYPES)
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        at = f"endpoints[{index}].addresses"
        if not endpoint.get("addresses"):
            yield required(at)
        for number, address in enumerate(endpoint.get("addresses") or ()):
            if sort in ("IPv4", "IPv6") and not _is_address(address, sort):
                yield invalid(f"{at}[{number}]", address, NOT_AN_ADDRESS)


def _is_address(text: str, sort: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == int(sort[-1])
    except ValueError:
        return False


def _ports(obj: Object, now: float) -> str:
    ports = obj.get("ports") or ()
    return first_three([str(port.get("port") or port.get("name") or "*") for port in ports]) or "<unset>"


def _addresses(obj: Object, now: float) -> str:
    endpoints = obj.get("endpoints") or ()
    return first_three([address for e in endpoints for address in e["addresses"]]) or "<unset>"


KIND = Kind(
    kind="EndpointSlice",
    plural="endpointslices",
    group="discovery.k8s.io",
    message="k8s.io.api.discovery.v1.EndpointSlice",
    columns=columns(
        "endpointslices.discovery.k8s.io",
        {
            "Name": name,
            "AddressType": lambda obj, now: obj["addressType"],
            "Ports": _ports,
            "Endpoints": _addresses,
            "Age": age,
        },
    ),
    default=_default,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=lambda new, old: immutable("addressType", new["addressType"], old["addressType"]),
    counts_generation=True,
)
