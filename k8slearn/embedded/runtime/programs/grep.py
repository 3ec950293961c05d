"""``grep``, ``egrep`` and ``fgrep``."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.files import Directory, RegularFile, walk
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Lines, Steps, UsageError, count, each_input, options
from k8slearn.embedded.runtime.programs.regex import compiled


def grep(process: Process, args: list[str]) -> Steps:
    """0 when a line was selected, 1 when none was, 2 after an error."""
    try:
        found, rest = options(args, "HhnlLoqvsrRiwFEcx", "me")
    except UsageError as error:
        raise UsageError(str(error), status=2) from None
    if "e" not in found and not rest:
        raise UsageError(status=2)
    pattern = found["e"] if "e" in found else rest.pop(0)
    matcher = _matcher(pattern, found, extended="E" in found or process.name == "egrep")
    paths = _below(process, rest or ["."]) if {"r", "R"} & set(found) else rest
    named = ("H" in found or len(paths) > 1 or bool({"r", "R"} & set(found))) and "h" not in found
    most = count(process, found["m"]) if "m" in found else None
    any_selected = False

    def search(name: str, fd: int) -> Steps:
        nonlocal any_selected
        shown = "(standard input)" if name == "-" else name
        prefix = f"{shown}:".encode() if named else b""
        lines = Lines(process, fd)
        number = selected = 0
        while (most is None or selected < most) and (line := (yield from lines.next())) is not None:
            number += 1
            body = line.rstrip(b"\n")
            if bool(matcher.search(body)) == ("v" in found):
                continue
            selected += 1
            any_selected = True
            if "q" in found or "l" in found:
                break
            if "c" in found or "L" in found:
                continue
            where = prefix + (f"{number}:".encode() if "n" in found else b"")
            pieces = [match[0] for match in matcher.finditer(body) if match[0]] if "o" in found else [body]
            for piece in pieces:
                yield from process.write(1, where + piece + b"\n")
        if "c" in found:
            yield from process.write(1, prefix + f"{selected}\n".encode())
        if ("l" in found and selected) or ("L" in found and not selected):
            yield from process.print(shown)

    status = yield from each_input(process, paths, search)
    if any_selected and ("q" in found or not status):
        return 0
    return 2 if status else 1


def _matcher(pattern: str, found: dict[str, str], *, extended: bool) -> re.Pattern[bytes]:
    flags = re.IGNORECASE if "i" in found else 0
    alternatives: list[bytes] = []
    for one in pattern.split("\n"):
        if "F" in found:
            alternatives.append(re.escape(one).encode())
        else:
            alternatives.append(compiled(one, extended=extended).pattern)
    whole = b"|".join(b"(?:%s)" % one for one in alternatives)
    if "w" in found:
        whole = rb"\b(?:%s)\b" % whole
    if "x" in found:
        whole = rb"^(?:%s)$" % whole
    return re.compile(whole, flags)


def _below(process: Process, paths: list[str]) -> list[str]:
    """Every regular file at and below ``paths``."""
    found: list[str] = []
    for path in paths:
        node = process.files.lookup(process.path(path))
        if isinstance(node, Directory):
            found += [below for below, child in walk(node, path) if isinstance(child, RegularFile)]
        else:
            found.append(path)
    return found
