"""Policy rules: what one allows, and whether some together allow all that another does.

Upstream: ``apis/rbac/v1/evaluation_helpers.go``, and component-helpers' ``auth/rbac/validation``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from k8slearn.embedded.apiserver.authorization.attributes import Attributes
from k8slearn.embedded.apiserver.kind import Object

ALL = "*"

_FIELDS = {
    "apiGroups": "APIGroups",
    "resources": "Resources",
    "nonResourceURLs": "NonResourceURLs",
    "resourceNames": "ResourceNames",
    "verbs": "Verbs",
}


def allows(rule: Object, wanted: Attributes) -> bool:
    verbs = rule.get("verbs") or ()
    if ALL not in verbs and wanted.verb not in verbs:
        return False
    if not wanted.resource:
        return any(_covers_url(url, wanted.path) for url in rule.get("nonResourceURLs") or ())
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    if ALL not in groups and wanted.group not in groups:
        return False
    if not _covers_resource(resources, wanted.combined):
        return False
    names = rule.get("resourceNames")
    return not names or wanted.name in names


def _covers_resource(owned: Sequence[str], resource: str) -> bool:
    """``*``, ``pods/log`` and ``*/log`` cover ``pods/log``."""
    _, slash, subresource = resource.partition("/")
    return ALL in owned or resource in owned or (bool(slash) and f"*/{subresource}" in owned)


def _covers_url(url: str, path: str) -> bool:
    return url == path or (url.endswith(ALL) and path.startswith(url.rstrip(ALL)))


def missing(owned: list[Object], wanted: Iterable[Object]) -> list[Object]:
    """The parts of ``wanted`` that no rule of ``owned`` covers, each with one verb, resource and name."""
    return [
        part
        for rule in wanted
        for part in _broken_down(rule)
        if not any(_covers(owner, part) for owner in owned)
    ]


def _broken_down(rule: Object) -> Iterator[Object]:
    verbs = rule.get("verbs") or ()
    names = [[name] for name in rule.get("resourceNames") or ()] or [[]]
    parts = product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs, names)
    for group, resource, verb, name in parts:
        part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        yield {**part, "resourceNames": name} if name else part
    for url, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owner: Object, part: Object) -> bool:
    """Whether ``owner`` allows all that ``part`` does, which has one of everything."""
    for field in ("verbs", "apiGroups"):
        if not _has_all(owner.get(field) or (), part.get(field) or ()):
            return False
    resources = owner.get("resources") or ()
    if not all(_covers_resource(resources, resource) for resource in part.get("resources") or ()):
        return False
    for url in part.get("nonResourceURLs") or ():
        if not any(_covers_url(owned, url) for owned in owner.get("nonResourceURLs") or ()):
            return False
    names = owner.get("resourceNames") or ()
    wanted = part.get("resourceNames") or ()
    return not names or (bool(wanted) and set(wanted) <= set(names))


def _has_all(owned: Iterable[str], wanted: Iterable[str]) -> bool:
    return ALL in owned or set(wanted) <= set(owned)


def described(rules: list[Object]) -> list[str]:
    """Each rule in Go's notation, those that differ by their verb as one, sorted.

    >>> described([{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]} for verb in ("get", "list")])
    ['{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}']
    """
    merged: dict[str, Object] = {}
    for rule in rules:
        key = json.dumps({**rule, "verbs": []} if "resources" in rule else rule)
        verbs = [*merged[key]["verbs"], *rule["verbs"]] if key in merged else rule["verbs"]
        merged[key] = {**rule, "verbs": verbs}
    return sorted(map(_in_go, merged.values()))


def _in_go(rule: Object) -> str:
    parts = (
        f"{called}:[{' '.join(json.dumps(value, ensure_ascii=False) for value in rule[field])}]"
        for field, called in _FIELDS.items()
        if rule.get(field)
    )
    return f"{{{', '.join(parts)}}}"
