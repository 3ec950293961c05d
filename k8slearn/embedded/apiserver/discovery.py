"""Which kinds there are, told in the three ways that clients ask.

* ``/api`` and ``/apis`` with an Accept for ``APIGroupDiscoveryList``: everything at once (kubectl);
* ``/api``, ``/apis``, ``/apis/GROUP``: groups and versions (the legacy form);
* ``/api/v1``, ``/apis/GROUP/VERSION``: the resources of one version (the Python client's DynamicClient).

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds import Kinds

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_SUBRESOURCES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # name: (group/version of its kind, kind, verbs); "" means the parent's own
    "status": ("", "", ("get", "patch", "update")),
    "scale": ("autoscaling/v1", "Scale", ("get", "patch", "update")),
    "finalize": ("", "", ("update",)),
    "log": ("", "", ("get",)),
    "exec": ("v1", "PodExecOptions", ("create", "get")),
    "attach": ("v1", "PodAttachOptions", ("create", "get")),
    "portforward": ("v1", "PodPortForwardOptions", ("create", "get")),
    "proxy": ("", "", ("create", "delete", "get", "patch", "update")),
    "binding": ("v1", "Binding", ("create",)),
    "eviction": ("policy/v1", "Eviction", ("create",)),
    "ephemeralcontainers": ("", "", ("get", "patch", "update")),
    "resize": ("", "", ("get", "patch", "update")),
    "token": ("authentication.k8s.io/v1", "TokenRequest", ("create",)),
}


def subresources(kind: Kind) -> list[str]:
    """All subresources of a kind, sorted as discovery lists them."""
    names = [*kind.subresources]
    if kind.has_status:
        names.append("status")
    if kind.scale:
        names.append("scale")
    return sorted(names)


def _verbs(kind: Kind) -> list[str]:
    return sorted(kind.verbs) if kind.custom_schema is None else list(kind.verbs)


def is_aggregated(accept: str) -> bool:
    return "as=APIGroupDiscoveryList" in accept and "v=v2" in accept


# -- everything at once ---------------------------------------------------------------------------


def aggregated(kinds: Kinds, *, core: bool) -> dict[str, Any]:
    items = []
    for group, versions in kinds.groups().items():
        if (group == "") == core:
            versions_found = [_version(kinds.of(group, version), version) for version in versions]
            metadata = {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None}
            items.append({"metadata": metadata, "versions": versions_found})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _version(kinds: Iterable[Kind], version: str) -> dict[str, Any]:
    return {"version": version, "resources": [_resource(kind) for kind in kinds], "freshness": "Current"}


def _resource(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": _verbs(kind),
    }
    if kind.short_names:
        found["shortNames"] = list(kind.short_names)
    if kind.categories:
        found["categories"] = list(kind.categories)
    names = subresources(kind)
    if names:
        found["subresources"] = [_subresource(kind, name) for name in names]
    return found


def _subresource(kind: Kind, name: str) -> dict[str, Any]:
    api_version, response_kind, verbs = _SUBRESOURCES[name]
    group, _, version = (api_version or kind.api_version).rpartition("/")
    return {
        "subresource": name,
        "responseKind": {"group": group, "version": version, "kind": response_kind or kind.kind},
        "verbs": list(verbs),
    }


# -- the legacy form ------------------------------------------------------------------------------


def api_versions(address: str) -> dict[str, Any]:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def api_groups(kinds: Kinds) -> dict[str, Any]:
    groups = [_group(group, versions) for group, versions in kinds.groups().items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(kinds: Kinds, name: str) -> dict[str, Any] | None:
    versions = kinds.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions and name else None


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def api_resources(kinds: Kinds, group: str, version: str) -> dict[str, Any] | None:
    found = list(kinds.of(group, version))
    if not found:
        return None
    resources: list[dict[str, Any]] = []
    for kind in found:
        entry: dict[str, Any] = {
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": _verbs(kind),
        }
        if kind.short_names:
            entry["shortNames"] = list(kind.short_names)
        if kind.categories:
            entry["categories"] = list(kind.categories)
        if "watch" in kind.verbs:
            entry["storageVersionHash"] = _storage_version_hash(kind.stored)
        resources.append(entry)
        resources += [_legacy_subresource(kind, name) for name in subresources(kind)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def _legacy_subresource(kind: Kind, name: str) -> dict[str, Any]:
    api_version, response_kind, verbs = _SUBRESOURCES[name]
    entry: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
    }
    if api_version:
        # kubectl drain looks for eviction's group and version here, else it deletes the pods outright.
        group, _, version = api_version.rpartition("/")
        entry |= {"group": group, "version": version} if group else {}
    return {**entry, "kind": response_kind or kind.kind, "verbs": list(verbs)}


def _storage_version_hash(kind: Kind) -> str:
    """Changes when the version that the store holds does. Upstream: ``apiserver/pkg/endpoints/discovery``."""
    digest = hashlib.sha256(f"{kind.group}/{kind.version}/{kind.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()
