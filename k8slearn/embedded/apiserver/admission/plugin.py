"""What an admission plugin is, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from k8slearn.embedded.apiserver.authentication.user import User
from k8slearn.embedded.apiserver.authorization.rbac import Authorizer
from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Store


@dataclass(frozen=True)
class Context:
    """What a plugin may look at besides the object."""

    store: Store
    clock: Clock
    authorizer: Authorizer


@dataclass(frozen=True)
class Attributes:
    """What is about to happen: upstream's ``admission.Attributes``.

    ``old`` is the stored object on UPDATE and DELETE (it stays as it is), None on CREATE. On DELETE the
    object that a plugin gets is the stored one.
    """

    operation: Literal["CREATE", "UPDATE", "DELETE"]
    kind: Kind
    old: Object | None
    subresource: str = ""
    dry_run: bool = False
    user: User | None = None
    """Who asks; None is a component of the cluster itself."""
    warn: Callable[[str], None] = lambda text: None
    """Tells who asks something besides the answer: a Warning header."""


Plugin = Callable[[Attributes, Object, Context], None]
"""``(attributes, object, context)``: may alter the object (a private copy), or raise ApiError to refuse it."""
