"""Which requests were really sent: what the course's load generator (``app/load.py``) says in its log.

``load`` counts who answered and what failed, and why, on any cluster. Its log is read every second while the pod
runs, and once more when it has ended. Nothing else is counted: nobody sees the requests of another program.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kubernetes import client

from k8slearn.lab.views.reflector import Object, Source

EVERY = 1.0
"""Seconds between two looks at the logs."""

LISTS = 3
"""Looks after which the pods are listed anew."""


def target(pod: Object) -> str:
    """The host that a pod's load generator asks (``web``, ``web.shop``), or "" when it is none."""
    for container in pod.get("spec", {}).get("containers") or []:
        words = [*(container.get("command") or []), *(container.get("args") or [])]
        if "load" in words:
            hosts = (urlsplit(word).hostname for word in words if word.startswith("http://"))
            return next((host for host in hosts if host), "")
    return ""


def counts(log: str) -> tuple[dict[str, int], dict[str, int]]:
    """What the log says at its end: answers by pod, failures by reason.

    >>> counts("1 s  ok 19  failed 1  p50 2 ms  answered by web-1 10, web-2 9  failed with timed out 1")
    ({'web-1': 10, 'web-2': 9}, {'timed out': 1})
    """
    found: dict[str, dict[str, int]] = {"answered by": {}, "failed with": {}}
    for line in log.splitlines():
        for what, told in re.findall(r"(answered by|failed with) +(.*?)(?=  failed with|$)", line):
            found[what] = {name: int(number) for name, number in re.findall(r"(.+?) (\d+)(?:, |$)", told)}
    return found["answered by"], found["failed with"]


class Requests(NamedTuple):
    """To be watched: the load generators of a namespace, each with ``answered`` and ``failed``."""

    kind: str
    namespace: str

    def source(self, api_client: client.ApiClient) -> Source:
        return RequestsSource(client.CoreV1Api(api_client), self.namespace)


def requests_in(namespace: str) -> Requests:
    return Requests("requests", namespace)


class RequestsSource:
    """Reads logs and tells what changed in them, as a watch would."""

    def __init__(self, core: Any, namespace: str) -> None:
        self._core = core
        self._namespace = namespace
        self._closed = threading.Event()
        self._clients: dict[str, Object] = {}
        self._ended: set[str] = set()

    def list(self) -> tuple[list[Object], str]:
        self._clients, self._ended = {}, set()
        self._find()
        return [obj for pod in list(self._clients.values()) if (obj := self._read(pod)) is not None], "0"

    def watch(self, version: str) -> Iterator[tuple[str, Object]]:
        told: dict[str, Object] = {}
        looks = 0
        while not self._closed.wait(EVERY):
            looks += 1
            if looks % LISTS == 0:
                for gone in self._find():
                    yield "DELETED", gone
            for uid, pod in list(self._clients.items()):
                obj = self._read(pod)
                if obj is not None and obj != told.get(uid):
                    told[uid] = obj
                    yield "MODIFIED", obj

    def close(self) -> None:
        self._closed.set()

    def _find(self) -> list[Object]:
        """Look for load generators; returns those that are gone."""
        response = self._core.list_namespaced_pod(
            self._namespace, _preload_content=False, _request_timeout=(5, 60)
        )
        pods = {pod["metadata"]["uid"]: pod for pod in _items(response) if target(pod)}
        gone = [_told(self._clients[uid], {}, {}) for uid in self._clients.keys() - pods.keys()]
        self._clients = pods
        return gone

    def _read(self, pod: Object) -> Object | None:
        """What a load generator's log says now; None while it has none, or when it was read to its end before."""
        uid, phase = pod["metadata"]["uid"], pod.get("status", {}).get("phase")
        if uid in self._ended or phase == "Pending":
            return None
        try:
            log = self._core.read_namespaced_pod_log(
                pod["metadata"]["name"], self._namespace, tail_lines=12, _request_timeout=(5, 10)
            )
        except client.ApiException as error:
            if error.status in (400, 404):  # it has not started yet, or is gone
                return None
            raise
        if phase in ("Succeeded", "Failed"):
            self._ended.add(uid)
        return _told(pod, *counts(log or ""))


def _items(response: Any) -> list[Object]:
    return json.loads(response.data)["items"]


def _told(pod: Object, answered: dict[str, int], failed: dict[str, int]) -> Object:
    metadata = {
        name: pod["metadata"].get(name, "") for name in ("uid", "name", "namespace", "creationTimestamp")
    }
    return {
        "metadata": {**metadata, "resourceVersion": "0"},
        "target": target(pod),
        "answered": answered,
        "failed": failed,
    }
