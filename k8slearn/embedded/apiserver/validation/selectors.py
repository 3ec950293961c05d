"""What is wrong with labels and label selectors. Upstream: apimachinery ``apis/meta/v1/validation``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    immutable,
    invalid,
    required,
)
from k8slearn.kube.label_selectors import Selector


def validate_labels(path: str, labels: Mapping[str, str] | None) -> Iterator[FieldError]:
    for key, value in sorted((labels or {}).items()):
        yield from each_invalid(path, key, formats.label_key(key))
        yield from each_invalid(path, value, formats.label_value(value))


def validate_selector(path: str, selector: Selector | None) -> Iterator[FieldError]:
    if selector is None:
        return
    yield from validate_labels(f"{path}.matchLabels", selector.get("matchLabels"))
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        yield from _validate_requirement(f"{path}.matchExpressions[{index}]", requirement)


def _validate_requirement(path: str, requirement: dict[str, Any]) -> Iterator[FieldError]:
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield forbidden(
                f"{path}.values",
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = requirement.get("key", "")
    yield from each_invalid(f"{path}.key", key, formats.label_key(key))
    for index, value in enumerate(values):
        yield from each_invalid(f"{path}.values[{index}]", value, formats.label_value(value))


def in_go_order(selector: Selector | None) -> Selector | None:
    """A selector as messages show it: matchLabels, sorted, then matchExpressions."""
    if selector is None:
        return None
    shown: Selector = {}
    if selector.get("matchLabels"):
        shown["matchLabels"] = dict(sorted(selector["matchLabels"].items()))
    if selector.get("matchExpressions"):
        shown["matchExpressions"] = [
            {field: requirement[field] for field in ("key", "operator", "values") if field in requirement}
            for requirement in selector["matchExpressions"]
        ]
    return shown


def immutable_selector(new: Selector | None, old: Selector | None) -> Iterator[FieldError]:
    yield from immutable("spec.selector", in_go_order(new), in_go_order(old))


def usable(selector: Selector) -> bool:
    """Whether a selector can be asked what it matches (``LabelSelectorAsSelector`` gives no error)."""
    return not any(validate_selector("", selector))
