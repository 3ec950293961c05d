"""Whose token is it (TokenReview), who am I (SelfSubjectReview, ``kubectl auth whoami``), and a token, please
(TokenRequest, ``kubectl create token``).

They are created and answered, and never stored. Upstream: ``pkg/registry/authentication``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from k8slearn.embedded.apiserver.authentication.service_accounts import authenticate, request_token
from k8slearn.embedded.apiserver.authentication.tokens import InvalidToken
from k8slearn.embedded.apiserver.bodies import decode
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.routes import Target, only_created
from k8slearn.embedded.apiserver.status import bad_request, method_not_allowed

if TYPE_CHECKING:
    from k8slearn.embedded.apiserver.registry import Registry

INVALID = "invalid bearer token"


class Identities:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def token_review(self, request: Request, target: Target) -> Response:
        review = _asked(request, target)
        spec = review.get("spec") or {}
        token = spec.get("token", "")
        if not token:
            raise bad_request("token is required for TokenReview in authentication")
        try:
            user, audiences = authenticate(self._registry, token, spec.get("audiences"))
        except InvalidToken as error:
            why = f"[{INVALID}, {error}]" if str(error) else INVALID
            status: Object = {"user": {}, "error": why}
        else:
            status = {"authenticated": True, "user": user.info(), "audiences": audiences}
        return _answer({**review, "status": status}, target)

    def self_review(self, request: Request, target: Target) -> Response:
        review = _asked(request, target)
        metadata = {**review["metadata"], "creationTimestamp": self._registry.clock.timestamp()}
        return _answer({"metadata": metadata, "status": {"userInfo": request.who.info()}}, target)

    def token_request(self, request: Request, target: Target) -> Response:
        if request.method != "POST":
            raise method_not_allowed()
        asked = decode(request, "k8s.io.api.authentication.v1.TokenRequest", None)
        answer = request_token(self._registry, target.key_namespace, target.name, asked)
        return Response(201, orjson.dumps(answer))


def _asked(request: Request, target: Target) -> Object:
    only_created(request, target)
    return decode(request, target.kind.message, target.kind)


def _answer(review: Object, target: Target) -> Response:
    kind = target.kind
    return Response(201, orjson.dumps({**review, "kind": kind.kind, "apiVersion": kind.api_version}))
