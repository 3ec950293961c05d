"""Commands about text: cat, head, tail, wc, grep, sort, uniq, cut, tr."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.descriptors import OpenFile
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import (
    Fault,
    Lines,
    Steps,
    UsageError,
    count,
    each_input,
    options,
)

CANNOT_OPEN = "can't open '{}': {}"


def cat(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "nu")
    number = 0

    def copy(name: str, fd: int) -> Steps:
        nonlocal number
        if "n" not in found:
            while data := (yield from process.read(fd)):
                yield from process.write(1, data)
            return
        lines = Lines(process, fd)
        while (line := (yield from lines.next())) is not None:
            number += 1
            yield from process.write(1, f"{number:6}\t".encode() + line)

    return (yield from each_input(process, rest, copy, missing=CANNOT_OPEN))


def _old_style(args: list[str]) -> list[str]:
    """``head -3`` is ``head -n 3``; the -3 of ``head -n -3`` stays."""
    if args and re.fullmatch(r"-\d+", args[0]):
        return ["-n", args[0][1:], *args[1:]]
    return args


def _headers(process: Process, paths: list[str], quiet: bool) -> dict[str, bytes]:
    if len(paths) < 2 or quiet:
        return {}
    return {
        path: (b"\n" if index else b"") + f"==> {path} <==\n".encode() for index, path in enumerate(paths)
    }


def head(process: Process, args: list[str]) -> Steps:
    found, rest = options(_old_style(args), "qv", "nc")
    text = found.get("c", found.get("n", "10"))
    amount = count(process, text.removeprefix("-"))
    headers = _headers(process, rest, "q" in found)

    def first(name: str, fd: int) -> Steps:
        yield from process.write(1, headers.get(name, b""))
        if text.startswith("-"):
            content = yield from process.read_all(fd)
            pieces = [content[i : i + 1] for i in range(len(content))] if "c" in found else _lines(content)
            yield from process.write(1, b"".join(pieces[: max(len(pieces) - amount, 0)]))
        elif "c" in found:
            left = amount
            while left and (data := (yield from process.read(fd, min(left, 65536)))):
                left -= len(data)
                yield from process.write(1, data)
        else:
            lines = Lines(process, fd)
            for _ in range(amount):
                line = yield from lines.next()
                if line is None:
                    break
                yield from process.write(1, line)

    return (yield from each_input(process, rest, first))


def tail(process: Process, args: list[str]) -> Steps:
    """``-n N``, ``-n +N``, ``-c N``, ``-f``: follow by looking once a second, as busybox does."""
    found, rest = options(_old_style(args), "fFqv", "ncs")
    text = found.get("c", found.get("n", "10"))
    amount = count(process, text.lstrip("+-"))
    headers = _headers(process, rest, "q" in found)
    followed: list[OpenFile] = []

    def last(name: str, fd: int) -> Steps:
        yield from process.write(1, headers.get(name, b""))
        content = yield from process.read_all(fd)
        pieces = [content[i : i + 1] for i in range(len(content))] if "c" in found else _lines(content)
        start = max(amount - 1, 0) if text.startswith("+") else max(len(pieces) - amount, 0)
        yield from process.write(1, b"".join(pieces[start:]))
        descriptor = process.fds[fd]
        if isinstance(descriptor, OpenFile):
            followed.append(descriptor)

    status = yield from each_input(process, rest, last, missing=CANNOT_OPEN)
    if rest and status and not followed:
        yield from process.complain("no files")
        return 1
    while followed and ("f" in found or "F" in found):
        yield from process.sleep(1)
        for file in followed:
            if len(file.node.content) < file.position:
                file.position = 0
            while data := file.read(65536):
                yield from process.write(1, data)
    return status


def _lines(content: bytes) -> list[bytes]:
    return (
        content.splitlines(keepends=True)
        if b"\r" not in content
        else re.findall(rb"[^\n]*\n|[^\n]+$", content)
    )


def wc(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "lwcLm")
    wanted = [key for key in "lwc" if key in found or (key == "c" and "m" in found)] or ["l", "w", "c"]
    totals = {"l": 0, "w": 0, "c": 0}

    def show(numbers: dict[str, int], name: str) -> Steps:
        width = 9 if len(wanted) > 1 else 0
        columns = " ".join(f"{numbers[key]:{width}d}" for key in wanted)
        yield from process.print(f"{columns} {name}".rstrip() if name != "-" else columns)

    def one(name: str, fd: int) -> Steps:
        numbers = {"l": 0, "w": 0, "c": 0}
        lines = Lines(process, fd)
        while (line := (yield from lines.next())) is not None:
            numbers["l"] += line.endswith(b"\n")
            numbers["w"] += len(line.split())
            numbers["c"] += len(line)
        for key, number in numbers.items():
            totals[key] += number
        yield from show(numbers, name)

    status = yield from each_input(process, rest, one)
    if len(rest) > 1:
        yield from show(totals, "total")
    return status


def sort(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "nrufsgh", "kt")
    lines: list[bytes] = []

    def collect(name: str, fd: int) -> Steps:
        content = yield from process.read_all(fd)
        lines.extend(line.rstrip(b"\n") for line in _lines(content))

    if (yield from each_input(process, rest, collect)):
        return 2

    def key(line: bytes) -> tuple[float, bytes]:
        if "k" in found:
            field = int(re.match(r"\d*", found["k"])[0] or 1)  # type: ignore[index]
            fields = line.split(found["t"].encode()) if "t" in found else line.split()
            line = fields[field - 1] if field <= len(fields) else b""
        numeric = "n" in found or found.get("k", "").endswith("n")
        match = re.match(rb"\s*-?\d+(\.\d+)?", line) if numeric else None
        text = line.lower() if "f" in found else line
        return (float(match[0]) if match else 0.0, b"" if numeric else text)

    lines.sort(
        key=lambda line: (key(line), line) if "s" not in found else (key(line), b""), reverse="r" in found
    )
    if "u" in found:
        lines = [line for index, line in enumerate(lines) if not index or key(line) != key(lines[index - 1])]
    yield from process.write(1, b"".join(line + b"\n" for line in lines))
    return 0


def uniq(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "cdui")
    groups: list[tuple[bytes, int]] = []

    def collect(name: str, fd: int) -> Steps:
        lines = Lines(process, fd)
        while (line := (yield from lines.next())) is not None:
            body = line.rstrip(b"\n")
            if groups and groups[-1][0] == body:
                groups[-1] = (body, groups[-1][1] + 1)
            else:
                groups.append((body, 1))

    status = yield from each_input(process, rest[:1], collect)
    for body, times in groups:
        if ("d" in found and times == 1) or ("u" in found and times > 1):
            continue
        yield from process.write(1, (f"{times:7} ".encode() if "c" in found else b"") + body + b"\n")
    return status


def cut(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "sn", "cbfd")
    kind = next((key for key in "fcb" if key in found), None)
    if kind is None:
        raise Fault("expected a list of bytes, characters, or fields")
    ranges = [_range(part) for part in found[kind].split(",")]
    delimiter = found.get("d", "\t").encode()

    def one(name: str, fd: int) -> Steps:
        lines = Lines(process, fd)
        while (line := (yield from lines.next())) is not None:
            body = line.rstrip(b"\n")
            if kind == "f" and delimiter not in body:
                if "s" not in found:
                    yield from process.write(1, body + b"\n")
                continue
            pieces = body.split(delimiter) if kind == "f" else [body[i : i + 1] for i in range(len(body))]
            chosen = [piece for n, piece in enumerate(pieces, 1) if any(a <= n <= b for a, b in ranges)]
            yield from process.write(1, (delimiter if kind == "f" else b"").join(chosen) + b"\n")

    return (yield from each_input(process, rest, one))


def _range(text: str) -> tuple[int, int]:
    """``2``, ``2-4``, ``-4``, ``2-``"""
    first, dash, last = text.partition("-")
    try:
        low = int(first or 1)
        return low, int(last) if last else (10**9 if dash else low)
    except ValueError:
        raise Fault(f"invalid range '{text}'") from None


def tr(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "cds")
    if not rest or (len(rest) < 2 and "d" not in found and "s" not in found):
        raise UsageError
    first = _characters(rest[0])
    second = _characters(rest[1]) if len(rest) > 1 else []
    if "c" in found:
        first = [code for code in range(256) if code not in set(first)]
    table = bytearray(range(256))
    if "d" not in found and second:
        for index, code in enumerate(first):
            table[code] = second[min(index, len(second) - 1)]
    squeezed = set((second or first) if "s" in found else [])
    previous = -1
    while data := (yield from process.read(0)):
        data = data.translate(bytes(table), bytes(first) if "d" in found else b"")
        if squeezed:
            out = bytearray()
            for code in data:
                if code != previous or code not in squeezed:
                    out.append(code)
                previous = code
            data = bytes(out)
        yield from process.write(1, data)
    return 0


_CLASSES = {
    "digit": "0-9",
    "alpha": "a-zA-Z",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": " \t\n\r\v\f",
}


def _characters(text: str) -> list[int]:
    """``a-z``, ``[:upper:]``, ``\\n`` as codes."""
    for name, letters in _CLASSES.items():
        text = text.replace(f"[:{name}:]", letters)
    for escape, char in (("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("\\\\", "\\"), ("\\0", "\0")):
        text = text.replace(escape, char)
    codes = list(text.encode())
    result: list[int] = []
    index = 0
    while index < len(codes):
        if index + 2 < len(codes) and codes[index + 1] == ord("-"):
            result.extend(range(codes[index], codes[index + 2] + 1))
            index += 3
        else:
            result.append(codes[index])
            index += 1
    return result
