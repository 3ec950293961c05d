"""PATCH: a JSON patch, a merge patch or a strategic merge patch is applied, and the result is decoded.

https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
Upstream: apiserver's ``endpoints/handlers/patch.go``, whose errors these are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import jsonpatch
import jsonpointer
import orjson

from k8slearn.embedded.apiserver import schema, strategicmerge
from k8slearn.embedded.apiserver.decoding import DecodeError, Object, go_print, type_error
from k8slearn.embedded.apiserver.jsontext import duplicates, parse
from k8slearn.embedded.apiserver.status import ApiError, FieldError, bad_request, invalid

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
"""Server-side apply: applying.py"""

MOST_OPERATIONS = 10_000
MOST_COPIED = 3 * 1024 * 1024
"""Bytes that all copies of one JSON patch may add: a map that is copied into itself doubles."""

Decode = Callable[[Any], tuple[Object, list[str]]]
"""As ``schema.decode`` for one kind."""

_OPERATION = {"op", "path", "from", "value"}


def apply(
    patch_type: str,
    obj: Object,
    body: bytes,
    message_name: str,
    validation: str = "Warn",
    decode: Decode | None = None,
) -> tuple[Object, list[str]]:
    """``obj`` (not altered) with the patch in ``body`` applied, and what to warn of.

    ``patch_type`` is the content type, ``validation`` Strict, Warn or Ignore. ``decode`` checks the result where
    the message does not say it all; a custom resource has no message. Raises ApiError.

    >>> apply(MERGE, {"data": {"a": "1"}}, b'{"data": {"b": "2"}}', "k8s.io.api.core.v1.ConfigMap")
    ({'data': {'a': '1', 'b': '2'}, 'metadata': {}}, [])
    """
    if patch_type == JSON:
        operations = _read(body, list, "[]handlers.jsonPatchOp", "error decoding patch: ")
        problems = [f"json patch {problem}" for problem in _unknown_in_operations(operations)]
        patched, shown = _apply_operations(obj, operations), None
    elif patch_type == MERGE:
        patch = _read(body, dict, "map[string]interface {}", "error decoding patch: ")
        problems = list(duplicates(patch))
        patched, shown = merge(obj, patch), None
    elif patch_type == STRATEGIC and message_name:
        patch = _read(body, dict, "map[string]interface {}", "")
        problems = list(duplicates(patch))
        patched, shown = strategicmerge.merge(obj, patch, message_name), go_print(patch)
    else:
        raise ApiError(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join((JSON, MERGE, STRATEGIC, APPLY) if message_name else (JSON, MERGE, APPLY)),
        )
    try:
        result, unknown = decode(patched) if decode else schema.decode(message_name, patched)
    except DecodeError as error:
        raise _refused(patched, shown, error.converted if shown is not None else str(error)) from None
    # The converter of strategic merge patches sorts what it does not know.
    problems += sorted(unknown) if shown is not None else unknown
    problems = list(dict.fromkeys(problems))
    if validation == "Strict" and problems:
        raise _refused(patched, shown, f"strict decoding error: {', '.join(problems)}")
    return result, problems if validation == "Warn" else []


def merge(live: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386): null removes, objects merge, anything else replaces. Alters neither."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(live) if isinstance(live, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def _read(body: bytes, wanted: type, go: str, prefix: str) -> Any:
    try:
        patch = parse(body)
        if not isinstance(patch, wanted):
            raise type_error(patch, go, None)
    except DecodeError as error:
        raise bad_request(f"{prefix}{error}") from None
    return patch


def _unknown_in_operations(operations: list[Any]) -> list[str]:
    return [
        f'unknown field "[{index}].{name}"'
        for index, operation in enumerate(operations)
        if isinstance(operation, dict)
        for name in operation
        if name not in _OPERATION
    ] + list(duplicates(operations))


def _apply_operations(obj: Object, operations: list[Any]) -> Any:
    if len(operations) > MOST_OPERATIONS:
        raise ApiError(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MOST_OPERATIONS}, got {len(operations)}",
        )
    try:
        return _operated(obj, operations)
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
    ):
        # Upstream says no more either, whichever operation it was.
        sentence = "the server rejected our request due to an error in our request"
        raise ApiError(422, "Invalid", sentence, {}) from None


def _operated(obj: Object, operations: list[Any]) -> Any:
    patched: Any = deepcopy(obj)
    copied = 0
    for operation in operations:
        if isinstance(operation, dict) and operation.get("op") == "copy":
            copied += len(orjson.dumps(jsonpointer.resolve_pointer(patched, operation["from"])))
            if copied > MOST_COPIED:
                raise ValueError
        patched = jsonpatch.JsonPatch([operation]).apply(patched, in_place=True)
    return patched


def _refused(patched: Any, shown: str | None, why: str) -> ApiError:
    """The result is no object of its kind: a strategic patch is shown as Go prints a map, else the result."""
    value = shown if shown is not None else orjson.dumps(patched).decode()
    quoted = json.dumps(value, ensure_ascii=False)
    return invalid("", "", "", [FieldError("FieldValueInvalid", "patch", f"Invalid value: {quoted}: {why}")])
