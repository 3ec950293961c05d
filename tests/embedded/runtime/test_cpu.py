"""The CPU time that containers use: what is charged, what a limit does, what a look at the past says."""

from __future__ import annotations

import pytest

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import HttpRequest
from k8slearn.embedded.runtime.cpu import REQUEST, Cpu

BUSY = "while true; do :; done"


@pytest.mark.parametrize(("limit", "cores"), [(None, 1.0), (0.1, 0.1), (0.5, 0.5), (4.0, 1.0)])
def test_a_busy_loop_uses_its_limit_and_a_core_at_most(lab, limit, cores):
    container = lab.run(argv=["sh", "-c", BUSY], cpu=limit)
    lab.clock.advance(20)
    before = container.cpu.used
    lab.clock.advance(10)
    assert container.cpu.used - before == pytest.approx(10 * cores, rel=0.01)


def test_two_busy_processes_share_the_limit_of_their_container(lab):
    container = lab.run(argv=["sh", "-c", f"({BUSY}) & {BUSY}"], cpu=0.1)
    lab.clock.advance(30)
    assert container.cpu.used == pytest.approx(3.0, rel=0.02)


def test_a_loop_that_never_ends_gets_coarser_steps(lab):
    """Twenty times fewer, so that an hour of it can be simulated; the CPU that it uses stays the same."""
    container = lab.run(
        argv=["sh", "-c", "n=0; trap 'echo $n' USR1; while true; do n=$((n+1)); done"], cpu=0.1
    )
    for _ in range(4):
        lab.exec(container, "kill", "-USR1", "1", seconds=1)
    _, one, two, three = (int(line.text) for line in container.log.lines)
    assert one > 10 * (three - two) > 0


def test_a_sleeping_container_uses_next_to_nothing(lab):
    container = lab.run(args=["sleep", "9999"])
    lab.clock.advance(600)
    assert container.cpu.used < 0.001


def test_a_request_costs_a_web_server_cpu(lab):
    container = lab.run("nginx:1.29")
    lab.clock.advance(10)
    before = container.cpu.used
    for _ in range(100):
        lab.network.request("10.0.0.9", container.kernel.ip, 80, HttpRequest(), lambda outcome: None)
    lab.clock.advance(1)
    assert container.cpu.used - before == pytest.approx(100 * REQUEST, rel=1e-3)


def test_work_under_a_limit_takes_longer_and_waits_in_line():
    clock = Clock()
    cpu = Cpu(clock, 0.1)
    assert cpu.charge(0.02) == pytest.approx(0.2)
    assert cpu.charge(0.02) == pytest.approx(0.4)
    clock.advance(0.1)
    assert cpu.used == pytest.approx(0.01, rel=1e-4)
    clock.advance(10)
    assert cpu.used == pytest.approx(0.04)
    assert cpu.charge(0.02) == pytest.approx(0.2)


def test_the_past_is_known():
    clock = Clock()
    cpu, start = Cpu(clock, None), clock.now
    clock.advance(100)
    cpu.charge(10)
    clock.advance(60)
    known = {when: cpu.used_at(start + when) for when in (50, 100, 105, 110, 150)}
    assert known == pytest.approx({50: 0, 100: 0, 105: 5, 110: 10, 150: 10}, abs=1e-3)


def test_a_server_that_is_asked_all_the_time_remembers_little():
    clock = Clock()
    cpu = Cpu(clock, None)
    for _ in range(20_000):
        cpu.charge(0.001)
        clock.advance(0.01)
    assert cpu.used_at(clock.now - 20) - cpu.used_at(clock.now - 30) == pytest.approx(1.0, rel=0.05)
    assert len(cpu._history) < 40
