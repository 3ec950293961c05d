"""What a path means: ``/apis/apps/v1/namespaces/default/deployments/web/scale`` as its parts.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds import Kinds
from k8slearn.embedded.apiserver.status import method_not_allowed, path_not_found


@dataclass(frozen=True)
class Target:
    """The object or collection that a request is about. ``namespace`` None: all of them, or none has any."""

    kind: Kind
    namespace: str | None
    name: str
    subresource: str
    rest: str = ""
    """What follows the subresource: the path that a proxy passes on."""

    @property
    def resource(self) -> str:
        """The name under which the store holds it."""
        return self.kind.stored.resource

    @property
    def key_namespace(self) -> str:
        return self.namespace or ""


def resolve(path: str, kinds: Kinds) -> Target | None:
    """The target of a resource's path, or None when there is no such resource."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) >= 3:
        group, version, parts = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = None
    # /namespaces/x is the namespace itself, and so are its status and finalize.
    if parts[0] == "namespaces" and len(parts) >= 3 and parts[2] not in ("status", "finalize"):
        namespace, parts = parts[1], parts[2:]
    kind = kinds.find(group, version, parts[0])
    if kind is None or (namespace is not None and not kind.namespaced):
        return None
    name, subresource = [*parts[1:3], "", ""][:2]
    if name and kind.namespaced and namespace is None:
        return None
    return Target(kind, namespace, name, subresource, "/".join(parts[3:]))


def only_created(request: Request, target: Target) -> None:
    """Of what is answered and never stored there is nothing to get. Raises ApiError."""
    if target.name:
        raise path_not_found()
    if request.method != "POST":
        raise method_not_allowed()
