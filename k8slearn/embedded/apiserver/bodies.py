"""What a client sent: JSON, YAML or protobuf, checked against the schema of what it should be.

Unknown fields are refused, warned of or dropped, as the client's ``fieldValidation`` says:
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver import messages, protobuf, schema, yamltext
from k8slearn.embedded.apiserver.decoding import DecodeError
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.status import ApiError, FieldError, bad_request, invalid
from k8slearn.embedded.store import Object


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


def decode(request: Request, message: str, kind: Kind | None) -> Object:
    """The request's object, of the protobuf ``message``; ``kind`` names it in errors. Raises ApiError.

    Unknown fields go to the request's warnings, where it wants them there.
    """
    asked = strictness(request)
    try:
        raw = _parse(request, message)
        raw = {} if raw is None else raw
    except DecodeError as error:
        raise _unrecognized(request.body, kind.kind if kind else message.rpartition(".")[2], error) from None
    try:
        if kind is not None and kind.custom_schema is None:
            _check_kind(raw, kind)
        obj, unknown = schema.decode(message, raw) if kind is None else kind.decoded(raw)
    except DecodeError as error:
        raise _undecodable(message, kind, str(error)) from None
    except RecursionError:
        raise _undecodable(message, kind, "exceeded max depth") from None
    if asked == "Strict" and unknown:
        raise _undecodable(message, kind, f"strict decoding error: {', '.join(unknown)}")
    if asked == "Warn":
        request.warnings.extend(unknown)
    return obj


def _parse(request: Request, message: str) -> Any:
    media = (request.headers.get("content-type") or "application/json").partition(";")[0].strip()
    if media == "application/vnd.kubernetes.protobuf" and message:
        return protobuf.decode(request.body, message)
    if media == "application/yaml":
        return yamltext.parse(request.body)
    if media == "application/json":
        try:
            return schema.parse(request.body)
        except DecodeError as error:
            raise DecodeError(f"couldn't get version/kind; json parse error: {error}") from None
    raise ApiError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )


def _check_kind(raw: Any, kind: Kind) -> None:
    """An object that says what it is must be of ``kind``: a scheme that knows another one cannot convert it."""
    if not isinstance(raw, dict):
        return
    api_version, name = raw.get("apiVersion") or kind.api_version, raw.get("kind") or kind.kind
    if (api_version, name) == (kind.api_version, kind.kind):
        return
    group, _, version = str(api_version).rpartition("/")
    if messages.is_message(f"k8s.io.api.{_package(group)}.{version}.{name}"):
        why = f"converting ({version}.{name}) to ({_package(kind.group)}.{kind.kind}): unknown conversion"
    else:
        why = f'no kind "{name}" is registered for version "{api_version}" in scheme "{_SCHEME}"'
    raise bad_request(f'{name} in version "{version}" cannot be handled as a {kind.kind}: {why}')


_SCHEME = "pkg/runtime/scheme.go:111"
"""Where Kubernetes 1.37 makes its scheme, which is how the scheme calls itself."""


def _package(group: str) -> str:
    """Where Kubernetes keeps the types of a group: ``networking`` for ``networking.k8s.io``."""
    return group.partition(".")[0] or "core"


def _unrecognized(body: bytes, wanted: str, error: DecodeError) -> ApiError:
    """It is no JSON, YAML or protobuf at all. JSON is quoted, everything else in hexadecimal digits."""
    start = body[:_SUMMARY]
    shown = start.decode("utf-8", "replace") if body.startswith(b"{") else start.hex()
    more = " ..." if len(body) > _SUMMARY else ""
    summary = f"{shown}{more}" if body else "<empty>"
    return bad_request(f"the object provided is unrecognized (must be of type {wanted}): {error} ({summary})")


_SUMMARY = 30


def _undecodable(message: str, kind: Kind | None, why: str) -> ApiError:
    name = kind.kind if kind else message.rpartition(".")[2]
    version = kind.version if kind else message.split(".")[-2]
    return bad_request(f'{name} in version "{version}" cannot be handled as a {name}: {why}')


def read_options(request: Request) -> dict[str, Any]:
    """The ``metav1.DeleteOptions`` of a DELETE: its body, and query parameters on top. Raises ApiError."""
    options: dict[str, Any] = {}
    if request.body:
        options = dict(decode(request, "k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions", None))
    for name in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents"):
        text = request.param(name)
        if text:
            options[name] = _option(name, text)
    policy = options.get("propagationPolicy")
    if policy not in (None, "Orphan", "Background", "Foreground"):
        error = FieldError(
            "FieldValueNotSupported",
            "propagationPolicy",
            f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan"',
        )
        raise invalid("DeleteOptions", "meta.k8s.io", "", [error])
    return options


def _option(name: str, text: str) -> Any:
    if name == "gracePeriodSeconds":
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    return text.lower() == "true" if name == "orphanDependents" else text
