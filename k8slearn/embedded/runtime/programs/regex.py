"""POSIX regular expressions, for grep and sed."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.programs.options import Fault


def regular_expression(pattern: str, *, extended: bool) -> str:
    """A POSIX regular expression as a Python one. Basic ones write ( ) { } + ? | with a backslash."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        following = pattern[index + 1 : index + 2]
        if char == "\\" and following:
            index += 2
            if following in "(){}+?|":
                out.append("\\" + following if extended else following)
            else:
                out.append({"<": r"\b", ">": r"\b"}.get(following, "\\" + following))
            continue
        if char == "[":
            start = index + 1 + pattern.startswith("^", index + 1)
            end = pattern.find("]", start + 1)
            while end > 0 and "[:" in pattern[start:end] and pattern[end - 1] == ":":
                end = pattern.find("]", end + 1)
            if end > 0:
                content = pattern[index + 1 : end].replace("\\", "\\\\").replace("[", r"\[")
                for name, letters in _CLASSES.items():
                    content = content.replace(rf"\[:{name}:]", letters)
                out.append(f"[{content}]")
                index = end + 1
                continue
        if not extended and char in "(){}+?|":
            out.append("\\" + char)
        elif not extended and char == "*" and (not out or out == ["^"]):
            out.append(r"\*")
        else:
            out.append(char)
        index += 1
    return "".join(out)


_CLASSES = {
    "digit": "0-9",
    "alpha": "a-zA-Z",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
}


def compiled(pattern: str, *, extended: bool, flags: int = 0) -> re.Pattern[bytes]:
    """Raises Fault."""
    try:
        return re.compile(regular_expression(pattern, extended=extended).encode(), flags)
    except re.error as error:
        raise Fault(f"bad regex '{pattern}': {error.msg}", status=2) from None
