"""Make, change and delete objects of any built-in kind by their manifests, with the official client.

Which method follows from the manifest: a Deployment of apps/v1 is made by
``AppsV1Api.create_namespaced_deployment``, a NetworkPolicy of networking.k8s.io/v1 by
``NetworkingV1Api.create_namespaced_network_policy``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Manifest = dict[str, Any]


def parse(text: str) -> list[Manifest]:
    """The objects of a YAML text, in order."""
    return [document for document in yaml.safe_load_all(text) if document]


def create(client: ApiClient, namespace: str, manifest: Manifest) -> None:
    _method(client, "create", manifest)(namespace=namespace, body=manifest)


def patch(client: ApiClient, namespace: str, manifest: Manifest) -> None:
    """Change the fields that ``manifest`` names, as ``kubectl patch`` does."""
    _method(client, "patch", manifest)(name=manifest["metadata"]["name"], namespace=namespace, body=manifest)


def delete(client: ApiClient, namespace: str, manifest: Manifest) -> None:
    """Delete without grace, with everything that the object owns."""
    _method(client, "delete", manifest)(
        name=manifest["metadata"]["name"],
        namespace=namespace,
        grace_period_seconds=0,
        propagation_policy="Background",
    )


def exists(client: ApiClient, namespace: str, manifest: Manifest) -> bool:
    from kubernetes.client.exceptions import ApiException

    try:
        _method(client, "read", manifest)(name=manifest["metadata"]["name"], namespace=namespace)
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True


def _method(client: ApiClient, verb: str, manifest: Manifest) -> Any:
    from kubernetes import client as apis

    *group, version = manifest["apiVersion"].split("/")
    group_name = group[0].split(".")[0] if group else "core"
    api = getattr(apis, f"{group_name.capitalize()}{version.capitalize()}Api")(client)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", manifest["kind"]).lower()
    return getattr(api, f"{verb}_namespaced_{kind}")
