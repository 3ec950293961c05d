"""What is wrong with a Job, or with the Job that a CronJob describes.

Upstream: ``pkg/apis/batch/validation``; the policies are in ``job_policies``. Not here: the rules for writing a
Job's status, which is the controller's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    IMMUTABLE,
    immutable,
    invalid,
    non_negative,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.go_fields import go_form
from k8slearn.embedded.apiserver.validation.job_policies import (
    go_failure_policy,
    go_success_policy,
    validate_failure_policy,
    validate_success_policy,
)
from k8slearn.embedded.apiserver.validation.pods import validate_template
from k8slearn.embedded.apiserver.validation.selectors import (
    immutable_selector,
    in_go_order,
    usable,
    validate_selector,
)
from k8slearn.kube.label_selectors import matches

UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
"""The labels by which a Job finds its pods: old and new."""

MOST_INDEXES = 100_000
MOST_BESIDE_MANY = 10_000
"""Of pods at a time and of failed indexes, when there are more than ``MOST_INDEXES`` completions."""

Spec = dict[str, Any]


def validate_job(job: dict[str, Any]) -> Iterator[FieldError]:
    spec = job["spec"]
    # Once there is a version of it, the selector is fixed, whatever it was.
    if "resourceVersion" not in job["metadata"] and not spec.get("manualSelector"):
        yield from _validate_generated(job)
    yield from validate_job_spec("spec", spec)
    selector, labels = spec.get("selector"), (spec["template"].get("metadata") or {}).get("labels")
    if selector is None:
        yield required("spec.selector")
    else:
        yield from validate_selector("spec.selector", selector)
    if selector is None or (usable(selector) and not matches(selector, labels)):
        shown = dict(sorted(labels.items())) if labels is not None else None
        detail = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", shown, detail)
    yield from _validate_hostname(job["metadata"].get("name", ""), spec)


def _validate_generated(job: dict[str, Any]) -> Iterator[FieldError]:
    """The labels that the API server put into the template are there and were not the user's already."""
    metadata, spec = job["metadata"], job["spec"]
    labels = spec["template"]["metadata"]["labels"]
    expected: dict[str, str] = dict.fromkeys(UID_LABELS, metadata["uid"])
    expected |= dict.fromkeys(NAME_LABELS, metadata.get("name", ""))
    for name in (UID_LABELS[0], NAME_LABELS[0], UID_LABELS[1], NAME_LABELS[1]):
        if labels[name] != expected[name]:
            shown = dict(sorted(labels.items()))
            yield invalid(f"spec.template.metadata.labels[{name}]", shown, f"must be '{expected[name]}'")
    selector = spec["selector"]
    if usable(selector) and not matches(selector, expected):
        yield invalid("spec.selector", in_go_order(selector), "`selector` not auto-generated")


def _validate_hostname(name: str, spec: Spec) -> Iterator[FieldError]:
    """The last pod of an Indexed Job has the hostname ``name-2``, which must be a DNS label."""
    if spec.get("completionMode") == "Indexed" and (spec.get("completions") or 0) > 0:
        longest = f"{name}-{spec['completions'] - 1}"
        if formats.dns_label(longest):
            detail = f"will not able to create pod with invalid DNS label: {longest}"
            yield invalid("metadata.name", name, detail)


def validate_job_spec(path: str, spec: Spec) -> Iterator[FieldError]:
    """All but the selector, which the Job in a CronJob has not got yet."""
    for field in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ):
        yield from non_negative(f"{path}.{field}", spec.get(field))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    mode = spec.get("completionMode") or "NonIndexed"
    if mode == "Indexed":
        yield from _validate_indexed(path, spec)
    elif mode == "NonIndexed":
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(field) is not None:
                yield invalid(f"{path}.{field}", spec[field], "requires indexed completion mode")
    else:
        yield not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"))
    yield from validate_failure_policy(path, spec)
    yield from validate_success_policy(path, spec)
    yield from _validate_replacement(f"{path}.podReplacementPolicy", spec)
    template = spec.get("template") or {}
    yield from validate_template(f"{path}.template", template)
    yield from _validate_restart_policy(f"{path}.template.spec.restartPolicy", spec, template)


def _validate_indexed(path: str, spec: Spec) -> Iterator[FieldError]:
    completions, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    most_failed = spec.get("maxFailedIndexes")
    if completions is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if parallelism > MOST_INDEXES:
        detail = f"must be less than or equal to {MOST_INDEXES} when completion mode is Indexed"
        yield invalid(f"{path}.parallelism", parallelism, detail)
    if completions is not None and (most_failed or 0) > completions:
        yield invalid(f"{path}.maxFailedIndexes", most_failed, "must be less than or equal to completions")
    if (most_failed or 0) > MOST_INDEXES:
        yield invalid(
            f"{path}.maxFailedIndexes", most_failed, f"must be less than or equal to {MOST_INDEXES}"
        )
    if (completions or 0) > MOST_INDEXES and spec.get("backoffLimitPerIndex") is not None:
        if most_failed is None:
            detail = f"must be specified when completions is above {MOST_INDEXES}"
            yield required(f"{path}.maxFailedIndexes", detail)
        for field, value in (("parallelism", parallelism), ("maxFailedIndexes", most_failed or 0)):
            if value > MOST_BESIDE_MANY:
                detail = (
                    f"must be less than or equal to {MOST_BESIDE_MANY} when completions are above "
                    f"{MOST_INDEXES} and used with backoff limit per index"
                )
                yield invalid(f"{path}.{field}", value, detail)


def _validate_replacement(path: str, spec: Spec) -> Iterator[FieldError]:
    policy = spec.get("podReplacementPolicy")
    allowed = ("Failed",) if spec.get("podFailurePolicy") else ("Failed", "TerminatingOrFailed")
    if policy is not None and policy not in allowed:
        yield not_supported(path, policy, allowed)


def _validate_restart_policy(path: str, spec: Spec, template: dict[str, Any]) -> Iterator[FieldError]:
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy in (None, "Always"):
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(path, policy, ("OnFailure", "Never"))
    elif spec.get("podFailurePolicy") and policy != "Never":
        yield invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')


def validate_job_update(new: dict[str, Any], old: dict[str, Any]) -> Iterator[FieldError]:
    """What an update adds: most of a Job is fixed; of a suspended one, where its pods may run and what they
    may use is not."""
    spec, before = new["spec"], old["spec"]
    yield from _validate_completions_update(spec, before)
    yield from immutable_selector(spec.get("selector"), before.get("selector"))
    template = spec["template"]
    if _template_may_change(old):
        allowed = _with_what_may_change(before["template"], template)
        if template["spec"] != allowed["spec"]:
            yield invalid("spec.template.spec", go_form(template["spec"], "PodSpec"), IMMUTABLE)
    elif template != before["template"]:
        yield invalid("spec.template", _go_template(template), IMMUTABLE)
    yield from immutable("spec.completionMode", spec.get("completionMode"), before.get("completionMode"))
    for field, shown in (("podFailurePolicy", go_failure_policy), ("successPolicy", go_success_policy)):
        if spec.get(field) != before.get(field):
            yield invalid(f"spec.{field}", shown(spec.get(field)), IMMUTABLE)
    for field in ("backoffLimitPerIndex", "managedBy"):
        yield from immutable(f"spec.{field}", spec.get(field), before.get(field))


def _go_template(template: dict[str, Any]) -> dict[str, Any]:
    """As messages show it: metadata as the API writes it, the spec under Go's names."""
    metadata = template.get("metadata") or {}
    maps = {
        name: dict(sorted(metadata[name].items())) for name in ("labels", "annotations") if metadata.get(name)
    }
    return {**maps, "Spec": go_form(template["spec"], "PodSpec")}


def _validate_completions_update(spec: Spec, before: Spec) -> Iterator[FieldError]:
    completions = spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        yield from immutable("spec.completions", completions, before.get("completions"))
    elif completions not in (None, before.get("completions"), spec.get("parallelism")):
        detail = "can only be modified in tandem with spec.parallelism"
        yield invalid("spec.completions", completions, detail)


def _template_may_change(job: dict[str, Any]) -> bool:
    """Only of a suspended Job none of whose pods is left."""
    status = job.get("status") or {}
    suspended = any(
        condition["type"] == "Suspended" and condition["status"] == "True"
        for condition in status.get("conditions", ())
    )
    return bool(
        job["spec"].get("suspend") and (suspended or "startTime" not in status) and not status.get("active")
    )


def _with_what_may_change(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The old template with the new one's scheduling directives and resources, and labels and annotations."""
    spec = {**old["spec"]}
    for field in ("nodeSelector", "tolerations", "schedulingGates"):
        _take(spec, new["spec"], field)
    affinity = {**(spec.get("affinity") or {})}
    _take(affinity, new["spec"].get("affinity") or {}, "nodeAffinity")
    if affinity or new["spec"].get("affinity") is not None:
        spec["affinity"] = affinity
    else:
        spec.pop("affinity", None)
    for field in ("containers", "initContainers"):
        before, after = spec.get(field) or [], new["spec"].get(field) or []
        if len(before) == len(after):
            pairs = zip(before, after, strict=True)
            changed = [_with_resources(mine, other) for mine, other in pairs]
            if changed:
                spec[field] = changed
    return {**old, "spec": spec}


def _with_resources(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {**old, "resources": new.get("resources", {})} if old["name"] == new["name"] else old


def _take(target: dict[str, Any], source: dict[str, Any], field: str) -> None:
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)
