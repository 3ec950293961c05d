"""``sed``: the commands s, d, p, q, =, a, i, c, y and { }, addresses by number, $, /re/ and ranges."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Lines, Steps, UsageError, each_input, options
from k8slearn.embedded.runtime.programs.regex import compiled

Address = int | str | re.Pattern[bytes]
"""A line's number, "$" for the last, or what the line must match."""


@dataclass
class Command:
    letter: str
    addresses: list[Address] = field(default_factory=list)
    negated: bool = False
    pattern: re.Pattern[bytes] | None = None
    text: bytes = b""
    flags: str = ""
    body: list[Command] = field(default_factory=list)
    active: bool = False
    """Within a range of two addresses."""


def sed(process: Process, args: list[str]) -> Steps:
    scripts: list[str] = []
    rest: list[str] = []
    flags: set[str] = set()
    pending = list(args)
    while pending:
        arg = pending.pop(0)
        if arg == "-e" and pending:
            scripts.append(pending.pop(0))
        else:
            found, words = options([arg], "nrEi")
            flags.update(found)
            rest += words
    if not scripts:
        if not rest:
            raise UsageError
        scripts.append(rest.pop(0))
    commands = _Script("\n".join(scripts), extended=bool(flags & {"r", "E"})).commands()
    editor = _Editor(process, commands, quiet="n" in flags)
    if "i" not in flags:
        return (yield from each_input(process, rest, lambda name, fd: editor.edit(fd)))
    for path in rest:
        editor.output = bytearray()
        status = yield from each_input(process, [path], lambda name, fd: editor.edit(fd))
        if status:
            return status
        process.files.write(process.path(path), bytes(editor.output))
    return 0


class _Script:
    """Reads the commands from a script's text. Raises Fault."""

    def __init__(self, text: str, *, extended: bool) -> None:
        self.text = text
        self.pos = 0
        self.extended = extended

    def commands(self, *, nested: bool = False) -> list[Command]:
        found: list[Command] = []
        while True:
            while self.pos < len(self.text) and self.text[self.pos] in " \t\n;":
                self.pos += 1
            if self.pos >= len(self.text):
                if nested:
                    raise Fault("unmatched '{'")
                return found
            if self.text[self.pos] == "}" and nested:
                self.pos += 1
                return found
            found.append(self._command())

    def _command(self) -> Command:
        addresses: list[Address] = []
        while (address := self._address()) is not None:
            addresses.append(address)
            if len(addresses) == 2 or not self._accept(","):
                break
        negated = self._accept("!")
        letter = self._take()
        command = Command(letter, addresses, negated)
        if letter == "{":
            command.body = self.commands(nested=True)
        elif letter == "s":
            self._substitution(command)
        elif letter == "y":
            delimiter = self._take()
            command.text = self._until(delimiter).encode() + b"\0" + self._until(delimiter).encode()
        elif letter in "aic":
            line, _, _ = self.text[self.pos :].partition("\n")
            self.pos += len(line)
            command.text = line.lstrip(" \\").encode()
        elif letter not in "dpq=":
            raise Fault(f"unsupported command {letter}")
        return command

    def _address(self) -> Address | None:
        if match := re.compile(r"\d+").match(self.text, self.pos):
            self.pos = match.end()
            return int(match[0])
        if self._accept("$"):
            return "$"
        if self._accept("/"):
            return compiled(self._until("/"), extended=self.extended)
        return None

    def _substitution(self, command: Command) -> None:
        delimiter = self._take()
        pattern, replacement = self._until(delimiter), self._until(delimiter)
        match = re.compile(r"[gpiI0-9]*").match(self.text, self.pos)
        command.flags = match[0] if match else ""
        self.pos += len(command.flags)
        ignore = re.IGNORECASE if "i" in command.flags.lower() else 0
        command.pattern = compiled(pattern, extended=self.extended, flags=ignore)
        command.text = replacement.encode()
        for digit in re.findall(r"\\(?:\\|([1-9]))", replacement):
            if digit and int(digit) > command.pattern.groups:
                raise Fault(f"bad regex '{pattern}': Invalid back reference")

    def _accept(self, char: str) -> bool:
        if self.text.startswith(char, self.pos):
            self.pos += 1
            return True
        return False

    def _take(self) -> str:
        if self.pos >= len(self.text):
            raise Fault("missing command")
        self.pos += 1
        return self.text[self.pos - 1]

    def _until(self, delimiter: str) -> str:
        """Up to an unescaped ``delimiter``; an escaped one stands for itself."""
        out: list[str] = []
        while self.pos < len(self.text):
            char = self._take()
            if char == delimiter:
                return "".join(out)
            if char == "\\" and self.pos < len(self.text):
                following = self._take()
                char = following if following == delimiter else char + following
            out.append(char)
        raise Fault("unterminated s command" if delimiter else "missing command")


class _Editor:
    """Runs the commands over lines; ``output`` is a buffer for -i, None for stdout."""

    def __init__(self, process: Process, commands: list[Command], *, quiet: bool) -> None:
        self.process = process
        self.commands = commands
        self.quiet = quiet
        self.output: bytearray | None = None
        self.number = 0
        self.quit = False

    def edit(self, fd: int) -> Steps:
        lines = Lines(self.process, fd)
        line = yield from lines.next()
        while line is not None and not self.quit:
            following = yield from lines.next()
            self.number += 1
            feed = b"\n" if line.endswith(b"\n") else b""
            self.after: list[bytes] = []
            space = yield from self._run(self.commands, line.removesuffix(b"\n"), feed, following is None)
            if space is not None and not self.quiet:
                yield from self._write(space + feed)
            for text in self.after:
                yield from self._write(text + b"\n")
            line = following

    def _write(self, data: bytes) -> Steps:
        if self.output is not None:
            self.output += data
        else:
            yield from self.process.write(1, data)

    def _run(self, commands: list[Command], space: bytes, feed: bytes, last: bool) -> Steps:
        """The pattern space afterwards, None when the line was deleted."""
        for command in commands:
            if self._selected(command, space, last) == command.negated:
                continue
            if command.letter == "{":
                result = yield from self._run(command.body, space, feed, last)
                if result is None:
                    return None
                space = result
            elif command.letter == "s":
                assert command.pattern is not None
                space, changed = _substitute(command, command.pattern, space)
                if changed and "p" in command.flags:
                    yield from self._write(space + b"\n")
            elif command.letter == "y":
                before, _, after = command.text.partition(b"\0")
                space = space.translate(bytes.maketrans(before, after))
            elif command.letter == "p":
                yield from self._write(space + b"\n")
            elif command.letter == "=":
                yield from self._write(f"{self.number}\n".encode())
            elif command.letter == "i":
                yield from self._write(command.text + b"\n")
            elif command.letter == "a":
                self.after.append(command.text)
            elif command.letter == "c":
                yield from self._write(command.text + b"\n")
                return None
            elif command.letter == "d":
                return None
            elif command.letter == "q":
                self.quit = True
                return space
        return space

    def _selected(self, command: Command, space: bytes, last: bool) -> bool:
        def matches(address: Address) -> bool:
            if isinstance(address, int):
                return self.number == address
            return last if isinstance(address, str) else bool(address.search(space))

        if not command.addresses:
            return True
        if len(command.addresses) == 1:
            return matches(command.addresses[0])
        start, end = command.addresses
        if command.active:
            command.active = not (matches(end) or (isinstance(end, int) and self.number >= end))
            return True
        if matches(start):
            command.active = not (isinstance(end, int) and end <= self.number)
            return True
        return False


def _substitute(command: Command, pattern: re.Pattern[bytes], space: bytes) -> tuple[bytes, bool]:
    replace: Callable[[re.Match[bytes]], bytes] = lambda match: _expanded(command.text, match)  # noqa: E731
    which = re.search(r"\d+", command.flags)
    if which is None:
        result, times = pattern.subn(replace, space, count=0 if "g" in command.flags else 1)
        return result, times > 0
    for number, match in enumerate(pattern.finditer(space), 1):
        if number == int(which[0]):
            return space[: match.start()] + replace(match) + space[match.end() :], True
    return space, False


def _expanded(template: bytes, match: re.Match[bytes]) -> bytes:
    """``&`` is the whole match, ``\\1`` a group."""

    def piece(found: re.Match[bytes]) -> bytes:
        if found[0] == b"&":
            return match[0]
        char = found[1]
        if char.isdigit():
            return match[int(char)] or b""
        return {b"n": b"\n", b"t": b"\t"}.get(char, char)

    return re.sub(rb"&|\\(.)", piece, template)
