"""The clock of an embedded cluster that runs in another process, over the path of its powers."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import yaml

from k8slearn.errors import ClusterError
from k8slearn.kube.duration import parse_duration

CLOCK = "/k8slearn/v1/clock"
TRACE = "/k8slearn/v1/trace"


class Powers:
    """Requests for the powers of the embedded cluster that ``kubeconfig`` (made by k8slearn) points to."""

    def __init__(self, kubeconfig: Path) -> None:
        import urllib3

        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._server = cluster["server"]
        self._headers = {"Authorization": f"Bearer {user.get('token', '')}"}
        trust = ssl.create_default_context(cadata=ca)
        self._pool = urllib3.PoolManager(ssl_context=trust, retries=False, timeout=120.0)

    def ask(self, method: str, path: str, order: dict[str, Any] | None = None) -> tuple[int, Any]:
        """The status and the decoded answer; an answer that is no JSON counts as None."""
        body = json.dumps(order) if order is not None else None
        response = self._pool.request(method, self._server + path, body=body, headers=self._headers)
        try:
            return response.status, json.loads(response.data)
        except ValueError:
            return response.status, None


class RemoteClock:
    """Every method returns how the clock stands: now, paused, speed, pending, settled. Raises ClusterError."""

    def __init__(self, powers: Powers) -> None:
        self._powers = powers

    def show(self) -> dict[str, Any]:
        return self._answer(self._powers.ask("GET", CLOCK))

    def do(self, what: str, **how: Any) -> dict[str, Any]:
        """``pause``, ``resume``, ``step``, ``settle``, ``speed`` (factor=…) or ``advance`` (seconds=…)."""
        return self._answer(self._powers.ask("POST", CLOCK, {"do": what, **how}))

    def advance(self, duration: float | str) -> None:
        seconds = parse_duration(duration) if isinstance(duration, str) else duration
        self.do("advance", seconds=seconds)

    def settle(self) -> bool:
        return self.do("settle")["settled"]

    def _answer(self, answer: tuple[int, Any]) -> dict[str, Any]:
        status, body = answer
        if status != 200:
            reason = body.get("message") if isinstance(body, dict) else "no answer"
            raise ClusterError(f"The cluster's clock refused ({status}): {reason}")
        return body


def find_clock(kubeconfig: Path) -> RemoteClock | None:
    """The clock of the cluster, or None when it is a real one. Raises urllib3's errors when none answers."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    user = config["users"][0]["user"]
    if "certificate-authority-data" not in cluster or "token" not in user:
        return None  # not made by k8slearn
    powers = Powers(kubeconfig)
    status, body = powers.ask("GET", CLOCK)
    return RemoteClock(powers) if status == 200 and isinstance(body, dict) and "pending" in body else None
