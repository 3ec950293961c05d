"""What the small commands share: reading their options, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from k8slearn.embedded.runtime.files import Program
from k8slearn.embedded.runtime.process import Process

Steps = Generator[Any, Any, Any]
"""A generator that yields suspensions; most return an exit code."""

Applet = Callable[[Process, list[str]], Steps]

BANNER = "BusyBox v1.37.0 multi-call binary."


class UsageError(Exception):
    """The command line is wrong: ``str()`` says how (it may be empty), the usage line follows."""

    def __init__(self, text: str = "", *, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class Fault(Exception):
    """The command fails as a whole, with ``name: text`` on stderr."""

    def __init__(self, text: str, *, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


def options(args: list[str], flags: str, valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Split ``args`` as getopt does: letters of ``flags`` stand alone (their value is ""), those of
    ``valued`` take a value, attached or following. ``--`` ends them. Raises UsageError.

        >>> options(["-rn", "3", "-k2", "file"], "rn", "k")
        ({'r': '', 'n': '', 'k': '2'}, ['3', 'file'])
    """
    found: dict[str, str] = {}
    rest: list[str] = []
    pending = list(args)
    while pending:
        arg = pending.pop(0)
        if arg == "--":
            return found, rest + pending
        if len(arg) < 2 or arg[0] != "-":
            rest.append(arg)
            continue
        if arg.startswith("--"):
            raise UsageError(f"unrecognized option '{arg.partition('=')[0]}'")
        for index, letter in enumerate(arg[1:], 2):
            if letter in flags:
                found[letter] = ""
            elif letter in valued:
                if not arg[index:] and not pending:
                    raise UsageError(f"option requires an argument -- '{letter}'")
                found[letter] = arg[index:] or pending.pop(0)
                break
            else:
                raise UsageError(f"invalid option -- '{letter}'")
    return found, rest


def program(applet: Applet, usage: str = "") -> Program:
    """The executable of an applet; ``usage`` is what follows the name in ``Usage: name …``."""

    def run(process: Process) -> Generator[Any, Any, int]:
        try:
            return (yield from applet(process, process.argv[1:]))
        except UsageError as error:
            text = f"{process.name}: {error}\n" if str(error) else ""
            text += f"{BANNER}\n\nUsage: {process.name} {usage}".rstrip() + "\n"
            yield from process.write(2, text.encode())
            return error.status
        except Fault as fault:
            yield from process.complain(str(fault))
            return fault.status
        except OSError as error:
            yield from process.complain(error.strerror or str(error))
            return 1

    return run


def count(process: Process, text: str) -> int:
    """A number of lines or bytes, with busybox's suffixes b, k and m. Raises Fault."""
    digits = text.rstrip("bkm")
    factor = {"": 1, "b": 512, "k": 1024, "m": 1024 * 1024}.get(text[len(digits) :])
    if not digits.isdigit() or factor is None:
        raise Fault(f"invalid number '{text}'")
    return int(digits) * factor


class Lines:
    """The lines of a descriptor, one at a time: ``line = yield from lines.next()`` gives None at the end."""

    def __init__(self, process: Process, fd: int) -> None:
        self.process = process
        self.fd = fd
        self.buffer = b""
        self.ended = False

    def next(self) -> Steps:
        """bytes with the line feed, which only a last line may lack."""
        while b"\n" not in self.buffer and not self.ended:
            data = yield from self.process.read(self.fd)
            self.ended = not data
            self.buffer += data
        if not self.buffer:
            return None
        line, feed, self.buffer = self.buffer.partition(b"\n")
        return line + feed


def each_input(
    process: Process, paths: list[str], body: Callable[[str, int], Steps], *, missing: str = "{}: {}"
) -> Steps:
    """Run ``body(name, fd)`` for every file, or for stdin (also named -) when there are none.

    A file that cannot be opened or read is complained about (``missing`` gets its name and the reason) and
    skipped; the result is 1 then, else 0.
    """
    status = 0
    for path in paths or ["-"]:
        if path == "-":
            yield from body("-", 0)
            continue
        try:
            descriptor = process.open(path)
            process.fds[9] = descriptor.retain()
            try:
                yield from body(path, 9)
            finally:
                process.fds.pop(9).release()
        except OSError as error:
            if error.filename is None and error.strerror != "Is a directory":
                raise
            yield from process.complain(missing.format(path, error.strerror))
            status = 1
    return status
