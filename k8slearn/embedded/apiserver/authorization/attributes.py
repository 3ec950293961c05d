"""What somebody wants to do: a verb on a resource, or on a path that is none.

It is read from the path alone, whether that resource exists or not. Upstream: ``endpoints/request/requestinfo.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from k8slearn.embedded.apiserver.http import Request

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_ONE_NAME = re.compile(r"(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)")

_STREAMS = ("exec", "attach", "portforward")
_PARTS_OF_NAMESPACES = ("status", "finalize")


@dataclass(frozen=True)
class Attributes:
    """``resource`` "" means that it is about ``path``; ``namespace`` "" means the whole cluster."""

    verb: str
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def combined(self) -> str:
        """``pods/log``"""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def __str__(self) -> str:
        """``list resource "pods" in API group "" in the namespace "default"``"""
        if not self.resource:
            return f'{self.verb} path "{self.path}"'
        place = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return f'{self.verb} resource "{self.combined}" in API group "{self.group}" {place}'


def attributes_of(request: Request) -> Attributes:
    """
    >>> attributes_of(Request("GET", "/api/v1/namespaces/default/pods/web/log")).combined
    'pods/log'
    >>> str(attributes_of(Request("GET", "/version")))
    'get path "/version"'
    """
    parts = [unquote(part) for part in request.path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) >= 3:
        group, parts = "", parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, parts = parts[1], parts[3:]
    else:
        return Attributes(request.method.lower(), request.path)
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _PARTS_OF_NAMESPACES:
            parts = parts[2:]
    resource, name, subresource = [*parts[:3], "", ""][:3]
    verb = _VERBS.get(request.method, "")
    if not name and verb == "get":
        verb = "watch" if request.flag("watch") else "list"
        # Who may see one object by its name may list and watch it by a field selector.
        one = _ONE_NAME.search(request.param("fieldSelector"))
        name = one[1] if one else ""
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(verb, request.path, group, resource, subresource, namespace, name)


def needed(request: Request) -> Iterator[Attributes]:
    """All that who sends ``request`` must be allowed to do. Talking to a pod needs the verb create, also where
    WebSocket makes a GET of it."""
    wanted = attributes_of(request)
    yield wanted
    if wanted.verb == "get" and wanted.resource == "pods" and wanted.subresource in _STREAMS:
        yield replace(wanted, verb="create")
