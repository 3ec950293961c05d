"""Sets of completion indexes as an Indexed Job writes them: ``0,2-5,7``.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/#JobStatus (``completedIndexes``).

>>> format_ranges({0, 2, 3, 4, 7, 8})
'0,2-4,7,8'
>>> sorted(parse_ranges("0,2-4", limit=4))
[0, 2, 3]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby


def format_ranges(indexes: Iterable[int]) -> str:
    """Three and more in a row become a range; two stay two numbers."""
    parts: list[str] = []
    for first, last in _runs(sorted(indexes)):
        if last > first + 1:
            parts.append(f"{first}-{last}")
        else:
            parts += [str(first), str(last)] if last > first else [str(first)]
    return ",".join(parts)


def parse_ranges(text: str, limit: int) -> set[int]:
    """The indexes below ``limit`` that a well-formed ``text`` names."""
    indexes: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        indexes.update(range(int(first), min(int(last or first) + 1, limit)))
    return indexes


def count_ranges(text: str, limit: int) -> int:
    """How many indexes ``text`` names. Raises ValueError, in upstream's words, when it is malformed, out of
    order or reaches ``limit``."""
    total, before = 0, -1
    for part in text.split(",") if text else ():
        first, last = _interval(part, limit)
        if before >= first:
            raise ValueError(f"non-increasing order, previous: {before}, current: {first}")
        total += last - first + 1
        before = last
    return total


def _interval(part: str, limit: int) -> tuple[int, int]:
    ends = part.split("-")
    if len(ends) > 2:
        raise ValueError(
            f'the fragment "{part}" violates the requirement that an index interval can have at most two parts '
            "separated by '-'"
        )
    numbers = [_index(end, limit) for end in ends]
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise ValueError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _index(text: str, limit: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= limit:
        raise ValueError(f'too large index: "{text}"')
    return int(text)


def _runs(ordered: list[int]) -> Iterator[tuple[int, int]]:
    """``[0, 2, 3, 4]`` as ``(0, 0), (2, 4)``: in a run, value and place grow alike."""
    for _, run in groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        values = [value for _, value in run]
        yield values[0], values[-1]
