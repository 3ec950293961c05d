"""OpenAPI v2, as little of it as kubectl needs: a document without definitions.

kubectl validates a ``kind: List`` by itself and fetches v2 for that, as protobuf (gnostic's
``openapi.v2.Document``). It skips every kind that it finds no definition of, and the server validates the
items all the same (``fieldValidation=Strict``). Everything else reads v3.
"""

from __future__ import annotations

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited protobuf field shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(value)]) + value


_INFO = _field(1, b"Kubernetes") + _field(2, b"v1.37.2")

DOCUMENT = _field(1, b"2.0") + _field(2, _INFO) + _field(8, b"")
"""swagger, info and no paths."""
