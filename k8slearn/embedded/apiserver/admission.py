"""Admission: what the API server adds to an object, or refuses, before it validates and stores it.

Small functions, named after the plugins of a real server; each may alter ``new`` (a private copy) and raise
``ApiError``. https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/

A pod of a ReplicaSet passes here like any other; 300 of them are made at once, so the parts that never change
are shared dicts (nothing alters them, as nothing alters a stored object).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.status import ApiError, FieldError, forbidden, invalid
from k8slearn.embedded.apiserver.validation import fields
from k8slearn.embedded.apiserver.validation.services import validate_cluster_ips
from k8slearn.embedded.clock import Clock, parse_timestamp
from k8slearn.embedded.store import Store
from k8slearn.kube.names import random_suffix

Operation = Literal["CREATE", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Context:
    """What a plugin may look at besides the object."""

    store: Store
    clock: Clock


Plugin = Callable[[Operation, Object, Context], None]


def admit(operation: Operation, kind: Kind, new: Object, old: Object | None, ctx: Context) -> None:
    """Pass ``new`` through the plugins for its kind. On DELETE it is the stored object: it stays as it is."""
    for plugin in _PLUGINS.get(kind.resource, ()):
        plugin(operation, new, ctx)


# -- NamespaceLifecycle -------------------------------------------------------------------------

IMMORTAL = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def namespace_lifecycle(operation: Operation, namespace: Object, ctx: Context) -> None:
    """The namespaces that a cluster cannot do without stay. (Content of a dying one the registry refuses.)"""
    name = namespace["metadata"]["name"]
    if operation == "DELETE" and name in IMMORTAL:
        raise forbidden("namespaces", name, "this namespace may not be deleted")


# -- ServiceAccount -----------------------------------------------------------------------------

TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_VOLUME = "kube-api-access-"
TOKEN_SECONDS = 3607
"""Odd on purpose: so a real cluster tells its own volumes from a user's."""

_TOKEN_SOURCE = {
    "defaultMode": 0o644,
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {
            "downwardAPI": {
                "items": [
                    {
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                        "path": "namespace",
                    }
                ]
            }
        },
    ],
}


DEFAULT_ACCOUNT_SECONDS = 2.0
"""How long a new namespace may lack its default account."""


def service_account(operation: Operation, pod: Object, ctx: Context) -> None:
    """Give the pod an account, which must exist, and mount its token."""
    if operation != "CREATE":
        return
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    stored = ctx.store.find("serviceaccounts", namespace, name)
    if stored is None and name == "default" and _is_new(namespace, ctx):
        account: dict[str, Any] = {}
    elif stored is None:
        why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise forbidden("pods", pod["metadata"].get("name", ""), why)
    else:
        account = stored.object
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None:
        wanted = account.get("automountServiceAccountToken")
    if wanted is not False:
        _mount_token(spec, ctx)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]


def _is_new(namespace: str, ctx: Context) -> bool:
    """Whether the controller is only about to make the namespace's default account. Upstream's plugin waits for
    it, up to ten times 100 to 200 ms; a request here cannot wait, and admits the pod as it would then."""
    home = ctx.store.get("namespaces", "", namespace).object
    return ctx.clock.now - parse_timestamp(home["metadata"]["creationTimestamp"]) < DEFAULT_ACCOUNT_SECONDS


def _mount_token(spec: dict[str, Any], ctx: Context) -> None:
    volumes = spec.get("volumes") or []
    present = next((v["name"] for v in volumes if v.get("name", "").startswith(TOKEN_VOLUME)), None)
    name = present or TOKEN_VOLUME + random_suffix(ctx.clock.random)
    mount = {"mountPath": TOKEN_MOUNT, "name": name, "readOnly": True}
    needed = False
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        mounts = container.get("volumeMounts") or []
        if all(other.get("mountPath") != TOKEN_MOUNT for other in mounts):
            container["volumeMounts"] = [*mounts, mount]
            needed = True
    if needed and not present:
        spec["volumes"] = [*volumes, {"name": name, "projected": _TOKEN_SOURCE}]


# -- DefaultTolerationSeconds -------------------------------------------------------------------

TOLERATION_SECONDS = 300
"""How long a pod stays on a node that is lost, unless it says otherwise."""

_LOST = tuple(
    {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": TOLERATION_SECONDS}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
)


def default_toleration_seconds(operation: Operation, pod: Object, ctx: Context) -> None:
    spec = pod["spec"]
    given = spec.get("tolerations") or []
    added = [toleration for toleration in _LOST if not any(_covers(g, toleration) for g in given)]
    if added:
        spec["tolerations"] = [*given, *added]


def _covers(given: dict[str, Any], toleration: dict[str, Any]) -> bool:
    return given.get("key", "") in ("", toleration["key"]) and given.get("effect", "") in ("", "NoExecute")


# -- Priority -----------------------------------------------------------------------------------

SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def priority(operation: Operation, pod: Object, ctx: Context) -> None:
    """Without a class: 0, and the right to preempt what is lower."""
    spec = pod["spec"]
    if operation != "CREATE":
        return
    name = spec.get("priorityClassName")
    if name and name not in SYSTEM_PRIORITIES:
        why = f"no PriorityClass with name {name} was found"
        raise forbidden("pods", pod["metadata"].get("name", ""), why)
    computed = SYSTEM_PRIORITIES.get(name or "", 0)
    if spec.get("priority") not in (None, computed):
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {computed} from the given PriorityClass name"
        )
        raise forbidden("pods", pod["metadata"].get("name", ""), why)
    spec["priority"] = computed
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


# -- Service addresses --------------------------------------------------------------------------
# In a real server the Service registry's allocators do this (pkg/registry/core/service/storage/alloc.go).

CLUSTER_IPS = ipaddress.IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
RESERVED_IPS = 256
"""The lowest addresses are kept for those who ask for one by name (10.96.0.1 and 10.96.0.10 are taken)."""


def service_addresses(operation: Operation, service: Object, ctx: Context) -> None:
    """Give the Service its cluster IP and node ports, by chance among those that are free."""
    spec = service["spec"]
    if operation == "DELETE" or spec["type"] == "ExternalName":
        return
    if wrong := list(validate_cluster_ips(spec.get("clusterIPs") or ())):
        raise invalid("Service", "", service["metadata"].get("name", ""), wrong)
    others = [stored.object for stored in ctx.store.list("services")]
    mine = (service["metadata"]["namespace"], service["metadata"]["name"])
    others = [o for o in others if (o["metadata"]["namespace"], o["metadata"]["name"]) != mine]
    _set_cluster_ip(service, others, ctx)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set_node_ports(service, others, ctx)


def _set_cluster_ip(service: Object, others: list[Object], ctx: Context) -> None:
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
    else:
        while not asked or asked in taken:
            asked = str(CLUSTER_IPS[ctx.clock.random.randrange(RESERVED_IPS, CLUSTER_IPS.num_addresses - 1)])
    spec["clusterIP"], spec["clusterIPs"] = asked, [asked]
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
    return invalid("Service", "", service["metadata"]["name"], [error])


_PLUGINS: dict[str, tuple[Plugin, ...]] = {
    "namespaces": (namespace_lifecycle,),
    "pods": (service_account, default_toleration_seconds, priority),
    "services": (service_addresses,),
}
