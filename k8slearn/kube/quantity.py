"""Quantities: ``500m``, ``128Mi``, ``1e3``. Exact: a value is a Fraction, never a float.

The rules are those of apimachinery's ``pkg/api/resource``: three families of suffixes (binary ``Ki``, decimal
``m`` and ``k``, exponent ``e3``), the smallest step is a nano, and what is finer is rounded away from zero.
The canonical form keeps the family that was written and takes the largest suffix that needs no fraction:
``1000`` -> ``1k``, ``0.25`` -> ``250m``, ``1.5Gi`` -> ``1536Mi``, ``0.5Gi`` -> ``512Mi``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import NamedTuple

BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}

_NANO = Fraction(1, 10**9)
_MILLI = Fraction(1, 10**3)
_LARGEST_BINARY = 2**63 - 1
_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)")

_WRONG_SHAPE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_WRONG_SUFFIX = "unable to parse quantity's suffix"


class QuantityError(ValueError):
    """The text is not a quantity; ``str()`` is apimachinery's sentence."""


class _Parsed(NamedTuple):
    value: Fraction
    family: str
    """``binary``, ``decimal`` or ``exponent``."""


@lru_cache(maxsize=4096)
def _parse(text: str) -> _Parsed:
    match = _SHAPE.fullmatch(text)
    if not text or match is None:
        raise QuantityError(_WRONG_SHAPE)
    sign, whole, fraction, suffix = match.groups()
    fraction = fraction or ""
    value = Fraction(int(whole + fraction or "0"), 10 ** len(fraction))
    if suffix in BINARY:
        family, value = "binary", value * 1024 ** BINARY[suffix]
    elif suffix in DECIMAL:
        family, value = "decimal", value * Fraction(10) ** DECIMAL[suffix]
    elif exponent := _EXPONENT.fullmatch(suffix):
        # Upstream keeps the exponent in 32 bits; a larger one would only fill the memory here.
        family, value = "exponent", value * Fraction(10) ** max(-64, min(64, int(exponent[1])))
    else:
        raise QuantityError(_WRONG_SUFFIX)
    value = _round_up(value, _NANO)
    if family == "binary":
        value = min(value, Fraction(_LARGEST_BINARY))
        if 0 < value < 1:
            family = "decimal"
    return _Parsed(-value if sign == "-" else value, family)


def _round_up(value: Fraction, step: Fraction) -> Fraction:
    """Away from zero: whoever asks for a little gets a little, not nothing."""
    rounded = ceil(abs(value) / step) * step
    return -rounded if value < 0 else rounded


def parse(quantity: str | float) -> Fraction:
    """The exact value: ``parse("100m") == Fraction(1, 10)``. Numbers are read as JSON writes them.

    Raises QuantityError.
    """
    return _parse(str(quantity).strip()).value


def is_valid(quantity: str | float) -> bool:
    try:
        parse(quantity)
    except QuantityError:
        return False
    return True


@lru_cache(maxsize=4096)
def canonical(quantity: str | float) -> str:
    """The form that the API server writes. Raises QuantityError.

    >>> canonical("0.25"), canonical("1024Mi"), canonical("12e6")
    ('250m', '1Gi', '12e6')
    """
    return _write(*_parse(str(quantity).strip()))


@lru_cache(maxsize=4096)
def round_up_to_milli(quantity: str | float) -> str:
    """A container's resources have no finer grain: ``100u`` becomes ``1m`` (``SetDefaults_ResourceList``)."""
    value, family = _parse(str(quantity).strip())
    return _write(_round_up(value, _MILLI), family)


def _write(value: Fraction, family: str) -> str:
    if value == 0:
        return "0"
    if family == "binary" and (value.denominator != 1 or abs(value) < 1024):
        family = "decimal"
    if family == "binary":
        for suffix, power in reversed(BINARY.items()):
            if value % 1024**power == 0:
                return f"{value // 1024**power}{suffix}"
        return str(value)
    for suffix, exponent in reversed(DECIMAL.items()):
        scaled = value / Fraction(10) ** exponent
        if scaled.denominator == 1:
            mantissa = scaled.numerator
            if family == "exponent":
                return f"{mantissa}e{exponent}" if exponent else str(mantissa)
            return f"{mantissa}{suffix}"
    raise AssertionError(f"{value} is finer than a nano, which _parse does not allow")


def compare(left: str | float, right: str | float) -> int:
    """-1, 0 or 1: ``compare("1", "1000m") == 0``."""
    a, b = parse(left), parse(right)
    return (a > b) - (a < b)


def add(*quantities: str | float) -> str:
    """Their sum, in the family of the first that is not zero: ``add("1Gi", "512Mi") == "1536Mi"``."""
    return from_value(sum((parse(q) for q in quantities), Fraction(0)), like=_first_not_zero(quantities))


def subtract(minuend: str | float, subtrahend: str | float) -> str:
    """Their difference, in the family of the first that is not zero."""
    return from_value(parse(minuend) - parse(subtrahend), like=_first_not_zero((minuend, subtrahend)))


def from_value(value: Fraction | int, like: str | float = "1") -> str:
    """A value as a canonical quantity of the same family as ``like``: ``from_value(2**20, "1Gi") == "1Mi"``.

    What is finer than a nano is rounded away from zero.
    """
    return _write(_round_up(Fraction(value), _NANO), _parse(str(like).strip()).family)


def _first_not_zero(quantities: tuple[str | float, ...]) -> str | float:
    return next((quantity for quantity in quantities if parse(quantity)), "0")
