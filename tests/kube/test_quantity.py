from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.kube import quantity

# What a real API server (1.37) made of these in a pod.
CANONICAL = {
    "1000": "1k", "0.25": "250m", "1.5Gi": "1536Mi", "1024Mi": "1Gi", "100m": "100m", "0": "0",
    "0Mi": "0", "1e3": "1e3", "12e6": "12e6", "1e1": "10", "15e1": "150", "1000e3": "1e6",
    "1.5e3": "1500", "1e20": "100e18", "1e-3": "1e-3", "1e-1": "100e-3", "10e2": "1e3",
    "0.5Gi": "512Mi", "2000Ki": "2000Ki", "0.5Ki": "512", "3.14Ki": "3215360m", "1.1Ki": "1126400m",
    "0.001Ki": "1024m", "1024": "1024", "1.5": "1500m", "0.1m": "100u", "0.0001n": "1n",
    ".5": "500m", "1.0": "1", "1000k": "1M", "1024k": "1024k", "0.000000001": "1n",
    "100Ei": "9223372036854775807", "100000000": "100M", "1048576": "1048576",
}  # fmt: skip


@pytest.mark.parametrize(("written", "canonical"), CANONICAL.items())
def test_the_canonical_form_is_that_of_a_real_api_server(written: str, canonical: str) -> None:
    assert quantity.canonical(written) == canonical


def test_numbers_are_quantities_too() -> None:
    assert [quantity.canonical(number) for number in (2, 1.5, 0.1)] == ["2", "1500m", "100m"]


@pytest.mark.parametrize("text", ["", "abc", "1x", "1.2.3", "1 Mi", "{}", "Mi x"])
def test_what_is_no_quantity_is_refused_in_kubernetes_words(text: str) -> None:
    assert not quantity.is_valid(text)
    with pytest.raises(quantity.QuantityError, match="quantities must match the regular expression"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1kk", "1e", "--1", "1Kim", "1nu"])
def test_a_suffix_that_does_not_exist_is_named(text: str) -> None:
    with pytest.raises(quantity.QuantityError, match="unable to parse quantity's suffix"):
        quantity.parse(text)


def test_a_huge_exponent_does_no_harm() -> None:
    assert quantity.parse("1e999999999") > quantity.parse("1E")


def test_resources_are_rounded_up_to_a_thousandth() -> None:
    assert [quantity.round_up_to_milli(q) for q in ("100u", "1", "1Mi", "0.0015")] == ["1m", "1", "1Mi", "2m"]


def test_arithmetic_keeps_the_family_of_what_was_written() -> None:
    assert quantity.add("1Gi", "512Mi") == "1536Mi"
    assert quantity.add("0", "512Mi") == "512Mi"
    assert quantity.add() == "0"
    assert quantity.subtract("1", "250m") == "750m"
    assert quantity.compare("1", "1000m") == 0
    assert quantity.compare("1Ki", "1k") == 1


suffixes = st.sampled_from([*quantity.BINARY, *quantity.DECIMAL, "e3", "E-3", "e1"])
numbers = st.decimals(min_value=0, max_value=4000, places=3).map(str)
quantities = st.builds(
    lambda sign, number, suffix: sign + number + suffix, st.sampled_from(["", "-", "+"]), numbers, suffixes
)


@given(quantities)
def test_the_canonical_form_has_the_same_value_and_is_its_own(text: str) -> None:
    canonical = quantity.canonical(text)
    assert quantity.parse(canonical) == quantity.parse(text)
    assert quantity.canonical(canonical) == canonical
    assert "." not in canonical


small = st.builds(
    lambda n, s: f"{n}{s}", st.integers(-9999, 9999), st.sampled_from(["m", "", "k", "Ki", "Mi"])
)


@given(small, small)
def test_arithmetic_is_exact(a: str, b: str) -> None:
    assert quantity.parse(quantity.add(a, b)) == quantity.parse(a) + quantity.parse(b)
    assert quantity.subtract(quantity.add(a, b), b) == quantity.from_value(
        quantity.parse(a), quantity.add(a, b)
    )


@given(st.fractions(min_value=Fraction(1, 10**12), max_value=10))
def test_rounding_never_gives_less(value: Fraction) -> None:
    assert quantity.parse(quantity.from_value(value)) >= value
