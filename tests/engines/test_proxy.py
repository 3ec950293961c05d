"""A proxy in the environment, as companies have one, and a cluster on this machine."""

from __future__ import annotations

import pytest

from k8slearn import embedded
from k8slearn.engines import Cluster


def test_a_cluster_on_this_machine_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers there
    with embedded(nodes=1) as served:
        cluster = Cluster.at(served.kubeconfig)
        assert "default" in [one.metadata.name for one in cluster.core.list_namespace().items]
