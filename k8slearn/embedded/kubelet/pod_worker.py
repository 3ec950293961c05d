"""One pod on its node, from admission to its end. Upstream: pkg/kubelet/pod_workers.go and ``SyncPod``.

A worker is level-triggered: ``sync`` looks at the pod as it should be and at the containers as they are, and
does what has to be done next. Syncs of one pod never overlap: what comes up during one causes another. A sync
begins by writing the status as things stand, so a reason such as CrashLoopBackOff, which a sync finds out at
its end, shows with the next one; that is why a crashed container reads ``Error`` for most of its wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.lifecycle import kill, stop_all
from k8slearn.embedded.kubelet.probes import start_probing
from k8slearn.embedded.kubelet.record import Record, Role, records
from k8slearn.embedded.kubelet.resize import RETRY, Resize, Room
from k8slearn.embedded.kubelet.restore import restore
from k8slearn.embedded.kubelet.starter import Starter
from k8slearn.embedded.kubelet.status import Facts, done_initializing, over, pod_status, should_restart
from k8slearn.embedded.kubelet.task import Steps, Task
from k8slearn.embedded.kubelet.volumes import Volumes
from k8slearn.kube.resources import requests

Object = dict[str, Any]

DEADLINE = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
EVICTION_GRACE = 1.0
LONGEST_MOUNT_WAIT = 122.0
RELIST = (0.3, 1.0)
"""Seconds until the kubelet, which lists the containers once a second, sees what happened to one."""
UNREACHED = (503, 507)
"""What the API server says, or what is said for it, when it will take the same write later."""


class PodWorker:
    """``look_again(seconds)`` is called when the worker must ``sync`` once more: soon (pending work), or with
    ``background=True`` at the end of a back-off or deadline."""

    def __init__(
        self,
        host: Host,
        pod: Object,
        allocatable: dict[str, str],
        look_again: Callable[..., None],
        room: Room,
    ) -> None:
        self.host = host
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.requests = requests(pod)
        self.records = records(pod)
        self.volumes = Volumes(host, pod)
        self.resize = Resize(host, self.records, allocatable, room)
        self._allocatable = allocatable
        self._look_again = look_again
        self._starter = Starter(host, self.volumes, allocatable, self.records, self._container_ended)
        self._task: Task | None = None
        self._again = False
        self._retry_at: float | None = None
        self._mount_failures = 0
        self._terminating: int | None = None
        """The grace period of the termination under way."""
        self._failure: tuple[str, str] | None = None
        self._written: Object | None = None
        self._terminal = False
        self._unsent = False
        """The last status did not reach the API."""
        self.ip = ""
        self.sandbox = False
        status = pod.get("status") or {}
        self._start_time: str = status.get("startTime") or host.clock.timestamp()
        self.finished = status.get("phase") in ("Succeeded", "Failed")
        """Nothing will run any more; the object may stay for long."""
        if "startTime" in status:
            restore(pod, self.records, host.clock)
            self.ip = status.get("podIP", "") if self.finished else ""
        self._restored = "startTime" in status and not self.finished
        """Its containers ended with the node, and it has no sandbox yet since the node is back."""

    # -- what happens to it from outside --------------------------------------------------------

    def update(self, pod: Object) -> None:
        """The pod has changed (or this is the first look at it): note what is new, and sync."""
        before, self.pod = self.pod["metadata"], pod
        self.volumes.pod = pod
        if any(before.get(field) != pod["metadata"].get(field) for field in ("labels", "annotations")):
            self.refresh_volumes()  # each sync that a client's change brings about does
        spec = pod["spec"]
        for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
            record = self.records[container["name"]]
            if record.alive and container["image"] != record.spec["image"]:
                record.condemned = f"Container {record.name} definition changed, will be restarted"
            record.spec = self.resize.as_allocated(container, record)
        for name, record in records(pod).items():
            self.records.setdefault(name, record)  # an ephemeral container has been added
        grace = pod["metadata"].get("deletionGracePeriodSeconds")
        if "deletionTimestamp" in pod["metadata"] and (
            self._terminating is None or grace < self._terminating
        ):
            self._terminating = grace
            self._cancel()
            self._task = Task(self.host.clock, self._terminate(grace))
        elif self._terminating is None and not self.finished:
            if self.resize.see_to(pod):
                self.requests = requests(pod)
            if self.resize.pending:
                self._retry(RETRY)
            self.sync()
        if self.finished and self._unsent:
            self._write_status(terminal=self._terminal)
            if self._terminating is not None:
                self._remove_object()

    def sync(self) -> None:
        """Do what has to be done next, after the sync under way if there is one."""
        if self.finished or self._terminating is not None or self._failure is not None:
            return
        if self._task is not None and not self._task.done:
            self._again = True
            return
        self._again = False
        self._task = Task(self.host.clock, self._sync())
        self._task.then(self._synced)

    def _synced(self) -> None:
        if self._again:
            self._look_again(0.0)
        deadline = self._deadline()
        times = [when for when in (self._retry_at, deadline) if when is not None]
        self._retry_at = None
        if times and not self.finished:
            self._look_again(min(times) - self.host.clock.now, background=True)

    def evict(self, message: str, *news: Object) -> bool:
        """End the pod for its node's sake; ``news`` are conditions that tell why. False when it is ending already."""
        if self.finished or self._terminating is not None or self._failure is not None:
            return False
        self._cancel()
        self._failure = ("Evicted", message)
        self.host.events.event(self.pod, "Warning", *self._failure)
        if news:
            status = self.pod.get("status") or {}
            self._set({**status, "conditions": [*status.get("conditions", ()), *news]})
        self._task = Task(self.host.clock, self._give_up(EVICTION_GRACE))
        return True

    def start_at_once(self) -> None:
        """Start all containers without time passing: those of a static pod have long been running when their
        kubelet finds an API to tell of them. (So a new cluster also has less to do until it is ready.)"""
        if self._mounted():
            self._set_up()
            for record in self._to_start():
                for _ in self._start(record):
                    pass
            self._write_status()

    def mirrored_by(self, pod: Object) -> None:
        """A static pod has got another mirror."""
        self.pod = self.volumes.pod = pod
        self.uid = pod["metadata"]["uid"]
        self.status_is_stale()

    def remove(self) -> None:
        """The pod's object is gone, or its node: its containers end at once, and nothing is written."""
        self._cancel()
        for record in self.records.values():
            record.stop_probing()
            if record.alive and record.instance is not None:
                record.instance.kill()
        self._tear_down()
        self.finished = True

    def reject(self, reason: str, message: str) -> None:
        """The node has no room for the pod: it has failed before anything was made for it."""
        self.finished = True
        self.host.events.event(self.pod, "Warning", reason, message)
        status = {
            "observedGeneration": self.pod["metadata"].get("generation", 1),
            "phase": "Failed",
            "reason": reason,
            "message": f"Pod was rejected: {message}",
            "startTime": self._start_time,
        }
        if qos := (self.pod.get("status") or {}).get("qosClass"):
            status["qosClass"] = qos
        self._set(status)

    def status_is_stale(self) -> None:
        """What was last written is not what stands there: at the next look it is written again."""
        self._written = None

    def refresh_volumes(self) -> None:
        if not self.finished:
            self.volumes.refresh(self._allocatable, self.ip)

    # -- one sync -------------------------------------------------------------------------------

    def _sync(self) -> Steps:
        deadline = self._deadline()
        if deadline is not None and deadline <= self.host.clock.now:
            yield from self._end_at_deadline()
            return
        if over(self.records.values(), self._policy()):
            yield from self._finish()
            return
        self._write_status()
        if not self._mounted():
            return
        fresh = not self.sandbox
        if fresh:
            if self._restored:
                text = "Pod sandbox changed, it will be killed and re-created."
                self.host.events.event(self.pod, "Normal", "SandboxChanged", text)
            yield self.host.between(0.4, 0.8)
            self._set_up()
        for record in self.records.values():
            if record.condemned and record.alive:
                yield from self._restart(record)
        started, failed = False, False
        for record in self._to_start():
            failure = yield from self._start(record)
            started = started or failure is None
            failed = failed or failure is not None
        if self.resize.completed(self.pod) or started:
            self._write_status()
        elif failed and fresh:
            self._look_again(self.host.between(*RELIST))

    def _to_start(self) -> Iterator[Record]:
        """The containers to start now: ephemeral ones, the next init container, or all others once those are done.

        A generator, so that a sidecar that has been started lets the next ones start in the same sync.
        """
        policy = self._policy()
        ephemeral = [record for record in self.records.values() if record.role is Role.EPHEMERAL]
        yield from (record for record in ephemeral if should_restart(record, policy))
        for record in self.records.values():
            if record in ephemeral:
                continue
            if should_restart(record, policy):
                yield record
            if record.role is not Role.APP and not done_initializing(record):
                return

    def _start(self, record: Record) -> Steps:
        """Returns None, or why it could not be started."""
        failure = yield from self._starter.start(self.pod, record, self.ip)
        if failure is None:
            if record.alive:
                start_probing(self.host, self.pod, record, self.ip, lambda: self._look_again(0.0))
        elif failure.again is None:
            self._look_again(self.host.between(*RELIST))
        else:
            self._retry(failure.again)
        return failure

    def _restart(self, record: Record) -> Steps:
        """Stop a condemned container. Its end is seen here, but the back-off goes by the one before."""
        grace = self._grace() if record.grace is None else record.grace
        yield from kill(self.host, self.pod, record, self.ip, grace, record.condemned)
        record.seen, record.condemned = True, ""
        if not should_restart(record, self._policy()):
            self._look_again(self.host.between(*RELIST))  # it stays ended, and that has to be told

    def _mounted(self) -> bool:
        message = self.volumes.mount(self._allocatable, self.ip)
        if message is None:
            return True
        self.host.events.event(self.pod, "Warning", "FailedMount", message)
        self._retry(min(0.5 * 2**self._mount_failures, LONGEST_MOUNT_WAIT))
        self._mount_failures += 1
        return False

    def _container_ended(self, record: Record) -> None:
        """The runtime says so; the kubelet sees it when it next lists the containers."""
        instance = record.instance

        def notice() -> None:
            if record.instance is instance and not record.seen:
                record.notice()
                self._look_again(0.0)

        self.host.clock.call_later(self.host.between(*RELIST), notice)

    def _retry(self, seconds: float) -> None:
        when = self.host.clock.now + seconds
        self._retry_at = when if self._retry_at is None else min(self._retry_at, when)

    # -- the end --------------------------------------------------------------------------------

    def _deadline(self) -> float | None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        return None if seconds is None else parse_timestamp(self._start_time) + seconds

    def _end_at_deadline(self) -> Steps:
        self._failure = DEADLINE
        self.host.events.event(self.pod, "Normal", *DEADLINE)
        yield from self._give_up(self._grace())

    def _give_up(self, grace: float) -> Steps:
        yield from self._stop_all(grace)
        yield from self._finish(terminal=True)

    def _finish(self, *, terminal: bool = False) -> Steps:
        """The phase becomes Succeeded or Failed once the sidecars, too, have ended."""
        if any(record.alive for record in self.records.values()):
            self._write_status()
            yield from self._stop_all(self._grace())
        self._tear_down()
        self.finished = True
        self._write_status(terminal=terminal)

    def _terminate(self, grace: int) -> Steps:
        """A deleted pod: stop everything, tell how it ended, and remove the object."""
        if not self.finished:
            if self._restored:
                self._write_status()
                yield self.host.between(0.2, 0.8)
            yield from self._stop_all(grace)
            if self.sandbox:
                self._tear_down()
                # The kubelet removes the object when it next lists the containers and finds none, and has
                # said so: one to two seconds later, in which the pod still counts as terminating.
                yield self.host.between(1.0, 2.0)
            self.finished = True
            self._write_status(terminal=True)
        self._remove_object()

    def _remove_object(self) -> None:
        try:
            self.host.client.delete("pods", self.pod, grace_seconds=0, why="its containers have ended")
        except ApiError as error:
            if error.code not in (404, 409, *UNREACHED):
                raise

    def _stop_all(self, grace: float) -> Steps:
        yield from stop_all(self.host, self.pod, list(self.records.values()), self.ip, grace)

    def _cancel(self) -> None:
        """End the sync under way where it waits. A container that it was about to start never was."""
        if self._task is not None:
            self._task.cancel()
        for record in self.records.values():
            if (
                record.instance is not None
                and not record.instance.running
                and record.instance.exit_code is None
                and record.ended is None
            ):
                record.instance, record.container_id = None, ""

    # -- the sandbox ----------------------------------------------------------------------------

    def _set_up(self) -> None:
        if self._on_node_network():
            self.ip = self.host.ip
        else:
            self.ip = self.host.addresses.take()
            self.host.network.attach(self.ip, self.pod)
        self.sandbox = True
        self._restored = False

    def _tear_down(self) -> None:
        if self.sandbox:
            if not self._on_node_network():
                self.host.network.detach(self.ip)
                self.host.addresses.give_back(self.ip)
            self.sandbox = False

    def _on_node_network(self) -> bool:
        return bool(self.pod["spec"].get("hostNetwork"))

    # -- the status -----------------------------------------------------------------------------

    def _write_status(self, *, terminal: bool = False) -> None:
        self._terminal = terminal
        facts = Facts(
            now=self.host.clock.timestamp(),
            start_time=self._start_time,
            host_ip=self.host.ip,
            ip=self.ip,
            sandbox=self.sandbox,
            restored=self._restored,
            terminal=terminal,
            failure=self._failure if terminal else None,
            resize=self.resize.conditions,
        )
        status = pod_status(self.pod, self.records.values(), facts)
        if status != self._written:
            self._set(status)

    def _set(self, status: Object) -> None:
        try:
            self.pod = self.volumes.pod = self.host.client.set_status("pods", self.pod, status)
        except ApiError as error:
            if error.code not in (404, *UNREACHED):
                raise
            self._unsent = error.code in UNREACHED
        else:
            self._unsent = False
        self._written = status

    def _policy(self) -> str:
        return self.pod["spec"].get("restartPolicy", "Always")

    def _grace(self) -> float:
        return self.pod["spec"].get("terminationGracePeriodSeconds", 30)
