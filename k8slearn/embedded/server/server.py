"""The embedded cluster's front door: HTTPS and WebSocket on loopback, one asyncio loop on one thread.

The simulation runs on that thread only. Between requests the loop wakes up when the cluster's next event is
due by the wall clock. Whoever is on another thread (a script, a test) reaches the cluster by ``call``.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from k8slearn.embedded.apiserver.authentication import ADMIN, User, user
from k8slearn.embedded.apiserver.http import (
    Answer,
    Forwarding,
    Pending,
    Request,
    Response,
    Session,
    Stream,
)
from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.server import powers
from k8slearn.embedded.server.credentials import Credentials
from k8slearn.embedded.server.pacemaker import Pacemaker
from k8slearn.embedded.server.portforward import carry_forwarding
from k8slearn.embedded.server.streams import carry_pending, carry_session, carry_stream, plain
from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.embedded.apiserver.apiserver import APIServer
    from k8slearn.embedded.client import Trace
    from k8slearn.embedded.clock import Clock
    from k8slearn.embedded.kubelet import NodeFaults

log = logging.getLogger("k8slearn")

REQUESTS = logging.getLogger("k8slearn.requests")
"""aiohttp tells here, with a traceback, what it refuses by itself: what is no HTTP is no matter for the log."""
REQUESTS.setLevel(logging.CRITICAL)

T = TypeVar("T")
Certificate = dict[str, Any] | None
"""A client's, as ``ssl`` gives it."""

LARGEST_BODY = 3 * 1024 * 1024
"""Bytes of a request; the real API server's limit."""

LARGEST_HEAD = 1024 * 1024
"""Bytes of a request's first line, and of a header: Go's limit. A selector of many names makes long lines."""

EVENTS_AT_ONCE = 200
"""Events after which waiting requests get their turn."""


class Server:
    """Serves one cluster until ``stop``. ``folder`` holds the credentials. Raises ClusterError.

    ``port`` 0 takes any free one. ``listening`` is a socket to serve on instead, made by somebody who may be where
    this process is not (another network namespace).
    """

    def __init__(
        self,
        apiserver: APIServer,
        clock: Clock,
        trace: Trace,
        faults: NodeFaults,
        folder: Path,
        *,
        port: int = 0,
        paused: bool = False,
        listening: socket.socket | None = None,
    ) -> None:
        self.apiserver = apiserver
        self.clock = clock
        self.credentials = Credentials.of(folder)
        # Strangers can come in from now on: no token may be signed with a key that follows from the seed.
        apiserver.registry.issuer.use(self.credentials.token)
        self.pacemaker = Pacemaker(clock, time.time, paused=paused)
        self.powers = powers.Powers(apiserver.registry, clock, self.pacemaker, trace, faults)
        self._wanted_port = port
        self._listening = listening
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="k8slearn-server", daemon=True)
        self._started: Future[int] = Future()
        self._stopping = asyncio.Event()
        self._beat: asyncio.TimerHandle | None = None
        self._thread.start()
        self.port = self._started.result()
        apiserver.address = f"127.0.0.1:{self.port}"

    # -- from other threads ---------------------------------------------------------------------

    def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` on the simulation's thread and return what it returns."""
        if threading.current_thread() is self._thread:
            return action()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(self._step(action))
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def wait(self) -> None:
        """Until somebody stops it. In turns: on macOS a signal's handler may not run during one endless wait."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    # -- the loop -------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._on_request)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=REQUESTS,
            shutdown_timeout=0.2,
            handler_cancellation=True,
            max_line_size=LARGEST_HEAD,
            max_field_size=LARGEST_HEAD,
        )
        await runner.setup()
        try:
            listening = self._listening or _bind(self._wanted_port)
            await web.SockSite(runner, listening, ssl_context=self.credentials.ssl_context()).start()
        except OSError as error:
            self._started.set_exception(
                ClusterError(
                    f"The cluster cannot listen on 127.0.0.1:{self._wanted_port}: {error.strerror}. "
                    "Choose another port with --port, or leave it out to take a free one."
                )
            )
            return
        self._started.set_result(listening.getsockname()[1])
        self._schedule()
        await self._stopping.wait()
        await runner.cleanup()

    def _catch_up(self) -> bool:
        try:
            return self.pacemaker.catch_up(EVENTS_AT_ONCE)
        except Exception:
            # A bug in a component must not take the cluster down with it; its work is lost, and told of.
            log.exception("a component of the embedded cluster failed")
            return False

    def _schedule(self) -> None:
        """Wake up when the next event is due."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        delay = self.pacemaker.delay()
        if delay is not None:
            self._beat = self._loop.call_later(delay, self._on_beat)

    def _on_beat(self) -> None:
        self._beat = None
        self._catch_up()
        self._schedule()

    # -- one request ----------------------------------------------------------------------------

    async def _on_request(self, http: web.Request) -> web.StreamResponse:
        try:
            body = await http.read()
        except web.HTTPRequestEntityTooLarge:
            error = ApiError(
                413, "RequestEntityTooLarge", f"Request entity too large: limit is {LARGEST_BODY}"
            )
            return plain(powers.failure(error))
        self._catch_up()
        query: dict[str, list[str]] = {}
        for name, value in http.query.items():
            moment = name == "sinceTime"
            query.setdefault(name, []).append(self.pacemaker.inward_moment(value) if moment else value)
        certificate = http.transport.get_extra_info("peercert") if http.transport else None
        request = Request(http.method, http.path, query, _headers(http), self.pacemaker.inward(body))
        answer = self._step(lambda: self._handle(request, certificate))
        match answer:
            case Response():
                answer.body = self._outward(request, answer)(answer.body)
                return plain(answer)
            case Pending():
                return await carry_pending(answer, self._step)
            case Stream():
                return await carry_stream(http, answer, self._outward(request, answer), self._step)
            case Session():
                return await carry_session(http, answer, self._step)
            case Forwarding():
                return await carry_forwarding(http, answer, self._step)

    def _outward(self, request: Request, answer: Response | Stream) -> Callable[[bytes], bytes]:
        """How the times in an answer become the client's. What a program printed stays as it is."""
        if "json" in answer.content_type:
            return self.pacemaker.outward
        if request.path.endswith("/log") and request.flag("timestamps"):
            return self.pacemaker.outward_lines
        return bytes

    def _handle(self, request: Request, certificate: Certificate) -> Answer:
        try:
            request = replace(request, who=self._who(request.headers.get("authorization", ""), certificate))
        except ApiError as error:
            return powers.failure(error)
        try:
            if request.path.startswith(powers.PREFIX):
                return self.powers.handle(request)
            return self.apiserver.handle(request)
        except Exception as error:
            # A bug: told to who asked, and the cluster goes on. A clock that was moving stands where it happened.
            log.exception("%s %s failed", request.method, request.path)
            where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
            text = (
                f"a mistake in k8slearn, not yours: {error!r}{where}. The cluster goes on; see k8slearn trace"
            )
            return powers.failure(ApiError(500, "InternalError", f"Internal error occurred: {text}"))

    def _step(self, action: Callable[[], T]) -> T:
        """Do something in the cluster as of now."""
        self._catch_up()
        try:
            return action()
        finally:
            self._schedule()

    def _who(self, authorization: str, certificate: Certificate) -> User:
        """The user by bearer token or client certificate. Raises ApiError 401."""
        if hmac.compare_digest(authorization.encode(), f"Bearer {self.credentials.token}".encode()):
            return ADMIN
        if certificate and not authorization:
            subject: dict[str, str] = dict(pair[0] for pair in certificate["subject"])
            groups = [pair[0][1] for pair in certificate["subject"] if pair[0][0] == "organizationName"]
            return user(subject.get("commonName", ""), tuple(groups))
        return self.apiserver.authenticate(authorization)


def _headers(http: web.Request) -> dict[str, str]:
    """Names in lower case. Of one that comes several times the last counts, but whom to impersonate is on lines."""
    found: dict[str, str] = {}
    for name, value in http.headers.items():
        name = name.lower()
        several = name in found and name.startswith("impersonate-")
        found[name] = f"{found[name]}\n{value}" if several else value
    return found


def _bind(port: int) -> socket.socket:
    """A listening socket on loopback, nowhere else."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    listening.listen(1024)
    return listening
