"""A Service and who is behind it: which pods its selector picks, which of them get requests, who answered how many.

Pure: changes in, records out; ``trafficdrawing`` draws them. Requests are those that load generators report
(``requests.py``); nothing else is counted, and nothing is made up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from k8slearn.lab.views.events import Told
from k8slearn.lab.views.following import Following
from k8slearn.lab.views.podstate import State, names_of, state_of, story_of
from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.requests import target
from k8slearn.lab.views.seats import Seats
from k8slearn.lab.views.store import Changes

SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Endpoint:
    """What an EndpointSlice says of a pod. Only one that is ``ready`` gets new connections."""

    address: str
    ready: bool
    serving: bool
    terminating: bool


@dataclass(frozen=True)
class Pod:
    """``endpoint`` None: the Service does not know it. ``labels`` are (key, value, whether the selector has it so:
    None where it does not speak of that key)."""

    uid: str
    name: str
    suffix: str
    state: State
    reason: str
    selected: bool
    endpoint: Endpoint | None
    labels: tuple[tuple[str, str, bool | None], ...]
    answered: int
    story: dict[str, str]
    events: tuple[Told, ...]


@dataclass(frozen=True)
class Client:
    """A pod that runs the load generator against the Service."""

    uid: str
    name: str
    answered: int
    failed: int


class Traffic(Following):
    """The state of the traffic to the Service ``name``."""

    def __init__(self, name: str, namespace: str) -> None:
        self.name = name
        super().__init__(namespace)
        self.exists = False
        self.address = ""
        self.ports: list[str] = []
        """``80 → 8080``."""
        self.selector: dict[str, str] = {}
        self.pods: dict[str, Pod] = {}
        """Those that the selector picks, and those that it nearly does; without any all that are no clients."""
        self.seats = Seats()
        self.clients: dict[str, Client] = {}
        self.failures: Counter[str] = Counter()
        """By reason."""
        self.sent: Counter[tuple[str, str]] = Counter()
        """What was new in the last report: by client and the pod that answered, or by client and "" for failures."""
        self.reports = 0
        """How many reports with new requests there were since this picture was opened."""
        self._known: dict[str, Counter[str]] = {}
        self._opened = False

    def apply(self, changes: Changes) -> None:
        """Take a batch in. Any order of batches leads to the same picture, but for slots and what is new."""
        self.take(changes)
        service = self.objects.named("services", self.name)
        self.exists = service is not None
        spec = (service or {}).get("spec", {})
        self.selector = spec.get("selector") or {}
        self.address = spec.get("clusterIP", "")
        self.ports = [
            f"{port['port']} → {port.get('targetPort', port['port'])}" for port in spec.get("ports") or []
        ]
        reports = [
            report for report in self.objects.of("requests") if report["target"].split(".")[0] == self.name
        ]
        answered: Counter[str] = Counter()
        self.failures = Counter()
        for report in reports:
            answered.update(report["answered"])
            self.failures.update(report["failed"])
        self.clients = {report["metadata"]["uid"]: _client(report) for report in reports}
        self._take_pods(answered)
        if "requests" in changes.objects:
            self._take_news(reports)
        self._opened = True

    def _take_pods(self, answered: Counter[str]) -> None:
        endpoints = self._endpoints()
        candidates = [pod for pod in self.objects.of("pods") if not target(pod)]
        wanted = [pod for pod in candidates if self._selects(pod) or pod["metadata"]["uid"] in endpoints]
        if self.exists:
            near = [
                pod for pod in candidates if set(self.selector) & set(pod["metadata"].get("labels") or {})
            ]
            shown = {pod["metadata"]["uid"]: pod for pod in (wanted or near or candidates)}
            shown |= {pod["metadata"]["uid"]: pod for pod in near}
        else:
            shown = {}
        self.pods = {uid: self._pod(uid, pod, endpoints.get(uid), answered) for uid, pod in shown.items()}
        self.seats.keep(self.pods)

    def _take_news(self, reports: list[Object]) -> None:
        """What has been sent since the last report; of what was sent before this picture nothing is new."""
        news: Counter[tuple[str, str]] = Counter()
        for report in reports:
            uid = report["metadata"]["uid"]
            now = Counter(report["answered"]) + Counter({"": sum(report["failed"].values())})
            fresh = now - self._known.get(uid, Counter()) if self._opened else Counter()
            self._known[uid] = now
            for pod, count in fresh.items():
                news[uid, pod] += count
        if news:
            self.sent = news
            self.reports += 1

    def _endpoints(self) -> dict[str, Endpoint]:
        """By the uid of the pod."""
        found: dict[str, Endpoint] = {}
        for piece in self.objects.of("endpointslices"):
            if (piece["metadata"].get("labels") or {}).get(SERVICE_NAME) != self.name:
                continue
            for end in piece.get("endpoints") or []:
                state = end.get("conditions") or {}
                found[(end.get("targetRef") or {}).get("uid", "")] = Endpoint(
                    address=", ".join(end.get("addresses") or []),
                    ready=state.get("ready", True),
                    serving=state.get("serving", True),
                    terminating=state.get("terminating", False),
                )
        return found

    def _selects(self, pod: Object) -> bool:
        labels = pod["metadata"].get("labels") or {}
        return bool(self.selector) and all(labels.get(key) == value for key, value in self.selector.items())

    def _pod(self, uid: str, obj: Object, endpoint: Endpoint | None, answered: Counter[str]) -> Pod:
        state, reason = state_of(obj)
        name, labels = obj["metadata"]["name"], obj["metadata"].get("labels") or {}
        return Pod(
            uid=uid,
            name=name,
            suffix=names_of(obj)[1] or name,
            state=state,
            reason=reason,
            selected=self._selects(obj),
            endpoint=endpoint,
            labels=tuple(
                (key, value, self.selector[key] == value if key in self.selector else None)
                for key, value in sorted(
                    labels.items(), key=lambda item: (item[0] not in self.selector, item)
                )
                if key != "pod-template-hash"
            ),
            answered=answered[name],
            story=story_of(obj),
            events=self.events.lines(uid),
        )


def _client(report: Object) -> Client:
    metadata = report["metadata"]
    return Client(
        metadata["uid"], metadata["name"], sum(report["answered"].values()), sum(report["failed"].values())
    )
