"""The process behind ``k8slearn up``: ``python -m k8slearn.engines.serve FOLDER [--nodes N] [--port P]``."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path

from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.server import Server
from k8slearn.embedded.server.credentials import Credentials
from k8slearn.engines.background import Running, announce
from k8slearn.engines.files import Lock, write_private
from k8slearn.errors import ClusterError, K8slearnError

NODES = 3

CONNECTIONS = 10_240

BOOT_SECONDS = 30.0
"""How old a new cluster says it is: its first seconds of virtual time have passed before anyone sees it."""


def main() -> int:
    parser = ArgumentParser(prog="k8slearn.engines.serve")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    try:
        serve(options.folder, options.nodes, options.port)
    except K8slearnError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def relax_garbage_collection() -> None:
    """Look for cyclic garbage far less often. The store's objects live long and hold no cycles, and walking
    over all of them every few hundred writes costs a fifth of the simulation's time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def allow_many_connections() -> None:
    """A watch is a connection, and many systems let a process open 256 or 1024 files unless it asks for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS if most == resource.RLIM_INFINITY else min(CONNECTIONS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def serve(folder: Path, nodes: int | None, port: int | None) -> None:
    lock = Lock(folder, f"Another cluster is running in {folder}. See: k8slearn status")
    relax_garbage_collection()
    allow_many_connections()
    last = _last(folder)
    journal = folder / "journal"
    fresh = not journal.exists()
    # A cluster that comes back keeps its nodes and, if it is free, its port: what is open goes on working.
    if nodes is None or not fresh:
        nodes = last.get("nodes", nodes or NODES)
    (folder / "server.json").unlink(missing_ok=True)
    assert nodes is not None
    root_ca = Credentials.of(folder).ca.read_text()
    begin = time.time() - BOOT_SECONDS
    with Cluster(nodes, time.time_ns(), journal=journal, start=begin, root_ca=root_ca) as cluster:
        cluster.settle()
        # A new cluster's clock is the wall clock's from here on, and no timestamp has to be shifted.
        cluster.clock.advance(max(0.0, time.time() - cluster.clock.now) if fresh else 0.0)
        server = _listen(cluster, folder, port, last.get("port", 0))
        kubeconfig = folder / "kubeconfig"
        write_private(kubeconfig, server.credentials.kubeconfig(server.port))
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        signal.signal(signal.SIGINT, lambda *_: server.stop())
        announce(folder, Running(os.getpid(), server.port, nodes, str(kubeconfig)))
        server.wait()
    del lock


def _listen(cluster: Cluster, folder: Path, port: int | None, last: int) -> Server:
    if port is None and last:
        with suppress(ClusterError):
            return cluster.serve(folder, port=last)
    return cluster.serve(folder, port=port or 0)


def _last(folder: Path) -> dict[str, int]:
    try:
        return json.loads((folder / "server.json").read_text())
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(main())
