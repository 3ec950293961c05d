"""Virtual time beside the wall clock, and no client ever sees the future."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.clock import Clock, parse_timestamp
from k8slearn.embedded.server.pacemaker import Pacemaker

NOON = parse_timestamp("2026-06-01T12:00:00Z")


class Wall:
    now = NOON

    def __call__(self) -> float:
        return self.now


def running(start: float = NOON) -> tuple[Clock, Wall, Pacemaker]:
    clock, wall = Clock(start=start), Wall()
    return clock, wall, Pacemaker(clock, wall)


def created(clock: Clock) -> bytes:
    return b'{"creationTimestamp":"%s"}' % clock.timestamp().encode()


def test_time_follows_the_wall_clock_and_events_happen_when_due():
    clock, wall, pace = running()
    seen: list[float] = []
    clock.call_later(2, lambda: seen.append(clock.now))
    wall.now += 1.5
    assert pace.delay() == 0.5 and pace.catch_up(10) and seen == []
    wall.now += 0.5
    assert pace.catch_up(10) and seen == [NOON + 2]


def test_paused_time_stands_still_and_goes_on_from_there():
    clock, wall, pace = running()
    pace.pause()
    wall.now += 60
    assert pace.catch_up(10) and clock.now == NOON and pace.delay() is None
    pace.resume()
    wall.now += 1
    assert pace.catch_up(10) and clock.now == NOON + 1


def test_five_minutes_advanced_make_old_objects_five_minutes_older_and_new_ones_new():
    clock, _, pace = running()
    old = created(clock)
    clock.advance(300)
    pace.jumped()
    assert pace.outward(old) == b'{"creationTimestamp":"2026-06-01T11:55:00Z"}'
    assert pace.outward(created(clock)) == b'{"creationTimestamp":"2026-06-01T12:00:00Z"}'


def test_a_cluster_from_another_time_shows_the_present():
    clock, _, pace = running(start=parse_timestamp("2020-01-01T00:00:00Z"))
    assert pace.outward(created(clock)) == b'{"creationTimestamp":"2026-06-01T12:00:00Z"}'


def test_what_users_wrote_is_not_shifted():
    clock, _, pace = running()
    clock.advance(300)
    pace.jumped()
    for text in (
        b'{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-06-01T12:00:00Z"}}',
        rb'{"x/last-applied":"{\"startTime\":\"2026-06-01T12:00:00Z\"}"}',
    ):
        assert pace.outward(text) == text


def test_while_the_cluster_stands_still_ages_do_too():
    clock, wall, pace = running()
    old = created(clock)
    clock.advance(60)
    pace.jumped()
    pace.pause()
    wall.now += 600
    pace.catch_up(10)
    assert pace.outward(old) == b'{"creationTimestamp":"2026-06-01T12:09:00Z"}'


def test_times_that_the_cluster_writes_into_annotations_are_shifted_like_others():
    clock, _, pace = running()
    clock.advance(300)
    pace.jumped()
    for name in ("batch.kubernetes.io/cronjob-scheduled-timestamp", "timestamp"):
        inside, outside = (f'{{"{name}":"2026-06-01T12:0{m}:00Z"}}'.encode() for m in (5, 0))
        assert pace.outward(inside) == outside and pace.inward(outside) == inside


def test_lines_of_a_log_are_shifted_in_front_only():
    clock, _, pace = running()
    clock.advance(300)
    pace.jumped()
    lines = b"2026-06-01T12:04:00.250000000Z it is 2026-06-01T12:04:00Z \n2026-06-01T12:04:01.000000000Z \n"
    assert pace.outward_lines(lines) == (
        b"2026-06-01T11:59:00.250000000Z it is 2026-06-01T12:04:00Z \n2026-06-01T11:59:01.000000000Z \n"
    )
    assert pace.inward_moment("2026-06-01T14:00:00+02:00") == "2026-06-01T12:05:00Z"
    assert pace.inward_moment("noon") == "noon"


moves = st.lists(
    st.tuples(st.sampled_from(["wait", "advance", "pause", "resume", "speed"]), st.floats(0, 1000)),
    max_size=20,
)


@given(moves)
def test_whatever_is_done_to_the_clock_no_client_sees_the_future_and_what_it_writes_comes_back(steps: list):
    clock, wall, pace = running()
    for what, number in steps:
        if what == "wait":
            wall.now += number
        elif what == "advance":
            clock.advance(number)
            pace.jumped()
        elif what == "speed":
            pace.set_speed(max(number, 0.1))
        else:
            getattr(pace, what)()
        pace.catch_up(100)
        body = created(clock)
        shown = pace.outward(body)
        moment = parse_timestamp(shown.decode().split('"')[3])
        assert wall.now - 4 <= moment <= wall.now, "it was made just now: four seconds are rounding and slack"
        assert pace.inward(shown) == body
