"""A cluster in a storm: requests and faults as data that hypothesis makes up, and eyes on every write.

Examples are derandomized: the same ones on every machine. One that fails is printed as the seed and the steps that
bring it about again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from k8slearn.embedded.client import Change
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object
from k8slearn.errors import ClusterError

WORKERS = ("worker-1", "worker-2", "worker-3")


class Storm(Cluster):
    """Four nodes, settled. A step is a tuple: what is done, and to what."""

    def __init__(self, seed: int, **how: Any) -> None:
        super().__init__(4, seed=seed, **how)
        self.settle()

    # -- what is wanted -------------------------------------------------------------------------

    def make(self, resource: str, name: str, **spec: Any) -> None:
        """A workload of that name, whose pods have the label ``app``."""
        labels = {"app": name}
        template = spec.pop("template", None) or pod_template(name)
        wanted = {
            "template": template,
            **({} if "job" in resource else {"selector": {"matchLabels": labels}}),
        }
        self.client.create(resource, {"metadata": {"name": name}, "spec": {**wanted, **spec}})

    def change(self, resource: str, name: str, **spec: Any) -> None:
        obj = self.client.get(resource, "default", name)
        assert obj is not None
        self.client.update(resource, {**obj, "spec": {**obj["spec"], **spec}})

    def set_image(self, resource: str, name: str, image: str) -> None:
        obj = self.client.get(resource, "default", name)
        assert obj is not None
        self.change(resource, name, template=pod_template(name, image, obj["spec"]["template"]))

    # -- what befalls it ------------------------------------------------------------------------

    def kill(self, app: str, number: int) -> None:
        """A user deletes one of the pods, if there is any."""
        if alive := [pod for pod in self.pods(app) if not is_going(pod)]:
            self.client.delete("pods", alive[number % len(alive)])

    def befall(self, what: str, node: str) -> None:
        """``crash``, ``freeze``, ``cut_off`` or ``recover``, where the node's state allows it."""
        try:
            getattr(self.nodes[node], what)()
        except ClusterError:
            pass

    def calm(self) -> None:
        """All nodes recover, and there is time enough for everything to come to an end."""
        for node in WORKERS:
            self.befall("recover", node)
        self.clock.advance("20m")
        assert self.settle()

    def watched(self, look: Callable[[], None], seconds: float = 600.0) -> None:
        """Let time pass until nothing is pending, at most ``seconds``, and ``look`` after every moment.

        Within a moment several components act, one after the other, though it takes no time: a ReplicaSet may
        have its new pod before another has deleted its old one.
        """
        end = self.clock.now + seconds
        while self.clock.pending and (due := self._clock.next_event()) is not None and due <= end:
            self._clock.run_until(due)
            look()

    # -- what there is --------------------------------------------------------------------------

    def pods(self, app: str) -> list[Object]:
        found = self.client.list("pods", "default")
        return [pod for pod in found if (pod["metadata"].get("labels") or {}).get("app") == app]

    def wanted_of(self, resource: str, name: str) -> Object:
        found = self.client.get(resource, "default", name)
        assert found is not None
        return found

    def on_write(self, resource: str, look: Callable[[Change, str], None]) -> None:
        """Call ``look`` with every change of ``resource`` and the component that makes it."""
        self.store.watch(resource, lambda change: look(change, self.trace.actor.component))


def pod_template(name: str, image: str = "nginx:1.28", before: Object | None = None) -> Object:
    spec = dict(before["spec"]) if before else {}
    container = dict(spec.get("containers", [{"name": "main"}])[0])
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {**spec, "containers": [{**container, "image": image}]},
    }


def is_going(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def is_finished(pod: Object) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    return not is_going(pod) and not is_finished(pod)


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) and not is_going(pod)


def by_image(pods: Iterable[Object]) -> Counter[str]:
    return Counter(pod["spec"]["containers"][0]["image"] for pod in pods)


class Tools:
    """What the tests of this folder share (test folders are no packages)."""

    Storm = Storm
    workers = WORKERS
    pod_template = staticmethod(pod_template)
    is_going = staticmethod(is_going)
    is_active = staticmethod(is_active)
    is_ready = staticmethod(is_ready)
    by_image = staticmethod(by_image)


@pytest.fixture(scope="session")
def tools() -> type[Tools]:
    return Tools
