"""The roles and bindings that a new cluster has, as a real one makes them when it begins (recorded from a cluster of
kubeadm, 1.37, with a metrics-server). Upstream: ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy``.

There are a hundred and forty, and most clusters live and die without anybody looking at one. So they are made at
the first look, as if they had been there from the beginning; ``data/bootstrap_policy.json.gz`` holds them.
"""

from __future__ import annotations

import gzip
import hashlib
import uuid
from functools import cache
from pathlib import Path

import orjson

from k8slearn.embedded.apiserver.authorization.rbac import CLUSTER_ROLES
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.store import Store

_LAST = (CLUSTER_ROLES, "cluster-admin")
"""Written last: where it is, the others are or somebody took them away."""


@cache
def _recorded() -> list[tuple[str, Object]]:
    """Each object with its resource, the very last one being ``_LAST``."""
    path = Path(__file__).parent.parent / "data" / "bootstrap_policy.json.gz"
    found: dict[str, list[Object]] = orjson.loads(gzip.decompress(path.read_bytes()))
    every = [(resource, obj) for resource, objects in found.items() for obj in objects]
    return sorted(every, key=lambda entry: (entry[0], entry[1]["metadata"]["name"]) == _LAST)


def install(store: Store) -> None:
    """Make what is missing in a cluster that has no role ``cluster-admin``."""
    resource, name = _LAST
    if store.find(resource, "", name) is not None:
        return
    system = store.get("namespaces", "", "kube-system").object["metadata"]
    for resource, obj in _recorded():
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if store.find(resource, namespace, name) is None:
            # Neither chance nor time is asked: whoever looks changes nothing else in the cluster.
            digest = hashlib.sha256(f"{system['uid']} {resource} {namespace} {name}".encode()).digest()
            own = {
                "uid": str(uuid.UUID(bytes=digest[:16], version=4)),
                "creationTimestamp": system["creationTimestamp"],
            }
            store.create(resource, {**obj, "metadata": {**metadata, **own}})
