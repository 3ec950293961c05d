"""What an API cannot give: the clock and the trace, beside the API under a path of their own.

``GET /k8slearn/v1/clock`` tells the time; ``POST`` with ``{"do": "advance", "seconds": 300}`` moves it. ``do``
is one of pause, resume, step, settle, advance (seconds), speed (factor). ``GET /k8slearn/v1/trace`` lists who
did what, ``?of=deployments.apps default/web`` only what concerns one object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.status import ApiError, bad_request, forbidden, path_not_found

if TYPE_CHECKING:
    from k8slearn.embedded.client import Trace
    from k8slearn.embedded.clock import Clock
    from k8slearn.embedded.server.pacemaker import Pacemaker

PREFIX = "/k8slearn/"
LONGEST_ADVANCE = 400 * 86400.0
"""Virtual seconds that one request may move the clock."""


def failure(error: ApiError) -> Response:
    return Response(error.code, orjson.dumps(error.status()))


def handle(request: Request, clock: Clock, pacemaker: Pacemaker, trace: Trace) -> Response:
    """Answer a request for a power; only administrators have them."""
    try:
        if "system:masters" not in request.groups:
            raise forbidden("clock", "", f'User "{request.user}" may not move time')
        match request.method, request.path:
            case "GET", "/k8slearn/v1/clock":
                return Response(200, orjson.dumps(_show(clock, pacemaker, True)))
            case "POST", "/k8slearn/v1/clock":
                settled = _move(orjson.loads(request.body or b"{}"), clock, pacemaker)
                return Response(200, orjson.dumps(_show(clock, pacemaker, settled)))
            case "GET", "/k8slearn/v1/trace":
                return Response(200, orjson.dumps(_trace(trace, request.param("of"))))
        raise path_not_found()
    except ApiError as error:
        return failure(error)
    except (ValueError, KeyError, TypeError) as error:
        return failure(bad_request(f"this is no order for the clock: {error}"))


def _move(order: dict[str, Any], clock: Clock, pacemaker: Pacemaker) -> bool:
    """Carry out one order. False when settling found no rest."""
    settled = True
    match order["do"]:
        case "pause":
            pacemaker.pause()
        case "resume":
            pacemaker.resume()
        case "step":
            clock.step()
        case "settle":
            settled = clock.settle()
        case "advance":
            seconds = float(order["seconds"])
            if not 0 <= seconds <= LONGEST_ADVANCE:
                raise ValueError(f"advance takes 0 to {LONGEST_ADVANCE:.0f} seconds, not {seconds}")
            clock.advance(seconds)
        case "speed":
            factor = float(order["factor"])
            if not 0 < factor <= 10_000:
                raise ValueError(f"speed takes a factor above 0 and up to 10000, not {factor}")
            pacemaker.set_speed(factor)
        case other:
            raise ValueError(f"{other!r} is none of pause, resume, step, settle, advance, speed")
    pacemaker.jumped()
    return settled


def _show(clock: Clock, pacemaker: Pacemaker, settled: bool) -> dict[str, Any]:
    return {
        "now": clock.timestamp(),
        "paused": pacemaker.paused,
        "speed": pacemaker.speed,
        "pending": clock.pending,
        "settled": settled,
    }


def _trace(trace: Trace, of: str) -> list[dict[str, Any]]:
    """The entries on the object ``of`` and on all that was made for it, oldest first; of everything when "".

    A Deployment's trace goes on with its ReplicaSets, their pods and what kubelets did to these.
    """
    concerned, found = {of}, []
    for entry in trace:
        obj = f"{entry.resource} {entry.key}"
        if not of or obj in concerned or entry.reconciling in concerned:
            concerned.add(obj)
            found.append({**entry._asdict(), "key": str(entry.key), "object": obj})
    return found
