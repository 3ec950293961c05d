"""What the API answers when it does not answer with an object: ``metav1.Status``, as an exception.

Reasons, codes and sentences are those of apimachinery's ``pkg/api/errors``; kubectl prints them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class FieldError(NamedTuple):
    """One thing that validation found wrong. ``str()`` gives Kubernetes' sentence.

    >>> str(FieldError("FieldValueInvalid", "spec.replicas", "Invalid value: -1: must be greater than or equal to 0"))
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    """

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class ApiError(Exception):
    """An answer of the API server that says no. ``reason`` is metav1's StatusReason, ``code`` the HTTP status."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        text: str = "",
        continue_with: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers or {}
        self.text = text
        """What is answered instead of a Status, where nobody knows what the path is about; "" for a Status."""
        self.continue_with = continue_with
        """The token with which a list may go on all the same."""

    def status(self) -> dict[str, Any]:
        """The ``metav1.Status`` object that goes to the client."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_with} if self.continue_with else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def _details(resource: str, name: str, **more: Any) -> dict[str, Any]:
    plural, _, group = resource.partition(".")
    details: dict[str, Any] = {"name": name}
    if group:
        details["group"] = group
    return {**details, "kind": plural, **more}


def not_found(resource: str, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', _details(resource, name))


def already_exists(resource: str, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource} "{name}" already exists', _details(resource, name))


def conflict(resource: str, name: str, why: str | None = None) -> ApiError:
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource} "{name}": {why}',
        _details(resource, name),
    )


def forbidden(resource: str, name: str, why: str) -> ApiError:
    subject = f'{resource} "{name}"' if name else resource
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name))


def invalid(kind: str, group: str, name: str, errors: Sequence[FieldError]) -> ApiError:
    """``kind`` is the Go kind (``Deployment``); the message names it ``Deployment.apps``.

    One error stands by itself, several in brackets: kubectl makes its list of ``* `` lines from ``causes``.
    """
    subject = f"{kind}.{group}" if group else kind
    texts = list(dict.fromkeys(str(error) for error in errors))
    what = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = [
        {"reason": error.reason, "message": error.message, "field": error.field} for error in errors
    ]
    return ApiError(422, "Invalid", f'{subject} "{name}" is invalid: {what}', details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def insufficient_storage(why: object) -> ApiError:
    """The journal takes no writes, as where its disk is full; etcd without room answers 500. Reads go on."""
    return ApiError(507, "InsufficientStorage", str(why))


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def expired(message: str, continue_with: str = "") -> ApiError:
    return ApiError(410, "Expired", message, continue_with=continue_with)


def too_large_version(asked: int, current: int) -> ApiError:
    """A version that is still to come. A real server waits three seconds for it before it says so."""
    message = f"Too large resource version: {asked}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return ApiError(504, "Timeout", f"Timeout: {message}", details, headers={"Retry-After": "1"})


_NO_RESOURCE = "the server could not find the requested resource"


def path_not_found() -> ApiError:
    """What an unknown path below a group of Kubernetes' own gets."""
    return ApiError(404, "NotFound", _NO_RESOURCE, {})


def page_not_found() -> ApiError:
    """What any other unknown path gets: no Status, but a line of text, of which clients make that sentence."""
    return ApiError(404, "NotFound", _NO_RESOURCE, {}, text="404 page not found\n")


def method_not_allowed() -> ApiError:
    return ApiError(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
        {},
    )
