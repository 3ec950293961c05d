"""LIST: which objects, in which portions.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, bad_request
from k8slearn.embedded.store import Key, Object, Store, Stored
from k8slearn.kube import selectors


class Portion(NamedTuple):
    """Objects, the revision they are of, and what the list's metadata says of the rest."""

    items: list[Stored]
    revision: str
    more: dict[str, Any]


def matcher(request: Request, target: Target) -> Callable[[Object], bool]:
    """Whether an object matches the request's name, label selector and field selector. Raises ApiError."""
    kind, name = target.kind, target.name
    labels, fields = request.param("labelSelector"), request.param("fieldSelector")
    try:
        by_label = selectors.parse_labels(labels) if labels else None
    except selectors.SelectorError as error:
        raise bad_request(str(error)) from None
    try:
        by_field = selectors.parse_fields(fields) if fields else None
    except selectors.SelectorError as error:
        raise bad_request(str(error)) from None
    if by_field:
        _check_fields(kind, by_field)
    if not name and by_label is None and by_field is None:
        return lambda obj: True

    def matches(obj: Object) -> bool:
        metadata = obj["metadata"]
        if name and metadata["name"] != name:
            return False
        if by_label is not None and not by_label.matches(metadata.get("labels") or {}):
            return False
        return by_field is None or all(
            (_field(kind, field, obj) == value) == equal for field, equal, value in by_field
        )

    return matches


def _field(kind: Kind, field: str, obj: Object) -> str:
    if field == "metadata.name":
        return obj["metadata"]["name"]
    if field == "metadata.namespace":
        return obj["metadata"].get("namespace", "")
    return kind.selectable_fields[field](obj)


def _check_fields(kind: Kind, by_field: selectors.FieldSelector) -> None:
    for field, _, _ in by_field:
        if field in ("metadata.name", "metadata.namespace") or field in kind.selectable_fields:
            continue
        if kind.selectable_fields or kind.custom_schema is not None:
            # Kinds with conversion functions of their own answer for themselves.
            raise bad_request(f"field label not supported: {field}")
        raise bad_request(
            f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'
        )


def select(store: Store, request: Request, target: Target) -> Portion:
    """The portion of a list that ``limit`` and ``continue`` ask for. Raises ApiError."""
    matches = matcher(request, target)
    found = [s for s in store.list(target.resource, target.namespace) if matches(s.object)]
    token, limit = request.param("continue"), _whole_number(request, "limit")
    revision = str(store.revision)
    if token:
        start = _read_token(token)
        found = [stored for stored in found if stored.key > start]
    if not limit or len(found) <= limit:
        return Portion(found, revision, {})
    rest = len(found) - limit
    found = found[:limit]
    more: dict[str, Any] = {"continue": _token(found[-1].key)}
    if not request.param("labelSelector") and not request.param("fieldSelector"):
        more["remainingItemCount"] = rest
    return Portion(found, revision, more)


def _whole_number(request: Request, name: str) -> int:
    text = request.param(name)
    try:
        return int(text or 0)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([key.namespace, key.name])).decode().rstrip("=")


def _read_token(token: str) -> Key:
    try:
        namespace, name = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return Key(namespace, name)
    except ValueError:
        raise ApiError(400, "BadRequest", f"continue key is not valid: {token}") from None
