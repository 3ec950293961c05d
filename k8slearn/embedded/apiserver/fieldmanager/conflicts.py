"""Conflicts: an apply would change what other managers own.

Upstream: apimachinery's ``util/managedfields/internal/conflict.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slearn.embedded.apiserver.fieldmanager.fieldset import path_text
from k8slearn.embedded.apiserver.fieldmanager.managers import Entry
from k8slearn.embedded.apiserver.status import ApiError


class Conflict(NamedTuple):
    manager: str
    """As messages show it: ``"kubectl-patch" using v1``."""
    path: tuple[str, ...]


def manager_text(entry: Entry) -> str:
    text = f'"{entry.get("manager", "")}"'
    if subresource := entry.get("subresource"):
        text += f' with subresource "{subresource}"'
    return f"{text} using {entry['apiVersion']}" if entry["operation"] == "Update" else text


def conflict_error(conflicts: Iterable[Conflict]) -> ApiError:
    """The 409 that lists them by manager."""
    conflicts = sorted(conflicts, key=lambda conflict: conflict.manager)
    if len(conflicts) == 1:
        one = conflicts[0]
        what = f"1 conflict: conflict with {one.manager}: {path_text(one.path)}"
    else:
        lines = []
        for index, conflict in enumerate(conflicts):
            if not index or conflict.manager != conflicts[index - 1].manager:
                lines.append(f"conflicts with {conflict.manager}:")
            lines.append(f"- {path_text(conflict.path)}")
        what = f"{len(conflicts)} conflicts: " + "\n".join(lines)
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {conflict.manager}",
            "field": path_text(conflict.path),
        }
        for conflict in conflicts
    ]
    return ApiError(409, "Conflict", f"Apply failed with {what}", {"causes": causes})
