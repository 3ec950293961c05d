"""What may not change in a pod once it exists. Upstream: ``ValidatePodUpdate``.

A pod's spec is nearly all fixed: images may change, the deadline may come nearer, tolerations may be added,
scheduling gates may open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import forbidden, invalid
from k8slearn.embedded.apiserver.validation.go_fields import diff
from k8slearn.embedded.apiserver.validation.scheduling import validate_gates_update

MAY_CHANGE = (
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
)

LONGEST_DEADLINE = 2**31 - 1


def validate_pod_update(new: dict[str, Any], old: dict[str, Any]) -> Iterator[FieldError]:
    after, before = new["spec"], old["spec"]
    for field in ("containers", "initContainers"):
        if len(after.get(field) or ()) != len(before.get(field) or ()):
            yield forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
    deadline, old_deadline = after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if deadline is not None and not 0 <= deadline <= LONGEST_DEADLINE:
        detail = f"must be between 0 and {LONGEST_DEADLINE}, inclusive"
        yield invalid("spec.activeDeadlineSeconds", deadline, detail)
        return
    if deadline is None and old_deadline is not None:
        detail = "must not update from a positive integer to nil value"
        yield invalid("spec.activeDeadlineSeconds", None, detail)
    elif deadline is not None and old_deadline is not None and deadline > old_deadline:
        detail = "must be less than or equal to previous value"
        yield invalid("spec.activeDeadlineSeconds", deadline, detail)
        return
    if not _only_added(after.get("tolerations") or (), before.get("tolerations") or ()):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", detail)
    yield from validate_gates_update(after, before)
    kept = _with_what_may_change(after, before)
    if kept != before:
        rule = f"pod updates may not change fields other than {','.join(MAY_CHANGE)}\n{diff(before, kept, 'PodSpec')}"
        yield forbidden("spec", rule)


def _only_added(after: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> bool:
    present = [{**toleration, "tolerationSeconds": None} for toleration in after]
    return all({**toleration, "tolerationSeconds": None} in present for toleration in before)


def _with_what_may_change(after: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """``after`` with the old values of all that may change: what still differs from ``before`` is wrong."""
    kept = dict(after)
    for field in ("containers", "initContainers"):
        if after.get(field):
            pairs = zip(after[field], before[field], strict=True)
            kept[field] = [{**mine, "image": was.get("image", "")} for mine, was in pairs]
    fields = ["activeDeadlineSeconds", "tolerations", "schedulingGates"]
    if before.get("schedulingGates"):
        fields.append("nodeSelector")
        affinity = _with_old(after.get("affinity") or {}, before.get("affinity") or {}, ["nodeAffinity"])
        kept = _with_old(kept, {"affinity": affinity} if affinity else {}, ["affinity"])
    return _with_old(kept, before, fields)


def _with_old(kept: dict[str, Any], before: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    others = {field: value for field, value in kept.items() if field not in fields}
    return others | {field: before[field] for field in fields if field in before}
