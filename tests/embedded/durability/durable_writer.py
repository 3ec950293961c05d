"""Writes to a cluster without end, and tells each write that the API server has acknowledged: a process to kill.

A module of its own, since a fork server imports it once, with all that it needs, for all processes to come.
"""

from __future__ import annotations

import itertools
from multiprocessing.connection import Connection
from pathlib import Path

import orjson

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import journal

PATH = "/api/v1/namespaces/default/configmaps"

Cluster(1)  # what is made once in a process is made before the fork


def write_on(path: str, told: Connection, begin: int) -> None:
    """Each number from ``begin`` is created; it is changed with the next one, and two of three are deleted with
    the one after that."""
    journal.LONG = 100_000  # so that some kills fall into a rewriting
    cluster = Cluster(1, begin, journal=Path(path))

    def do(number: int, what: str, method: str, where: str, body: dict | None = None) -> None:
        headers = {
            "content-type": "application/merge-patch+json" if method == "PATCH" else "application/json"
        }
        answer = cluster.handle(
            Request(method, PATH + where, {}, headers, orjson.dumps(body) if body else b"")
        )
        assert isinstance(answer, Response) and answer.status < 300, answer
        told.send((number, what))

    for number in itertools.count(begin):
        new = {"metadata": {"name": f"n{number}"}, "data": {"is": "new", "padding": "x" * 500}}
        do(number, "new", "POST", "", new)
        if number > begin:
            do(number - 1, "old", "PATCH", f"/n{number - 1}", {"data": {"is": "old"}})
        if number > begin + 1 and number % 3:
            do(number - 2, "gone", "DELETE", f"/n{number - 2}")
