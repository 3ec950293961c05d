"""The API server: a request in, an answer out, in one step of the simulation.

It knows no sockets and no threads. ``embedded.server`` carries requests to it over TLS, and
``embedded.transport`` from a Python client in the same process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import orjson

from k8slearn.embedded.apiserver import discovery, openapi_v2
from k8slearn.embedded.apiserver.authentication import ANONYMOUS, InvalidToken, User, impersonation
from k8slearn.embedded.apiserver.authentication.reviews import Identities
from k8slearn.embedded.apiserver.authentication.service_accounts import ISSUER, authenticate
from k8slearn.embedded.apiserver.authentication.tokens import ALGORITHM
from k8slearn.embedded.apiserver.authorization.attributes import attributes_of, needed
from k8slearn.embedded.apiserver.authorization.rbac import GROUP as RBAC
from k8slearn.embedded.apiserver.authorization.reviews import AccessReviews
from k8slearn.embedded.apiserver.componentstatus import component_statuses
from k8slearn.embedded.apiserver.http import Answer, Request, Response
from k8slearn.embedded.apiserver.openapi import OpenAPI
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.routes import Target, only_created, resolve
from k8slearn.embedded.apiserver.status import (
    ApiError,
    insufficient_storage,
    method_not_allowed,
    not_found,
    page_not_found,
    path_not_found,
    unauthorized,
)
from k8slearn.embedded.apiserver.verbs import Verbs
from k8slearn.errors import StorageError

Handler = Callable[[Request, Target], Answer]
"""Answers what another component serves: a subresource, or all objects of a group. Raises ApiError."""

VERSION: dict[str, Any] = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.2",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.26",
    "compiler": "gc",
    "platform": "linux/amd64",
}
"""The Kubernetes version that the embedded cluster behaves as."""


_READ_BY_PEOPLE = ("curl", "Wget", "Mozilla/5.0")


class APIServer:
    """``handle`` answers every request; it never raises for what a client did."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.acting: Callable[[Request, Target], AbstractContextManager[None]] = lambda *_: nullcontext()
        """Told of each request on objects while it is answered; set by who keeps a record."""
        self.address = "127.0.0.1:6443"
        """Where the server listens, as legacy discovery tells it; set by who serves."""
        self._kinds = registry.kinds
        self._verbs = Verbs(registry)
        self._openapi = OpenAPI(registry.kinds)
        self._connected: dict[tuple[str, str], Handler] = {
            **_answered(registry),
            ("bindings", ""): self._bind,
        }
        self._delegates: dict[str, Handler] = {}

    def connect(self, resource: str, subresource: str, handler: Handler) -> None:
        """Let ``handler`` answer a subresource: the kubelet's ``pods`` ``log``, say."""
        self._connected[resource, subresource] = handler

    def aggregate(self, group: str, delegate: Handler) -> None:
        """Let another server answer for the objects of ``group``, as an APIService says it: metrics.k8s.io."""
        self._delegates[group] = delegate

    def authenticate(self, authorization: str) -> User:
        """Who comes with that header, "" for none: a service account, or nobody known. Raises ApiError 401."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        try:
            return authenticate(self.registry, token.strip())[0]
        except InvalidToken:
            raise unauthorized() from None

    def handle(self, request: Request) -> Answer:
        """Answer ``request``, if who asks may have what is asked for."""
        answer = self._answer(request)
        if isinstance(answer, Response) and _wants_pretty(request):
            answer.body = _pretty(answer)
        if request.warnings and isinstance(answer, Response):
            answer.headers += _warning_headers(request.warnings)
        return answer

    def _answer(self, request: Request) -> Answer:
        try:
            return self._dispatch(self._admitted(request))
        except ApiError as error:
            headers = list(error.headers.items())
            if error.text:
                return Response(error.code, error.text.encode(), "text/plain; charset=utf-8", headers)
            return Response(error.code, orjson.dumps(error.status()), headers=headers)
        except StorageError as error:
            full = insufficient_storage(error)
            return Response(full.code, orjson.dumps(full.status()))

    def _admitted(self, request: Request) -> Request:
        """The request, as of the one whom it is to be from. Raises ApiError where that one may not ask it."""
        if not impersonation.HEADERS.isdisjoint(request.headers):
            attributes = attributes_of(request)
            request = replace(
                request, who=impersonation.impersonated(self.registry.authorizer, request, attributes)
            )
        if not request.who.almighty:
            for attributes in needed(request):
                self.registry.authorizer.require(request.who, attributes)
        return request

    def _dispatch(self, request: Request) -> Answer:
        path = request.path.rstrip("/") or "/"
        if path.startswith(("/api/", "/apis/")):
            target = resolve(path, self._kinds)
            if target is not None:
                with self.acting(request, target):
                    return self._resource(request, target)
        return self._document(request, path)

    def _resource(self, request: Request, target: Target) -> Answer:
        if target.kind.group == RBAC:
            self.registry.authorizer.prepare()
        delegate = self._delegates.get(target.kind.group)
        if delegate is not None:
            return delegate(request, target)
        handler = self._connected.get((target.resource, target.subresource))
        if handler is not None:
            return handler(request, target)
        verbs = self._verbs
        if target.rest:
            raise path_not_found()
        if target.subresource and target.subresource not in discovery.subresources(target.kind):
            if target.kind.custom_schema is not None:
                raise not_found(target.resource, target.name)
            raise path_not_found()
        match request.method, bool(target.name), target.subresource:
            case "GET", _, "" if request.flag("watch"):
                return verbs.watch(request, target)
            case "GET", True, "":
                return verbs.get(request, target)
            case "GET", False, _:
                return verbs.list(request, target)
            case "POST", False, _:
                return verbs.create(request, target)
            case "POST", True, "binding":
                return verbs.bind(request, target)
            case "POST", True, "eviction":
                return verbs.evict(request, target)
            case "PUT", True, "scale":
                return verbs.update_scale(request, target)
            case "PUT", True, part if part in ("", "status", "finalize") or part in target.kind.parts:
                return verbs.update(request, target)
            case "PATCH", True, "scale":
                return verbs.patch_scale(request, target)
            case "PATCH", True, part if part in ("", "status") or part in target.kind.parts:
                return verbs.patch(request, target)
            case "DELETE", True, "":
                return verbs.delete(request, target)
            case "DELETE", False, _:
                return verbs.delete_collection(request, target)
            case "GET", True, "scale":
                return verbs.get_scale(request, target)
            case "GET", True, part if part == "status" or part in target.kind.parts:
                return verbs.get(request, target)
        raise method_not_allowed()

    def _bind(self, request: Request, target: Target) -> Answer:
        only_created(request, target)
        return self._verbs.bind(request, target)

    def _document(self, request: Request, path: str) -> Response:
        """Everything that is not an object: discovery, OpenAPI, version, health."""
        parts = path.strip("/").split("/")
        aggregated = discovery.is_aggregated(request.headers.get("accept", ""))
        found: Any = None
        match parts:
            case ["api" | "apis" as root] if aggregated:
                body = orjson.dumps(discovery.aggregated(self._kinds, core=root == "api"))
                return Response(200, body, content_type=discovery.AGGREGATED)
            case ["api"]:
                found = discovery.api_versions(self.address)
            case ["apis"]:
                found = discovery.api_groups(self._kinds)
            case ["apis", group]:
                found = discovery.api_group(self._kinds, group)
            case ["api", version]:
                found = discovery.api_resources(self._kinds, "", version)
            case ["apis", group, version]:
                found = discovery.api_resources(self._kinds, group, version)
            case ["version"]:
                found = VERSION
            case ["openapi", "v2"]:
                return Response(200, openapi_v2.DOCUMENT, content_type=openapi_v2.PROTOBUF)
            case ["openapi", "v3"]:
                found = self._openapi.index()
            case ["openapi", "v3", "api", version]:
                return self._schema("", version)
            case ["openapi", "v3", "apis", group, version]:
                return self._schema(group, version)
            case ["openid", "v1", "jwks"]:
                keys = orjson.dumps(self.registry.issuer.key_set())
                return Response(200, keys, content_type="application/jwk-set+json")
            case [".well-known", "openid-configuration"]:
                found = {
                    "issuer": ISSUER,
                    "jwks_uri": f"https://{self.address}/openid/v1/jwks",
                    "response_types_supported": ["id_token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": [ALGORITHM],
                }
            case ["healthz" | "livez" | "readyz"]:
                return Response(200, b"ok", content_type="text/plain; charset=utf-8")
        if found is None:
            raise self._not_found(path)
        return Response(200, orjson.dumps(found))

    def _not_found(self, path: str) -> ApiError:
        """The groups of Kubernetes' own answer for all that is below them; nobody answers for the rest."""
        _, root, *below = path.split("/")
        ours = {kind.group for kind in self._kinds if kind.custom_schema is None}
        return (
            path_not_found()
            if root == "api" or (root == "apis" and below[:1] and below[0] in ours)
            else page_not_found()
        )

    def _schema(self, group: str, version: str) -> Response:
        document = self._openapi.document(group, version)
        if document is None:
            raise page_not_found()
        return Response(200, document)


def _answered(registry: Registry) -> dict[tuple[str, str], Handler]:
    """What is worked out when it is asked for, and never stored."""
    identities, access = Identities(registry), AccessReviews(registry.authorizer)
    return {
        ("componentstatuses", ""): component_statuses,
        ("serviceaccounts", "token"): identities.token_request,
        ("tokenreviews.authentication.k8s.io", ""): identities.token_review,
        ("selfsubjectreviews.authentication.k8s.io", ""): identities.self_review,
        ("subjectaccessreviews.authorization.k8s.io", ""): access.access,
        ("localsubjectaccessreviews.authorization.k8s.io", ""): access.access,
        ("selfsubjectaccessreviews.authorization.k8s.io", ""): access.access,
        ("selfsubjectrulesreviews.authorization.k8s.io", ""): access.rules,
    }


def _wants_pretty(request: Request) -> bool:
    """People with a browser, curl or wget get JSON that they can read, and who asks for it by ``?pretty``."""
    if "pretty" in request.query:
        return request.flag("pretty")
    return request.headers.get("user-agent", "").startswith(_READ_BY_PEOPLE)


def _pretty(answer: Response) -> bytes:
    if answer.content_type != "application/json" or not answer.body:
        return answer.body
    return orjson.dumps(orjson.loads(answer.body), option=orjson.OPT_INDENT_2)


def _warning_headers(warnings: Iterable[str]) -> list[tuple[str, str]]:
    """RFC 7234: ``Warning: 299 - "text"``, each text once."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in dict.fromkeys(warnings))
    return [("Warning", f'299 - "{text}"') for text in quoted]
