"""Engines: what runs a cluster. ``current()`` is the one in use, ``connect()`` its cluster as lessons see it.

``up`` remembers in ``$K8SLEARN_HOME/engine`` which engine it used, for all commands after it.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from k8slearn import paths
from k8slearn.engines.cluster import Cluster
from k8slearn.errors import ClusterError, StorageError

if TYPE_CHECKING:
    from k8slearn.engines.engine import Engine, Progress, Status, Wish

__all__ = ["ENGINES", "Cluster", "connect", "current", "down", "kubeconfig", "up"]

ENGINES = {"embedded": "Embedded", "kind": "Kind", "context": "NamedContext"}
"""The engines by name: each is the class of its module."""


def current(name: str | None = None) -> Engine:
    """The engine ``name``, else that of ``$K8SLEARN_KUBECONFIG``, else ``$K8SLEARN_ENGINE``, else the one that
    the last ``up`` used, else the embedded one. Raises ClusterError for an unknown name.
    """
    if name is None and "K8SLEARN_KUBECONFIG" in os.environ:
        from k8slearn.engines.embedded import Given

        return Given()
    name = name or os.environ.get("K8SLEARN_ENGINE") or _remembered() or "embedded"
    if name not in ENGINES:
        raise ClusterError(f"There is no engine {name!r} (K8SLEARN_ENGINE). There are: {', '.join(ENGINES)}.")
    return getattr(import_module(f"k8slearn.engines.{name}"), ENGINES[name])()


def connect() -> Cluster:
    """The cluster that lessons use. Raises ClusterError when none runs."""
    engine = current()
    return Cluster.at(engine.kubeconfig(), engine.namespace)


def kubeconfig() -> Path:
    """The kubeconfig of the cluster that lessons use. Raises ClusterError when none runs."""
    return current().kubeconfig()


def up(name: str | None, wish: Wish, progress: Progress) -> Status:
    """Have a cluster running, and use it from now on.

    Raises ClusterError when it does not come up, is asked for something that its engine does not know, or
    another engine's cluster is in use.
    """
    engine = current(name)
    asked = {option for option, value in asdict(wish).items() if value is not None}
    for option in sorted(asked - engine.options):
        raise ClusterError(f"The engine {engine.name} knows no --{option}. See: k8slearn up --help")
    if engine.name in ENGINES:
        before = _remembered()
        if before and before != engine.name and _is_there(before):
            raise ClusterError(
                f"A cluster of the engine {before} is in use. Take it down first: k8slearn down --engine {before}"
            )
        _remember(engine.name)
        try:
            return engine.up(wish, progress)
        except ClusterError:
            if not _is_there(engine.name):
                _remember(before)
            raise
    return engine.up(wish, progress)


def down(name: str | None, *, keep: bool) -> str:
    """Stop the cluster in use and, unless ``keep``, forget its objects; says what was done."""
    engine = current(name)
    done = engine.down(keep=keep)
    if not keep and engine.name == _remembered():
        _remember(None)
    return done


def _is_there(engine: str) -> bool:
    try:
        return current(engine).status() is not None
    except ClusterError:
        return False  # what it needs does not answer: that must keep nobody from using another


def _note() -> Path:
    return paths.home() / "engine"


def _remembered() -> str | None:
    try:
        name = _note().read_text().strip()
    except OSError:
        return None
    return name if name in ENGINES else None


def _remember(name: str | None) -> None:
    if name is None:
        _note().unlink(missing_ok=True)
        return
    try:
        paths.home().mkdir(parents=True, exist_ok=True)
        _note().write_text(name)
    except OSError as error:
        raise StorageError(
            f"The folder {paths.home()} cannot be used: {error.strerror}. "
            "Make it writable, or set K8SLEARN_HOME to one that is."
        ) from error
