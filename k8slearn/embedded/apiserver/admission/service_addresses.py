"""A Service's cluster IP and node ports.

In a real server the Service registry's allocators do this (pkg/registry/core/service/storage/alloc.go).
"""

from __future__ import annotations

import ipaddress

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import ApiError, FieldError, invalid
from k8slearn.embedded.apiserver.validation import fields
from k8slearn.embedded.apiserver.validation.services import validate_cluster_ips

CLUSTER_IPS = ipaddress.IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
RESERVED_IPS = 256
"""The lowest addresses are kept for those who ask for one by name (10.96.0.1 and 10.96.0.10 are taken)."""


def service_addresses(attributes: Attributes, service: Object, ctx: Context) -> None:
    """Give the Service its cluster IP and node ports, by chance among those that are free."""
    spec = service["spec"]
    if attributes.operation == "DELETE" or spec["type"] == "ExternalName":
        return
    if wrong := list(validate_cluster_ips(spec.get("clusterIPs") or ())):
        raise invalid("Service", "", service["metadata"].get("name", ""), wrong)
    others = [stored.object for stored in ctx.store.list("services")]
    mine = (service["metadata"]["namespace"], service["metadata"].get("name", ""))
    others = [o for o in others if (o["metadata"]["namespace"], o["metadata"]["name"]) != mine]
    _set_cluster_ip(service, others, ctx, dry_run=attributes.dry_run)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set_node_ports(service, others, ctx)


def _set_cluster_ip(service: Object, others: list[Object], ctx: Context, *, dry_run: bool) -> None:
    spec = service["spec"]
    asked = (spec.get("clusterIPs") or [""])[0]
    if asked == "None":
        headless_and_selectorless = not spec.get("selector")
        spec.setdefault("ipFamilyPolicy", "RequireDualStack" if headless_and_selectorless else "SingleStack")
        spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if headless_and_selectorless else ["IPv4"])
        spec["clusterIP"], spec["clusterIPs"] = "None", ["None"]
        return
    taken = {ip for other in others for ip in other["spec"].get("clusterIPs") or ()}
    if asked:
        _check_cluster_ip(service, asked, taken)
    chosen = asked
    while not chosen or (not asked and chosen in taken):
        chosen = str(CLUSTER_IPS[ctx.clock.random.randrange(RESERVED_IPS, CLUSTER_IPS.num_addresses - 1)])
    if not service["metadata"].get("name") and not dry_run:
        # A real server keeps an IPAddress object, which must say whose the address is.
        detail = (
            f'failed to allocate IP{" " if asked else ""}{asked}: IPAddress.networking.k8s.io "{chosen}" '
            "is invalid: spec.parentRef.name: Required value"
        )
        raise _invalid(service, fields.invalid("spec.clusterIPs", [asked], detail))
    spec["clusterIP"], spec["clusterIPs"] = chosen, [chosen]
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4"])


def _check_cluster_ip(service: Object, asked: str, taken: set[str]) -> None:
    inside = ipaddress.ip_address(asked) in CLUSTER_IPS
    if inside and asked not in taken:
        return
    why = (
        "provided IP is already allocated"
        if inside
        else "the provided network does not match the current range"
    )
    detail = f"failed to allocate IP {asked}: {why}"
    raise _invalid(service, fields.invalid("spec.clusterIPs", [asked], detail))


def _set_node_ports(service: Object, others: list[Object], ctx: Context) -> None:
    spec = service["spec"]
    if spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        return
    taken = {
        port["nodePort"] for o in others for port in o["spec"].get("ports") or () if port.get("nodePort")
    }
    for index, port in enumerate(spec.get("ports") or ()):
        number, path = port.get("nodePort"), f"spec.ports[{index}].nodePort"
        if number and number not in NODE_PORTS:
            detail = (
                "provided port is not in the valid range. "
                f"The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            )
            raise _invalid(service, fields.invalid(path, number, detail))
        if number and number in taken:
            raise _invalid(service, fields.invalid(path, number, "provided port is already allocated"))
        while not number or number in taken:
            number = ctx.clock.random.choice(NODE_PORTS)
        port["nodePort"] = number
        taken.add(number)


def _invalid(service: Object, error: FieldError) -> ApiError:
    return invalid("Service", "", service["metadata"].get("name", ""), [error])
