"""Engines: what runs a cluster. ``connect()`` finds the one to use."""

from __future__ import annotations

import os
from pathlib import Path

from k8slearn.engines.cluster import Cluster
from k8slearn.errors import ClusterError

__all__ = ["Cluster", "connect", "kubeconfig"]


def connect() -> Cluster:
    """The cluster that lessons use, see ``kubeconfig``. Raises ClusterError when none runs."""
    return Cluster.at(kubeconfig())


def kubeconfig() -> Path:
    """``$K8SLEARN_KUBECONFIG`` if set, else that of the cluster that ``k8slearn up`` made.

    Raises ClusterError when none runs.
    """
    if named := os.environ.get("K8SLEARN_KUBECONFIG"):
        return Path(named)
    from k8slearn.engines import background

    found = background.running()
    if found is None:
        raise ClusterError("No cluster is running. Start one in a terminal with: k8slearn up")
    return Path(found.kubeconfig)
