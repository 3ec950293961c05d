"""Conditions in a status: a list with one entry per type, of which the newest change comes last.

Upstream: ``SetDeploymentCondition`` and ``SetCondition`` of the controllers' ``util`` packages. Lists are
never altered; each function returns the list to use instead.
"""

from __future__ import annotations

from typing import Any

Condition = dict[str, Any]


def find(conditions: list[Condition], type: str) -> Condition | None:
    return next((condition for condition in conditions if condition["type"] == type), None)


def without(conditions: list[Condition], type: str) -> list[Condition]:
    return [condition for condition in conditions if condition["type"] != type]


def with_condition(conditions: list[Condition], new: Condition) -> list[Condition]:
    """``conditions`` with ``new`` in place of the one of its type.

    Nothing changes when status and reason are as before; ``lastTransitionTime`` stays while the status does.
    """
    current = find(conditions, new["type"])
    if current and (current["status"], current.get("reason")) == (new["status"], new.get("reason")):
        return conditions
    if current and current["status"] == new["status"]:
        new = {**new, "lastTransitionTime": current["lastTransitionTime"]}
    return [*without(conditions, new["type"]), new]
