"""Hooks, and how a container is stopped. Upstream: pkg/kubelet/lifecycle and ``killContainer``."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.kubelet.fields import go_quoted
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.record import Record, Role
from k8slearn.embedded.kubelet.task import Future, Steps, Task, awaited, within
from k8slearn.embedded.network import HttpRequest, HttpResponse
from k8slearn.embedded.runtime import StartError
from k8slearn.embedded.runtime.console import Callback

LEAST_GRACE = 2.0
"""Seconds that a container gets after TERM even when its preStop hook used up the grace period."""

HOOK_TIMEOUT = 30.0


def port_of(container: dict[str, Any], port: int | str) -> int:
    """A probe's or hook's port, which may be the name of one of the container's; 0 for an unknown name."""
    if isinstance(port, int):
        return port
    for entry in container.get("ports") or ():
        if entry.get("name") == port:
            return entry["containerPort"]
    return int(port) if port.isdigit() else 0


def run_exec(record: Record, command: list[str]) -> tuple[Future, Any]:
    """Run ``command`` in the container: a Future of ``(exit code, output)``, and the running program.

    Raises StartError.
    """
    assert record.instance is not None
    result, output = Future(), bytearray()
    program = record.instance.exec(
        command,
        client=Callback(lambda _, data: output.extend(data)),
        on_exit=lambda code: result.set((code, output.decode("utf-8", "replace"))),
    )
    return result, program


def run_hook(host: Host, pod: dict[str, Any], record: Record, ip: str, hook: dict[str, Any]) -> Steps:
    """Run a postStart or preStop hook to its end; returns "" or what went wrong, as kubelet words it."""
    if sleep := hook.get("sleep"):
        yield float(sleep["seconds"])
        return ""
    if action := hook.get("exec"):
        command = action["command"]
        try:
            result, _ = run_exec(record, command)
        except StartError as error:
            code, why, output = None, f"{error}", ""
        else:
            code, output = yield awaited(host.clock, result)
            why = f"command '{' '.join(command)}' exited with {code}: "
        if code == 0:
            return ""
        metadata = pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        return (
            f'Exec lifecycle hook ([{" ".join(command)}]) for Container "{record.name}" in Pod "{where}" '
            f"failed - error: {why}, message: {go_quoted(output)}"
        )
    action = hook.get("httpGet")
    if action:
        answered = Future()
        address = action.get("host") or ip
        request = HttpRequest("GET", action.get("path") or "/", client=host.ip)
        port = port_of(record.spec, action["port"])
        host.network.request(host.ip, address, port, request, answered.set, HOOK_TIMEOUT)
        outcome = yield answered
        if not isinstance(outcome, HttpResponse):
            url = f"http://{address}:{port}{request.path}"
            return f'Get "{url}": dial tcp {address}:{port}: connect: {str(outcome).lower()}'
        return "" if outcome.status < 400 else f"HTTP probe failed with statuscode: {outcome.status}"
    return ""


def kill(host: Host, pod: dict[str, Any], record: Record, ip: str, grace: float, message: str) -> Steps:
    """Stop a container: preStop, TERM, KILL after ``grace`` seconds in all. Returns when it has ended."""
    instance = record.instance
    record.stop_probing()
    if instance is None or not record.alive:
        return
    host.events.event(pod, "Normal", "Killing", message, record.field_path)
    began = host.clock.now
    hook = (record.spec.get("lifecycle") or {}).get("preStop")
    if hook and grace > 0:
        running = Task(host.clock, run_hook(host, pod, record, ip, hook))
        in_time = yield within(host.clock, running, grace)
        if not in_time:
            running.cancel()
        if in_time and running.value:
            host.events.event(pod, "Warning", "FailedPreStopHook", "PreStopHook failed", record.field_path)
    left = max(grace - (host.clock.now - began), LEAST_GRACE if grace > 0 else 0.0)
    instance.stop(left)
    yield record.exited


def stop_all(host: Host, pod: dict[str, Any], records: list[Record], ip: str, grace: float) -> Steps:
    """Stop the app and init containers together, then the sidecars one by one, the last one first."""
    alive = [record for record in records if record.alive]
    groups = [[r for r in alive if r.role is not Role.SIDECAR]]
    groups += [[r] for r in reversed(alive) if r.role is Role.SIDECAR]
    for group in groups:
        kills = [
            Task(host.clock, kill(host, pod, r, ip, grace, f"Stopping container {r.name}")) for r in group
        ]
        try:
            yield from kills
        finally:
            for task in kills:
                task.cancel()
    for record in records:
        if record.ended and not record.seen:
            record.notice()
