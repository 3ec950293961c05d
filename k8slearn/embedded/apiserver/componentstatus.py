"""What ``kubectl get componentstatuses`` is answered: the control plane's parts, which are all in this process.

Upstream: ``pkg/registry/core/componentstatus``. Nothing of it is stored; a part that does not answer would have no
API server to ask either.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver import representation
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.listing import matcher
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import method_not_allowed, not_found
from k8slearn.embedded.store import Key, Stored

COMPONENTS = ("scheduler", "controller-manager", "etcd-0")


def component_statuses(request: Request, target: Target) -> Response:
    """All of them, or the one that is asked for. Raises ApiError."""
    if request.method != "GET" or request.flag("watch"):
        raise method_not_allowed()
    form = representation.asked_form(request.headers.get("accept", ""), request.param("includeObject"))
    request.warnings.append(target.kind.deprecation)
    found = [Stored("", Key("", name), 0, _status(name)) for name in COMPONENTS]
    if target.name:
        one = next((stored for stored in found if stored.key.name == target.name), None)
        if one is None:
            raise not_found("componentstatus", target.name)
        return Response(200, representation.encode_one(form, target.kind, one, 0.0))
    matches = matcher(request, target)
    items = [stored for stored in found if matches(stored.object)]
    return Response(200, representation.encode_list(form, target.kind, items, "", 0.0))


def _status(name: str) -> Object:
    return {
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": name},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    }
