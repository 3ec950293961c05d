"""What the workload kinds share: selector and template, numbers or percentages.

Upstream: ``pkg/apis/apps/validation``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    invalid,
    non_negative,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.pods import validate_template
from k8slearn.embedded.apiserver.validation.selectors import in_go_order, usable, validate_selector
from k8slearn.kube.label_selectors import Selector, matches


def validate_selector_and_template(spec: dict[str, Any]) -> Iterator[FieldError]:
    """Deployments and ReplicaSets: the selector must be there and match the template's labels."""
    selector, template = spec.get("selector"), spec.get("template") or {}
    if selector is None:
        yield required("spec.selector")
    else:
        yield from validate_selector("spec.selector", selector)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            yield invalid("spec.selector", in_go_order(selector), "empty selector is invalid for deployment")
        if not usable(selector):
            yield invalid("spec.selector", in_go_order(selector), "invalid label selector")
            return
    # Without a selector nothing matches; an empty one has been complained of already.
    if selector is None or any(selector.values()):
        yield from validate_match(selector, template)
    yield from validate_template("spec.template", template)
    yield from validate_runs_always("ReplicaSet", template)


def validate_labels_and_template(spec: dict[str, Any]) -> Iterator[FieldError]:
    """ReplicationControllers: the selector is labels, which those of the template must include."""
    selector, template = spec.get("selector") or {}, spec.get("template")
    if not selector:
        yield required("spec.selector")
    if template is None:
        yield required("spec.template")
        return
    if selector:
        yield from validate_match({"matchLabels": selector}, template)
    yield from validate_template("spec.template", template)
    yield from validate_runs_always("ReplicationController", template)


def validate_match(selector: Selector | None, template: dict[str, Any]) -> Iterator[FieldError]:
    """The template's labels must satisfy the selector, which does not match anything when it is None."""
    labels = (template.get("metadata") or {}).get("labels")
    if selector is None or not matches(selector, labels):
        shown = dict(sorted(labels.items())) if labels is not None else None
        detail = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", shown, detail)


def validate_runs_always(kind: str, template: dict[str, Any]) -> Iterator[FieldError]:
    """What ``kind`` keeps running must be restarted whenever it ends."""
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        yield not_supported("spec.template.spec.restartPolicy", pod.get("restartPolicy"), ("Always",))
    if pod.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", detail)


def validate_number_or_percent(path: str, value: int | str) -> Iterator[FieldError]:
    if isinstance(value, str):
        yield from each_invalid(path, value, formats.percent(value))
    else:
        yield from non_negative(path, value)


def not_more_than_all(path: str, value: int | str) -> Iterator[FieldError]:
    if (percentage(value) or 0) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def is_nothing(value: int | str) -> bool:
    """0 and ``0%``, and what is neither a number nor a percentage."""
    return not (percentage(value) if isinstance(value, str) else value)


def percentage(value: int | str) -> int | None:
    """25 of ``25%``; None for a number, and for what is neither."""
    return int(value[:-1]) if isinstance(value, str) and not formats.percent(value) else None
