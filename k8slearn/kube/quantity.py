"""Quantities: ``500m`` CPUs, ``128Mi`` bytes. Upstream: apimachinery ``api/resource``.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_SUFFIXES = {
    **{
        suffix: Fraction(1000) ** power
        for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
    },
    **{
        suffix: Fraction(1024) ** power
        for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
    },
}
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([a-zA-Z]*))")
_BAD = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@lru_cache(maxsize=4096)
def parse(text: str | float) -> Fraction:
    """The exact value of a quantity: ``parse("500m") == Fraction(1, 2)``. Raises ValueError in Kubernetes' words."""
    match = _FORM.fullmatch(str(text))
    if not match or (match[3] or "") not in _SUFFIXES:
        raise ValueError(_BAD)
    number = Fraction(match[1])
    if match[2]:
        return number * Fraction(10) ** int(match[2][1:])
    return number * _SUFFIXES[match[3] or ""]


def is_valid(text: str | float) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def round_up_to_milli(text: str | float) -> str:
    """A container's resources have no finer grain: ``100u`` CPU becomes ``1m`` (``SetDefaults_ResourceList``)."""
    milli = parse(text) * 1000
    return canonical(text) if milli.denominator == 1 else canonical(f"{_away_from_zero(milli)}m")


@lru_cache(maxsize=4096)
def canonical(text: str | float) -> str:
    """A quantity as the API server writes it back: no fraction, the largest suffix that needs none.

    >>> [canonical(q) for q in ("0.5", "1000", "1024Mi", "1.5Gi", "1e3", "100", "0.1Gi")]
    ['500m', '1k', '1Gi', '1536Mi', '1e3', '100', '107374182400m']
    """
    value = parse(text)
    written = str(text)
    if match := _FORM.fullmatch(written):
        if match[2]:
            return _exponent(value)
        binary = (match[3] or "").endswith("i") and abs(value) >= 1024
        if binary and (in_bytes := _scaled(value, 1024, 0, _BINARY)) is not None:
            return in_bytes
    value = Fraction(_away_from_zero(value * 10**9), 10**9)
    return _scaled(value, 1000, -3, _DECIMAL) or "0"


def _scaled(value: Fraction, base: int, lowest: int, suffixes: tuple[str, ...]) -> str | None:
    """``value`` as a whole number of the largest unit that divides it; None when none does."""
    if value == 0:
        return "0"
    for power in reversed(range(lowest, lowest + len(suffixes))):
        scaled = value / Fraction(base) ** power
        if scaled.denominator == 1:
            return f"{scaled.numerator}{suffixes[power - lowest]}"
    return None


def _exponent(value: Fraction) -> str:
    plain = _scaled(value, 1000, -3, tuple("" if p == 0 else f"e{3 * p}" for p in range(-3, 7)))
    return plain or "0"


def _away_from_zero(value: Fraction) -> int:
    whole = -(-abs(value).numerator // abs(value).denominator)
    return whole if value >= 0 else -whole
