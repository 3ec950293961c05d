"""A Job's podFailurePolicy and successPolicy.

Upstream: ``pod_failure_policy.go`` and ``success_policy.go`` in ``pkg/controller/job``;
https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any, NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.kube.index_ranges import parse_ranges

Rule = dict[str, Any]


class Failure(NamedTuple):
    """What a failed pod means: ``action`` is "" where no rule matched, ``message`` for FailJob only."""

    action: str = ""
    message: str = ""

    @property
    def counts(self) -> bool:
        """Against the back-off limit, that is, and in ``status.failed``."""
        return self.action != "Ignore"


def judge_failure(job: Object, pod: Object) -> Failure:
    """By the first rule that matches. What matches none counts as it does without a policy."""
    for index, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        if rule.get("onExitCodes") is not None:
            what = _exit_code(pod, rule["onExitCodes"])
        else:
            what = _condition(pod, rule.get("onPodConditions") or ())
        if what:
            action = rule["action"]
            message = f"{what} matching FailJob rule at index {index}" if action == "FailJob" else ""
            return Failure(action, message)
    return Failure()


def _exit_code(pod: Object, wanted: Rule) -> str:
    status = pod.get("status", {})
    containers = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    for container in containers:
        if wanted.get("containerName") not in (None, container["name"]):
            continue
        code = container.get("state", {}).get("terminated", {}).get("exitCode", 0)
        if code and (code in wanted["values"]) == (wanted["operator"] == "In"):
            return f"Container {container['name']} for pod {_name(pod)} failed with exit code {code}"
    return ""


def _condition(pod: Object, patterns: list[Rule] | tuple[()]) -> str:
    for condition in pod.get("status", {}).get("conditions", ()):
        for pattern in patterns:
            if (condition["type"], condition["status"]) == (pattern["type"], pattern["status"]):
                return f"Pod {_name(pod)} has condition {condition['type']}"
    return ""


def _name(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def met_success_rule(job: Object, done: Set[int]) -> str:
    """``Matched rules at index 0`` when the succeeded indexes ``done`` are enough; "" when they are not."""
    if not done:
        return ""
    for number, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
        counted, enough = done, False
        if indexes is not None:
            wanted = parse_ranges(indexes, job["spec"]["completions"])
            counted, enough = done & wanted, bool(wanted) and wanted <= done
        if enough or (count is not None and len(counted) >= count):
            return f"Matched rules at index {number}"
    return ""
