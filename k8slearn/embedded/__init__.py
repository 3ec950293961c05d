"""The embedded cluster. Each folder is one part of a real cluster, under its real name.

The package can be called: ``k8slearn.embedded(nodes=3, seed=7)`` is a ``Cluster`` in this process.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slearn.embedded.cluster import Cluster


class _Callable(ModuleType):
    """Importing any part of the package binds it as ``k8slearn.embedded``, where the face has a function
    of that name. Python lets a module choose its class, so the two are one."""

    def __call__(self, *args: Any, **options: Any) -> Cluster:
        from k8slearn.embedded.cluster import Cluster

        return Cluster(*args, **options)


sys.modules[__name__].__class__ = _Callable
