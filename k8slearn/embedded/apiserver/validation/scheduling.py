"""What is wrong with wishes about nodes: tolerations, taints, affinity, spreading.

Upstream: ``ValidateTolerations``, ``validateAffinity``, ``validateNodeTaints``.
https://kubernetes.io/docs/concepts/scheduling-eviction/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.selectors import validate_selector

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def validate_tolerations(path: str, tolerations: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, toleration in enumerate(tolerations):
        at = f"{path}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if key:
            yield from each_invalid(f"{at}.key", key, formats.label_key(key))
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            yield invalid(f"{at}.operator", operator, detail)
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid(f"{at}.effect", effect, detail)
        if operator in ("", "Equal"):
            if wrong := formats.label_value(value):
                yield invalid(f"{at}.operator", value, ";".join(wrong))
        elif operator == "Exists":
            if value:
                yield invalid(f"{at}.operator", value, "value must be empty when `operator` is 'Exists'")
        else:
            yield not_supported(f"{at}.operator", operator, ("Equal", "Exists"))
        if effect and effect not in TAINT_EFFECTS:
            yield not_supported(f"{at}.effect", effect, TAINT_EFFECTS)


def validate_taints(path: str, taints: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        at = f"{path}[{index}]"
        key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        yield from each_invalid(f"{at}.key", key, formats.label_key(key))
        if wrong := formats.label_value(value):
            yield invalid(f"{at}.value", value, ";".join(wrong))
        if not effect:
            yield required(f"{at}.effect")
        elif effect not in TAINT_EFFECTS:
            yield not_supported(f"{at}.effect", effect, TAINT_EFFECTS)
        if (key, effect) in seen:
            shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
            error = duplicate(at, shown)
            yield error._replace(message=f"{error.message}: taints must be unique by key and effect pair")
        seen.add((key, effect))


def validate_affinity(path: str, affinity: dict[str, Any]) -> Iterator[FieldError]:
    if node := affinity.get("nodeAffinity"):
        at = f"{path}.nodeAffinity"
        if (wanted := node.get(_REQUIRED)) is not None:
            yield from validate_node_selector(f"{at}.{_REQUIRED}", wanted)
        for index, term in enumerate(node.get(_PREFERRED) or ()):
            yield from _validate_weight(f"{at}.{_PREFERRED}[{index}]", term)
            preference = term.get("preference") or {}
            yield from _validate_node_term(f"{at}.{_PREFERRED}[{index}].preference", preference, values=False)
    for kind in ("podAffinity", "podAntiAffinity"):
        at, pods = f"{path}.{kind}", affinity.get(kind) or {}
        for index, term in enumerate(pods.get(_REQUIRED) or ()):
            yield from _validate_pod_term(f"{at}.{_REQUIRED}[{index}]", term)
        for index, weighted in enumerate(pods.get(_PREFERRED) or ()):
            yield from _validate_weight(f"{at}.{_PREFERRED}[{index}]", weighted)
            term = weighted.get("podAffinityTerm") or {}
            yield from _validate_pod_term(f"{at}.{_PREFERRED}[{index}].podAffinityTerm", term)


def validate_node_selector(path: str, selector: dict[str, Any]) -> Iterator[FieldError]:
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(terms):
        yield from _validate_node_term(f"{path}.nodeSelectorTerms[{index}]", term, values=True)


def _validate_node_term(path: str, term: dict[str, Any], *, values: bool) -> Iterator[FieldError]:
    """``values``: whether the values must be possible labels; a mere preference may miss."""
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        yield from _validate_node_requirement(f"{path}.matchExpressions[{index}]", requirement, values=values)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        at = f"{path}.matchFields[{index}]"
        if requirement.get("operator") not in ("In", "NotIn"):
            yield invalid(f"{at}.operator", requirement.get("operator", ""), "not a valid selector operator")
        elif len(requirement.get("values") or ()) != 1:
            detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            yield required(f"{at}.values", detail)
        if requirement.get("key") != "metadata.name":
            yield invalid(f"{at}.key", requirement.get("key", ""), "not a valid field selector key")


def _validate_node_requirement(
    path: str, requirement: dict[str, Any], *, values: bool
) -> Iterator[FieldError]:
    operator, given = requirement.get("operator", ""), requirement.get("values") or []
    if operator in ("In", "NotIn"):
        if not given:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{path}.values", detail)
    elif operator in ("Gt", "Lt"):
        if len(given) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield required(f"{path}.values", detail)
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = requirement.get("key", "")
    yield from each_invalid(f"{path}.key", key, formats.label_key(key))
    for index, value in enumerate(given if values else ()):
        yield from each_invalid(f"{path}.values[{index}]", value, formats.label_value(value))


def _validate_weight(path: str, term: dict[str, Any]) -> Iterator[FieldError]:
    weight = term.get("weight") or 0
    if not 1 <= weight <= 100:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _validate_pod_term(path: str, term: dict[str, Any]) -> Iterator[FieldError]:
    yield from validate_selector(f"{path}.labelSelector", term.get("labelSelector"))
    for namespace in term.get("namespaces") or ():
        yield from each_invalid(f"{path}.namespace", namespace, formats.dns_label(namespace))
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from each_invalid(f"{path}.topologyKey", key, formats.label_key(key))


def validate_spread(path: str, constraints: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        skew, key = constraint.get("maxSkew") or 0, constraint.get("topologyKey", "")
        action = constraint.get("whenUnsatisfiable", "")
        if skew <= 0:
            yield invalid(f"{at}.maxSkew", skew, "must be greater than zero")
        if not key:
            yield required(f"{at}.topologyKey", "can not be empty")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            yield not_supported(f"{at}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
        for other in constraints[index + 1 :]:
            if (other.get("topologyKey"), other.get("whenUnsatisfiable")) == (key, action):
                yield duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
                break
        yield from validate_selector(f"{at}.labelSelector", constraint.get("labelSelector"))


def validate_gates(path: str, gates: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        yield from each_invalid(f"{path}[{index}]", name, formats.label_key(name))
        if name in seen:
            yield duplicate(f"{path}[{index}]", name)
        seen.add(name)


# -- updates of pods ------------------------------------------------------------------------------


def validate_gates_update(new: dict[str, Any], old: dict[str, Any]) -> Iterator[FieldError]:
    """``new`` and ``old`` are pod specs. Gates can only be opened; before the last one is open, the choice of
    nodes can be made narrower."""
    before = {gate["name"] for gate in old.get("schedulingGates") or ()}
    for index, gate in enumerate(new.get("schedulingGates") or ()):
        if gate["name"] not in before:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate['name']}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", detail)
    if not before:
        return
    selector = new.get("nodeSelector") or {}
    if not (old.get("nodeSelector") or {}).items() <= selector.items():
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        yield invalid("spec.nodeSelector", dict(sorted(selector.items())), detail)
    yield from _validate_narrower(_node_terms(new), _node_terms(old))


def _node_terms(spec: dict[str, Any]) -> list[dict[str, Any]]:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    return required.get("nodeSelectorTerms") or []


def _validate_narrower(new: list[dict[str, Any]], old: list[dict[str, Any]]) -> Iterator[FieldError]:
    path = f"spec.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
    if old and len(old) != len(new):
        yield invalid(path, new, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
        return
    for index, (after, before) in enumerate(zip(new, old, strict=False)):
        for field in ("matchExpressions", "matchFields"):
            kept = before.get(field) or []
            if (after.get(field) or [])[: len(kept)] != kept:
                yield invalid(
                    f"{path}[{index}]", after, "only additions are allowed (no mutations or deletions)"
                )
                break
