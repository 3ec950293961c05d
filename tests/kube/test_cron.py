"""Schedules: what they mean, what is refused, and what happens when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.kube.cron import parse, time_zone


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def times(schedule: str, after: str, count: int = 3, zone: str = "UTC") -> list[str]:
    """The next ``count`` times, as the clocks of ``zone`` show them."""
    place, moment, shown = time_zone(zone), at(after), []
    for _ in range(count):
        moment = parse(schedule, place).next(moment)
        assert moment is not None
        shown.append(
            datetime.fromtimestamp(moment, place).strftime("%a %m-%d %H:%M %z").removesuffix(" +0000")
        )
    return shown


NOON = "2026-01-01T12:00:00Z"

MEANINGS = [
    ("* * * * *", ["Thu 01-01 12:01", "Thu 01-01 12:02", "Thu 01-01 12:03"]),
    ("*/25 * * * *", ["Thu 01-01 12:25", "Thu 01-01 12:50", "Thu 01-01 13:00"]),
    ("50/5 * * * ?", ["Thu 01-01 12:50", "Thu 01-01 12:55", "Thu 01-01 13:50"]),
    ("0 9-17/4 * * MON-fri", ["Thu 01-01 13:00", "Thu 01-01 17:00", "Fri 01-02 09:00"]),
    ("30 3 1,15 feb *", ["Sun 02-01 03:30", "Sun 02-15 03:30", "Mon 02-01 03:30"]),
    ("0 0 13 * fri", ["Fri 01-02 00:00", "Fri 01-09 00:00", "Tue 01-13 00:00"]),
    ("0 0 */10 * fri", ["Fri 01-02 00:00", "Fri 01-09 00:00", "Sun 01-11 00:00"]),
    ("0 0 29 2 *", ["Tue 02-29 00:00", "Sun 02-29 00:00", "Fri 02-29 00:00"]),
    ("@hourly", ["Thu 01-01 13:00", "Thu 01-01 14:00", "Thu 01-01 15:00"]),
    ("@weekly", ["Sun 01-04 00:00", "Sun 01-11 00:00", "Sun 01-18 00:00"]),
    ("@every 1h30m", ["Thu 01-01 13:30", "Thu 01-01 15:00", "Thu 01-01 16:30"]),
]


@pytest.mark.parametrize(("schedule", "expected"), MEANINGS)
def test_a_schedule_means_these_times(schedule, expected):
    assert times(schedule, NOON) == expected


REFUSED = [
    ("", "empty spec string"),
    ("60 * * * *", "end of range (60) above maximum (59): 60"),
    ("* * * 13 *", "end of range (13) above maximum (12): 13"),
    ("* * * * monday", 'failed to parse int from monday: strconv.Atoi: parsing "monday": invalid syntax'),
    ("-5 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
    ("@reboot", "unrecognized descriptor: @reboot"),
    ("0 0 * * * *", "expected exactly 5 fields, found 6: [0 0 * * * *]"),
]


@pytest.mark.parametrize(("schedule", "why"), REFUSED)
def test_what_is_no_schedule_is_refused_in_upstreams_words(schedule, why):
    with pytest.raises(ValueError) as refused:
        parse(schedule)
    assert str(refused.value) == why


def test_a_day_that_never_comes_has_no_next_time():
    assert parse("0 0 31 2 *").next(at(NOON)) is None
    assert parse(", * * * *").next(at(NOON)) is None


def test_a_schedule_follows_the_clocks_of_its_zone():
    assert times("30 9 * * *", NOON, 1, "Asia/Kathmandu") == ["Fri 01-02 09:30 +0545"]


def test_an_hour_that_is_skipped_in_spring_runs_nothing():
    shown = times("30 2 * * *", "2026-03-28T00:00:00Z", 2, "Europe/Berlin")
    assert shown == ["Sat 03-28 02:30 +0100", "Mon 03-30 02:30 +0200"]


def test_an_hour_that_comes_twice_in_autumn_runs_twice():
    shown = times("30 2 * * *", "2026-10-24T12:00:00Z", 3, "Europe/Berlin")
    assert shown == ["Sun 10-25 02:30 +0200", "Sun 10-25 02:30 +0100", "Mon 10-26 02:30 +0100"]


def test_where_midnight_is_skipped_the_day_is_found_nevertheless():
    shown = times("30 1 * * *", "2018-11-03T12:00:00Z", 2, "America/Sao_Paulo")
    assert shown == ["Sun 11-04 01:30 -0200", "Mon 11-05 01:30 -0200"]


def test_an_unknown_zone_is_refused():
    with pytest.raises(ValueError, match=r"^unknown time zone Mars/North$"):
        time_zone("Mars/North")


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    start=st.integers(1_700_000_000, 2_000_000_000),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_each_time_is_later_and_shows_the_asked_minute(minute, hour, start, zone):
    schedule, place = parse(f"{minute} {hour} * * *", time_zone(zone)), time_zone(zone)
    found = [float(start)]
    for _ in range(4):
        following = schedule.next(found[-1])
        assert following is not None
        found.append(following)
        shown = datetime.fromtimestamp(following, place)
        assert (shown.hour, shown.minute, shown.second) == (hour, minute, 0)
    assert all(before < after for before, after in pairwise(found))
    assert datetime.fromtimestamp(found[1], UTC).timestamp() == found[1]
