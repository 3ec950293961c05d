"""Nobody gives away what he has not: a role's rules, and those of the role that a binding names.

Upstream does it in ``pkg/registry/rbac/*/policybased``, at the same place: after admission, before validation.
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.authentication.user import MASTERS, User
from k8slearn.embedded.apiserver.authorization import attributes as wanted
from k8slearn.embedded.apiserver.authorization.rbac import EVERYTHING, GROUP, aggregate
from k8slearn.embedded.apiserver.authorization.rules import described, missing
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import ApiError, forbidden, not_found

_FOR_COLLECTION = ("ownerReferences", "finalizers")


def role_escalation(attributes: Attributes, new: Object, ctx: Context) -> None:
    """Roles: whoever may ``escalate`` them, or has all that the role allows, may write one."""
    user, kind = attributes.user, attributes.kind
    if user is None or MASTERS in user.groups or _only_collected(new, attributes.old):
        return
    metadata = new["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace", "")
    asked = wanted.Attributes(
        "escalate",
        group=GROUP,
        resource=kind.plural,
        namespace=namespace,
        name=name if attributes.old else "",
    )
    if ctx.authorizer.allowed(user, asked):
        return
    if text := _escalation(user, namespace, new.get("rules") or (), ctx):
        raise forbidden(kind.resource, name, text)
    aggregated = any((obj or {}).get("aggregationRule") for obj in (new, attributes.old))
    if aggregated and _escalation(user, namespace, EVERYTHING, ctx):
        raise forbidden(kind.resource, name, "must have cluster-admin privileges to use the aggregationRule")


def binding_escalation(attributes: Attributes, new: Object, ctx: Context) -> None:
    """Bindings: whoever may ``bind`` the role, or has all that it allows, may bind it."""
    user, kind = attributes.user, attributes.kind
    if user is None or MASTERS in user.groups or _only_collected(new, attributes.old):
        return
    namespace, role = new["metadata"].get("namespace", ""), new.get("roleRef") or {}
    plural = {"ClusterRole": "clusterroles", "Role": "roles"}.get(role.get("kind", ""))
    if plural is not None:
        asked = wanted.Attributes(
            "bind",
            group=role.get("apiGroup", ""),
            resource=plural,
            namespace=namespace,
            name=role.get("name", ""),
        )
        if ctx.authorizer.allowed(user, asked):
            return
    try:
        rules = ctx.authorizer.rules_of(role, namespace)
    except LookupError as error:
        if plural is None:
            raise ApiError(500, "", str(error.args[0])) from None
        raise not_found(kind.resource, role.get("name", "")) from None
    if text := _escalation(user, namespace, rules, ctx):
        raise forbidden(kind.resource, new["metadata"].get("name", ""), text)


def _escalation(user: User, namespace: str, rules: Sequence[Object], ctx: Context) -> str:
    """What a real server says where ``user`` lacks something of ``rules``; "" where nothing is lacking."""
    errors: list[str] = []
    owned = [granted.rule for granted in ctx.authorizer.grants(user, namespace, errors)]
    lacking = missing(owned, rules)
    if not lacking:
        return ""
    groups = " ".join(json.dumps(group, ensure_ascii=False) for group in user.groups)
    text = (
        f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n'
        + "\n".join(described(lacking))
    )
    return f"{text}; resolution errors: [{aggregate(errors)}]" if errors else text


def _only_collected(new: Object, old: Object | None) -> bool:
    """An update that changes nothing but what the garbage collector needs."""
    return old is not None and _without(new) == _without(old)


def _without(obj: Object) -> Object:
    metadata = {field: value for field, value in obj["metadata"].items() if field not in _FOR_COLLECTION}
    return {**obj, "metadata": metadata}
