"""``kubectl logs``: a container's log as a whole or as it grows.

Upstream: ``LogLocation`` in pkg/registry/core/pod/strategy.go (which container), pkg/kubelet's
``GetKubeletContainerLogs`` (what may be read), and kuberuntime/logs (which lines).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from k8slearn.embedded.apiserver.http import Answer, Request, Response, Stream
from k8slearn.embedded.apiserver.status import ApiError, FieldError, bad_request, invalid
from k8slearn.embedded.clock import Clock, parse_timestamp
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.kubelet.record import Record
from k8slearn.embedded.runtime.log import Log, LogLine

Object = dict[str, Any]

TEXT = "text/plain"

_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
_WHOLE_NUMBERS = {
    "tailLines": (0, "must be greater than or equal to 0"),
    "limitBytes": (1, "must be greater than 0"),
    "sinceSeconds": (1, "must be greater than 0"),
}


def logs(worker: PodWorker | None, pod: Object, request: Request) -> Answer:
    """The answer to ``GET …/pods/{name}/log?container=&follow=&previous=&tailLines=…``. Raises ApiError.

    ``worker`` is None while the kubelet has not taken up the pod.
    """
    numbers = _numbers(pod, request)
    name = container_name(pod, request.param("container"))
    if worker is None:
        if not pod["spec"].get("nodeName"):
            return Response(200, b"", TEXT)
        raise _waiting(pod, name, "ContainerCreating")
    record = worker.records[name]
    log = _log(worker, pod, record, previous=request.flag("previous"))
    if log is None:
        text = f"unable to retrieve container logs for {record.container_id}"
        return Response(200, text.encode(), TEXT)
    choice = _Choice(worker.host.clock, request, numbers)
    chosen = choice.past(log)
    if not request.flag("follow"):
        return Response(200, b"".join(chosen), TEXT)
    stream = Stream(TEXT)
    if chosen:
        stream.send(b"".join(chosen))

    def line(new: LogLine) -> None:
        text = choice.text(new)
        if text:
            stream.send(text)
        if choice.full:
            stop()
            stream.end()

    stop = log.follow(line, stream.end)
    stream.on_close = stop
    return stream


def container_name(pod: Object, asked: str) -> str:
    """The container that is meant: the one asked for, or the only one. Raises ApiError (400)."""
    spec, pod_name = pod["spec"], pod["metadata"]["name"]
    containers = [container["name"] for container in spec["containers"]]
    inits = [container["name"] for container in spec.get("initContainers") or ()]
    ephemeral = [container["name"] for container in spec.get("ephemeralContainers") or ()]
    if asked:
        if asked not in (*containers, *inits, *ephemeral):
            raise bad_request(f"container {asked} is not valid for pod {pod_name}")
        return asked
    if len(containers) == 1:
        return containers[0]
    choice = f"choose one of: [{' '.join(containers)}]"
    if inits:
        choice += f" or one of the init containers: [{' '.join(inits)}]"
    raise bad_request(f"a container name must be specified for pod {pod_name}, {choice}")


def _numbers(pod: Object, request: Request) -> dict[str, int]:
    """The query's whole numbers. Raises ApiError (400, 422)."""
    numbers, errors = {}, []
    for name, (least, text) in _WHOLE_NUMBERS.items():
        written = request.param(name)
        if not written:
            continue
        try:
            numbers[name] = int(written)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{written}": invalid syntax') from None
        if numbers[name] < least:
            errors.append(FieldError("FieldValueInvalid", name, f"Invalid value: {written}: {text}"))
    if numbers.get("sinceSeconds") is not None and request.param("sinceTime"):
        why = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(FieldError("FieldValueForbidden", "", f"Forbidden: {why}"))
    if errors:
        raise invalid("PodLogOptions", "", pod["metadata"]["name"], errors)
    return numbers


def _log(worker: PodWorker, pod: Object, record: Record, *, previous: bool) -> Log | None:
    """The log to read; None when a container ran whose log is gone. Raises ApiError (400)."""
    if previous:
        if record.last is None:
            name = pod["metadata"]["name"]
            raise bad_request(f'previous terminated container "{record.name}" in pod "{name}" not found')
        return record.previous.log if record.previous else None
    if not record.created:
        if worker.finished:
            name = pod["metadata"]["name"]
            raise bad_request(f'container "{record.name}" in pod "{name}" is not available')
        init = bool(pod["spec"].get("initContainers"))
        waiting = "PodInitializing" if init else "ContainerCreating"
        raise _waiting(pod, record.name, record.failure.reason if record.failure else waiting)
    return record.instance.log if record.instance else None


def _waiting(pod: Object, name: str, reason: str) -> ApiError:
    why = "trying and failing to pull image" if reason in _PULLING else reason
    pod_name = pod["metadata"]["name"]
    return bad_request(f'container "{name}" in pod "{pod_name}" is waiting to start: {why}')


class _Choice:
    """Which lines are wanted, and in what form."""

    def __init__(self, clock: Clock, request: Request, numbers: dict[str, int]) -> None:
        self._tail = numbers.get("tailLines")
        self._left = numbers.get("limitBytes")
        self._timestamps = request.flag("timestamps")
        self._since = 0.0
        if "sinceSeconds" in numbers:
            self._since = clock.now - numbers["sinceSeconds"]
        elif text := request.param("sinceTime"):
            try:
                self._since = parse_timestamp(text)
            except ValueError:
                raise bad_request(f'parsing time "{text}": cannot parse as RFC 3339') from None

    @property
    def full(self) -> bool:
        """limitBytes has been reached."""
        return self._left == 0

    def past(self, log: Log) -> list[bytes]:
        lines = list(log.lines)
        if self._tail is not None:
            lines = lines[max(len(lines) - self._tail, 0) :]
        return [text for line in lines if (text := self.text(line))]

    def text(self, line: LogLine) -> bytes:
        """The line as it is sent; b"" when it is not wanted."""
        if line.time < self._since:
            return b""
        text = line.text
        if self._timestamps:
            moment = datetime.fromtimestamp(line.time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
            text = f"{moment} ".encode() + text
        if self._left is not None:
            text = text[: self._left]
            self._left -= len(text)
        return text
