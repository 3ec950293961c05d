"""What a check may use: the cluster through its API, one namespace, and ways to look at what runs there.

Every look is repeated until the answer is settled or time is up, for a cluster is never finished at once:
a pod that was made a moment ago is not wrong, it is on its way. What cannot become right by waiting (an
image that does not exist, a program that ends) is said at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from k8slearn.course import diagnose, manifest, namespaces
from k8slearn.course.check import Failed
from k8slearn.course.diagnose import Pod
from k8slearn.course.traffic import Traffic
from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.engines.cluster import Cluster

PROBE_LABEL = "k8slearn.dev/probe"
"""Marks the pods that a check makes to send requests; they live for a second or two."""

_UNTIL_WELL = """\
end=$(($(date +%s) + {timeout}))
until told=$( (
{script}
) 2>&1 ); do
  code=$?
  [ $(date +%s) -ge $end ] && echo "$told" && exit $code
  sleep 1
done
echo "$told"
"""
"""Tries in one pod: one pod for each would take most of the time."""


@dataclass(frozen=True)
class Ran:
    """What a script in the probe pod came to: its exit code and all it printed, stripped."""

    code: int
    output: str


class Context:
    """One cluster and one namespace, as the steps of a check see them.

    ``values`` are the exercise's names and numbers for this learner (``@exercise.values``).
    """

    def __init__(self, cluster: Cluster, namespace: str, values: Mapping[str, Any] | None = None) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.values: Mapping[str, Any] = values or {}

    def with_values(self, values: Mapping[str, Any]) -> Context:
        return Context(self.cluster, self.namespace, values)

    def beside(self, name: str) -> Context:
        """The same in a neighbour's namespace, NAMESPACE-name, which is made when it is not there."""
        neighbour = f"{self.namespace}-{name}"
        namespaces.make(self.cluster, neighbour, beside=self.namespace)
        return Context(self.cluster, neighbour, self.values)

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

    # -- looking ----------------------------------------------------------------------------------

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

    # -- doing ------------------------------------------------------------------------------------

    def run(self, script: str, timeout: float = 30) -> Ran:
        """Run a shell script in a busybox pod of its own, in the learner's namespace, and take its output.

        This is how a check sends requests: from another pod, as every client in a cluster does.
        """
        container = {"name": "probe", "image": "busybox:1.37", "command": ["sh", "-c", script]}
        with self.own_pod({"containers": [container]}) as name:
            self.wait_until(lambda: self._ended(name) is not None, timeout)
            ended = self._ended(name)
            if ended is None:
                return Ran(-1, f"the check's own pod had not finished after {timeout:g} seconds")
            return Ran(ended, self.log(name).strip())

    def run_until_well(self, script: str, timeout: int = 3) -> Ran:
        """Run a script, again and again while it fails and there is time: what it came to last.

        A program that was started a moment ago may not listen yet.
        """
        return self.run(_UNTIL_WELL.format(script=script, timeout=timeout), timeout + 30)

    @contextmanager
    def traffic(self, url: str, rate: float = 20) -> Iterator[Traffic]:
        """Send ``rate`` requests a second to ``url`` while the block runs; afterwards the Traffic tells of them.

            with ctx.traffic("http://web/") as traffic:
                ctx.patch(...)
                ctx.wait_until(...)
            if traffic.failed:
                ctx.fail("users-noticed", failed=traffic.failed, reasons=traffic.reasons)

        Each request has a connection of its own. Those under way at the end are waited for. Raises ClusterError
        when the requests could not be sent: without them there is no verdict.
        """
        traffic = Traffic()
        load = ["load", url, "--rate", f"{rate:g}", "--seconds", "600"]
        container = {"name": "probe", "image": "k8slearn/app:1.0", "args": load}
        with self.own_pod({"terminationGracePeriodSeconds": 10, "containers": [container]}) as name:
            if not self.wait_until(lambda: self._probe_phase(name) == "Running", 60):
                raise ClusterError(
                    "The check's own pod, which sends requests, did not start within a minute."
                )
            yield traffic
            # A pod whose time is up gets SIGTERM like a deleted one, and keeps its log.
            self.core.patch_namespaced_pod(name, self.namespace, {"spec": {"activeDeadlineSeconds": 1}})
            if not self.wait_until(lambda: self._ended(name) is not None, 30):
                raise ClusterError("The check's own pod, which sends requests, did not end when told to.")
            traffic.read(self.log(name))

    @contextmanager
    def own_pod(self, spec: dict[str, Any], labels: dict[str, str] | None = None) -> Iterator[str]:
        """A pod of the check's own while the block runs: its name. Nobody restarts it, and it ends at once.

        With a copy of what the learner's template says, it shows what one part of that is good for.
        """
        made = self.core.create_namespaced_pod(
            self.namespace,
            {
                "metadata": {
                    "generateName": "k8slearn-probe-",
                    "labels": {**(labels or {}), PROBE_LABEL: "true"},
                },
                "spec": {"terminationGracePeriodSeconds": 0, **spec, "restartPolicy": "Never"},
            },
        )
        name = made.metadata.name
        try:
            yield name
        finally:
            self.core.delete_namespaced_pod(name, self.namespace, grace_period_seconds=0)

    def log(self, pod: str, container: str | None = None) -> str:
        return self.core.read_namespaced_pod_log(pod, self.namespace, container=container)

    def replace(self, text: str) -> None:
        """Make the objects of a YAML text; whatever had their names before is deleted first."""
        client = self.cluster.api_client
        for one in manifest.parse(text):
            if manifest.exists(client, self.namespace, one):
                manifest.delete(client, self.namespace, one)
                self.wait_until(lambda one=one: not manifest.exists(client, self.namespace, one), 60)
            manifest.create(client, self.namespace, one)

    def patch(self, text: str) -> None:
        """Change the fields that the objects of a YAML text name."""
        for one in manifest.parse(text):
            manifest.patch(self.cluster.api_client, self.namespace, one)

    # -- within -----------------------------------------------------------------------------------

    def remove_config_map(self, name: str) -> None:
        """Delete a ConfigMap, where there is one: what an earlier try has left."""
        if self.core.list_namespaced_config_map(self.namespace, field_selector=f"metadata.name={name}").items:
            self.core.delete_namespaced_config_map(name, self.namespace)

    def _probe_phase(self, name: str) -> str:
        return self.core.read_namespaced_pod(name, self.namespace).status.phase

    def _settled(self, name: str) -> bool:
        pod = self.pod(name)
        return pod is None or diagnose.ready(pod) or diagnose.trouble(pod) is not None

    def _ended(self, name: str) -> int | None:
        """The exit code of a pod's only container, None while it has none."""
        statuses = self.core.read_namespaced_pod(name, self.namespace).status.container_statuses or []
        state = statuses[0].state if statuses else None
        return state.terminated.exit_code if state and state.terminated else None

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
