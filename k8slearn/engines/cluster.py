"""A cluster as lessons, views and grading see it: its API, and the few powers that an API cannot give.

Which engine runs it does not show here. ``powers`` says what it can do besides: ``clock`` (virtual time),
``trace`` (who did what). A lesson that needs one it lacks says so.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from k8slearn.engines import kubectl
from k8slearn.errors import ClusterError, UnsupportedError

if TYPE_CHECKING:
    from kubernetes import client

    from k8slearn import embedded
    from k8slearn.engines.trace import Entry, Teller

STEP = 0.5
"""Seconds between two looks while waiting: of virtual time where there is a clock, of real time elsewhere."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts for which kubectl asks no proxy, whatever HTTPS_PROXY says, and neither do we."""


class Clock(Protocol):
    """The power over time. Durations in seconds or as Go writes them (``5m``)."""

    def advance(self, duration: float | str) -> None: ...

    def settle(self) -> bool: ...


class Cluster:
    """``kubeconfig`` gives the API; ``clock`` and ``teller`` are there when the engine has virtual time.

    Its API groups are the official client's: ``cluster.core.list_namespaced_pod("default")``.
    """

    namespace: str | None = None
    """The one namespace that all lessons must share, None when each makes its own."""

    def __init__(
        self,
        api_client: client.ApiClient,
        kubeconfig: Callable[[], Path],
        clock: Clock | None = None,
        teller: Teller | None = None,
    ) -> None:
        self.api_client = api_client
        self.clock = clock
        self._teller = teller
        self._kubeconfig = kubeconfig

    @classmethod
    def at(cls, kubeconfig: Path, namespace: str | None = None) -> Cluster:
        """The cluster of a kubeconfig; ``namespace``: when lessons must share that one.

        Raises ClusterError when it cannot be read or nothing answers.
        """
        from kubernetes import client, config
        from urllib3.exceptions import HTTPError

        from k8slearn.engines.remote_clock import find_clock
        from k8slearn.engines.trace import remote

        try:
            configuration = client.Configuration()
            config.load_kube_config(str(kubeconfig), client_configuration=configuration)
            if urlsplit(configuration.host).hostname in LOOPBACK:
                configuration.proxy = None
            api_client = client.ApiClient(configuration)
            clock = find_clock(kubeconfig)
        except (config.ConfigException, OSError, HTTPError) as error:
            raise ClusterError(
                f"No cluster answers at {kubeconfig}: {error}. Start one with: k8slearn up"
            ) from error
        cluster = cls(api_client, lambda: kubeconfig, clock, remote(kubeconfig) if clock else None)
        cluster.namespace = namespace
        return cluster

    @classmethod
    def of(cls, cluster: embedded.Cluster) -> Cluster:
        """An embedded cluster in this process; it serves as soon as someone asks for the kubeconfig."""
        return cls(cluster.api_client, lambda: cluster.kubeconfig, cluster.clock, cluster.tell)

    @property
    def kubeconfig(self) -> Path:
        return self._kubeconfig()

    @property
    def powers(self) -> frozenset[str]:
        return frozenset({"clock", "trace"}) if self.clock is not None else frozenset()

    def trace(self, of: str = "", namespace: str = "default", seconds: float | None = None) -> list[Entry]:
        """Who did what to ``of`` and to what was made for it (``deployment/web``; "": to everything), oldest first.

        Each entry has a ``sentence``. ``seconds``: only what happened in as many virtual seconds. Raises
        UnsupportedError where ``powers`` has no trace, ClusterError for an object of no kind.
        """
        if self._teller is None:
            raise UnsupportedError("Only the embedded cluster keeps a trace of what its components do.")
        from k8slearn.engines.trace import entries

        return entries(self._teller(of, namespace, seconds))

    # -- the official client's API groups ---------------------------------------------------------

    @cached_property
    def core(self) -> client.CoreV1Api:
        from kubernetes import client

        return client.CoreV1Api(self.api_client)

    @cached_property
    def apps(self) -> client.AppsV1Api:
        from kubernetes import client

        return client.AppsV1Api(self.api_client)

    @cached_property
    def batch(self) -> client.BatchV1Api:
        from kubernetes import client

        return client.BatchV1Api(self.api_client)

    @cached_property
    def networking(self) -> client.NetworkingV1Api:
        from kubernetes import client

        return client.NetworkingV1Api(self.api_client)

    @cached_property
    def autoscaling(self) -> client.AutoscalingV2Api:
        from kubernetes import client

        return client.AutoscalingV2Api(self.api_client)

    @cached_property
    def discovery(self) -> client.DiscoveryV1Api:
        from kubernetes import client

        return client.DiscoveryV1Api(self.api_client)

    # -- time -----------------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], Any], timeout: float = 60.0) -> bool:
        """Whether ``condition()`` became true within ``timeout`` seconds.

        With virtual time the seconds are the cluster's: a minute's wait takes a moment.
        """
        waited = 0.0
        deadline = time.monotonic() + timeout
        while not condition():
            if self.clock is not None:
                if waited >= timeout:
                    return False
                self.clock.advance(STEP)
                waited += STEP
            else:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(STEP)
        return True

    def let_pass(self, seconds: float) -> None:
        """Let ``seconds`` of the cluster's time pass; with virtual time that is one step."""
        if self.clock is not None:
            self.clock.advance(seconds)
        else:
            time.sleep(seconds)

    # -- kubectl --------------------------------------------------------------------------------

    def kubectl(
        self, *arguments: str, input: str | None = None, namespace: str | None = None, timeout: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run the real kubectl on this cluster. Its exit code and texts are in the result.

        Raises ClusterError when there is no kubectl.
        """
        command = [kubectl.find(), *(["--namespace", namespace] if namespace else []), *arguments]
        environment = {**kubectl.QUICK, **os.environ, "KUBECONFIG": str(self.kubeconfig)}
        try:
            return subprocess.run(
                command, input=input, capture_output=True, text=True, env=environment, timeout=timeout
            )
        except subprocess.TimeoutExpired as error:
            texts = [t.decode() if isinstance(t, bytes) else t or "" for t in (error.stdout, error.stderr)]
            texts[1] += f"kubectl was stopped: it had not ended after {timeout:.0f} seconds.\n"
            return subprocess.CompletedProcess(command, 124, *texts)
