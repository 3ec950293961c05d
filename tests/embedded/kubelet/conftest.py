"""One node with its kubelet, and nothing else: pods are bound to it by hand, time is virtual."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import pytest

from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.http import Answer, Request, Response, Session, Stream
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Change, Client, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet import Kubelet, connect
from k8slearn.embedded.network import Network
from k8slearn.embedded.store import Object, Store

NODE = "worker-1"
NAMESPACES = ("default", "kube-node-lease")


class Moment(NamedTuple):
    """What ``kubectl get pod -w`` would have shown, ``at`` seconds after the pod was made."""

    at: float
    ready: bool
    word: str
    restarts: int


class Machine:
    """The node, and short ways to use it."""

    def __init__(self, seed: int = 0, store: Store | None = None) -> None:
        self.clock = Clock(seed=seed)
        self.store = store or Store()
        self.registry = Registry(self.store, self.clock, kinds.load())
        self.client = Client(self.registry, self.clock, "kubelet", Trace(self.registry))
        if store is None:
            for name in NAMESPACES:
                self.client.create("namespaces", {"metadata": {"name": name}})
            self.client.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
            self.make("configmaps", "kube-root-ca.crt", {"ca.crt": "the authority"})
        self.apiserver = APIServer(self.registry)
        self.network = Network(self.client, self.clock)
        self.kubelet = Kubelet(
            self.client, self.clock, self.network, NODE, ip="172.18.0.3", pod_cidr="10.244.1.0/24"
        )
        self.moments: dict[str, list[Moment]] = {}
        self.client.watch("pods", self._remember)
        connect(self.apiserver, {NODE: self.kubelet})
        self.kubelet.start()
        self.clock.settle()

    def _remember(self, change: Change) -> None:
        pod = change.object
        begun = self.begun.setdefault(pod["metadata"]["name"], self.clock.now)
        moment = Moment(round(self.clock.now - begun, 3), *_shown(pod, change.type))
        past = self.moments.setdefault(pod["metadata"]["name"], [])
        if not past or past[-1][1:] != moment[1:]:
            past.append(moment)

    @property
    def begun(self) -> dict[str, float]:
        return self.__dict__.setdefault("_begun", {})

    # -- doing ----------------------------------------------------------------------------------

    def make(self, resource: str, name: str, data: dict[str, str]) -> Object:
        return self.client.create(
            resource, {"metadata": {"name": name, "namespace": "default"}, "data": data}
        )

    def run(
        self,
        name: str,
        script: str = "",
        *,
        settle: bool = True,
        container: Object | None = None,
        **spec: Any,
    ) -> None:
        """Bind a pod to the node. ``script`` is for ``sh -c`` in busybox; ``container`` adds to its spec."""
        main: Object = {
            "name": "main",
            "image": "busybox:1.37",
            "command": ["sh", "-c", script or "sleep 3600"],
        }
        meta = {"name": name, "namespace": "default", **spec.pop("metadata", {})}
        containers = spec.pop("containers", [{**main, **(container or {})}])
        body = {"metadata": meta, "spec": {"containers": containers, "nodeName": NODE, **spec}}
        self.registry.create("pods", body)
        if settle:
            self.clock.settle()

    def change(self, name: str, **fields: Any) -> None:
        """Change fields of the first container."""
        pod = self.pod(name)
        first, *others = pod["spec"]["containers"]
        spec = {**pod["spec"], "containers": [{**first, **fields}, *others]}
        self.client.update("pods", {**pod, "spec": spec})

    def delete(self, name: str, grace: int | None = None) -> None:
        options = {} if grace is None else {"gracePeriodSeconds": grace}
        self.registry.delete("pods", "default", name, options)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    # -- looking --------------------------------------------------------------------------------

    def pod(self, name: str) -> Object:
        pod = self.client.get("pods", "default", name)
        assert pod is not None, f"there is no pod {name}"
        return pod

    def gone(self, name: str) -> bool:
        return self.client.get("pods", "default", name) is None

    def container(self, name: str, container: str = "main") -> Object:
        status = self.pod(name)["status"]
        every = (*status.get("initContainerStatuses", ()), *status["containerStatuses"])
        return next(entry for entry in every if entry["name"] == container)

    def condition(self, name: str, kind: str) -> Object:
        return next(c for c in self.pod(name)["status"]["conditions"] if c["type"] == kind)

    def words(self, name: str) -> list[str]:
        """The STATUS column over time, without repetitions."""
        words = [moment.word for moment in self.moments[name]]
        return [word for word, before in zip(words, [None, *words], strict=False) if word != before]

    def events(self, name: str, reason: str = "") -> list[str]:
        """``Warning Failed: Error: ErrImagePull`` … in the order in which they first came."""
        events = [e for e in self.client.list("events") if e["involvedObject"]["name"] == name]
        events.sort(key=lambda e: int(e["involvedObject"]["resourceVersion"]))
        chosen = sorted(events, key=lambda e: self._order(e))
        return [f"{e['type']} {e['reason']}: {e['message']}" for e in chosen if reason in ("", e["reason"])]

    def _order(self, event: Object) -> int:
        changes = self.store.changes_since("events", 0)
        uid = event["metadata"]["uid"]
        return next(c.stored.revision for c in changes if c.object["metadata"]["uid"] == uid)

    def count(self, name: str, reason: str) -> int:
        events = self.client.list("events")
        return sum(
            e["count"] for e in events if e["involvedObject"]["name"] == name and e["reason"] == reason
        )

    def ask(self, name: str, subresource: str, **query: list[str] | str) -> Answer:
        """What the API server answers for a subresource of a pod."""
        path = f"/api/v1/namespaces/default/pods/{name}/{subresource}"
        lists = {key: [value] if isinstance(value, str) else value for key, value in query.items()}
        return self.apiserver.handle(Request("GET", path, lists))

    def logs(self, name: str, **query: str) -> str:
        answer = self.ask(name, "log", **query)
        assert isinstance(answer, Response)
        assert answer.status == 200, answer.body
        return answer.body.decode()

    def follow(self, name: str, **query: str) -> Stream:
        answer = self.ask(name, "log", follow="true", **query)
        assert isinstance(answer, Stream)
        return answer

    def session(self, name: str, *command: str, **query: str) -> Session | Response:
        answer = self.ask(name, "exec", command=list(command), stdout="1", stderr="1", **query)
        assert isinstance(answer, Session | Response)
        return answer

    def exec(self, name: str, *command: str, **query: str) -> tuple[str, str, Object]:
        """Standard output, standard error and the final Status."""
        session = self.session(name, *command, **query)
        assert isinstance(session, Session)
        self.wait(1)
        return outcome(session)


def outcome(session: Session) -> tuple[str, str, Object]:
    assert session.ended
    channels: dict[int, bytes] = {1: b"", 2: b"", 3: b""}
    for channel, data in session.take():
        channels[channel] += data
    return channels[1].decode(), channels[2].decode(), orjson.loads(channels[3])


def _shown(pod: Object, change: str) -> tuple[bool, str, int]:
    """READY, STATUS and RESTARTS of a pod with one container, as ``kubectl get pods`` derives them."""
    status = pod["status"]
    statuses = status.get("containerStatuses", [])
    word = status.get("reason") or status["phase"]
    for entry in statuses:
        state = entry["state"]
        word = (state.get("waiting") or state.get("terminated") or {}).get("reason", word)
    if "deletionTimestamp" in pod["metadata"]:
        word = "Terminating"
    if change == "DELETED":
        word = "gone"
    ready = bool(statuses) and all(entry["ready"] for entry in statuses)
    return ready, word, sum(entry["restartCount"] for entry in statuses)


@pytest.fixture
def machine() -> Machine:
    return Machine()
