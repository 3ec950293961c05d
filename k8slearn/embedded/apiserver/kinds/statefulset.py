"""StatefulSet (apps/v1). https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object, Scale
from k8slearn.embedded.apiserver.kinds import persistentvolumeclaim
from k8slearn.embedded.apiserver.kinds._columns import (
    age,
    columns,
    container_images,
    container_names,
    name,
    status_number,
)
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_template
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.claims import validate_claim_spec
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    go_value,
    immutable,
    invalid,
    non_negative,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.go_fields import go_form
from k8slearn.embedded.apiserver.validation.pod_warnings import template_update_warnings, warn_of_template
from k8slearn.embedded.apiserver.validation.pods import validate_template
from k8slearn.embedded.apiserver.validation.selectors import (
    immutable_selector,
    in_go_order,
    usable,
    validate_selector,
)
from k8slearn.embedded.apiserver.validation.workloads import (
    is_nothing,
    not_more_than_all,
    validate_match,
    validate_number_or_percent,
    validate_runs_always,
)
from k8slearn.kube.label_selectors import format_selector

DEFAULTS = {"replicas": 1, "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady"}
ROLLING_DEFAULTS = {"partition": 0, "maxUnavailable": 1}
RETENTION_FIELDS = ("whenDeleted", "whenScaled")


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    for field, value in DEFAULTS.items():
        if spec.get(field) in (None, ""):
            spec[field] = value
    spec.setdefault("serviceName", "")
    strategy = spec["updateStrategy"] = spec.get("updateStrategy") or {}
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and rolling is not None:
        for field, value in ROLLING_DEFAULTS.items():
            if rolling.get(field) is None:
                rolling[field] = value
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    spec["persistentVolumeClaimRetentionPolicy"] = {
        field: retention.get(field) or "Retain" for field in RETENTION_FIELDS
    }
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim")
        persistentvolumeclaim.KIND.default(claim)
    default_template(spec.setdefault("template", {}))


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"replicas": 0, "availableReplicas": 0}


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    policy = spec["podManagementPolicy"]
    if policy not in ("OrderedReady", "Parallel"):
        yield invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    yield from _validate_strategy("spec.updateStrategy", spec["updateStrategy"])
    for field in RETENTION_FIELDS:
        chosen = spec["persistentVolumeClaimRetentionPolicy"][field]
        if chosen not in ("Retain", "Delete"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
            yield not_supported(path, chosen, ("Retain", "Delete"))
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        yield from validate_claim_spec(f"spec.volumeClaimTemplates[{index}].spec", claim["spec"])
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    if spec["serviceName"]:
        service = spec["serviceName"]
        yield from each_invalid("spec.serviceName", service, formats.dns_label(service))
    yield from _validate_selector_and_template(spec)


def _validate_strategy(path: str, strategy: dict[str, Any]) -> Iterator[FieldError]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate":
        if rolling is not None:
            yield from _validate_rolling(f"{path}.rollingUpdate", rolling)
    elif strategy["type"] == "OnDelete":
        if rolling is not None:
            yield _shown(
                f"{path}.rollingUpdate", _go(rolling), "only allowed for updateStrategy 'RollingUpdate'"
            )
    else:
        shown = f'{{"Type":{go_value(strategy["type"])},"RollingUpdate":{_go(rolling)}}}'
        yield _shown(path, shown, "must be 'RollingUpdate' or 'OnDelete'")


def _validate_rolling(path: str, rolling: dict[str, Any]) -> Iterator[FieldError]:
    unavailable = rolling["maxUnavailable"]
    yield from non_negative(f"{path}.partition", rolling["partition"])
    yield from validate_number_or_percent(f"{path}.maxUnavailable", unavailable)
    if is_nothing(unavailable):
        yield invalid(f"{path}.maxUnavailable", unavailable, "cannot be 0")
    yield from not_more_than_all(f"{path}.maxUnavailable", unavailable)


def _go(rolling: dict[str, Any] | None) -> str:
    """A rolling update's fields under the names of Go's, and in their order."""
    if rolling is None:
        return "null"
    partition, unavailable = rolling.get("partition", 0), rolling.get("maxUnavailable")
    return f'{{"Partition":{go_value(partition)},"MaxUnavailable":{go_value(unavailable)}}}'


def _shown(path: str, value: str, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, f"Invalid value: {value}: {detail}")


def _validate_selector_and_template(spec: dict[str, Any]) -> Iterator[FieldError]:
    selector, template = spec.get("selector"), _as_it_will_be(spec)
    if selector is None:
        yield required("spec.selector")
    else:
        yield from validate_selector("spec.selector", selector)
        if not any(selector.values()):
            yield invalid("spec.selector", in_go_order(selector), "empty selector is invalid for statefulset")
    if selector is not None and not usable(selector):
        message = f"Invalid value: {go_value(in_go_order(selector))}"
        yield FieldError("FieldValueInvalid", "spec.selector", message)
    else:
        yield from validate_match(selector, template)
        yield from validate_template("spec.template", template)
    yield from validate_runs_always("StatefulSet", template)


def _as_it_will_be(spec: dict[str, Any]) -> dict[str, Any]:
    """The template with the volumes that the claims become, and without the names that each pod gets."""
    template = spec["template"]
    claims = [claim["metadata"].get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
    pod = {
        field: value for field, value in template["spec"].items() if field not in ("hostname", "subdomain")
    }
    if claims:
        others = [volume for volume in pod.get("volumes") or () if volume.get("name") not in claims]
        claimed = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
        pod["volumes"] = [*claimed, *others]
    return {**template, "spec": pod}


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    after, before = new["spec"], old["spec"]
    yield from immutable_selector(after.get("selector"), before["selector"])
    claims = [_go_claims(spec.get("volumeClaimTemplates")) for spec in (after, before)]
    yield from immutable("spec.volumeClaimTemplates", *claims)
    for field in ("serviceName", "podManagementPolicy"):
        yield from immutable(f"spec.{field}", after.get(field), before.get(field))


def _go_claims(claims: list[Object] | None) -> list[dict[str, Any]] | None:
    """Claim templates as Go prints them: their metadata stand beside spec and status."""
    return claims and [
        {
            **claim["metadata"],
            "Spec": go_form(claim["spec"], "PersistentVolumeClaimSpec"),
            "Status": go_form(claim["status"], "PersistentVolumeClaimStatus"),
        }
        for claim in claims
    ]


def _warnings(obj: Object) -> Iterator[str]:
    yield from warn_of_template(obj["spec"]["template"])
    if obj["spec"]["revisionHistoryLimit"] < 0:
        yield (
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
            "a value >= 0 is recommended"
        )


KIND = Kind(
    kind="StatefulSet",
    plural="statefulsets",
    group="apps",
    short_names=("sts",),
    categories=("all",),
    message="k8s.io.api.apps.v1.StatefulSet",
    columns=columns(
        "statefulsets.apps",
        {
            "Name": name,
            "Ready": lambda obj, now: f"{status_number('readyReplicas')(obj, now)}/{obj['spec']['replicas']}",
            "Age": age,
            "Containers": container_names,
            "Images": container_images,
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=_validate,
    validate_update=_validate_update,
    validate_name=formats.dns_label,
    creation_warnings=_warnings,
    update_warnings=template_update_warnings,
    has_status=True,
    counts_generation=True,
    scale=Scale(selector=lambda obj: format_selector(obj["spec"]["selector"])),
)
