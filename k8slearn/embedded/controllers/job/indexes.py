"""Completion indexes: each pod of an Indexed Job has one, in an annotation.

Upstream: ``pkg/controller/job/indexed_job_utils.go``.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.job.policies import judge_failure

INDEX = "batch.kubernetes.io/job-completion-index"
"""Annotation and label."""

FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
"""Annotations of a pod: how many before it have failed at the same index, and how many of them by a rule that
ignores them."""

VARIABLE = "JOB_COMPLETION_INDEX"

LONGEST_BASE = 58
"""Of a name, before five random characters."""


def is_indexed(job: Object) -> bool:
    return job["spec"].get("completionMode") == "Indexed"


def index_of(pod: Object) -> int | None:
    """None without a usable index: the annotation may have been meddled with."""
    return _number(pod, INDEX)


def valid_index(job: Object, pod: Object) -> int | None:
    """The pod's index if the Job has it."""
    index = index_of(pod)
    return index if index is not None and index < job["spec"]["completions"] else None


def failures_before(pod: Object) -> tuple[int, int]:
    """How many pods failed before ``pod`` at its index: those that count, and those ignored."""
    return _number(pod, FAILURES) or 0, _number(pod, IGNORED) or 0


def _number(pod: Object, annotation: str) -> int | None:
    text = (pod["metadata"].get("annotations") or {}).get(annotation, "")
    return int(text) if text.isascii() and text.isdigit() else None


def with_index(job: Object, pod: Object, index: int, replaced: Object | None) -> Object:
    """``pod``, made from the Job's template, as the one for ``index``; ``replaced`` is the one that failed
    there, where the Job has a back-off limit per index."""
    metadata = pod["metadata"]
    annotations = {**metadata.get("annotations", {}), INDEX: str(index)}
    if job["spec"].get("backoffLimitPerIndex") is not None:
        annotations |= _failures(job, replaced)
    suffix = f"-{index}-"
    base = job["metadata"]["name"][: LONGEST_BASE - len(suffix)]
    return {
        **pod,
        "metadata": {
            **metadata,
            "generateName": base + suffix,
            "labels": {**metadata.get("labels", {}), INDEX: str(index)},
            "annotations": annotations,
        },
        "spec": {**pod["spec"], "hostname": f"{job['metadata']['name']}-{index}"},
    }


def _failures(job: Object, replaced: Object | None) -> dict[str, str]:
    failed, ignored = (0, 0) if replaced is None else failures_before(replaced)
    if replaced is not None:
        if judge_failure(job, replaced).counts:
            failed += 1
        else:
            ignored += 1
    return {FAILURES: str(failed), **({IGNORED: str(ignored)} if ignored else {})}


def with_variable(spec: dict[str, Any]) -> dict[str, Any]:
    """A pod's spec in which every container can read its index from the environment."""
    lists = {name: spec[name] for name in ("initContainers", "containers") if spec.get(name)}
    return {
        **spec,
        **{name: [_with_variable(each) for each in each_list] for name, each_list in lists.items()},
    }


def _with_variable(container: dict[str, Any]) -> dict[str, Any]:
    variables = container.get("env") or []
    if any(variable["name"] == VARIABLE for variable in variables):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    return {**container, "env": [*variables, {"name": VARIABLE, "valueFrom": source}]}
