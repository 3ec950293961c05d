"""Tokens of service accounts: bound ones, asked for by TokenRequest, and those that Secrets keep.

A token says whom it is for, until when, and to which object it is bound; with its account or that object it loses
its value. Upstream: ``pkg/serviceaccount`` (claims.go, legacy.go), ``registry/core/serviceaccount/storage/token.go``.
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from k8slearn.embedded.apiserver.authentication.tokens import InvalidToken
from k8slearn.embedded.apiserver.authentication.user import User, account_name, user
from k8slearn.embedded.apiserver.status import FieldError, bad_request, conflict, invalid
from k8slearn.embedded.apiserver.validation import fields
from k8slearn.embedded.clock import timestamp
from k8slearn.embedded.store import Object

if TYPE_CHECKING:
    from k8slearn.embedded.apiserver.registry import Registry

ISSUER = "https://kubernetes.default.svc.cluster.local"
"""Who signs, and whom tokens are for unless they say otherwise."""

SECRET_ISSUER = "kubernetes/serviceaccount"
SECRET_TYPE = "kubernetes.io/service-account-token"
SECRET_ACCOUNT = "kubernetes.io/service-account.name"
"""The annotation of a Secret that names the account whose token it keeps."""

DEFAULT_SECONDS = 3600
SHORTEST_SECONDS = 600
LONGEST_SECONDS = 2**32
EXTENDED = 3607
"""The seconds that pods ask for; such a token works for a year, so that programs that never read it again go on."""

EXTENSION_SECONDS = 365 * 24 * 3600

_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
_NOTES = "authentication.kubernetes.io/"


# -- making them ----------------------------------------------------------------------------------


def request_token(
    registry: Registry, namespace: str, name: str, request: Object, *, issued: float | None = None
) -> Object:
    """Answer a ``TokenRequest`` for the account ``name``: ``request`` with its ``status``. Raises ApiError.

    ``issued`` is when the token says it was made (default: now), in seconds since 1970.
    """
    account = registry.get("serviceaccounts", namespace, name).object
    now = registry.clock.now if issued is None else issued
    asked = request.get("spec") or {}
    audiences = asked.get("audiences") or [ISSUER]
    seconds = asked.get("expirationSeconds", DEFAULT_SECONDS)
    if errors := list(_validate_seconds(seconds)):
        raise invalid("TokenRequest", "authentication.k8s.io", "", errors)
    reference = asked.get("boundObjectRef")
    bound = _bound(registry, namespace, name, reference) if reference else {}
    extended = "pod" in bound and seconds == EXTENDED and audiences == [ISSUER]
    about: dict[str, Any] = {
        "namespace": namespace,
        "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]},
        **bound,
    }
    if extended:
        about["warnafter"] = int(now) + seconds
    claims = {
        "aud": audiences,
        "exp": int(now) + (EXTENSION_SECONDS if extended else seconds),
        "iat": int(now),
        "iss": ISSUER,
        "jti": str(uuid.UUID(int=registry.clock.random.getrandbits(128), version=4)),
        "kubernetes.io": dict(sorted(about.items())),
        "nbf": int(now),
        "sub": account_name(namespace, name),
    }
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": account["metadata"]["uid"],
            "creationTimestamp": timestamp(now),
        },
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": reference},
        "status": {"token": registry.issuer.sign(claims), "expirationTimestamp": timestamp(now + seconds)},
    }


def _validate_seconds(seconds: int) -> Iterator[FieldError]:
    if seconds < SHORTEST_SECONDS:
        yield fields.invalid(
            "spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"
        )
    if seconds > LONGEST_SECONDS:
        detail = "may not specify a duration larger than 2^32 seconds"
        yield fields.invalid("spec.expirationSeconds", seconds, detail)


def _bound(registry: Registry, namespace: str, account: str, reference: Object) -> dict[str, Any]:
    """The claims of the object that a token is bound to. Raises ApiError."""
    kind, name = reference.get("kind", ""), reference.get("name", "")
    version = reference.get("apiVersion", "")
    resource = _BOUND.get(kind) if "/" not in version else None
    if resource is None:
        group, _, version = version.rpartition("/")
        raise bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    obj = registry.get(resource, "" if kind == "Node" else namespace, name).object
    found = {kind.lower(): _reference(obj)}
    if kind == "Pod":
        if obj["spec"].get("serviceAccountName") != account:
            raise bad_request(
                f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
            )
        if node := obj["spec"].get("nodeName"):
            stored = registry.store.find("nodes", "", node)
            found["node"] = _reference(stored.object) if stored else {"name": node}
    if reference.get("uid") not in (None, "", obj["metadata"]["uid"]):
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise conflict(kind, name, why)
    return found


def _reference(obj: Object) -> dict[str, str]:
    return {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}


def secret_token(registry: Registry, secret: str, account: Object) -> str:
    """The token that a Secret keeps for ``account``. It never expires."""
    metadata, prefix = account["metadata"], "kubernetes.io/serviceaccount/"
    claims = {
        "iss": SECRET_ISSUER,
        f"{prefix}namespace": metadata["namespace"],
        f"{prefix}secret.name": secret,
        f"{prefix}service-account.name": metadata["name"],
        f"{prefix}service-account.uid": metadata["uid"],
        "sub": account_name(metadata["namespace"], metadata["name"]),
    }
    return registry.issuer.sign(claims)


# -- believing them -------------------------------------------------------------------------------


def authenticate(
    registry: Registry, token: str, audiences: list[str] | None = None
) -> tuple[User, list[str]]:
    """Whose ``token`` it is, and which of the wanted ``audiences`` (default: the API server's) it is for.

    Raises InvalidToken.
    """
    claims = registry.issuer.verify(token)
    if claims.get("iss") == SECRET_ISSUER:
        return _of_secret(registry, token, claims), [ISSUER]
    wanted = audiences or [ISSUER]
    common = [audience for audience in wanted if audience in claims["aud"]]
    if not common:
        theirs, ours = _quoted(claims["aud"]), _quoted(wanted)
        raise InvalidToken(f"token audiences {theirs} is invalid for the target audiences {ours}")
    if registry.clock.now >= claims["exp"]:
        raise InvalidToken("service account token has expired")
    about = claims["kubernetes.io"]
    namespace, account = about["namespace"], about["serviceaccount"]
    _require_account(registry, namespace, account["name"], account["uid"])
    extra = {"credential-id": [f"JTI={claims['jti']}"]}
    for kind, resource in (("secret", "secrets"), ("pod", "pods"), ("node", "nodes")):
        reference = about.get(kind)
        if reference is None:
            continue
        if kind != "node" or "pod" not in about:
            _require_bound(registry, kind, resource, "" if kind == "node" else namespace, reference)
        if kind != "secret":
            extra |= {
                f"{kind}-{field}": [reference[field]] for field in ("name", "uid") if field in reference
            }
    notes = {_NOTES + name: values for name, values in extra.items()}
    return user(account_name(namespace, account["name"]), uid=account["uid"], extra=notes), common


def _require_account(registry: Registry, namespace: str, name: str, uid: str) -> None:
    stored = registry.store.find("serviceaccounts", namespace, name)
    if stored is None:
        raise InvalidToken(f'serviceaccounts "{name}" not found')
    found = stored.object["metadata"]["uid"]
    if found != uid:
        raise InvalidToken(f"service account UID ({found}) does not match claim ({uid})")


def _require_bound(
    registry: Registry, kind: str, resource: str, namespace: str, reference: dict[str, str]
) -> None:
    stored = registry.store.find(resource, namespace, reference["name"])
    if stored is None:
        raise InvalidToken("service account token has been invalidated")
    uid = stored.object["metadata"]["uid"]
    if uid != reference["uid"]:
        raise InvalidToken(
            f"{kind} UID ({uid}) does not match service account {kind} ref claim ({reference['uid']})"
        )


def _of_secret(registry: Registry, token: str, claims: dict[str, str]) -> User:
    prefix = "kubernetes.io/serviceaccount/"
    namespace, name = claims[f"{prefix}namespace"], claims[f"{prefix}service-account.name"]
    uid, secret = claims[f"{prefix}service-account.uid"], claims[f"{prefix}secret.name"]
    _require_account(registry, namespace, name, uid)
    stored = registry.store.find("secrets", namespace, secret)
    if stored is None:
        raise InvalidToken("Token has been invalidated")
    kept = (stored.object.get("data") or {}).get("token", "")
    if base64.b64decode(kept) != token.encode():
        raise InvalidToken("Token does not match server's copy")
    return user(account_name(namespace, name), uid=uid)


def _quoted(values: list[str]) -> str:
    return f"[{' '.join(f'{chr(34)}{value}{chr(34)}' for value in values)}]"
