"""From a container's spec to a running container: image, environment, files, start, postStart.

Upstream: ``startContainer`` in pkg/kubelet/kuberuntime/kuberuntime_container.go. What goes wrong ends in a
``Failure``, which the next status shows as the reason why the container waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet.backoff import BackOff
from k8slearn.embedded.kubelet.env import ConfigError, environment, expand
from k8slearn.embedded.kubelet.etc import etc_files, hostname
from k8slearn.embedded.kubelet.host import TRY_AGAIN, Host
from k8slearn.embedded.kubelet.images import Images
from k8slearn.embedded.kubelet.lifecycle import kill, run_hook
from k8slearn.embedded.kubelet.record import Failure, Record, Role
from k8slearn.embedded.kubelet.resize import limits_of
from k8slearn.embedded.kubelet.task import Future, Steps, awaited
from k8slearn.embedded.kubelet.volumes import Volumes
from k8slearn.embedded.runtime import Container, Image, StartError
from k8slearn.embedded.runtime.files import FileSystem, RegularFile
from k8slearn.embedded.runtime.pause import pause
from k8slearn.embedded.runtime.pids import PidNamespace

Object = dict[str, Any]

NEVER_STARTED = "1970-01-01T00:00:00Z"
START_ERROR_CODE = 128

_MESSAGE_BYTES = 4096
_LOG_BYTES, _LOG_LINES = 2048, 80


class Starter:
    """Starts the containers of one pod, and notes their end in their records.

    ``ended(record)`` is called when an instance has ended, from an event of the clock.
    """

    def __init__(
        self,
        host: Host,
        volumes: Volumes,
        allocatable: dict[str, str],
        records: dict[str, Record],
        ended: Callable[[Record], None],
    ) -> None:
        self._host = host
        self._records = records
        self._shared_pids: PidNamespace | None = None
        self._volumes = volumes
        self._allocatable = allocatable
        self._ended = ended
        self._images = Images(host)
        self._back_off = BackOff(host.clock)
        self._etc: dict[str, RegularFile] = {}

    def start(self, pod: Object, record: Record, ip: str) -> Steps:
        """Start ``record``'s container (again). Returns None or a Failure, as ``record.failure`` then."""
        failure = self._held_back(pod, record)
        if failure is None:
            failure = yield from self._start(pod, record, ip)
            if failure is not None and failure.again is None:
                record.notice()
        record.failure = failure
        return failure

    def _held_back(self, pod: Object, record: Record) -> Failure | None:
        """The back-off of a container that has ended, as long as it lasts."""
        host, metadata = self._host, pod["metadata"]
        if record.finished_at is None:
            return None
        key = f"{record.name} {record.spec['image']}"
        wait = self._back_off.remaining(key, record.finished_at)
        if wait <= 0:
            self._back_off.next(key, record.finished_at)
            return None
        where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"Back-off restarting failed container {record.name} in pod {where}"
        host.events.event(pod, "Warning", "BackOff", message, record.field_path)
        delay = _go_seconds(self._back_off.delay(key))
        message = f"back-off {delay} restarting failed container={record.name} pod={where}"
        return Failure("CrashLoopBackOff", message, wait * host.between(1.0, 1.5))

    def _start(self, pod: Object, record: Record, ip: str) -> Steps:
        host = self._host

        def event(type: str, reason: str, message: str) -> None:
            host.events.event(pod, type, reason, message, record.field_path)

        image = yield from self._images.ensure(pod, record)
        if isinstance(image, Failure):
            event("Warning", "Failed", f"Error: {image.reason}")
            return image
        try:
            instance = self._create(pod, record, image, ip)
        except ConfigError as error:
            event("Warning", "Failed", f"Error: {error}")
            return Failure("CreateContainerConfigError", str(error), host.between(*TRY_AGAIN))
        _replace(record, instance, image)
        event("Normal", "Created", "Container created")
        yield host.between(0.04, 0.12)
        try:
            instance.start()
        except StartError as error:
            record.ended = {
                **_end(record, host.clock, START_ERROR_CODE, "StartError", str(error)),
                "startedAt": NEVER_STARTED,
            }
            record.ended_at = host.clock.now
            event("Warning", "Failed", f"Error: {error}")
            return Failure("RunContainerError", str(error), None)
        record.started_at = host.clock.timestamp()
        if record.role is Role.INIT:
            awaited(host.clock, record.exited)
        event("Normal", "Started", "Container started")
        hook = (record.spec.get("lifecycle") or {}).get("postStart")
        if hook:
            wrong = yield from run_hook(host, pod, record, ip, hook)
            if wrong:
                event("Warning", "FailedPostStartHook", "PostStartHook failed")
                grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
                yield from kill(host, pod, record, ip, grace, "FailedPostStartHook")
                return Failure("PostStartHookError", wrong, None)
        return None

    def _create(self, pod: Object, record: Record, image: Image, ip: str) -> Container:
        """A container that is ready to start. Raises ConfigError."""
        host, spec = self._host, record.spec
        user = _user(pod, spec, image)
        env = environment(pod, spec, host.client, ip=ip, host_ip=host.ip, allocatable=self._allocatable)
        security = spec.get("securityContext") or {}
        files = FileSystem(
            image.files, lambda: host.clock.now, read_only=bool(security.get("readOnlyRootFilesystem"))
        )
        if not self._etc:
            self._etc = etc_files(pod, ip)
        for path, file in self._etc.items():
            files.mount(path, file)
        message_file = RegularFile(mode=0o666)
        files.mount(spec.get("terminationMessagePath") or "/dev/termination-log", message_file)
        self._volumes.place(spec, files, env)
        cpu_limit, memory_limit = limits_of(spec)
        command, args = ([expand(word, env) for word in spec.get(key) or ()] for key in ("command", "args"))
        instance: Container

        def on_exit(code: int, reason: str) -> None:
            if record.instance is not instance:
                return
            message = _message(record, instance, message_file, code)
            record.ended = _end(record, host.clock, code, reason, message)
            record.ended_at = host.clock.now
            record.stop_probing()
            self._ended(record)
            # Last, for whoever waits goes on at once, and may put a new instance in this one's place.
            record.exited.set()

        instance = Container(
            host.clock,
            host.network,
            image,
            name=record.name,
            argv=image.argv(command or None, args or None),
            env=env,
            files=files,
            hostname=hostname(pod),
            ip=ip,
            cwd=spec.get("workingDir") or "",
            user=user,
            group=_security(pod, spec, "runAsGroup"),
            more_groups=_more_groups(pod),
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            stdin=bool(spec.get("stdin")),
            stdin_once=bool(spec.get("stdinOnce")),
            tty=bool(spec.get("tty")),
            pids=self._pids(pod, spec, ip),
            on_exit=on_exit,
        )
        return instance

    def _pids(self, pod: Object, spec: Object, ip: str) -> PidNamespace | None:
        """The PID namespace to join: the pod's (shareProcessNamespace), a debug container's target's, or None
        for one of its own. Raises ConfigError."""
        if pod["spec"].get("shareProcessNamespace"):
            if self._shared_pids is None:
                self._shared_pids = pause(self._host.clock, self._host.network, hostname(pod), ip)
            return self._shared_pids
        target = spec.get("targetContainerName")
        if not target:
            return None
        record = self._records[target]
        if not record.alive or record.instance is None:
            raise ConfigError(f"unable to find target container {target}")
        return record.instance.kernel.pids


def _go_seconds(seconds: float) -> str:
    """Go's ``time.Duration`` of whole seconds: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _replace(record: Record, instance: Container, image: Image) -> None:
    """``instance`` takes the place of the one before, which becomes ``lastState``."""
    if record.created:
        record.restarts += 1
        record.previous, record.last = record.instance, record.ended
        record.finished_at = record.ended_at
    record.instance, record.image, record.container_id = instance, image, instance.id
    record.exited, record.ended, record.seen = Future(), None, False
    record.started = record.ready = False
    record.condemned, record.grace = "", None


def _end(record: Record, clock: Clock, code: int, reason: str, message: str) -> Object:
    """``state.terminated`` of an instance that ends now."""
    end: Object = {"exitCode": code, "reason": reason}
    if message:
        end["message"] = message
    return {
        **end,
        "startedAt": record.started_at or NEVER_STARTED,
        "finishedAt": clock.timestamp(),
        "containerID": record.container_id,
    }


def _message(record: Record, instance: Container, file: RegularFile, code: int) -> str:
    """The termination message: what the program wrote to terminationMessagePath, or the end of its log."""
    content = file.content[:_MESSAGE_BYTES]
    if not content and code and record.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        lines = [line.text for line in instance.log.lines][-_LOG_LINES:]
        content = b"".join(lines)[-_LOG_BYTES:]
    return content.decode("utf-8", "replace")


def _security(pod: Object, spec: Object, field: str) -> Any:
    """What a container's securityContext says, else its pod's; None when neither does."""
    whole, own = pod["spec"].get("securityContext") or {}, spec.get("securityContext") or {}
    return own.get(field, whole.get(field))


def _more_groups(pod: Object) -> list[int]:
    """The groups that a process is in besides its primary one."""
    security = pod["spec"].get("securityContext") or {}
    fs_group = security.get("fsGroup")
    return [*security.get("supplementalGroups", ()), *(() if fs_group is None else (fs_group,))]


def _user(pod: Object, spec: Object, image: Image) -> int:
    """The numeric user that the container runs as. Raises ConfigError when runAsNonRoot forbids it."""
    asked = _security(pod, spec, "runAsUser")
    user = image.user if asked is None else asked
    if _security(pod, spec, "runAsNonRoot") and user == 0:
        metadata = pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        where = f'(pod: "{where}", container: {spec["name"]})'
        if asked is None:
            raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
        raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
    return user
