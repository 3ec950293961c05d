"""What is public, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import k8slearn


def test_everything_public_is_listed_and_there():
    assert dir(k8slearn) == ["Cluster", "Lesson", "embedded", "start", "view"]
    assert all(callable(getattr(k8slearn, name)) for name in dir(k8slearn) if name != "view")
    assert all(callable(getattr(k8slearn.view, name)) for name in k8slearn.view.__all__)


def test_importing_k8slearn_or_its_command_imports_nothing_heavy():
    heavy = ("kubernetes", "aiohttp", "IPython", "yaml")
    script = f"import sys, k8slearn.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_embedded_package_can_be_called_whatever_was_imported_before():
    import k8slearn.embedded.cluster

    with k8slearn.embedded(nodes=1, seed=7) as cluster:
        assert list(cluster.nodes) == ["control-plane"]
