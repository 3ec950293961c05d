"""What a check may do: look, send requests from pods of its own, make and change objects.

A check judges what the learner's part of the cluster does. Its own pods are no part of that: when one of them does
not get on, the cluster is busy or lacks an image, and there is no verdict (``Stuck``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from k8slearn.course import diagnose, manifest, namespaces
from k8slearn.course.check import Stuck
from k8slearn.course.diagnose import Pod
from k8slearn.course.look import PROBE_LABEL, Look
from k8slearn.course.traffic import Traffic

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


class Context(Look):
    """A look at one cluster and one namespace, and the hands to do something there."""

    def with_values(self, values: Mapping[str, Any]) -> Context:
        return Context(self.cluster, self.namespace, values)

    def beside(self, name: str) -> Context:
        """The same in a neighbour's namespace, NAMESPACE-name, which is made when it is not there."""
        neighbour = f"{self.namespace}-{name}"
        namespaces.make(self.cluster, neighbour, beside=self.namespace)
        return Context(self.cluster, neighbour, self.values)

    # -- pods of the check's own --------------------------------------------------------------------

    def run(self, script: str, timeout: float = 30) -> Ran:
        """Run a shell script in a busybox pod of its own, in the learner's namespace, and take its output.

        This is how a check sends requests: from another pod, as every client in a cluster does. Raises Stuck when
        it has not finished after ``timeout`` seconds: a script waits for nobody longer than that.
        """
        container = {"name": "probe", "image": "busybox:1.37", "command": ["sh", "-c", script]}
        with self.own_pod({"containers": [container]}) as name:
            code = self._ended(name, timeout)
            return Ran(code, self.log(name).strip())

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

        Each request has a connection of its own. Those under way at the end are waited for. Raises Stuck when the
        requests could not be sent.
        """
        traffic = Traffic()
        load = ["load", url, "--rate", f"{rate:g}", "--seconds", "600"]
        container = {"name": "probe", "image": "k8slearn/app:1.0", "args": load}
        with self.own_pod({"terminationGracePeriodSeconds": 10, "containers": [container]}) as name:
            self.wait_for_own(name, lambda pod: pod.status.phase == "Running")
            yield traffic
            # A pod whose time is up gets SIGTERM like a deleted one, and keeps its log.
            self.core.patch_namespaced_pod(name, self.namespace, {"spec": {"activeDeadlineSeconds": 1}})
            self._ended(name, 30)
            traffic.read(self.log(name))

    @contextmanager
    def knocking(self, url: str) -> Iterator[Callable[[], list[bool]]]:
        """Ask ``url`` ten times a second while the block runs; what is yielded tells of each so far if it answered.

        Unlike ``traffic`` it can be read at any moment: what somebody gets in the first second after a change.
        It begins when the first request has been answered; raises Stuck when none is.
        """
        ask = f"wget -qO /dev/null -T 2 {url} 2>/dev/null && echo answered || echo refused"
        script = f"while true; do {ask}; sleep 0.1; done"
        container = {"name": "probe", "image": "busybox:1.37", "command": ["sh", "-c", script]}
        with self.own_pod({"containers": [container]}) as name:
            self.wait_for_own(
                name, lambda pod: pod.status.phase == "Running" and "answered" in self.log(name)
            )
            yield lambda: [line == "answered" for line in self.log(name).split()]

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

    def own(self, name: str) -> Pod:
        """The check's own pod of that name."""
        return self.core.read_namespaced_pod(name, self.namespace)

    def wait_for_own(self, name: str, settled: Callable[[Pod], Any], timeout: float = 60) -> Pod:
        """The check's own pod as soon as it is ``settled``. Raises Stuck when it is not after ``timeout`` seconds."""
        if not self.wait_until(lambda: settled(self.own(name)), timeout):
            raise Stuck(self.namespace, timeout, diagnose.told(self.own(name)))
        return self.own(name)

    def _ended(self, name: str, timeout: float) -> int:
        """The exit code of the check's own pod, once it has one."""
        code = diagnose.exit_code(
            self.wait_for_own(name, lambda pod: diagnose.exit_code(pod) is not None, timeout)
        )
        assert code is not None
        return code

    # -- objects ------------------------------------------------------------------------------------

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

    def remove_config_map(self, name: str) -> None:
        """Delete a ConfigMap, where there is one: what an earlier try has left."""
        if self.core.list_namespaced_config_map(self.namespace, field_selector=f"metadata.name={name}").items:
            self.core.delete_namespaced_config_map(name, self.namespace)
