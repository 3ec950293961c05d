"""A load generator: asks a URL at a steady rate, and reports what failed, how long answers took, who answered.

    load http://web/ --rate 20 --seconds 30

    20 s  ok 400  failed 0  p50 2 ms  answered by web-7d4b9-abcde 201, web-7d4b9-fghij 199
    requests 600  failed 3 (0.50 %)
      answered by  web-7d4b9-abcde 201, web-7d4b9-fghij 396
      failed with  connection refused 3
      latency      p50 2 ms  p95 4 ms  p99 9 ms  slowest 31 ms

A line comes every 10 seconds (``--every``). Requests start by the clock, whether earlier ones have been answered or
not, as those of many users do. Without ``--keep-alive`` each has a connection of its own; with it all share one,
which stays at one pod.
The exit code is 1 when a request failed: no answer, or a status of 400 and more.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import NoReturn
from urllib.parse import urlsplit

from .host import Connection, Event, Host, Request, RequestFailed, Response


class _Usage(Exception):
    """``str()`` is what the command line should have been."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{self.format_usage().strip()}\n{message}")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="load", add_help=False)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=10, help="requests a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--timeout", type=float, default=5, help="seconds to wait for an answer")
    parser.add_argument(
        "--every", type=float, default=10, help="seconds between the lines that say how it goes"
    )
    parser.add_argument("--data", help="the body of a POST")
    parser.add_argument("--keep-alive", action="store_true")
    options = parser.parse_args(arguments)
    if (
        not 0 < options.rate <= 1000
        or not 0 < options.seconds <= 86400
        or min(options.timeout, options.every) <= 0
    ):
        parser.error(
            "--rate takes 0 to 1000 requests a second, --seconds up to 86400, "
            "--timeout and --every more than 0"
        )
    if urlsplit(options.url).scheme != "http" or not urlsplit(options.url).hostname:
        parser.error(f"{options.url} is no URL such as http://web:8080/")
    return options


async def load(host: Host, arguments: list[str]) -> int:
    try:
        options = _options(arguments)
    except _Usage as usage:
        host.log(str(usage))
        return 2
    run = _Run(host, options)
    host.on_terminate(run.stop)
    await run.requests()
    for line in run.summary():
        host.log(line)
    return 1 if run.failures else 0


class _Run:
    """One run and what came of it."""

    def __init__(self, host: Host, options: argparse.Namespace) -> None:
        self.host = host
        self.options = options
        url = urlsplit(options.url)
        self.address = (url.hostname or "", url.port or 80)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        body = options.data.encode() if options.data else b""
        headers = {"host": url.netloc, "content-type": "application/json"}
        self.request = Request("POST" if body else "GET", target, headers, body)
        self.shared: Connection | None = None
        self._turn: Event | None = None
        """Set when the request before has its answer: on one connection they take turns, as HTTP/1.1 has it."""

        self.latencies: list[float] = []
        self.pods: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self._open = 0
        self._stopped = False
        self._all_done: Event = host.event()

    async def requests(self) -> None:
        """Start them all, each at its time, and wait for the last answer."""
        host, options = self.host, self.options
        start, reported = host.now(), 0.0
        total = max(int(options.rate * options.seconds), 1)
        self._open = total
        for number in range(total):
            if self._stopped:
                self._open -= total - number
                break
            due = number / options.rate
            await host.sleep(max(start + due - host.now(), 0))
            host.spawn(self._one())
            if due >= reported + options.every:
                reported = due
                host.log(self._progress(due))
        if self._open:
            await self._all_done.wait()

    def stop(self) -> None:
        """Ask no more: what has been asked is still waited for, and reported."""
        self._stopped = True

    async def _one(self) -> None:
        started = self.host.now()
        try:
            response = await self._ask()
        except RequestFailed as error:
            self._fail(str(error))
        else:
            if response.status >= 400:
                self._fail(f"status {response.status}")
            else:
                self.latencies.append(self.host.now() - started)
                pod = _pod(response.body)
                self.pods[pod] = self.pods.get(pod, 0) + 1
        self._open -= 1
        if not self._open:
            self._all_done.set()

    async def _ask(self) -> Response:
        timeout = self.options.timeout
        if not self.options.keep_alive:
            connection = await self.host.connect(*self.address, timeout)
            try:
                return await connection.request(self.request, timeout)
            finally:
                connection.close()
        before, self._turn = self._turn, self.host.event()
        mine = self._turn
        if before is not None:
            await before.wait()
        try:
            return await self._ask_on_shared(timeout)
        finally:
            mine.set()

    async def _ask_on_shared(self, timeout: float) -> Response:
        if self.shared is None:
            self.shared = await self.host.connect(*self.address, timeout)
        try:
            return await self.shared.request(self.request, timeout)
        except RequestFailed:
            # As clients do: a broken connection is made anew by the next request.
            self.shared.close()
            self.shared = None
            raise

    def _fail(self, why: str) -> None:
        self.failures[why] = self.failures.get(why, 0) + 1

    @property
    def _failed(self) -> int:
        return sum(self.failures.values())

    def _at(self, share: float) -> str:
        """The latency that ``share`` of the answers did not exceed: the nearest-rank percentile."""
        if not self.latencies:
            return "-"
        ordered = sorted(self.latencies)
        return f"{ordered[max(math.ceil(share * len(ordered)) - 1, 0)] * 1000:.0f} ms"

    def _progress(self, seconds: float) -> str:
        line = f"{seconds:.0f} s  ok {len(self.latencies)}  failed {self._failed}  p50 {self._at(0.5)}"
        if self.pods:
            line += f"  answered by {_counts(self.pods)}"
        if self.failures:
            line += f"  failed with {_counts(self.failures)}"
        return line

    def summary(self) -> list[str]:
        total = len(self.latencies) + self._failed
        share = self._failed / total if total else 0.0
        lines = [f"requests {total}  failed {self._failed} ({share:.2%})"]
        if self.pods:
            lines.append(f"  answered by  {_counts(self.pods)}")
        if self.failures:
            lines.append(f"  failed with  {_counts(self.failures)}")
        points = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("slowest", 1.0))
        lines.append("  latency      " + "  ".join(f"{name} {self._at(at)}" for name, at in points))
        return lines


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


def _pod(body: bytes) -> str:
    """Which pod says it answered; ``?`` when the answer is not one of this application's."""
    try:
        return str(json.loads(body)["pod"])
    except (ValueError, KeyError, TypeError):
        return "?"
