"""A cluster whose Jobs run real (simulated) programs, and short ways to ask about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from k8slearn.embedded.client import Change
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object

JOBS = "jobs.batch"


class Workshop:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.clock = cluster.clock
        self.client = cluster.client
        self.created: list[str] = []
        """The names of all Jobs, in the order in which they were made."""
        self.client.watch(JOBS, self._remember)

    def _remember(self, change: Change) -> None:
        if change.type == "ADDED":
            self.created.append(change.stored.key.name)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def job(self, script: str, name: str = "work", *, policy: str = "Never", **spec: Any) -> Object:
        """Make a Job whose pods run ``script`` in a shell."""
        return self.client.create(
            JOBS, {"metadata": {"name": name}, "spec": {**spec, "template": self.template(script, policy)}}
        )

    def template(self, script: str, policy: str = "Never") -> Object:
        container = {"name": "w", "image": "busybox:1.37", "command": ["sh", "-c", script]}
        return {
            "spec": {"restartPolicy": policy, "terminationGracePeriodSeconds": 5, "containers": [container]}
        }

    def get(self, name: str = "work", resource: str = JOBS) -> Object:
        found = self.client.get(resource, "default", name)
        assert found is not None, f"no {resource} {name}"
        return found

    def status(self, name: str = "work", resource: str = JOBS) -> dict[str, Any]:
        return self.get(name, resource)["status"]

    def conditions(self, name: str = "work") -> list[tuple[str, str]]:
        """(type, reason) of those that are True, in their order."""
        listed = self.status(name).get("conditions", ())
        return [(each["type"], each["reason"]) for each in listed if each["status"] == "True"]

    def change(self, name: str = "work", resource: str = JOBS, **spec: Any) -> None:
        obj = self.get(name, resource)
        self.client.update(resource, {**obj, "spec": {**obj["spec"], **spec}})

    def pods(self) -> list[Object]:
        return self.client.list("pods", "default")

    def phases(self) -> list[str]:
        return sorted(pod["status"]["phase"] for pod in self.pods())

    def names(self, resource: str) -> list[str]:
        return [obj["metadata"]["name"] for obj in self.client.list(resource, "default")]

    def events(self, name: str = "work", resource: str = JOBS) -> list[str]:
        """``Reason: message`` in the order in which they first came, with the counts of those that came again."""
        uid = self.get(name, resource)["metadata"]["uid"]
        found = [e for e in self.client.list("events") if e["involvedObject"].get("uid") == uid]
        found.sort(key=lambda event: int(event["metadata"]["name"].rpartition(".")[2], 16))
        return [f"{event['reason']}: {event['message']}" for event in found]


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    with Cluster(3) as cluster:
        cluster.settle()
        yield Workshop(cluster)
