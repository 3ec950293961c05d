"""Commands about the terminal: tty, stty, clear."""

from __future__ import annotations

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps
from k8slearn.embedded.runtime.terminal import Terminal


def tty(process: Process, args: list[str]) -> Steps:
    """Every terminal is the first one of its container."""
    found = process.fds[0].tty
    if "-s" not in args:
        yield from process.print("/dev/pts/0" if found else "not a tty")
    return 0 if found else 1


def stty(process: Process, args: list[str]) -> Steps:
    """``stty [size] [[-]echo] [sane]``; other settings have no meaning here and are refused."""
    terminal = process.fds[0]
    if not isinstance(terminal, Terminal):
        raise Fault("standard input: Inappropriate ioctl for device")
    for arg in args or ["-a"]:
        match arg:
            case "size":
                yield from process.print(f"{terminal.rows} {terminal.columns}")
            case "echo" | "sane":
                terminal.echo = True
            case "-echo":
                terminal.echo = False
            case "-a":
                size = f"rows {terminal.rows}; columns {terminal.columns}"
                echo = "echo" if terminal.echo else "-echo"
                yield from process.print(f"speed 38400 baud; {size}; line = 0;\nisig icanon iexten {echo}")
            case _:
                raise Fault(f"invalid argument '{arg}'")
    return 0


def clear(process: Process, args: list[str]) -> Steps:
    yield from process.write(1, b"\x1b[H\x1b[J")
    return 0
