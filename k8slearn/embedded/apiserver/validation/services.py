"""What is wrong with a Service. Upstream: ``validateService`` in ``pkg/apis/core/validation``."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.containers import PROTOCOLS
from k8slearn.embedded.apiserver.validation.fields import (
    choice,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.selectors import validate_labels

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_DAY = 86400


def validate_service(service: dict[str, Any]) -> Iterator[FieldError]:
    spec = service["spec"]
    sort, ports = spec["type"], spec.get("ports") or ()
    headless = (spec.get("clusterIPs") or [""])[0] == "None"
    if not ports and not headless and sort != "ExternalName":
        yield required("spec.ports")
    if headless and sort in ("LoadBalancer", "NodePort"):
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {sort} services")
    if sort == "ExternalName":
        yield from _validate_external_name(spec)
    names: set[str] = set()
    for index, port in enumerate(ports):
        yield from _validate_port(f"spec.ports[{index}]", port, names, must_be_named=len(ports) > 1)
    yield from validate_labels("spec.selector", spec.get("selector"))
    yield from _validate_affinity(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        yield from _validate_address(f"spec.externalIPs[{index}]", address)
    yield from choice("spec.type", sort, TYPES)
    yield from _validate_numbers(sort, ports)
    yield from _validate_policies(spec)


def validate_service_update(new: dict[str, Any], old: dict[str, Any]) -> Iterator[FieldError]:
    """The cluster IP stays, but to or from ExternalName and between two headless forms."""
    after, before = new["spec"], old["spec"]
    if "ExternalName" in (after["type"], before["type"]):
        return
    mine, was = after.get("clusterIPs") or [], before.get("clusterIPs") or []
    if was and not mine:
        yield invalid("spec.clusterIPs[0]", mine, "primary clusterIP can not be unset")
    elif was and mine[0] != was[0]:
        yield invalid("spec.clusterIPs[0]", mine, "may not change once set")


def _validate_external_name(spec: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            yield forbidden(f"spec.{field}", "may not be set for ExternalName services")
    name = spec.get("externalName", "").removesuffix(".")
    if name:
        yield from each_invalid("spec.externalName", name, formats.dns_subdomain(name))
    else:
        yield required("spec.externalName")


def _validate_port(
    path: str, port: dict[str, Any], names: set[str], *, must_be_named: bool
) -> Iterator[FieldError]:
    name, number = port.get("name", ""), port.get("port") or 0
    if must_be_named and not name:
        yield required(f"{path}.name")
    elif name:
        yield from each_invalid(f"{path}.name", name, formats.dns_label(name))
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
    yield from each_invalid(f"{path}.port", number, formats.port_number(number))
    yield from choice(f"{path}.protocol", port.get("protocol"), PROTOCOLS)
    target = port.get("targetPort") or 0
    yield from each_invalid(f"{path}.targetPort", target, formats.port(target))
    if protocol := port.get("appProtocol"):
        yield from each_invalid(f"{path}.appProtocol", protocol, formats.label_key(protocol))


def _validate_affinity(spec: dict[str, Any]) -> Iterator[FieldError]:
    affinity = spec.get("sessionAffinity")
    yield from choice("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    if affinity == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < seconds <= _DAY:
            path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            yield invalid(path, seconds, f"must be greater than 0 and less than {_DAY}")


def validate_cluster_ips(addresses: Sequence[str]) -> Iterator[FieldError]:
    """``spec.clusterIPs``: checked by itself, before an address is allocated and before all else."""
    path = "spec.clusterIPs"
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                yield invalid(path, list(addresses), "'None' must be the first and only value")
        else:
            yield from _validate_address(f"{path}[{index}]", address)
    if len(addresses) > 2:
        yield invalid(path, list(addresses), "may only hold up to 2 values")


def _validate_address(path: str, address: str) -> Iterator[FieldError]:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        yield invalid(path, address, NOT_AN_ADDRESS)


def _validate_numbers(sort: str, ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, port in enumerate(ports):
        if sort == "ClusterIP" and port.get("nodePort"):
            yield forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
    node_ports: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        if port.get("nodePort"):
            place = (port["protocol"], port["nodePort"])
            if place in node_ports:
                yield duplicate(f"spec.ports[{index}].nodePort", port["nodePort"])
            node_ports.add(place)
    places: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        place = (port.get("protocol", ""), port.get("port", 0))
        if place in places:
            yield _same_port(f"spec.ports[{index}]", *place)
        places.add(place)


def _same_port(path: str, protocol: str, number: int) -> FieldError:
    """The port as Go shows it: only what makes it a double is filled in."""
    place = f'"Protocol":"{protocol}","AppProtocol":null,"Port":{number}'
    shown = f'{{"Name":"",{place},"TargetPort":0,"NodePort":0}}'
    return FieldError("FieldValueDuplicate", path, f"Duplicate value: {shown}")


def _validate_policies(spec: dict[str, Any]) -> Iterator[FieldError]:
    sort = spec["type"]
    if spec.get("loadBalancerSourceRanges") and sort != "LoadBalancer":
        yield forbidden("spec.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'")
    if spec.get("allocateLoadBalancerNodePorts") is not None and sort != "LoadBalancer":
        yield forbidden(
            "spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'"
        )
    policy = spec.get("externalTrafficPolicy")
    if sort in ("NodePort", "LoadBalancer") or spec.get("externalIPs"):
        yield from choice("spec.externalTrafficPolicy", policy, ("Cluster", "Local"))
    elif policy:
        yield invalid(
            "spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services"
        )
    policy = spec.get("internalTrafficPolicy")
    if policy is not None and policy not in ("Cluster", "Local"):
        yield not_supported("spec.internalTrafficPolicy", policy, ("Cluster", "Local"))
