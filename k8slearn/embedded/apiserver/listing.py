"""LIST: which objects, in which portions.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.apiserver.decoding import DecodeError, type_error
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.jsontext import parse
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.listoptions import check_list, check_reached, version_to_list
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, bad_request, expired
from k8slearn.embedded.store import Compacted, Key, Object, Store, Stored
from k8slearn.kube import selectors

TOKEN_VERSION = "meta.k8s.io/v1"
_ANY_REVISION = -1
"""In a token: go on with the objects as they are now."""
_TOO_OLD_TO_GO_ON = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)
_LONGEST_NUMBER = 18
_BASE64 = f"{string.ascii_letters}{string.digits}-_"


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
    """The portion of a list that ``limit`` and ``continue`` ask for. Raises ApiError.

    Portions belong together: all show the objects as they were when the first was made.
    """
    check_list(request)
    matches = matcher(request, target)
    limit = whole_number(request, "limit")
    revision, start = _place(store, request, target, limit)
    try:
        found = store.list(target.resource, target.namespace, revision)
    except Compacted:
        raise expired("The resourceVersion for the provided list is too old.") from None
    if start is not None:
        found = [stored for stored in found if stored.key > start]
    found = [stored for stored in found if matches(stored.object)]
    version = str(store.revision if revision is None else revision)
    # Any version will do: so a real server answers from its cache, which knows no portions.
    if limit <= 0 or len(found) <= limit or request.param("resourceVersion") == "0":
        return Portion(found, version, {})
    rest = len(found) - limit
    found = found[:limit]
    more: dict[str, Any] = {"continue": _token(target, found[-1].key, int(version))}
    if not request.param("labelSelector") and not request.param("fieldSelector"):
        more["remainingItemCount"] = rest
    return Portion(found, version, more)


def _place(store: Store, request: Request, target: Target, limit: int) -> tuple[int | None, Key | None]:
    """Of which revision the portion is (None: the present), and after which key it begins. Raises ApiError."""
    text = request.param("continue")
    if not text:
        return version_to_list(store, request, limit), None
    revision, start = _read_token(target, text)
    if request.param("resourceVersion") not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    if revision < 0:
        return None, start
    check_reached(store, revision)
    if revision < store.compacted:
        raise expired(_TOO_OLD_TO_GO_ON, continue_with=_token(target, start, _ANY_REVISION))
    return revision, start


def whole_number(request: Request, name: str) -> int:
    """A parameter as Go reads it, 0 where there is none. Raises ApiError."""
    text = request.param(name)
    if text and not re.fullmatch(r"[+-]?[0-9]+", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > _LONGEST_NUMBER:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text or 0)


def _token(target: Target, key: Key, revision: int) -> str:
    place = f"/{key.name}" if _in_one_place(target) else f"{key.namespace}/{key.name}"
    token = {"v": TOKEN_VERSION, "rv": revision, "start": f"{place}\0"}
    return base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")


def _read_token(target: Target, text: str) -> tuple[int, Key]:
    """Revision and the key after which the portion begins. Upstream: ``storage/continue.go``, whose errors
    they are."""
    good = len(text) - len(text.lstrip(_BASE64))
    if good < len(text) or good % 4 == 1:
        raise _no_token(f"illegal base64 data at input byte {min(good, len(text) - 1)}")
    try:
        token = parse(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(token, dict):
            raise type_error(token, "storage.continueToken", None)
    except DecodeError as error:
        raise _no_token(str(error)) from None
    version, start = token.get("v", ""), token.get("start", "")
    if version != TOKEN_VERSION:
        raise _no_token(f"server does not recognize this encoded version {version}")
    revision = token.get("rv")
    if not isinstance(revision, int) or not revision:
        raise _no_token(f"incorrect encoded start resourceVersion (version {version})")
    if not start or not isinstance(start, str):
        raise _no_token(f"encoded start key empty (version {version})")
    place = start.removesuffix("\0").strip("/")
    if ".." in place.split("/"):
        raise _no_token(start)
    if _in_one_place(target):
        return revision, Key(target.key_namespace, place)
    namespace, _, name = place.partition("/")
    return revision, Key(namespace, name)


def _in_one_place(target: Target) -> bool:
    return bool(target.namespace) or not target.kind.namespaced


def _no_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
