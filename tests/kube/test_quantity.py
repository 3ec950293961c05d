"""Quantities: exact values, and how the API writes them back (asked of a real cluster)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from k8slearn.kube.quantity import canonical, is_valid, parse, round_up_to_milli


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", Fraction(1, 2)),
        ("1Ki", 1024),
        ("1e3", 1000),
        ("2", 2),
        (3, 3),
        ("-1.5k", -1500),
        (".5", Fraction(1, 2)),
    ],
)
def test_a_quantity_is_exact(text: str | int, value: Fraction) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.5", "500m"),
        ("1000", "1k"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1e3", "1e3"),
        ("100", "100"),
        ("0.1Gi", "107374182400m"),
        ("1500m", "1500m"),
        ("1e-1", "100e-3"),
        ("0", "0"),
        ("0.0001", "100u"),
    ],
)
def test_a_quantity_is_written_in_its_largest_unit(text: str, written: str) -> None:
    assert canonical(text) == written


def test_a_containers_resources_are_no_finer_than_a_thousandth() -> None:
    assert round_up_to_milli("100u") == "1m"


@pytest.mark.parametrize("text", ["", "abc", "1 Gi", "1GiB", "--1", "1K"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    assert not is_valid(text)
