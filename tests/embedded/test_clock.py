"""Virtual time jumps from event to event, always in the same order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.clock import START, Clock, parse_timestamp


def test_calls_happen_in_the_order_of_their_times_and_equal_times_in_the_order_of_asking():
    clock, seen = Clock(), []
    for name, delay in [("late", 5), ("first", 1), ("second", 1)]:
        clock.call_later(delay, lambda name=name: seen.append((name, clock.now - START)))
    assert clock.settle()
    assert seen == [("first", 1), ("second", 1), ("late", 5)]


def test_settling_does_not_wait_for_background_work_but_does_it_when_it_comes_first():
    clock, seen = Clock(), []
    clock.call_later(1, lambda: seen.append("background"), background=True)
    clock.call_later(2, lambda: seen.append("pending"))
    clock.call_later(3, lambda: seen.append("never"), background=True)
    assert clock.settle()
    assert seen == ["background", "pending"]


def test_settling_gives_up_on_work_that_never_ends():
    clock = Clock()

    def again() -> None:
        clock.call_later(1, again)

    again()
    assert not clock.settle(limit=60)
    assert clock.now - START <= 60


def test_a_cancelled_call_does_not_happen_and_is_not_waited_for():
    clock, seen = Clock(), []
    timer = clock.call_later(1, lambda: seen.append("cancelled"))
    timer.cancel()
    timer.cancel()
    assert clock.settle() and clock.pending == 0 and seen == []


def test_advancing_makes_the_calls_that_fall_due_and_ends_exactly_there():
    clock, seen = Clock(), []
    clock.call_later(10, lambda: seen.append(clock.now - START))
    clock.advance(9.5)
    assert seen == []
    clock.advance(0.5)
    assert seen == [10] and clock.now == START + 10


@given(st.floats(min_value=0, max_value=4_000_000_000))
def test_a_timestamp_read_back_is_the_same_second(seconds: float):
    clock = Clock(start=seconds)
    assert parse_timestamp(clock.timestamp()) == int(seconds)
    assert abs(parse_timestamp(clock.micro_timestamp()) - seconds) < 1e-5
