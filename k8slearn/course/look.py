"""What a check sees of the cluster: one namespace, its pods and its Deployments, through the API.

Every look is repeated until the answer is settled or time is up, for a cluster is never finished at once:
a pod that was made a moment ago is not wrong, it is on its way. What cannot become right by waiting (an
image that does not exist, a program that ends) is said at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from k8slearn.course import diagnose
from k8slearn.course.check import Failed
from k8slearn.course.diagnose import Pod

if TYPE_CHECKING:
    from k8slearn.engines.cluster import Cluster

PROBE_LABEL = "k8slearn.dev/probe"
"""Marks the pods that a check makes; they are not the learner's and live for a second or two."""


class Look:
    """One cluster and one namespace, as the steps of a check see them.

    ``values`` are the exercise's names and numbers for this learner (``@exercise.values``).
    """

    def __init__(self, cluster: Cluster, namespace: str, values: Mapping[str, Any] | None = None) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.values: Mapping[str, Any] = values or {}

    @property
    def core(self) -> Any:
        """The official client's CoreV1Api."""
        return self.cluster.core

    @property
    def apps(self) -> Any:
        """The official client's AppsV1Api."""
        return self.cluster.apps

    @property
    def discovery(self) -> Any:
        """The official client's DiscoveryV1Api: EndpointSlices."""
        return self.cluster.discovery

    def wait_until(self, condition: Callable[[], Any], timeout: float = 30) -> bool:
        """Wait up to ``timeout`` seconds of the cluster's time; whether the condition came true."""
        return self.cluster.wait_until(lambda: bool(condition()), timeout)

    def watch_for(self, seconds: float) -> None:
        """Let the cluster's time go on, to see whether what is true stays true."""
        self.cluster.let_pass(seconds)

    def fail(self, key: str, **values: object) -> NoReturn:
        """End the step: it did not pass, and ``key`` is the feedback to give."""
        raise Failed(key, **{"namespace": self.namespace, **values})

    # -- pods and Deployments -----------------------------------------------------------------------

    def pod(self, name: str) -> Pod | None:
        """The pod, unless it is not there or on its way out."""
        # Only this one is asked for: making typed objects of all pods is most of what a check would cost.
        return next(iter(self.pods(field_selector=f"metadata.name={name}")), None)

    def pods(self, selector: str = "", field_selector: str = "") -> list[Pod]:
        """The pods that are there to stay: neither on their way out nor a check's own."""
        listed = self.core.list_namespaced_pod(
            self.namespace, label_selector=selector, field_selector=field_selector
        ).items
        return [
            pod
            for pod in listed
            if pod.metadata.deletion_timestamp is None and PROBE_LABEL not in (pod.metadata.labels or {})
        ]

    def deployment(self, name: str) -> Any | None:
        named = f"metadata.name={name}"
        return next(
            iter(self.apps.list_namespaced_deployment(self.namespace, field_selector=named).items), None
        )

    def existing_deployment(self, name: str) -> Any:
        """The Deployment, or a failed step with the feedback ``no-deployment``."""
        self.wait_until(lambda: self.deployment(name), 2)
        return self.deployment(name) or self.fail("no-deployment", deployment=name)

    def rolled_out(self, deployment: str) -> bool:
        """Whether the Deployment is there and its release is through (``diagnose.rolled_out``)."""
        found = self.deployment(deployment)
        return found is not None and diagnose.rolled_out(found)

    def owned_pods(self, deployment: str) -> list[Pod]:
        """The pods that belong to the Deployment's ReplicaSets, found by their owners, not by their names."""
        sets = {
            one.metadata.uid
            for one in self.apps.list_namespaced_replica_set(self.namespace).items
            if diagnose.owner(one) == ("Deployment", deployment)
        }
        return [
            pod
            for pod in self.pods()
            if any(reference.uid in sets for reference in pod.metadata.owner_references or [])
        ]

    def variable(self, deployment: str, name: str) -> str | None:
        """The value of an environment variable that the Deployment's template gives, None when it gives none."""
        containers = self.existing_deployment(deployment).spec.template.spec.containers
        variables = [one for container in containers for one in container.env or []]
        return next((one.value for one in variables if one.name == name), None)

    def ready_pods(self, deployment: str) -> list[Pod]:
        """Those of the Deployment's pods that are Ready now."""
        return [pod for pod in self.owned_pods(deployment) if diagnose.ready(pod)]

    def told(self, pod: str, reason: str) -> str:
        """The message of the pod's last event with a reason (``FailedMount``, ``Unhealthy``), "" without one."""
        events = self.core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={pod},reason={reason}"
        ).items
        return events[-1].message if events else ""

    def existing_pod(self, name: str) -> Pod:
        """The pod, or a failed step that says where it is instead: misspelt, elsewhere, a Deployment's."""
        self.wait_until(lambda: self.pod(name), 3)
        return self.pod(name) or self._missing(name)

    def ready_pod(self, name: str, timeout: float = 30) -> Pod:
        """The pod once it is Ready, or a failed step that says what keeps it from becoming so."""
        self.existing_pod(name)
        self.wait_until(lambda: self._settled(name), timeout)
        pod = self.existing_pod(name)
        if not diagnose.ready(pod):
            self.fail_for(pod)
        return pod

    def steady_pod(self, name: str, seconds: float = 3) -> Pod:
        """The pod once it is Ready and has stayed so: a program that ends at once is Ready for a moment."""
        before = diagnose.restarts(self.ready_pod(name))
        self.watch_for(seconds)
        pod = self.ready_pod(name)
        if diagnose.restarts(pod) > before:
            self.fail_for(pod)
        return pod

    def fail_for(self, pod: Pod) -> NoReturn:
        """A failed step with the feedback that fits what is wrong with the pod."""
        found = diagnose.trouble(pod) or diagnose.unready(pod)
        self.fail(found.key, pod=pod.metadata.name, **found.values)

    def log(self, pod: str, container: str | None = None) -> str:
        """What a pod's container has printed."""
        return self.core.read_namespaced_pod_log(pod, self.namespace, container=container)

    # -- within -----------------------------------------------------------------------------------

    def _settled(self, name: str) -> bool:
        pod = self.pod(name)
        return pod is None or diagnose.ready(pod) or diagnose.trouble(pod) is not None

    def _missing(self, name: str) -> NoReturn:
        pods = [pod.metadata.name for pod in self.pods()]
        if self.deployment(name) is not None:
            example = next((pod for pod in pods if pod.startswith(f"{name}-")), f"{name}-…")
            self.fail("pod-is-deployment", pod=name, example=example)
        if near := diagnose.nearest(name, pods):
            self.fail("pod-misspelt", pod=name, other=near)
        if self._in_default(name):
            self.fail("pod-elsewhere", pod=name, other="default")
        self.fail("pod-missing", pod=name)

    def _in_default(self, pod: str) -> bool:
        """Whether the pod is in the namespace default, where kubectl works when it is told of no other."""
        from kubernetes.client.exceptions import ApiException

        try:
            self.core.read_namespaced_pod(pod, "default")
        except ApiException as error:
            if error.status in (403, 404):  # not there, or not for this learner to see
                return False
            raise
        return True
