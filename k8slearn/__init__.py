"""Learn Kubernetes by doing it, in JupyterLab, on a cluster that needs nothing but Python.

    import k8slearn

    lesson = k8slearn.start("pods")                    # in a notebook: the lesson on the running cluster
    with k8slearn.embedded(nodes=3, seed=7) as cluster:  # in a script or a test: a cluster of its own
        cluster.settle()

Everything public is listed in ``__all__``; what is behind it is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slearn.embedded.cluster import Cluster as EmbeddedCluster
    from k8slearn.engines.cluster import Cluster
    from k8slearn.lab import view
    from k8slearn.lab.lesson import Lesson, start

    def embedded(*args: Any, **options: Any) -> EmbeddedCluster:
        """A Kubernetes cluster in this process."""
        ...


__all__ = ["Cluster", "Lesson", "embedded", "start", "view"]

_HOMES = {
    "Cluster": "k8slearn.engines.cluster",
    "Lesson": "k8slearn.lab.lesson",
    "start": "k8slearn.lab.lesson",
}
_MODULES = {"embedded": "k8slearn.embedded", "view": "k8slearn.lab.view"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'k8slearn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
