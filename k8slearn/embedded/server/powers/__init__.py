"""What an API cannot give, beside the API under a path of its own: time, the trace, the nodes' faults.

``/k8slearn/v1/clock``, ``/k8slearn/v1/trace`` and ``/k8slearn/v1/nodes``; a module each says what it takes.
Only administrators have these powers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.status import ApiError, bad_request, forbidden, path_not_found
from k8slearn.embedded.server.powers import clock, nodes, trace
from k8slearn.embedded.server.powers.clock import number
from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.embedded.apiserver.registry import Registry
    from k8slearn.embedded.client import Trace
    from k8slearn.embedded.clock import Clock
    from k8slearn.embedded.kubelet import NodeFaults
    from k8slearn.embedded.server.pacemaker import Pacemaker

PREFIX = "/k8slearn/"
_ROOT = "/k8slearn/v1/"


def failure(error: ApiError) -> Response:
    return Response(error.code, orjson.dumps(error.status()))


class Powers:
    """The powers over one cluster."""

    def __init__(
        self, registry: Registry, clock: Clock, pacemaker: Pacemaker, trace: Trace, faults: NodeFaults
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._pacemaker = pacemaker
        self._trace = trace
        self._faults = faults

    def handle(self, request: Request) -> Response:
        """Answer a request whose path begins with ``PREFIX``."""
        try:
            if not request.who.almighty:
                raise forbidden("powers", "", f'User "{request.user}" has no power over the cluster itself')
            return Response(200, orjson.dumps(self._answer(request)))
        except ApiError as error:
            return failure(error)
        except ClusterError as error:
            return failure(bad_request(str(error)))

    def _answer(self, request: Request) -> Any:
        match request.method, request.path.removeprefix(_ROOT).split("/"):
            case "GET", ["clock"]:
                return clock.show(self._clock, self._pacemaker, True)
            case "POST", ["clock"]:
                before, began = self._trace.added, self._clock.now
                order = _order(request)
                settled = clock.move(order, self._clock, self._pacemaker)
                answer = clock.show(self._clock, self._pacemaker, settled)
                if order["do"] == "step":
                    answer["passed"] = self._clock.now - began
                    answer["told"] = trace.since(before, self._trace, self._registry)
                return answer
            case "GET", ["trace"]:
                seconds = number(request.param("seconds"), "seconds") if "seconds" in request.query else None
                of, namespace = request.param("of"), request.param("namespace", "default")
                return trace.show(self._trace, self._registry, of, namespace, seconds)
            case "GET", ["nodes"]:
                return nodes.show(self._faults)
            case "POST", ["nodes", name]:
                return nodes.befall(self._faults, name, _order(request))
        raise path_not_found()


def _order(request: Request) -> dict[str, Any]:
    """``{"do": …}``. Raises ApiError for anything else."""
    try:
        order = orjson.loads(request.body)
    except ValueError:
        order = None
    if not isinstance(order, dict) or not isinstance(order.get("do"), str):
        raise bad_request(f'this is no order for {request.path}: it takes a JSON object with "do"')
    return order
