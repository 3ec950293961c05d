"""What refusals of the API server mean to a controller."""

from __future__ import annotations

from k8slearn.embedded.apiserver.status import ApiError


def namespace_is_going(error: ApiError) -> bool:
    """Whether a create was refused because its namespace is being terminated: nothing to report or retry."""
    causes = (error.details or {}).get("causes", ())
    return any(cause["reason"] == "NamespaceTerminating" for cause in causes)
