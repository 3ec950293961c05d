"""Make k8slearn/embedded/apiserver/data/bootstrap_policy.json.gz anew from a real cluster; run it for a new version.

    python tools/vendor_policy.py KUBECONFIG

The cluster should be a fresh one of kubeadm or kind with a metrics-server, and nothing else: what others have added
is recorded too. kubectl must be on the PATH.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "k8slearn/embedded/apiserver/data/bootstrap_policy.json.gz"

KINDS = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
GROUP = "rbac.authorization.k8s.io"

KEPT = ("kind", "apiVersion", "metadata", "aggregationRule", "rules", "roleRef", "subjects")
KEPT_METADATA = ("name", "namespace", "labels", "annotations")

OF_THE_MACHINE = ("k8slearn-", "local-path-")
"""Names that begin so belong to one kind cluster's network and storage."""


def main(kubeconfig: str) -> None:
    found = {f"{kind}.{GROUP}": recorded(kubeconfig, kind) for kind in KINDS}
    TARGET.write_bytes(gzip.compress(json.dumps(found, separators=(",", ":")).encode(), 9, mtime=0))


def recorded(kubeconfig: str, kind: str) -> list[dict]:
    command = ["kubectl", f"--kubeconfig={kubeconfig}", "get", kind, "--all-namespaces", "--output=json"]
    items = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["items"]
    return [stripped(obj) for obj in items if not obj["metadata"]["name"].startswith(OF_THE_MACHINE)]


def stripped(obj: dict) -> dict:
    """Without what differs from cluster to cluster."""
    metadata = {field: value for field, value in obj["metadata"].items() if field in KEPT_METADATA}
    metadata.get("annotations", {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if not metadata.get("annotations"):
        metadata.pop("annotations", None)
    fields = {field: obj[field] for field in KEPT if field in obj}
    return {**fields, "metadata": metadata}


if __name__ == "__main__":
    main(*sys.argv[1:])
