"""Ages and Go durations."""

from __future__ import annotations

import pytest

from k8slearn.kube.duration import human_duration, parse_duration

AGES = [
    (-5, "<invalid>"),
    (-1, "0s"),
    (0, "0s"),
    (119.9, "119s"),
    (120, "2m"),
    (130, "2m10s"),
    (599, "9m59s"),
    (600, "10m"),
    (10799, "179m"),
    (10800, "3h"),
    (10860, "3h1m"),
    (28800, "8h"),
    (172799, "47h"),
    (172800, "2d"),
    (176400, "2d1h"),
    (691200, "8d"),
    (63072000, "2y"),
    (63158400, "2y1d"),
    (252288000, "8y"),
]


@pytest.mark.parametrize(("seconds", "expected"), AGES)
def test_an_age_reads_as_kubectl_prints_it(seconds: float, expected: str) -> None:
    assert human_duration(seconds) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("-1.5s", -1.5),
        ("0", 0),
        ("1.5h", 5400),
        ("10us", 1e-5),
    ],
)
def test_a_go_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'time: invalid duration ""'),
        ("5", 'time: missing unit in duration "5"'),
        ("abc", 'time: invalid duration "abc"'),
    ],
)
def test_what_is_no_duration_is_refused_in_gos_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="time:") as raised:
        parse_duration(text)
    assert str(raised.value) == said
