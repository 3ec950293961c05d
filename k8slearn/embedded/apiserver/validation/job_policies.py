"""What is wrong with a Job's podFailurePolicy and successPolicy. Upstream: ``pkg/apis/batch/validation``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    duplicate,
    each_invalid,
    invalid,
    non_negative,
    not_supported,
    required,
    too_long,
)
from k8slearn.kube.index_ranges import count_ranges

ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
OPERATORS = ("In", "NotIn")
STATUSES = ("False", "True", "Unknown")
MOST_RULES = 20
MOST_EXIT_CODES = 255
LONGEST_INDEXES = 64 * 1024

Rule = dict[str, Any]


def validate_failure_policy(path: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    """``path`` is that of ``spec``, a JobSpec."""
    policy = spec.get("podFailurePolicy")
    if policy is None:
        return
    path = f"{path}.podFailurePolicy.rules"
    rules = policy.get("rules") or ()
    yield from _too_many(path, rules, MOST_RULES)
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {
        container.get("name")
        for field in ("containers", "initContainers")
        for container in pod.get(field) or ()
    }
    for index, rule in enumerate(rules):
        at = f"{path}[{index}]"
        yield from _validate_action(f"{at}.action", rule.get("action"), spec)
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or ()
        if codes is not None:
            yield from _validate_exit_codes(f"{at}.onExitCodes", codes, names)
        yield from _validate_conditions(f"{at}.onPodConditions", conditions)
        if codes is not None and conditions:
            yield _wrong_rule(at, "specifying both OnExitCodes and OnPodConditions is not supported")
        if codes is None and not conditions:
            yield _wrong_rule(at, "specifying one of OnExitCodes and OnPodConditions is required")


def _wrong_rule(path: str, detail: str) -> FieldError:
    """Without the value, which would fill the screen."""
    return FieldError("FieldValueInvalid", path, f"Invalid value: {detail}")


def _validate_action(path: str, action: str | None, spec: dict[str, Any]) -> Iterator[FieldError]:
    if action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            yield invalid(path, action, "requires the backoffLimitPerIndex to be set")
    else:
        yield from _choice(path, action, ACTIONS)


def _validate_exit_codes(path: str, codes: Rule, containers: set[str | None]) -> Iterator[FieldError]:
    yield from _choice(f"{path}.operator", codes.get("operator"), OPERATORS)
    name = codes.get("containerName")
    if name is not None and name not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{path}.containerName", name, detail)
    values = codes.get("values") or []
    path = f"{path}.values"
    if not values:
        yield invalid(path, codes.get("values"), "at least one value is required")
    yield from _too_many(path, values, MOST_EXIT_CODES)
    for index, value in enumerate(values):
        if codes.get("operator") == "In" and value == 0:
            yield invalid(f"{path}[{index}]", value, "must not be 0 for the In operator")
        if value in values[:index]:
            yield duplicate(f"{path}[{index}]", value)
    if values != sorted(values):
        yield invalid(path, values, "must be ordered")


def _validate_conditions(path: str, patterns: Sequence[Rule]) -> Iterator[FieldError]:
    yield from _too_many(path, patterns, MOST_RULES)
    for index, pattern in enumerate(patterns):
        type_ = pattern.get("type", "")
        yield from each_invalid(f"{path}[{index}].type", type_, formats.label_key(type_))
        yield from _choice(f"{path}[{index}].status", pattern.get("status"), STATUSES)


def validate_success_policy(path: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    """``path`` is that of ``spec``, a JobSpec."""
    policy = spec.get("successPolicy")
    if policy is None:
        return
    path = f"{path}.successPolicy"
    rules = policy.get("rules") or ()
    if spec.get("completionMode") != "Indexed":
        yield invalid(path, go_success_policy(policy), "requires indexed completion mode")
        return
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        yield required(f"{path}.rules", detail)
    yield from _too_many(f"{path}.rules", rules, MOST_RULES)
    for index, rule in enumerate(rules):
        yield from _validate_success_rule(f"{path}.rules[{index}]", rule, spec.get("completions") or 0)


def _validate_success_rule(path: str, rule: Rule, completions: int) -> Iterator[FieldError]:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and indexes is None:
        yield required(path, "at least one of succeededCount or succeededIndexes must be specified")
    total = 0
    if indexes is not None:
        if len(indexes) > LONGEST_INDEXES:
            yield too_long(f"{path}.succeededIndexes", LONGEST_INDEXES)
        try:
            total = count_ranges(indexes, completions)
        except ValueError as error:
            detail = f"error parsing succeededIndexes: {error}"
            yield invalid(f"{path}.succeededIndexes", indexes, detail)
    if count is None:
        return
    path = f"{path}.succeededCount"
    yield from non_negative(path, count)
    if count > completions:
        detail = f"must be less than or equal to {completions} (the number of specified completions)"
        yield invalid(path, count, detail)
    if indexes is not None and count > total:
        what = "the number of indexes in the specified succeededIndexes field"
        yield invalid(path, count, f"must be less than or equal to {total} ({what})")


def go_failure_policy(policy: Rule | None) -> Rule | None:
    """As messages show it: Go's names, and null for what is not there."""
    return policy and {"Rules": [_go_rule(rule) for rule in policy.get("rules") or ()] or None}


def _go_rule(rule: Rule) -> Rule:
    codes, patterns = rule.get("onExitCodes"), rule.get("onPodConditions")
    return {
        "Action": rule.get("action", ""),
        "OnExitCodes": codes
        and {
            "ContainerName": codes.get("containerName"),
            "Operator": codes.get("operator", ""),
            "Values": codes.get("values"),
        },
        "OnPodConditions": patterns
        and [{"Type": each.get("type", ""), "Status": each.get("status", "")} for each in patterns],
    }


def go_success_policy(policy: Rule | None) -> Rule | None:
    rules = [
        {"SucceededIndexes": rule.get("succeededIndexes"), "SucceededCount": rule.get("succeededCount")}
        for rule in (policy or {}).get("rules") or ()
    ]
    return policy and {"Rules": rules or None}


def _choice(path: str, value: str | None, supported: Sequence[str]) -> Iterator[FieldError]:
    if not value:
        listed = " ".join(f'"{choice}"' for choice in supported)
        yield required(path, f"valid values: [{listed}]")
    elif value not in supported:
        yield not_supported(path, value, supported)


def _too_many(path: str, items: Sequence[Any], limit: int) -> Iterator[FieldError]:
    if len(items) > limit:
        detail = f"Too many: {len(items)}: must have at most {limit} items"
        yield FieldError("FieldValueTooMany", path, detail)
