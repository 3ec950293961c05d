"""agnhost, Kubernetes' own test image: ``pause``, ``netexec``, ``serve-hostname``, ``liveness``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from k8slearn.embedded.network import HttpRequest, HttpResponse
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.runtime.cpu import REQUEST
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps
from k8slearn.embedded.runtime.programs.site import text

EPHEMERAL_PORT = 40000


def agnhost(process: Process, args: list[str]) -> Steps:
    command, *rest = args or ["help"]
    flags = dict(arg.lstrip("-").split("=", 1) for arg in rest if "=" in arg)
    for index, arg in enumerate(rest[:-1]):
        if arg.startswith("--") and "=" not in arg and not rest[index + 1].startswith("-"):
            flags[arg.lstrip("-")] = rest[index + 1]
    if command == "pause":
        yield from process.print("Paused")
        for signal in ("INT", "TERM"):
            process.handlers[signal] = process.interrupt
        yield from process.pause()
        return 0
    if command == "netexec":
        server = _Server(process, _netexec)
        port = int(flags.get("http-port", "8080"))
        yield from process.print(f"Started HTTP server on port {port}")
    elif command == "serve-hostname":
        server = _Server(process, lambda server, path, query, client: text(200, process.kernel.hostname))
        port = int(flags.get("port", "9376"))
        yield from process.print("Serving on port " + str(port))
    elif command == "liveness":
        server = _Server(process, _liveness)
        port = 8080
    else:
        raise Fault(
            f'unknown command "{command}": of agnhost, the embedded cluster simulates '
            "pause, netexec, serve-hostname and liveness"
        )
    process.listen(port, server)
    yield from process.pause()
    return server.code


Handler = Callable[["_Server", str, dict[str, str], str], HttpResponse]


class _Server:
    def __init__(self, process: Process, handler: Handler) -> None:
        self.process = process
        self.handler = handler
        self.code = 0

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        self.process.kernel.cpu.charge(REQUEST)
        parts = urlsplit(request.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        reply(self.handler(self, parts.path, query, request.client))

    def end(self, code: int) -> None:
        """End the program; agnhost has no handler for TERM here, so this is /exit's way only."""
        self.code = code
        self.process.interrupt()


def _now(process: Process) -> str:
    return f"{datetime.fromtimestamp(process.kernel.clock.now, UTC):%Y-%m-%d %H:%M:%S.%f +0000 UTC}"


def _code(query: dict[str, str], default: int) -> int:
    code = query.get("code", "")
    return int(code) if code.isdigit() else default


def _netexec(server: _Server, path: str, query: dict[str, str], client: str) -> HttpResponse:
    process = server.process
    if path == "/":
        return text(200, f"NOW: {_now(process)}")
    if path == "/hostname":
        return text(200, process.kernel.hostname)
    if path == "/clientip":
        return text(200, f"{client}:{EPHEMERAL_PORT}")
    if path == "/echo":
        return text(_code(query, 200), query.get("msg", ""))
    if path == "/healthz":
        return text(200, "")
    if path == "/exit":
        server.end(_code(query, 0))
        return text(200, "")
    return text(404, "404 page not found\n")


def _liveness(server: _Server, path: str, query: dict[str, str], client: str) -> HttpResponse:
    """Healthy for ten seconds, then not: the example of the Kubernetes page on liveness probes."""
    age = server.process.kernel.clock.now - server.process.started
    if path != "/healthz":
        return text(404, "404 page not found\n")
    return text(200, "ok") if age <= 10 else text(500, f"error: {age:.6f}")
