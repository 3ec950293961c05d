"""PodDisruptionBudget (policy/v1). https://kubernetes.io/docs/tasks/run-application/configure-pdb/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import Cell, age, columns, name, status_number
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import invalid, not_supported
from k8slearn.embedded.apiserver.validation.selectors import in_go_order, validate_selector
from k8slearn.embedded.apiserver.validation.workloads import percentage, validate_number_or_percent

NOTHING_YET = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}

EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def _prepare_create(obj: Object) -> None:
    obj.setdefault("spec", {})
    obj["status"] = dict(NOTHING_YET)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": in_go_order(spec.get("selector")),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        yield invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        if (value := spec.get(field)) is not None:
            yield from validate_number_or_percent(f"spec.{field}", value)
            if (percentage(value) or 0) > 100:
                yield invalid(f"spec.{field}", value, "must not be greater than 100%")
    yield from validate_selector("spec.selector", spec.get("selector"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in EVICTION_POLICIES:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES)


def _asked(field: str) -> Cell:
    return lambda obj, now: str(obj["spec"].get(field, "N/A"))


KIND = Kind(
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    group="policy",
    short_names=("pdb",),
    message="k8s.io.api.policy.v1.PodDisruptionBudget",
    columns=columns(
        "poddisruptionbudgets.policy",
        {
            "Name": name,
            "Min Available": _asked("minAvailable"),
            "Max Unavailable": _asked("maxUnavailable"),
            "Allowed Disruptions": status_number("disruptionsAllowed"),
            "Age": age,
        },
    ),
    prepare_create=_prepare_create,
    validate=_validate,
    has_status=True,
    counts_generation=True,
)
