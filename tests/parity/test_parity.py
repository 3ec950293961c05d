"""The embedded cluster answers kubectl as a real one did: every scenario of ``first.txt``, step by step.

The recordings come from a kind cluster; ``README.md`` beside this file says how they are made and compared.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.server.credentials import Credentials

HERE = Path(__file__).parent
SCENARIOS = (HERE / "first.txt").read_text().split()


def recorded_kubectl() -> str:
    """The kubectl of the recordings' version: the wheel's, not the one that happens to be on the PATH."""
    found = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
    assert found, "install the dev extra: it brings kubectl 1.37"
    return found


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, str]:
    """The counts per scenario, and the transcript of the differences."""
    folder = tmp_path_factory.mktemp("parity")
    counts = folder / "counts.json"
    with Cluster(3, root_ca=Credentials.of(folder).ca.read_text()) as cluster:
        cluster.settle()
        cluster.serve(folder)
        command = [sys.executable, str(HERE / "parity.py"), "compare"]
        command += ["--kubeconfig", str(cluster.kubeconfig), "--kubectl", recorded_kubectl()]
        done = subprocess.run([*command, "--json", str(counts), "@first.txt"], capture_output=True, text=True)
    assert counts.exists(), done.stdout + done.stderr
    return json.loads(counts.read_text()), done.stdout


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_answers_are_those_of_a_real_cluster(compared: tuple[dict, str], scenario: str):
    counts, transcript = compared
    assert counts[scenario]["steps"] > 0
    assert counts[scenario]["ok"], transcript
