"""CoreDNS, the cluster's name server: it answers from the cluster's zone while it runs, and says that it is ready.

Of its Corefile nothing is read: the zone is ``network.names``, and all other names are unknown.
"""

from __future__ import annotations

from k8slearn.embedded.network import AddressInUse, HttpRequest
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.network.names import NameServer
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps
from k8slearn.embedded.runtime.programs.site import text

VERSION = "1.14.6"
PORT = 53
HEALTH, READY, METRICS = 8080, 8181, 9153
LAME_DUCK = 5.0
"""Seconds for which it goes on to answer after TERM, until everybody asks the others."""


class _Says:
    """An HTTP server with one page."""

    def __init__(self, path: str, words: str) -> None:
        self.path = path
        self.words = words

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        known = request.path == self.path
        reply(text(200, self.words) if known else text(404, "404 page not found\n"))


def coredns(process: Process, args: list[str]) -> Steps:
    """``coredns -conf FILE``"""
    server = NameServer(process.kernel.network.names)
    try:
        process.listen(PORT, server, "UDP")
        process.listen(PORT, server)
        process.listen(HEALTH, _Says("/health", "OK"))
        process.listen(READY, _Says("/ready", "OK"))
        process.listen(METRICS, _Says("/metrics", ""))
    except AddressInUse as error:
        raise Fault(f"listen tcp :{PORT}: bind: {str(error).lower()}") from None
    for signal in ("TERM", "INT"):
        process.handlers[signal] = process.interrupt
    yield from process.print(f".:{PORT}\nCoreDNS-{VERSION}\nlinux/amd64, go1.26.8, ")
    yield from process.pause()
    process.handlers["TERM"] = process.handlers["INT"] = None
    yield from process.print("[INFO] SIGTERM: Shutting down servers then terminating")
    yield from process.print(f"[INFO] plugin/health: Going into lameduck mode for {LAME_DUCK:g}s")
    yield from process.sleep(LAME_DUCK)
    return 0
