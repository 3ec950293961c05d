"""Shell patterns (* ? [a-z] [!x]) as regular expressions, and file names by pattern (fnmatch(3), glob(3))."""

from __future__ import annotations

import re
from functools import lru_cache

from k8slearn.embedded.runtime.files import Directory, FileSystem

_SPECIAL = re.compile(r"[*?]|\[.+\]")


def is_pattern(text: str) -> bool:
    """Whether ``text`` may match anything but itself; a lone [ does not."""
    return _SPECIAL.search(text) is not None


def escape(text: str) -> str:
    """``text`` as a pattern that matches only itself."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A regular expression for the whole of what ``pattern`` matches."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "\\" and index < len(pattern):
            out.append(re.escape(pattern[index]))
            index += 1
        elif char == "[" and (end := pattern.find("]", index + 1 + pattern.startswith("!", index))) > 0:
            content = pattern[index:end].replace("\\", "\\\\")
            content = re.sub(r"\[:(\w+):", lambda match: _CLASSES.get(match[1], ""), content)
            out.append("[" + ("^" + content[1:] if content[0] in "!^" else content) + "]")
            index = end + 1
        else:
            out.append(re.escape(char))
    return re.compile("".join(out), re.DOTALL)


_CLASSES = {
    "digit": "0-9",
    "alpha": "a-zA-Z",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
}


def glob(files: FileSystem, pattern: str, cwd: str) -> list[str]:
    """The paths that match ``pattern``, sorted, written as the pattern is (relative stays relative)."""
    absolute = pattern.startswith("/")
    found = ["/" if absolute else ""]
    for part in [part for part in pattern.split("/") if part]:
        found = [path for base in found for path in _matches(files, base, part, cwd)]
    return sorted(found)


def _matches(files: FileSystem, base: str, part: str, cwd: str) -> list[str]:
    def join(name: str) -> str:
        return f"{base.rstrip('/')}/{name}" if base else name

    where = base if base.startswith("/") else f"{cwd.rstrip('/')}/{base}"
    if not is_pattern(part):
        name = re.sub(r"\\(.)", r"\1", part)
        return [join(name)] if files.lookup(f"{where.rstrip('/')}/{name}", follow=False) is not None else []
    directory = files.lookup(where)
    if not isinstance(directory, Directory):
        return []
    expression = compile_pattern(part)
    hidden = part.startswith(".")
    return [
        join(name)
        for name in directory.children
        if expression.fullmatch(name) and (hidden or not name.startswith("."))
    ]
