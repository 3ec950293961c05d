"""What a request says of its field manager: the parameters ``fieldManager`` and ``force``, or its User-Agent.

Upstream: apiserver's ``endpoints/handlers/create.go`` (``managerOrUserAgent``), apimachinery's
``meta/v1/validation``.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.status import FieldError, invalid

LONGEST = 128
"""Bytes of a manager's name."""


def field_manager(request: Request) -> str:
    """Whose fields become what the request writes: as it says, else the program that asks. Raises ApiError."""
    named = request.param("fieldManager")
    if errors := list(_name_errors(named)):
        raise invalid(f"{_OPTIONS[request.method]}Options", "meta.k8s.io", "", errors)
    return named or _program(request.headers.get("user-agent", "")) or "unknown"


_OPTIONS = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}


def check_patch_options(request: Request, *, applies: bool) -> None:
    """Who applies says as whom; only who applies may force. Raises ApiError."""
    errors = []
    if applies and not request.param("fieldManager"):
        why = "Required value: is required for apply patch"
        errors.append(FieldError("FieldValueRequired", "fieldManager", why))
    if not applies and "force" in request.query:
        why = "Forbidden: may not be specified for non-apply patch"
        errors.append(FieldError("FieldValueForbidden", "force", why))
    if errors:
        raise invalid("PatchOptions", "meta.k8s.io", "", errors)


def _name_errors(name: str) -> list[FieldError]:
    errors = []
    if len(name.encode()) > LONGEST:
        errors.append(
            FieldError("FieldValueTooLong", "fieldManager", f"Too long: may not be more than {LONGEST} bytes")
        )
    for index, character in enumerate(name):
        if not character.isprintable():
            why = f"invalid character U+{ord(character):04X} (at position {index})"
            errors.append(FieldError("FieldValueInvalid", "fieldManager", f'Invalid value: "{name}": {why}'))
    return errors


def _program(user_agent: str) -> str:
    """``kubectl`` of ``kubectl/v1.37.1 (linux/amd64) kubernetes/…``."""
    name = user_agent.partition("/")[0].encode()[:LONGEST].decode(errors="ignore")
    return "".join(character for character in name if character.isprintable())
