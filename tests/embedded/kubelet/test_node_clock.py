"""Time on a machine that stands still."""

from __future__ import annotations

import pytest

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet.node_clock import NodeClock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_due_meanwhile_happens_in_its_order_when_the_machine_goes_on(clock: Clock):
    node, rung = NodeClock(clock), []
    for seconds in (3, 1, 20):
        node.call_later(seconds, lambda seconds=seconds: rung.append((seconds, node.now - begun)))
    begun = node.now
    node.freeze()
    clock.advance(10)
    assert rung == [] and node.frozen
    node.thaw()
    assert rung == [(1, 10.0), (3, 10.0)]
    clock.settle()
    assert rung[-1] == (20, 20.0)


def test_nobody_waits_for_a_machine_that_stands_still(clock: Clock):
    node = NodeClock(clock)
    node.call_later(1, lambda: None)
    node.freeze()
    assert clock.settle()
    assert clock.pending == 0


def test_a_call_that_waits_can_be_cancelled_also_by_one_before_it(clock: Clock):
    node, rung = NodeClock(clock), []
    node.call_later(1, lambda: second.cancel())
    second = node.call_later(2, lambda: rung.append("second"))
    third = node.call_later(3, lambda: rung.append("third"))
    node.freeze()
    clock.advance(5)
    third.cancel()
    node.thaw()
    clock.settle()
    assert rung == [] and clock.pending == 0
