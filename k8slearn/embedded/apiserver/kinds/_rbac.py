"""What Roles and bindings have in common with those of the whole cluster.

Upstream: ``pkg/apis/rbac/v1/defaults.go`` and ``pkg/printers/internalversion``.
https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Column, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name

GROUP = "rbac.authorization.k8s.io"
MESSAGES = "k8s.io.api.rbac.v1"


def default_rules(obj: Object) -> None:
    """A role without rules says so: its ``rules`` are null."""
    obj["rules"] = obj.get("rules") or None


def default_binding(obj: Object) -> None:
    role = obj.setdefault("roleRef", {})
    if not role.get("apiGroup"):
        obj["roleRef"] = {"apiGroup": GROUP, **{key: value for key, value in role.items() if value}}
    for subject in obj.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = GROUP


def role_columns(plural: str) -> tuple[Column, ...]:
    return columns(
        f"{plural}.{GROUP}",
        {"Name": name, "Created At": lambda obj, now: obj["metadata"]["creationTimestamp"]},
    )


def binding_columns(plural: str) -> tuple[Column, ...]:
    return columns(
        f"{plural}.{GROUP}",
        {
            "Name": name,
            "Role": lambda obj, now: f"{obj['roleRef'].get('kind', '')}/{obj['roleRef'].get('name', '')}",
            "Age": age,
            "Users": lambda obj, now: _subjects(obj, "User"),
            "Groups": lambda obj, now: _subjects(obj, "Group"),
            "ServiceAccounts": lambda obj, now: _subjects(obj, "ServiceAccount"),
        },
    )


def _subjects(obj: Object, kind: str) -> str:
    """``anna, ben``, and of service accounts ``default/bot``"""
    return ", ".join(
        f"{subject.get('namespace', '')}/{subject['name']}" if kind == "ServiceAccount" else subject["name"]
        for subject in obj.get("subjects") or ()
        if subject["kind"] == kind
    )
