"""Label selectors: matching and writing."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.kube.label_selectors import format_labels, format_selector, matches


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        (expression("app", "In", "web", "db"), True),
        (expression("tier", "NotIn", "web"), True),
        (expression("app", "NotIn", "web"), False),
        (expression("app", "Exists"), True),
        (expression("app", "DoesNotExist"), False),
    ],
)
def test_a_selector_matches_labels(selector: dict[str, Any], expected: bool) -> None:
    assert matches(selector, {"app": "web"}) is expected


def test_a_selector_is_written_as_kubectl_takes_it() -> None:
    selector = {"matchLabels": {"b": "1"}, **expression("a", "In", "y", "x")}
    assert format_selector(selector) == "a in (x,y),b=1"
    assert format_selector(None) == ""
    assert format_labels({"b": "2", "a": "1"}) == "a=1,b=2"
    assert format_labels({}) == "<none>"
