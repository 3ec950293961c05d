"""ServiceAccount: every pod runs as an account, and finds its token in a volume."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import forbidden
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube.names import random_suffix

MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a static pod's mirror."""

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


def service_account(attributes: Attributes, pod: Object, ctx: Context) -> None:
    """Give the pod an account, which must exist, and mount its token; a static pod knows no API objects."""
    if attributes.operation != "CREATE" or MIRROR in (pod["metadata"].get("annotations") or ()):
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
