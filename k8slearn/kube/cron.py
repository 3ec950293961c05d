"""Schedules of CronJobs: ``*/15 9-17 * * mon-fri``, ``@hourly``, ``@every 90s``, in a time zone.

The syntax, its sentences of refusal and what it does at the change of clocks are those of the library that
Kubernetes uses (robfig/cron): https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax

>>> weekdays = parse("30 9 * * mon-fri", time_zone("Europe/Berlin"))
>>> datetime.fromtimestamp(weekdays.next(1767225600.0), UTC)  # after the first second of 2026, a Thursday
datetime.datetime(2026, 1, 1, 8, 30, tzinfo=datetime.timezone.utc)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from k8slearn.kube.duration import parse_duration

YEARS_AHEAD = 5
"""A schedule without a time in so many years has none: ``0 0 31 2 *``."""


class Schedule(Protocol):
    def next(self, after: float) -> float | None:
        """The first time later than ``after``, both in seconds since 1970; None when there is none."""
        ...


class _Bounds(NamedTuple):
    first: int
    last: int
    names: tuple[str, ...] = ()
    """The names of ``first`` and what follows it."""


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (_Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _DAYS))

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "


@dataclass(frozen=True)
class Fields:
    """Five fields. A day matches when both of its fields do; when both were restricted, one is enough:
    ``0 0 13 * fri`` is every Friday and every 13th."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    one_day_is_enough: bool
    zone: tzinfo

    def next(self, after: float) -> float | None:
        """Goes from the start of one unit to the next one that can match, by the clocks of ``zone``.

        So an hour that is skipped in spring runs nothing, and one that comes twice in autumn runs twice.
        """
        moment = datetime.fromtimestamp(int(after) + 1, self.zone)
        last_year = moment.year + YEARS_AHEAD
        while moment.year <= last_year:
            if moment.month not in self.months:
                moment = self._midnight(moment.year + moment.month // 12, moment.month % 12 + 1, 1)
            elif not self._day_matches(moment):
                tomorrow = moment.date() + timedelta(days=1)
                moment = self._midnight(tomorrow.year, tomorrow.month, tomorrow.day)
            elif moment.hour not in self.hours:
                moment = self._later(moment, 3600 - moment.minute * 60 - moment.second)
            elif moment.minute not in self.minutes or moment.second:
                moment = self._later(moment, 60 - moment.second)
            else:
                return moment.timestamp()
        return None

    def _day_matches(self, moment: datetime) -> bool:
        matches = (moment.day in self.days, moment.isoweekday() % 7 in self.weekdays)
        return any(matches) if self.one_day_is_enough else all(matches)

    def _midnight(self, year: int, month: int, day: int) -> datetime:
        """Where the clocks skip midnight, the first moment of the day."""
        return self._later(datetime(year, month, day, tzinfo=self.zone), 0)

    def _later(self, moment: datetime, seconds: int) -> datetime:
        return datetime.fromtimestamp(moment.timestamp() + seconds, self.zone)


@dataclass(frozen=True)
class Every:
    """``@every 90s``: so many whole seconds after the last time."""

    seconds: int

    def next(self, after: float) -> float:
        return float(int(after) + self.seconds)


def parse(text: str, zone: tzinfo = UTC) -> Schedule:
    """The schedule that ``text`` means by the clocks of ``zone``. Raises ValueError in upstream's words."""
    if not text:
        raise ValueError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        prefix, _, text = text.partition(" ")
        zone = _zone_of_prefix(prefix)
        text = text.strip()
    if text.startswith(_EVERY):
        return Every(_delay(text))
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    parsed = [_field(field, bounds) for field, bounds in zip(fields, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = (values for values, _ in parsed)
    free_day, free_weekday = parsed[2][1], parsed[4][1]
    return Fields(minutes, hours, days, months, weekdays, not (free_day or free_weekday), zone)


def time_zone(name: str) -> tzinfo:
    """The time zone ``Europe/Berlin``. Raises ValueError in Go's words when there is none of that name."""
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def _zone_of_prefix(prefix: str) -> tzinfo:
    name = prefix.partition("=")[2]
    try:
        return time_zone(name)
    except ValueError as error:
        raise ValueError(f"provided bad location {name}: {error}") from None


def _delay(text: str) -> int:
    try:
        return max(int(parse_duration(text.removeprefix(_EVERY))), 1)
    except ValueError as error:
        raise ValueError(f"failed to parse duration {text}: {error}") from None


def _field(text: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    """The values of ``1-5,*/20``, and whether a star leaves the field free."""
    values: set[int] = set()
    free = False
    for part in filter(None, text.split(",")):
        found, star = _range(part, bounds)
        values.update(found)
        free = free or star
    return frozenset(values), free


def _range(text: str, bounds: _Bounds) -> tuple[range, bool]:
    """``5``, ``1-5``, ``*``, each with a step: ``*/20``; ``5/20`` is from 5 to the end."""
    span, *steps = text.split("/")
    low, *high = span.split("-")
    star = low in ("*", "?")
    if star:
        start, end = bounds.first, bounds.last
    else:
        start = _number(low, bounds)
        if len(high) > 1:
            raise ValueError(f"too many hyphens: {text}")
        end = _number(high[0], bounds) if high else start
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _integer(steps[0]) if steps else 1
    if steps and not high:
        end = bounds.last
    if start < bounds.first:
        raise ValueError(f"beginning of range ({start}) below minimum ({bounds.first}): {text}")
    if end > bounds.last:
        raise ValueError(f"end of range ({end}) above maximum ({bounds.last}): {text}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step), star and step == 1


def _number(text: str, bounds: _Bounds) -> int:
    name = text.lower()
    return bounds.first + bounds.names.index(name) if name in bounds.names else _integer(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": value out of range'
        )
    if number < 0:
        raise ValueError(f"negative number ({number}) not allowed: {text}")
    return number
