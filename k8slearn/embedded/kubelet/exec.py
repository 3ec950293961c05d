"""``kubectl exec``: a program in a container, joined to a conversation over channels.

Upstream: pkg/kubelet/server, k8s.io/cri-streaming. The conversation ends with a ``metav1.Status`` on channel 3:
Success, or NonZeroExitCode with the code among its causes.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import orjson

from k8slearn.embedded.apiserver.http import Answer, Request, Response, Session
from k8slearn.embedded.apiserver.status import bad_request
from k8slearn.embedded.kubelet.logs import TEXT, container_name
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.kubelet.record import Record
from k8slearn.embedded.runtime import StartError
from k8slearn.embedded.runtime.files import os_error

Object = dict[str, Any]

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)


def exec(worker: PodWorker | None, pod: Object, request: Request) -> Answer:
    """Run ``?command=…&command=…`` in ``?container=`` with ``stdin``, ``stdout``, ``stderr``, ``tty``.

    A Session, or a plain refusal when the container is not running. Raises ApiError.
    """
    command = request.query.get("command") or []
    if not command:
        raise bad_request("you must specify at least one command for the container")
    record = live_record(worker, pod, request)
    if record is None or record.instance is None:
        name = container_name(pod, request.param("container"))
        return Response(500, f'container not found ("{name}")'.encode(), TEXT)
    session = Session()
    tty = request.flag("tty")
    try:
        program = record.instance.exec(
            command,
            stdin=request.flag("stdin"),
            tty=tty,
            client=SessionClient(session, request),
            on_exit=lambda code: finish(session, exit_status(code)),
        )
    except StartError as error:
        # Twice, as containerd and the API server each put their prefix before it.
        message = (
            f"Internal error occurred: Internal error occurred: error executing command in container: {error}"
        )
        finish(session, _failure("InternalError", message, [{"message": message}], code=500))
        return session
    # A terminal that goes away hangs up its programs; without one they live on until they next print.
    on_close = program.kill if tty else program.close_stdin
    join(session, program.write_stdin, program.close_stdin, program.resize, on_close)
    return session


class SessionClient:
    """The session as a program's client: of the output, what the request asks for."""

    def __init__(self, session: Session, request: Request) -> None:
        self._session = session
        self._wanted = {fd for fd, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if request.flag(name)}
        self.when_room = session.when_room

    @property
    def full(self) -> bool:
        return self._session.full

    def output(self, fd: int, data: bytes) -> None:
        """Raises EPIPE once the conversation is over, which ends a program that goes on printing."""
        if self._session.ended:
            raise os_error(errno.EPIPE)
        if fd in self._wanted:
            self._session.send(fd, data)


def live_record(worker: PodWorker | None, pod: Object, request: Request) -> Record | None:
    """The record of the container that is meant; None when it is not running. Raises ApiError."""
    name = container_name(pod, request.param("container"))
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    record = worker.records.get(name) if worker else None
    return record if record and record.instance and record.instance.running else None


def join(
    session: Session,
    write: Callable[[bytes], None],
    close: Callable[[], None],
    resize: Callable[[int, int], None],
    on_close: Callable[[], None],
) -> None:
    """Let what the client sends reach a program: its keys, their end, the size of its window, its own end."""

    def receive(channel: int, data: bytes) -> None:
        if channel == STDIN:
            write(data)
        elif channel == RESIZE and (size := window_size(data)):
            resize(*size)

    def close_input(channel: int) -> None:
        if channel == STDIN:
            close()

    session.on_receive, session.on_close_input, session.on_close = receive, close_input, on_close


def window_size(message: bytes) -> tuple[int, int] | None:
    """Columns and rows.

    >>> window_size(b'{"Width":80,"Height":24}')
    (80, 24)
    """
    try:
        size = orjson.loads(message)
        return int(size["Width"]), int(size["Height"])
    except (ValueError, KeyError, TypeError):
        return None


def exit_status(code: int) -> Object:
    """The final Status of a program that ended with ``code``."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(code)}
    return _failure(
        "NonZeroExitCode", f"command terminated with non-zero exit code: exit status {code}", [cause]
    )


def finish(session: Session, status: Object) -> None:
    session.send(ERROR, orjson.dumps(status))
    session.end()


def _failure(reason: str, message: str, causes: list[Object], **more: Any) -> Object:
    status = {"metadata": {}, "status": "Failure", "reason": reason, "message": message}
    return {**status, "details": {"causes": causes}, **more}
