"""Service. https://kubernetes.io/docs/concepts/services-networking/service/

Its addresses and node ports are allocated by admission (``admission.py``), which knows the other Services.
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.services import validate_service, validate_service_update
from k8slearn.kube.label_selectors import format_labels

STICKY_SECONDS = 10800
_EXTERNAL = ("NodePort", "LoadBalancer")
_LOAD_BALANCER_WIDTH = 16


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if client_ip.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": STICKY_SECONDS}}
    sort = spec["type"] = spec.get("type") or "ClusterIP"
    for port in spec.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
        port["targetPort"] = port.get("targetPort") or port.get("port", 0)
    if (sort in _EXTERNAL or spec.get("externalIPs")) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if sort in ("ClusterIP", *_EXTERNAL) and spec.get("internalTrafficPolicy") is None:
        spec["internalTrafficPolicy"] = "Cluster"
    if sort == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"loadBalancer": {}}


def _prepare_update(new: Object, old: Object) -> None:
    """Keep what was allocated, let go of what the new type does not need (``dropTypeDependentFields``)."""
    after, before = new.setdefault("spec", {}), old["spec"]
    sort, old_sort = after.get("type") or "ClusterIP", before["type"]
    if sort == "ExternalName":
        if old_sort != "ExternalName":
            for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
                if after.get(field) == before.get(field):
                    after.pop(field, None)
    elif old_sort != "ExternalName":
        _keep_addresses(after, before)
    if old_sort in _EXTERNAL and sort in _EXTERNAL:
        _keep_node_ports(after, before)
    elif old_sort in _EXTERNAL and _node_ports(after) == _node_ports(before):
        after["ports"] = [{k: v for k, v in port.items() if k != "nodePort"} for port in after["ports"]]
    if old_sort in _EXTERNAL and sort not in _EXTERNAL and not after.get("externalIPs"):
        _drop_same("externalTrafficPolicy", after, before)
    if old_sort == "LoadBalancer" and sort != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            _drop_same(field, after, before)
        new["status"] = {**(new.get("status") or {}), "loadBalancer": {}}


def _keep_addresses(after: Object, before: Object) -> None:
    """A PUT that leaves the cluster IP out means the one it has; one of the two fields speaks for both."""
    if after.get("clusterIP") != before.get("clusterIP") and after.get("clusterIPs") == before.get(
        "clusterIPs"
    ):
        after["clusterIPs"] = [after["clusterIP"]] if after.get("clusterIP") else []
    if not after.get("clusterIP") and not after.get("clusterIPs"):
        for field in ("clusterIP", "clusterIPs"):
            if field in before:
                after[field] = before[field]


def _keep_node_ports(after: Object, before: Object) -> None:
    allocated = {(p["protocol"], p["port"]): p["nodePort"] for p in before["ports"] if p.get("nodePort")}
    for port in after.get("ports") or ():
        place = (port.get("protocol") or "TCP", port.get("port"))
        if not port.get("nodePort") and place in allocated:
            port["nodePort"] = allocated[place]


def _node_ports(spec: Object) -> list[int]:
    return [port.get("nodePort", 0) for port in spec.get("ports") or ()]


def _drop_same(field: str, after: Object, before: Object) -> None:
    if after.get(field) == before.get(field):
        after.pop(field, None)


def _warnings(obj: Object) -> Iterator[str]:
    spec = obj["spec"]
    external_name = spec["type"] == "ExternalName"
    headless = spec["type"] == "ClusterIP" and spec.get("clusterIP") == "None"
    if headless:
        for field in ("loadBalancerIP", "externalIPs"):
            if spec.get(field):
                yield f"spec.{field} is ignored for headless services"
        if spec["sessionAffinity"] != "None":
            yield "spec.SessionAffinity is ignored for headless services"
    elif spec.get("externalIPs") and not external_name:
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if external_name and spec.get("externalIPs"):
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if spec.get("externalName") and not external_name:
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _cluster_ip(obj: Object, now: float) -> str:
    return (obj["spec"].get("clusterIPs") or ["<none>"])[0]


def _external_ip(obj: Object, now: float) -> str:
    spec, sort = obj["spec"], obj["spec"]["type"]
    if sort == "ExternalName":
        return spec.get("externalName", "")
    given = list(spec.get("externalIPs") or ())
    if sort != "LoadBalancer":
        return ",".join(given) or "<none>"
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    found = ",".join(sorted({entry.get("ip") or entry.get("hostname", "") for entry in ingress} - {""}))
    if len(found) > _LOAD_BALANCER_WIDTH:
        found = found[: _LOAD_BALANCER_WIDTH - 3] + "..."
    return ",".join(([found] if found else []) + given) or "<pending>"


def _ports(obj: Object, now: float) -> str:
    texts = [
        f"{port['port']}:{port['nodePort']}/{port['protocol']}"
        if port.get("nodePort")
        else f"{port['port']}/{port['protocol']}"
        for port in obj["spec"].get("ports") or ()
    ]
    return ",".join(texts) or "<none>"


KIND = Kind(
    kind="Service",
    plural="services",
    short_names=("svc",),
    categories=("all",),
    message="k8s.io.api.core.v1.Service",
    columns=columns(
        "services",
        {
            "Name": name,
            "Type": lambda obj, now: obj["spec"]["type"],
            "Cluster-IP": _cluster_ip,
            "External-IP": _external_ip,
            "Port(s)": _ports,
            "Age": age,
            "Selector": lambda obj, now: format_labels(obj["spec"].get("selector")),
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=validate_service,
    validate_update=validate_service_update,
    creation_warnings=_warnings,
    update_warnings=lambda new, old: _warnings(new),
    validate_name=formats.dns_label,
    has_status=True,
    subresources=("proxy",),
    selectable_fields={
        "spec.clusterIP": lambda obj: obj["spec"].get("clusterIP", ""),
        "spec.type": lambda obj: obj["spec"]["type"],
    },
    delete_answers_object=True,
)
