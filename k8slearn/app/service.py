"""What the web page and the model server have in common: health, readiness, starting slowly, stopping.

Settings, all from the environment:

=================  ======================================================================================
PORT               where it listens (8080)
VERSION            what it says it is; an image brings its own
START_SECONDS      how long it takes to start (0); until then nothing listens
STOP               what it does at SIGTERM: ``graceful`` takes no new connections, finishes the requests in
                   flight and exits with 0; ``rude`` exits at once and drops them; ``deaf`` does not listen to
                   SIGTERM and waits for SIGKILL
FAULT              a bug that a version brings: ``crash`` (an exception at the start), ``unready`` (never
                   ready), ``errors`` (every second answer is a 500); none by default
TOKEN, TOKEN_FILE  what a request for the program's own paths must send, as ``Authorization: Bearer TOKEN``;
                   without one everybody is answered
=================  ======================================================================================

Paths: ``/healthz`` (alive?), ``/readyz`` (ready for requests?), ``POST /ready/off`` and ``/ready/on`` (a switch,
as an overloaded program would have), ``POST /exit`` (end with code 1), ``POST /hang`` (run on and answer nothing
any more, as a deadlock does), ``/metrics`` (for Prometheus).
"""

from __future__ import annotations

from .host import Handler, Host, Request, Response, text
from .settings import WrongSetting, choice, number, port, setting

FAULTS = ("none", "crash", "unready", "errors")


class Service:
    """``handler`` answers the paths that are the program's own."""

    def __init__(self, host: Host, handler: Handler) -> None:
        self.host = host
        self.version = host.env.get("VERSION", "dev")
        self.switched_on = True
        self.loaded = False
        self.hangs = False
        self.in_flight = 0
        self.answered: dict[int, int] = {}
        """How many answers of each status code."""

        self._handler = handler
        self._stop = choice(host, "STOP", ("graceful", "rude", "deaf"))
        self._fault = choice(host, "FAULT", FAULTS)
        self._port = port(host)
        self._start_seconds = number(host, "START_SECONDS", 0)
        setting(host, "TOKEN")  # a file that is not there is found out at the start
        self._terminated = host.event()
        self._stopping = False
        self._idle = host.event()

    @property
    def ready(self) -> bool:
        return self.loaded and self.switched_on and self._fault != "unready"

    async def run(self) -> int:
        """Serve until SIGTERM. The exit code."""
        host = self.host
        host.on_terminate(self._terminate)
        await host.sleep(self._start_seconds)
        if self._fault == "crash":
            raise RuntimeError(f"version {self.version} has a bug: it cannot start")
        listener = await host.listen(self._port, self._answer)
        host.log(f"version {self.version} listens on port {self._port}")
        await self._terminated.wait()
        listener.close()
        host.log(f"SIGTERM: {self.in_flight} requests in flight")
        if self.in_flight:
            await self._idle.wait()
        host.log("stopped")
        return 0

    def _terminate(self) -> None:
        if self._stop == "graceful":
            self._stopping = True
            self._terminated.set()
        elif self._stop == "rude":
            self.host.log(f"SIGTERM: {self.in_flight} requests dropped")
            self.host.exit(1)

    async def _answer(self, request: Request) -> Response:
        self.in_flight += 1
        if self.hangs:
            await self.host.event().wait()  # nobody sets it
        try:
            response = await self._route(request)
        except ValueError as error:
            response = text(f"bad request: {error}", 400)
        except WrongSetting as error:
            response = text(f"wrong setting: {error}", 500)
        finally:
            self.in_flight -= 1
            if self._stopping and not self.in_flight:
                self._idle.set()
        self.answered[response.status] = self.answered.get(response.status, 0) + 1
        return response

    async def _route(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/healthz":
                return text("ok")
            case "GET", "/readyz":
                return text("ready") if self.ready else text("not ready", 503)
            case "GET", "/metrics":
                return self._metrics()
            case "POST", "/ready/on" | "/ready/off":
                self.switched_on = request.path.endswith("on")
                return text(f"readiness switched {'on' if self.switched_on else 'off'}")
            case "POST", "/exit":
                self.host.exit(1)
            case "POST", "/hang":
                self.hangs = True
                return text("no answer from now on")
        if not self._admitted(request):
            self.host.log("401: a request without the right token")
            return text("send Authorization: Bearer and the right token", 401)
        if self._fault == "errors" and sum(self.answered.values()) % 2:
            return text(f"version {self.version} has a bug", 500)
        return await self._handler(request)

    def _admitted(self, request: Request) -> bool:
        token = setting(self.host, "TOKEN")
        return not token or request.headers.get("authorization") == f"Bearer {token}"

    def _metrics(self) -> Response:
        lines = ["# TYPE requests_total counter"]
        lines += [f'requests_total{{code="{code}"}} {count}' for code, count in sorted(self.answered.items())]
        lines += ["# TYPE requests_in_flight gauge", f"requests_in_flight {self.in_flight}"]
        return text("\n".join(lines))
