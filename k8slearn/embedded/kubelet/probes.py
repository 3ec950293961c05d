"""Startup, readiness and liveness probes. Upstream: pkg/kubelet/prober, with pkg/probe for the texts.

The startup probe goes first; the others begin when it has passed. A probe counts results that are equal in a
row, and its verdict changes when they reach ``failureThreshold`` or ``successThreshold``. A probe that could
not be made at all (the program to exec does not exist) is reported, and counts as nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from k8slearn.embedded.clock import Timer
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.lifecycle import port_of, run_exec
from k8slearn.embedded.kubelet.record import Record
from k8slearn.embedded.kubelet.task import AWAITED
from k8slearn.embedded.network import ANYBODY, HttpRequest, HttpResponse, NetworkError
from k8slearn.embedded.runtime import StartError

_FIELDS = {"Startup": "startupProbe", "Readiness": "readinessProbe", "Liveness": "livenessProbe"}


def start_probing(
    host: Host, pod: dict[str, Any], record: Record, ip: str, changed: Callable[[], None]
) -> None:
    """Begin to probe an instance that has just started; ``changed`` is called when a verdict changes."""
    record.started = not record.spec.get("startupProbe")
    record.ready = not record.spec.get("readinessProbe")
    kinds = ["Readiness", "Liveness"] if record.started else ["Startup"]
    since = host.clock.now

    def verdict(kind: str, good: bool) -> None:
        if kind == "Readiness":
            record.ready = good
        elif kind == "Startup" and good:
            record.started = True
            record.stop_probing()
            begin(["Readiness", "Liveness"])
        elif not good:
            record.stop_probing()
            record.grace = record.spec[_FIELDS[kind]].get("terminationGracePeriodSeconds")
            restarts = pod["spec"].get("restartPolicy") != "Never"
            record.condemned = f"Container {record.name} failed {kind.lower()} probe" + (
                ", will be restarted" if restarts else ""
            )
        changed()

    def begin(kinds: list[str]) -> None:
        for kind in kinds:
            if probe := record.spec.get(_FIELDS[kind]):
                record.probers.append(Prober(host, pod, record, ip, kind, probe, since, verdict))

    begin(kinds)


class Prober:
    """One probe of one running container. ``since`` is when the container started."""

    def __init__(
        self,
        host: Host,
        pod: dict[str, Any],
        record: Record,
        ip: str,
        kind: str,
        probe: dict[str, Any],
        since: float,
        verdict: Callable[[str, bool], None],
    ) -> None:
        self._host, self._pod, self._record, self._ip = host, pod, record, ip
        self._kind, self._probe, self._since, self._verdict = kind, probe, since, verdict
        self._period: float = probe.get("periodSeconds", 10)
        self._good = kind == "Liveness"
        self._run, self._last = 0, self._good
        self._stopped = False
        self._abandon: Callable[[], None] = lambda: None
        wait = max(0.0, since + probe.get("initialDelaySeconds", 0) - host.clock.now)
        first = ceil(wait / self._period) * self._period
        self._timer = self._later(first + host.between(0.1, min(1.0, self._period)))

    def stop(self) -> None:
        self._stopped = True
        self._timer.cancel()
        self._abandon()

    def _later(self, seconds: float) -> Timer:
        """Settling waits for a container to become started and ready, but a probe may well fail for ever."""
        awaited = not self._good and self._host.clock.now - self._since < AWAITED
        return self._host.clock.call_later(seconds, self._tick, background=not awaited)

    def _tick(self) -> None:
        self._timer = self._later(self._period)
        timeout = float(self._probe.get("timeoutSeconds", 1))
        if action := self._probe.get("exec"):
            self._exec(action["command"], timeout)
        elif action := self._probe.get("httpGet"):
            self._http(action, timeout)
        elif action := self._probe.get("tcpSocket"):
            self._tcp(action)
        else:
            self._grpc(self._probe["grpc"], timeout)

    # -- the four ways of asking ---------------------------------------------------------------

    def _http(self, action: dict[str, Any], timeout: float) -> None:
        address = action.get("host") or self._ip
        port = port_of(self._record.spec, action["port"])
        path = "/" + action.get("path", "/").lstrip("/")
        url = f"{action.get('scheme', 'HTTP').lower()}://{address}:{port}{path}"
        headers = {h["name"].lower(): h["value"] for h in action.get("httpHeaders") or ()}
        headers = {"user-agent": "kube-probe/1.37", "accept": "*/*", **headers}

        def done(outcome: HttpResponse | NetworkError) -> None:
            if isinstance(outcome, HttpResponse):
                good = 200 <= outcome.status < 400
                self._count(good, "" if good else f"HTTP probe failed with statuscode: {outcome.status}")
            else:
                self._count(False, f'Get "{url}": {_go_error(outcome, address, port)}')

        trusted = ANYBODY if action.get("scheme") == "HTTPS" else None
        request = HttpRequest("GET", path, headers, client=self._host.ip, trusted=trusted)
        self._abandon = self._host.network.request(self._host.ip, address, port, request, done, timeout)

    def _tcp(self, action: dict[str, Any]) -> None:
        address = action.get("host") or self._ip
        port = port_of(self._record.spec, action["port"])
        try:
            self._host.network.connect(self._host.ip, address, port)
        except NetworkError as error:
            self._count(False, _go_error(error, address, port))
        else:
            self._count(True, "")

    def _grpc(self, action: dict[str, Any], timeout: float) -> None:
        """No simulated program speaks gRPC, so the answer is that of a real server without it: there is none."""
        service = f"{self._ip}:{action['port']}"
        text = (
            f'timeout: failed to connect service "{service}" within {timeout:g}s: context deadline exceeded'
        )
        timer = self._host.clock.call_later(timeout, lambda: self._count(False, text), background=True)
        self._abandon = timer.cancel

    def _exec(self, command: list[str], timeout: float) -> None:
        try:
            result, program = run_exec(self._record, command)
        except StartError as error:
            self._report(
                f"probe errored and resulted in unknown state: rpc error: code = Unknown desc = {error}"
            )
            return

        def expired() -> None:
            program.kill()
            text = f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s'
            done(False, text)

        def ended() -> None:
            code, output = result.value
            done(code == 0, output)

        def done(good: bool, output: str) -> None:
            if not open_:
                return
            open_.clear()
            timer.cancel()
            self._count(good, output)

        open_ = [True]
        timer = self._host.clock.call_later(timeout, expired, background=True)
        self._abandon = open_.clear
        result.then(ended)

    # -- what the answers mean ------------------------------------------------------------------

    def _report(self, message: str) -> None:
        text = f"{self._kind} {message}"
        self._host.events.event(self._pod, "Warning", "Unhealthy", text, self._record.field_path)

    def _count(self, good: bool, output: str) -> None:
        if self._stopped:
            return
        if not good:
            self._report(f"probe failed: {output}")
        self._run = self._run + 1 if good == self._last else 1
        self._last = good
        threshold = self._probe.get("successThreshold", 1) if good else self._probe.get("failureThreshold", 3)
        if self._run < threshold:
            return
        # A startup probe begins undecided: its failure is news too.
        changed = good != self._good or (self._kind == "Startup" and not good)
        self._good = good
        if good:
            self._timer.move_to_background()
        if changed:
            self._verdict(self._kind, good)


def _go_error(error: NetworkError, address: str, port: int) -> str:
    """Go's words for what the network said."""
    match type(error).__name__:
        case "RequestTimeout":
            return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        case "NotSecure":
            return "http: server gave HTTP response to HTTPS client"
        case "ConnectionClosed":
            return "EOF"
        case _:
            return f"dial tcp {address}:{port}: connect: {str(error).lower()}"
