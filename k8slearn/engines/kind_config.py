"""The configuration that ``kind create cluster`` gets: ``clusters/one-node.yaml`` or ``three-nodes.yaml``, with
as many workers as asked for, ports that are free, and the mark by which the cluster's containers are known.
"""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import yaml

from k8slearn import paths
from k8slearn.errors import ClusterError


def mark() -> str:
    """Where each node of this K8SLEARN_HOME's cluster has a folder mounted, and no other container has.

    kind labels its containers with the cluster's name alone, which anyone may choose. A mount is there from a
    container's first moment, so even half of a cluster can be told from somebody else's.
    """
    return f"/k8slearn/{hashlib.sha256(str(paths.home()).encode()).hexdigest()[:12]}"


def render(folder: Path, nodes: int, port: int | None) -> tuple[str, list[str]]:
    """The configuration's text, and notes on what differs from the usual.

    Raises ClusterError for a taken ``port``.
    """
    source = paths.clusters() / ("one-node.yaml" if nodes == 1 else "three-nodes.yaml")
    config = yaml.safe_load(source.read_text())
    control_plane, *workers = config["nodes"]
    config["nodes"] = [control_plane, *(workers[:1] * (nodes - 1))]
    marked = {"hostPath": str(folder / "mark"), "containerPath": mark(), "readOnly": True}
    config["nodes"] = [{**node, "extraMounts": [marked]} for node in config["nodes"]]
    notes = [note for mapping in control_plane["extraPortMappings"] if (note := _free(mapping))]
    if port is not None:
        if taken(port):
            raise ClusterError(
                f"The port 127.0.0.1:{port} is taken by another program. Name another one with --port, or none."
            )
        config["networking"] = {"apiServerPort": port}
    return yaml.dump(config, Dumper=_Plain, sort_keys=False), notes


def ports() -> list[int]:
    """Those of this machine that the configurations ask for."""
    config = yaml.safe_load((paths.clusters() / "three-nodes.yaml").read_text())
    return [mapping["hostPort"] for mapping in config["nodes"][0]["extraPortMappings"]]


def taken(port: int) -> bool:
    """Whether a program listens on a port of loopback already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return False  # below 1024: the container engine may
        except OSError:
            return True
    return False


def _free(mapping: dict[str, Any]) -> str:
    """Let kind take any free port where the usual one is in use, and say so."""
    usual = mapping["hostPort"]
    if not taken(usual):
        return ""
    mapping["hostPort"] = 0
    return (
        f"The port {usual} of this machine is taken by another program. What lessons open there is at another "
        "port: k8slearn status names it. To have the usual one, end that program, then k8slearn down and up."
    )


class _Plain(yaml.SafeDumper):
    """Without anchors, which a reader of the file need not know."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
