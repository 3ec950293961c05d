"""The sorts of ``FieldError``, with values printed as Go prints them.

Upstream: apimachinery ``util/validation/field``.

>>> str(invalid("spec.replicas", -1, "must be greater than or equal to 0"))
'spec.replicas: Invalid value: -1: must be greater than or equal to 0'
>>> str(not_supported("spec.type", "Magic", ["ClusterIP", "NodePort"]))
'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "NodePort"'
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError

IMMUTABLE = "field is immutable"
_NO_HTML = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}

NEGATIVE = "must be greater than or equal to 0"


def go_value(value: Any) -> str:
    """``"Web"``, ``-1``, ``{"matchLabels":{"app":"new"}}``, ``null``, with the keys in the order given.

    Go sorts the keys of maps, and prints the fields of a struct in the order of their declaration. Within them it
    writes what could be HTML by its number: ``{"command":["sh","-c","a \\u0026\\u0026 b"]}``.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if isinstance(value, str) else text.translate(_NO_HTML)


def invalid(path: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, f"Invalid value: {go_value(value)}: {detail}")


def required(path: str, detail: str = "") -> FieldError:
    return FieldError(
        "FieldValueRequired",
        path,
        f"Required value: {detail}" if detail else "Required value",
    )


def forbidden(path: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", path, f"Forbidden: {detail}")


def duplicate(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", path, f"Duplicate value: {go_value(value)}")


def not_found(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", path, f"Not found: {go_value(value)}")


def not_supported(path: str, value: Any, supported: Iterable[str]) -> FieldError:
    allowed = ", ".join(go_value(choice) for choice in supported)
    return FieldError(
        "FieldValueNotSupported",
        path,
        f"Unsupported value: {go_value(value)}: supported values: {allowed}",
    )


def too_long(path: str, limit: int) -> FieldError:
    return FieldError("FieldValueTooLong", path, f"Too long: may not be more than {limit} bytes")


def each_invalid(path: str, value: Any, sentences: Iterable[str]) -> Iterator[FieldError]:
    """One error a sentence: what the functions in ``formats`` return."""
    for sentence in sentences:
        yield invalid(path, value, sentence)


def non_negative(path: str, value: int | None) -> Iterator[FieldError]:
    if value is not None and value < 0:
        yield invalid(path, value, NEGATIVE)


def immutable(path: str, new: Any, old: Any) -> Iterator[FieldError]:
    if new != old:
        yield invalid(path, new, IMMUTABLE)


def choice(path: str, value: str | None, supported: Iterable[str]) -> Iterator[FieldError]:
    """``value`` must be there and one of ``supported``."""
    supported = list(supported)
    if not value:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)
