"""Policy rules alone: what one allows, and what is missing to allow all of another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.apiserver.authorization.attributes import Attributes, attributes_of, needed
from k8slearn.embedded.apiserver.authorization.rules import allows, described, missing
from k8slearn.embedded.apiserver.http import Request


def rule(verbs: str, groups: str = "", resources: str = "pods", names: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {
        "verbs": verbs.split(),
        "apiGroups": groups.split() or [""],
        "resources": resources.split(),
    }
    return {**found, "resourceNames": names.split()} if names else found


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("GET", "/api/v1/pods", ("list", "", "pods", "", "")),
        ("GET", "/api/v1/pods?watch", ("watch", "", "pods", "", "")),
        ("GET", "/api/v1/namespaces/a/pods/b", ("get", "", "pods", "a", "b")),
        ("GET", "/api/v1/namespaces/a", ("get", "", "namespaces", "a", "a")),
        ("PUT", "/api/v1/namespaces/a/status", ("update", "", "namespaces/status", "a", "a")),
        (
            "DELETE",
            "/apis/apps/v1/namespaces/a/deployments",
            ("deletecollection", "apps", "deployments", "a", ""),
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/w/scale",
            ("patch", "apps", "deployments/scale", "a", "w"),
        ),
        ("GET", "/apis/nosuch.io/v1/things", ("list", "nosuch.io", "things", "", "")),
    ],
)
def test_a_path_says_what_is_wanted(method: str, path: str, meant: tuple[str, ...]) -> None:
    path, _, query = path.partition("?")
    found = attributes_of(Request(method, path, {query: [""]} if query else {}))
    assert (found.verb, found.group, found.combined, found.namespace, found.name) == meant


def test_a_path_that_is_no_resources_is_wanted_itself() -> None:
    assert str(attributes_of(Request("GET", "/apis/apps/v1"))) == 'get path "/apis/apps/v1"'
    assert str(attributes_of(Request("POST", "/"))) == 'post path "/"'


def test_a_field_selector_names_the_one_that_may_be_listed() -> None:
    for selector in ("metadata.name=x", "metadata.name==x", "spec.a=b,metadata.name=x"):
        assert attributes_of(Request("GET", "/api/v1/pods", {"fieldSelector": [selector]})).name == "x"
    for selector in ("metadata.name!=x", "spec.metadata.name=x"):
        assert attributes_of(Request("GET", "/api/v1/pods", {"fieldSelector": [selector]})).name == ""


def test_exec_by_websocket_needs_both_verbs() -> None:
    path = "/api/v1/namespaces/a/pods/b/exec"
    assert [wanted.verb for wanted in needed(Request("GET", path))] == ["get", "create"]
    assert [wanted.verb for wanted in needed(Request("POST", path))] == ["create"]


@pytest.mark.parametrize(
    ("granted", "wanted", "expected"),
    [
        (rule("get"), Attributes("get", resource="pods"), True),
        (rule("get"), Attributes("list", resource="pods"), False),
        (rule("*"), Attributes("anything", resource="pods"), True),
        (rule("get"), Attributes("get", resource="pods", group="metrics.k8s.io"), False),
        (rule("get", "*"), Attributes("get", resource="pods", group="metrics.k8s.io"), True),
        (rule("get"), Attributes("get", resource="pods", subresource="log"), False),
        (rule("get", "", "pods/log"), Attributes("get", resource="pods", subresource="log"), True),
        (rule("get", "", "*/log"), Attributes("get", resource="pods", subresource="log"), True),
        (rule("get", "", "*/log"), Attributes("get", resource="pods"), False),
        (rule("get", "", "*"), Attributes("get", resource="pods", subresource="log"), True),
        (rule("get", names="a b"), Attributes("get", resource="pods", name="b"), True),
        (rule("get", names="a b"), Attributes("get", resource="pods", name="c"), False),
        (rule("list", names="a b"), Attributes("list", resource="pods"), False),
        (rule("get"), Attributes("get", "/healthz"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/healthz"]}, Attributes("get", "/healthz"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/healthz"]}, Attributes("get", "/healthz/x"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/api/*"]}, Attributes("get", "/api/v1"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/api/*"]}, Attributes("get", resource="pods"), False),
    ],
)
def test_what_a_rule_allows(granted: dict[str, Any], wanted: Attributes, expected: bool) -> None:
    assert allows(granted, wanted) is expected


def test_what_several_rules_together_cover_is_not_missing() -> None:
    assert missing([rule("get"), rule("list")], [rule("get list")]) == []
    assert missing([rule("get", names="a")], [rule("get", names="a b")]) == [rule("get", names="b")]
    assert missing([rule("get", names="a")], [rule("get")]) == [rule("get")]
    assert missing([rule("*", "*", "*")], [rule("get", "apps", "deployments deployments/scale")]) == []


def test_what_is_missing_is_told_a_line_a_resource() -> None:
    lacking = missing([rule("get")], [rule("get list watch", "", "secrets pods"), rule("get", names="x")])
    assert described(lacking) == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}',
    ]
    url = {"verbs": ["get"], "nonResourceURLs": ["/x"]}
    assert described(missing([], [url])) == ['{NonResourceURLs:["/x"], Verbs:["get"]}']


words = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=3, unique=True)
rules = st.builds(
    lambda verbs, groups, resources, names: {
        "verbs": verbs,
        "apiGroups": groups,
        "resources": resources,
        **({"resourceNames": names} if names else {}),
    },
    words,
    words,
    st.lists(st.sampled_from(["a", "b", "a/s", "*/s", "*"]), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(["n", "m"]), max_size=2, unique=True),
)


@given(st.lists(rules, max_size=4), st.lists(rules, max_size=3))
def test_whoever_lacks_nothing_may_do_all_of_it(owned: list[dict], granted: list[dict]) -> None:
    """The escalation check and the authorizer agree: what is covered gives no new right."""
    if missing(owned, granted):
        return
    for verb in ("a", "b", "c"):
        for group in ("a", "b", "c"):
            for resource, subresource in (("a", ""), ("a", "s"), ("b", "s"), ("c", "")):
                for name in ("", "n", "m", "o"):
                    wanted = Attributes(verb, "", group, resource, subresource, "", name)
                    if any(allows(one, wanted) for one in granted):
                        assert any(allows(one, wanted) for one in owned), wanted
