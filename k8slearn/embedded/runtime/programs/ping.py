"""busybox ``ping``. A ClusterIP does not answer: kube-proxy's rules are for the Service's ports only."""

from __future__ import annotations

from k8slearn.embedded.network import LOOPBACK, NetworkError, UnknownHost
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError, options
from k8slearn.embedded.runtime.resolver import resolve

INTERVAL, LAST_WAIT = 1.0, 10.0
FASTEST, SLOWEST = 0.05, 0.3
"""Milliseconds that an echo takes."""


def ping(process: Process, args: list[str]) -> Steps:
    """``ping [-q] [-c COUNT] [-i SECONDS] [-s SIZE] [-W SECONDS] [-w SECONDS] HOST``"""
    found, words = options(args, "q46A", "ciswWtIp")
    if not words:
        raise UsageError
    host = words[0]
    try:
        ip = yield from resolve(process, host)
    except UnknownHost:
        raise Fault(f"bad address '{host}'") from None
    numbers = {letter: _number(text) for letter, text in found.items() if letter in "ciswW"}
    size = int(numbers.get("s", 56))
    yield from process.print(f"PING {host} ({ip}): {size} data bytes")
    took, sent = yield from _echoes(process, ip, numbers, None if "q" in found else size)
    yield from process.print(f"\n--- {host} ping statistics ---")
    lost = 100 * (sent - len(took)) // sent
    yield from process.print(f"{sent} packets transmitted, {len(took)} packets received, {lost}% packet loss")
    if took:
        shown = "/".join(f"{value:.3f}" for value in (min(took), sum(took) / len(took), max(took)))
        yield from process.print(f"round-trip min/avg/max = {shown} ms")
    return 0 if took else 1


def _echoes(process: Process, ip: str, numbers: dict[str, float], size: int | None) -> Steps:
    """The milliseconds of each echo that came, and how many were asked for. ``size`` None: silently."""
    interrupted: list[str] = []

    def stop() -> None:
        interrupted.append("INT")
        process.interrupt()

    process.handlers["INT"] = stop
    kernel = process.kernel
    ends = kernel.clock.now + numbers["w"] if "w" in numbers else None
    count, took, sent = numbers.get("c"), [], 0
    while not interrupted:
        answered = _echo(process, ip)
        if answered:
            took.append(kernel.clock.random.uniform(FASTEST, SLOWEST))
            if size is not None:
                line = (
                    f"{size + 8} bytes from {ip}: seq={sent} ttl={_ttl(process, ip)} time={took[-1]:.3f} ms"
                )
                yield from process.print(line)
        sent += 1
        last = sent == count
        if last and answered:
            break
        wait = numbers.get("W", LAST_WAIT) if last else numbers.get("i", INTERVAL)
        if ends is not None:
            wait = min(wait, ends - kernel.clock.now)
        yield from process.sleep(wait)
        if last or (ends is not None and kernel.clock.now >= ends):
            break
    return took, sent


def _echo(process: Process, ip: str) -> bool:
    try:
        process.kernel.network.ping(process.kernel.ip, ip)
    except NetworkError:
        return False
    return True


def _ttl(process: Process, ip: str) -> int:
    """64 less one for each node on the way."""
    return (
        64 if ip in (LOOPBACK, process.kernel.ip) else 64 - process.kernel.network.hops(process.kernel.ip, ip)
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Fault(f"invalid number '{text}'") from None
