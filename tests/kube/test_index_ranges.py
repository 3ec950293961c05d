"""Sets of completion indexes in short form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.kube.index_ranges import count_ranges, format_ranges, parse_ranges


@given(st.sets(st.integers(0, 60)))
def test_what_is_written_can_be_read_and_counted(indexes):
    text = format_ranges(indexes)
    assert parse_ranges(text, 61) == indexes
    assert count_ranges(text, 61) == len(indexes)


def test_three_in_a_row_are_a_range_and_two_are_not():
    assert format_ranges([4, 3, 0, 1, 5, 9]) == "0,1,3-5,9"
    assert format_ranges([]) == ""


def test_indexes_that_the_job_no_longer_has_are_left_out():
    assert parse_ranges("0,2-9", 4) == {0, 2, 3}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3,1", "non-increasing order, previous: 3, current: 1"),
        ("0-2,2", "non-increasing order, previous: 2, current: 2"),
        ("2-2", "non-increasing order, previous: 2, current: 2"),
        ("9", 'too large index: "9"'),
        ("a", 'cannot convert string to integer for index: "a"'),
    ],
)
def test_malformed_ranges_are_refused_in_upstreams_words(text, why):
    with pytest.raises(ValueError) as refused:
        count_ranges(text, 9)
    assert str(refused.value) == why
