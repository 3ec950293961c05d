"""Roles, bindings and their subjects. Upstream: ``pkg/apis/rbac/validation``.

What upstream declares in its types (``verbs``, and names that must be there) it checks last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    immutable,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.formats import dns_subdomain
from k8slearn.embedded.apiserver.validation.selectors import validate_selector
from k8slearn.kube.names import path_segment

GROUP = "rbac.authorization.k8s.io"
SUBJECTS = ("ServiceAccount", "User", "Group")


def validate_role(obj: Object) -> Iterator[FieldError]:
    rules = obj.get("rules") or ()
    for index, rule in enumerate(rules):
        yield from _validate_rule(f"rules[{index}]", rule, namespaced=True)
    yield from _validate_verbs(rules)


def validate_cluster_role(obj: Object) -> Iterator[FieldError]:
    rules = obj.get("rules") or ()
    for index, rule in enumerate(rules):
        yield from _validate_rule(f"rules[{index}]", rule, namespaced=False)
    aggregation, path = obj.get("aggregationRule"), "aggregationRule.clusterRoleSelectors"
    if aggregation is not None:
        selectors = aggregation.get("clusterRoleSelectors") or ()
        if not selectors:
            detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
            yield required(path, detail)
        for index, selector in enumerate(selectors):
            yield from validate_selector(f"{path}[{index}]", selector)
    yield from _validate_verbs(rules)


def _validate_rule(path: str, rule: Object, *, namespaced: bool) -> Iterator[FieldError]:
    if urls := rule.get("nonResourceURLs"):
        path = f"{path}.nonResourceURLs"
        if namespaced:
            yield invalid(path, urls, "namespaced rules cannot apply to non-resource URLs")
        if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            yield invalid(path, urls, "rules cannot apply to both regular resources and non-resource URLs")
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def _validate_verbs(rules: Sequence[Object]) -> Iterator[FieldError]:
    for index, rule in enumerate(rules):
        if not rule.get("verbs"):
            yield required(f"rules[{index}].verbs")


def validate_role_binding(obj: Object) -> Iterator[FieldError]:
    yield from _validate_binding(obj, ("Role", "ClusterRole"), namespaced=True)


def validate_cluster_role_binding(obj: Object) -> Iterator[FieldError]:
    yield from _validate_binding(obj, ("ClusterRole",), namespaced=False)


def _validate_binding(obj: Object, kinds: Sequence[str], *, namespaced: bool) -> Iterator[FieldError]:
    role, subjects = obj["roleRef"], obj.get("subjects") or ()
    kind, name = role.get("kind", ""), role.get("name", "")
    if role["apiGroup"] != GROUP:
        yield not_supported("roleRef.apiGroup", role["apiGroup"], [GROUP])
    if kind not in kinds:
        yield not_supported("roleRef.kind", kind, kinds)
    yield from each_invalid("roleRef.name", name, path_segment(name))
    for index, subject in enumerate(subjects):
        yield from _validate_subject(f"subjects[{index}]", subject, namespaced=namespaced)
    if not name:
        yield required("roleRef.name")
    for index, subject in enumerate(subjects):
        if not subject.get("name"):
            yield required(f"subjects[{index}].name")


def _validate_subject(path: str, subject: Object, *, namespaced: bool) -> Iterator[FieldError]:
    kind, name, group = (subject.get(field, "") for field in ("kind", "name", "apiGroup"))
    if kind not in SUBJECTS:
        yield not_supported(f"{path}.kind", kind, SUBJECTS)
    elif kind != "ServiceAccount":
        if group != GROUP:
            yield not_supported(f"{path}.apiGroup", group, [GROUP])
    else:
        if name:
            yield from each_invalid(f"{path}.name", name, dns_subdomain(name))
        if group:
            yield not_supported(f"{path}.apiGroup", group, [""])
        if not namespaced and not subject.get("namespace"):
            yield required(f"{path}.namespace")


def validate_binding_update(new: Object, old: Object) -> Iterator[FieldError]:
    """A binding to another role is another binding."""
    yield from immutable("roleRef", _in_go(new["roleRef"]), _in_go(old["roleRef"]))


def _in_go(role: Object) -> Object:
    names = {"APIGroup": "apiGroup", "Kind": "kind", "Name": "name"}
    return {called: role.get(field, "") for called, field in names.items()}
