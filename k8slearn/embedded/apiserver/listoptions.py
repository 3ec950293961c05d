"""What a LIST or a WATCH may ask for, and of which moment.

Upstream: apimachinery's ``internalversion/validation`` and apiserver's ``storage.ResolveListOptions``.
https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

from __future__ import annotations

import re

from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.status import (
    ApiError,
    FieldError,
    bad_request,
    invalid,
    too_large_version,
)
from k8slearn.embedded.store import Store

_MATCH = "resourceVersionMatch"


def check_list(request: Request) -> None:
    """Raises ApiError where the options of a list contradict one another."""
    match, version = request.param(_MATCH), request.param("resourceVersion")
    errors = []
    if match:
        if not version:
            errors.append(_forbidden(f"{_MATCH} is forbidden unless resourceVersion is provided"))
        if request.param("continue"):
            errors.append(_forbidden(f"{_MATCH} is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            errors.append(_unsupported(match, '"Exact", "NotOlderThan", ""'))
        if match == "Exact" and version == "0":
            errors.append(_forbidden(f'{_MATCH} "exact" is forbidden for resourceVersion "0"'))
    if "sendInitialEvents" in request.query:
        errors.append(_forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents"))
    _raise(errors)


def check_watch(request: Request) -> None:
    """Raises ApiError where the options of a watch contradict one another."""
    match, initial = request.param(_MATCH), "sendInitialEvents" in request.query
    errors = []
    if initial and match != "NotOlderThan":
        errors.append(_forbidden(f"sendInitialEvents requires setting {_MATCH} to NotOlderThan"))
    if match and not initial:
        errors.append(_forbidden(f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided"))
    if match and match != "NotOlderThan":
        errors.append(_unsupported(match, '"NotOlderThan"'))
    if request.param("continue"):
        errors.append(_forbidden(f"{_MATCH} is forbidden when continue is provided"))
    _raise(errors)


def version_to_list(store: Store, request: Request, limit: int) -> int | None:
    """The revision that a list without a token shows: None for the present, which is never too old.

    A ``resourceVersion`` alone means "not older", but with a ``limit`` it has always meant "exactly".
    Raises ApiError.
    """
    text = request.param("resourceVersion")
    if not text:
        return None
    try:
        version = read_version(text)
    except ValueError as error:
        raise bad_request(f"invalid resource version: {error}") from None
    check_reached(store, version)
    match = request.param(_MATCH)
    return version if version and (match == "Exact" or (not match and limit > 0)) else None


def any_version(request: Request) -> int:
    """``resourceVersion`` of a GET or a WATCH; 0 where there is none. Raises ApiError."""
    try:
        return read_version(request.param("resourceVersion"))
    except ValueError as error:
        raise ApiError(500, "", str(error)) from None  # a storage error without a reason, upstream, too


def read_version(text: str) -> int:
    """Raises ValueError with Go's sentence."""
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]+", text):
        why = "invalid syntax"
    elif len(text) > 20 or int(text) >= 1 << 64:
        why = "value out of range"
    else:
        return int(text)
    raise ValueError(f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {why}')


def check_reached(store: Store, version: int) -> None:
    """Raises ApiError for a version that is still to come."""
    if version > store.revision:
        raise too_large_version(version, store.revision)


def _forbidden(why: str, field: str = _MATCH) -> FieldError:
    return FieldError("FieldValueForbidden", field, f"Forbidden: {why}")


def _unsupported(match: str, supported: str) -> FieldError:
    message = f'Unsupported value: "{match}": supported values: {supported}'
    return FieldError("FieldValueNotSupported", _MATCH, message)


def _raise(errors: list[FieldError]) -> None:
    if errors:
        raise invalid("ListOptions", "meta.k8s.io", "", errors)
