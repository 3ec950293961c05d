"""Who did what in the embedded cluster, and why, as entries with a sentence each.

>>> from k8slearn import embedded
>>> from k8slearn.engines.cluster import Cluster
>>> with embedded(nodes=3, seed=1) as simulated:
...     made = simulated.client.create("configmaps", {"metadata": {"name": "page"}})
...     [entry.sentence for entry in Cluster.of(simulated).trace("configmap/page")]
['k8slearn created ConfigMap default/page']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from k8slearn.engines.remote_clock import TRACE, Powers
from k8slearn.errors import ClusterError, UnsupportedError

Teller = Callable[[str, str, float | None], list[dict[str, Any]]]
"""Asks a cluster for what concerns an object: (``deployment/web`` or "", namespace, seconds back or None)."""


@dataclass(frozen=True)
class Entry:
    """One thing that was done, to one object or to several of a kind in the same moment.

    ``offset``: virtual seconds since the first entry of the answer. ``data`` has all that is known: time, node,
    user, changed, because, read, why, … (``server/powers/trace.py`` says what each is).
    """

    offset: float
    component: str
    verb: str
    objects: list[str]
    sentence: str
    data: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"+{self.offset:.3f} s  {self.sentence}"


def entries(told: Iterable[dict[str, Any]]) -> list[Entry]:
    found, start = [], None
    for data in told:
        start = data["time"] if start is None else start
        offset = data["time"] - start
        fields = {name: data[name] for name in ("component", "verb", "objects", "sentence")}
        found.append(Entry(offset, data=data, **fields))
    return found


def remote(kubeconfig: Path) -> Teller:
    """The teller of the cluster that ``kubeconfig`` points to. It raises UnsupportedError on a real cluster,
    ClusterError for an object of no kind."""

    def ask(of: str, namespace: str, seconds: float | None) -> list[dict[str, Any]]:
        query = {"of": of, "namespace": namespace, **({} if seconds is None else {"seconds": seconds})}
        status, body = Powers(kubeconfig).ask("GET", f"{TRACE}?{urlencode(query)}")
        if status == 400:
            raise ClusterError(body["message"])
        if status != 200:
            raise UnsupportedError("Only the embedded cluster keeps a trace of what its components do.")
        return body

    return ask
