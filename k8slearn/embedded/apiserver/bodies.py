"""What a client sent: JSON, YAML or protobuf, checked against the schema of what it should be.

Unknown fields are refused, warned of or dropped, as the client's ``fieldValidation`` says:
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.apiserver import protobuf, schema
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.status import ApiError, bad_request
from k8slearn.embedded.store import Object


class Body(NamedTuple):
    """An object as its schema wants it, and what to warn of."""

    object: Object
    warnings: list[str]


def strictness(request: Request) -> str:
    """``Strict``, ``Warn`` (the default since 1.27) or ``Ignore``."""
    asked = request.param("fieldValidation") or "Warn"
    if asked not in ("Strict", "Warn", "Ignore"):
        raise ApiError(
            422,
            "Invalid",
            f'UpdateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "{asked}": '
            'supported values: "Ignore", "Strict", "Warn"',
        )
    return asked
