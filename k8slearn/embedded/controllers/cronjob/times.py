"""Which time of a CronJob's schedule is due, and when to look again.

Upstream: ``mostRecentScheduleTime`` and its neighbours in ``pkg/controller/cronjob/utils.go``. Times are seconds
since 1970. Of several times that were missed only the last counts: a cluster that slept does not make up for all.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube import cron
from k8slearn.kube.cron import Schedule

MANY = 100
"""More missed times than these are worth a warning."""

AFTER_THE_TIME = 0.1
"""Seconds by which the controller comes later than the schedule says, lest its clock be a little fast."""


class NoTime(ValueError):
    """The schedule is well-formed and has no times: the 31st of February."""


class Due(NamedTuple):
    since: float
    """From when on times were looked for."""

    time: float | None
    """The last time that has come; None when none has."""

    missed: int
    """About how many have come, the last among them."""


def schedule_of(cronjob: Object) -> Schedule:
    """Raises ValueError when schedule or time zone mean nothing."""
    spec = cronjob["spec"]
    return cron.parse(spec["schedule"], cron.time_zone(spec.get("timeZone") or ""))


def due(cronjob: Object, schedule: Schedule, now: float, *, within_deadline: bool = True) -> Due:
    """The time for which a Job should have been made by ``now``. Raises NoTime.

    Times before ``startingDeadlineSeconds`` ago do not count, unless not ``within_deadline``.
    """
    deadline = cronjob["spec"].get("startingDeadlineSeconds")
    last = cronjob.get("status", {}).get("lastScheduleTime")
    since = parse_timestamp(last or cronjob["metadata"]["creationTimestamp"])
    if within_deadline and deadline is not None:
        since = max(since, now - deadline)
    first = schedule.next(since)
    second = schedule.next(first) if first is not None else None
    if first is None or second is None:
        raise NoTime("time difference between two schedules is less than 1 second")
    if now < first:
        return Due(since, None, 0)
    if now < second:
        return Due(since, first, 1)
    between = second - first
    missed = int((now - first) // between) + 1
    # Schedules are not always regular (9 to 17 o'clock): begin a little earlier and go on time by time.
    time, found = schedule.next(first + (missed - 2) * between), None
    while time is not None and time <= now:
        time, found = schedule.next(time), time
    return Due(since, found, missed)


def seconds_to_next(cronjob: Object, schedule: Schedule, now: float) -> float:
    """Until the time after the one that is due, or after the last one. Raises NoTime."""
    last = due(cronjob, schedule, now, within_deadline=False)
    start = now if last.time is None and last.missed else last.time or last.since
    following = schedule.next(start)
    if following is None:
        raise NoTime("time difference between two schedules is less than 1 second")
    return following + AFTER_THE_TIME - now
