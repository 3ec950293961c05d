"""The four access reviews: ``kubectl auth can-i``, ``kubectl auth can-i --list``, and what other servers ask.

They are created and answered, and never stored. Upstream: ``pkg/registry/authorization``.
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from k8slearn.embedded.apiserver.authentication.user import MASTERS, User
from k8slearn.embedded.apiserver.authorization.attributes import Attributes
from k8slearn.embedded.apiserver.authorization.rbac import EVERYTHING, Authorizer, aggregate
from k8slearn.embedded.apiserver.bodies import decode
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.routes import Target, only_created
from k8slearn.embedded.apiserver.status import ApiError, FieldError, bad_request
from k8slearn.embedded.apiserver.validation import fields

_ONE_OF_TWO = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


class AccessReviews:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def access(self, request: Request, target: Target) -> Response:
        """SubjectAccessReview, LocalSubjectAccessReview and SelfSubjectAccessReview."""
        kind = target.kind
        only_created(request, target)
        review = decode(request, kind.message, kind)
        spec = review.get("spec") or {}
        own = kind.kind.startswith("Self")
        local = kind.kind.startswith("Local")
        errors = list(_validate(spec, own=own))
        if local:
            errors += _validate_local(review)
        if errors:
            raise _invalid(errors)
        asked = request.who if own else _user(spec)
        allowed, reason = self._authorizer.authorize(asked, _attributes(spec))
        status: Object = {"allowed": allowed}
        if reason:
            status["reason"] = reason
        return _answer({**review, "status": status}, target)

    def rules(self, request: Request, target: Target) -> Response:
        """SelfSubjectRulesReview: all rules that hold for who asks, in one namespace."""
        only_created(request, target)
        spec = decode(request, target.kind.message, target.kind).get("spec") or {}
        namespace = spec.get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        errors: list[str] = []
        rules = [*EVERYTHING] if MASTERS in request.who.groups else []
        rules += [granted.rule for granted in self._authorizer.grants(request.who, namespace, errors)]
        status: Object = {
            "resourceRules": [rule for rule in rules if rule.get("resources")],
            "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
            "incomplete": False,
        }
        if errors:
            status["evaluationError"] = aggregate(errors)
        return _answer({"metadata": {}, "spec": {}, "status": status}, target)


def _user(spec: Object) -> User:
    return User(
        spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), spec.get("extra") or {}
    )


def _attributes(spec: Object) -> Attributes:
    asked = spec.get("resourceAttributes")
    if asked is None:
        asked = spec["nonResourceAttributes"]
        return Attributes(asked.get("verb", ""), asked.get("path", ""))
    names = ("group", "resource", "subresource", "namespace", "name")
    return Attributes(asked.get("verb", ""), **{name: asked.get(name, "") for name in names})


def _validate(spec: Object, *, own: bool) -> Iterator[FieldError]:
    one, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (one is None) == (other is None):
        shown = {"Path": other.get("path", ""), "Verb": other.get("verb", "")} if other is not None else None
        yield fields.invalid("spec", shown, _ONE_OF_TWO)
    if not own and not spec.get("user") and not spec.get("groups"):
        yield fields.invalid("spec.user", "", "at least one of user or group must be specified")


def _validate_local(review: Object) -> Iterator[FieldError]:
    spec, namespace = review.get("spec") or {}, review["metadata"].get("namespace", "")
    asked = spec.get("resourceAttributes")
    if asked is not None and asked.get("namespace", "") != namespace:
        path = "spec.resourceAttributes.namespace"
        yield fields.invalid(path, asked.get("namespace", ""), "must match metadata.namespace")
    if (other := spec.get("nonResourceAttributes")) is not None:
        shown = {"Path": other.get("path", ""), "Verb": other.get("verb", "")}
        yield fields.invalid("spec.nonResourceAttributes", shown, "disallowed on this kind of request")


def _invalid(errors: list[FieldError]) -> ApiError:
    """Upstream makes it of the object's ``kind``, which is empty once it is decoded: `` "" is invalid: …``."""
    texts = [str(error) for error in errors]
    what = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": error.reason, "message": error.message, "field": error.field} for error in errors]
    group = "authorization.k8s.io"
    return ApiError(422, "Invalid", f'.{group} "" is invalid: {what}', {"group": group, "causes": causes})


def _answer(review: Object, target: Target) -> Response:
    kind = target.kind
    return Response(201, orjson.dumps({**review, "kind": kind.kind, "apiVersion": kind.api_version}))
