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


FEW = 5
"""So many scenarios that differ may have been looked at in the wrong moment: they are compared again, alone.
Some steps see a state that lasts a second (a pod that ends), and six scenarios at a time share two cores."""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, str]:
    """The counts per scenario, and the transcript of the differences."""
    folder = tmp_path_factory.mktemp("parity")
    with Cluster(3, root_ca=Credentials.of(folder).ca.read_text()) as cluster:
        cluster.settle()
        cluster.serve(folder)
        counts, transcript = compare(cluster, folder, "@first.txt")
        differ = [name for name, found in counts.items() if not found["ok"]]
        if 0 < len(differ) <= FEW:
            again, second = compare(cluster, folder, "-j", "1", *differ)
            counts, transcript = {**counts, **again}, transcript + second
    return counts, transcript


def compare(cluster: Cluster, folder: Path, *arguments: str) -> tuple[dict, str]:
    counts = folder / "counts.json"
    counts.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / "parity.py"), "compare", "--json", str(counts)]
    command += ["--kubeconfig", str(cluster.kubeconfig), "--kubectl", recorded_kubectl(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert counts.exists(), done.stdout + done.stderr
    return json.loads(counts.read_text()), done.stdout


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_answers_are_those_of_a_real_cluster(compared: tuple[dict, str], scenario: str):
    counts, transcript = compared
    assert counts[scenario]["steps"] > 0
    assert counts[scenario]["ok"], transcript
