"""``kubectl exec`` and ``attach``: a program in a container, joined to a conversation over channels.

Upstream: pkg/kubelet/server, k8s.io/kubelet/pkg/cri/streaming. Channels: 0 stdin, 1 stdout, 2 stderr, 3 the
final ``metav1.Status``: Success, or NonZeroExitCode with the code among its causes.
"""

from __future__ import annotations

from typing import Any

import orjson

from k8slearn.embedded.apiserver.http import Answer, Request, Response, Session
from k8slearn.embedded.apiserver.status import bad_request
from k8slearn.embedded.kubelet.logs import TEXT, container_name
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.kubelet.record import Record
from k8slearn.embedded.runtime import StartError
from k8slearn.embedded.runtime.log import LogLine

Object = dict[str, Any]

STDIN, STDOUT, STDERR, ERROR = range(4)
PROTOCOL = "channel.k8s.io"


def exec(worker: PodWorker | None, pod: Object, request: Request) -> Answer:
    """Run ``?command=…&command=…`` in ``?container=`` with ``stdin``, ``stdout``, ``stderr``, ``tty``.

    A Session, or a plain refusal when the container is not running. Raises ApiError.
    """
    command = request.query.get("command") or []
    if not command:
        raise bad_request("you must specify at least one command for the container")
    record = _running(worker, pod, request)
    if isinstance(record, Response):
        return record
    assert record.instance is not None
    tty = request.flag("tty")
    session = Session(PROTOCOL)
    wanted = {channel for channel, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if request.flag(name)}

    def output(channel: int, data: bytes) -> None:
        if channel in wanted:
            session.send(channel, data)

    try:
        program = record.instance.exec(
            command,
            stdin=request.flag("stdin"),
            tty=tty,
            on_output=output,
            on_exit=lambda code: _finish(session, exit_status(code)),
        )
    except StartError as error:
        # Twice, as containerd and the API server each put their prefix before it.
        message = (
            f"Internal error occurred: Internal error occurred: error executing command in container: {error}"
        )
        _finish(session, _failure("InternalError", message, [{"message": message}], code=500))
        return session

    def receive(channel: int, data: bytes) -> None:
        if channel == STDIN:
            program.write_stdin(data)

    def close_input(channel: int) -> None:
        if channel == STDIN:
            program.close_stdin()

    session.on_receive, session.on_close_input = receive, close_input
    # A terminal that goes away hangs up its programs; without one they live on, as under a real kubelet.
    session.on_close = program.kill if tty else program.close_stdin
    return session


def attach(worker: PodWorker | None, pod: Object, request: Request) -> Answer:
    """Follow what a container prints from now on, until it ends. Its stdin is closed: input goes nowhere."""
    record = _running(worker, pod, request)
    if isinstance(record, Response):
        return record
    instance = record.instance
    assert instance is not None
    session = Session(PROTOCOL)

    def line(new: LogLine) -> None:
        session.send(STDOUT if new.stream == "stdout" else STDERR, new.text)

    session.on_close = instance.log.follow(
        line, lambda: _finish(session, exit_status(instance.exit_code or 0))
    )
    return session


def exit_status(code: int) -> Object:
    """The final Status of a program that ended with ``code``."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(code)}
    return _failure(
        "NonZeroExitCode", f"command terminated with non-zero exit code: exit status {code}", [cause]
    )


def _running(worker: PodWorker | None, pod: Object, request: Request) -> Record | Response:
    """The record of the container that is meant, or the kubelet's refusal. Raises ApiError."""
    name = container_name(pod, request.param("container"))
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    record = worker.records[name] if worker else None
    if record is None or record.instance is None or not record.instance.running:
        return Response(500, f'container not found ("{name}")'.encode(), TEXT)
    return record


def _failure(reason: str, message: str, causes: list[Object], **more: Any) -> Object:
    status = {"metadata": {}, "status": "Failure", "reason": reason, "message": message}
    return {**status, "details": {"causes": causes}, **more}


def _finish(session: Session, status: Object) -> None:
    session.send(ERROR, orjson.dumps(status))
    session.end()
