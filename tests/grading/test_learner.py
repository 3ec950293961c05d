"""The judge's hold on a learner's process, with the breakdowns that it must survive; in a sandbox and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, sys, time
from pathlib import Path
from k8slearn.grading.learner import Learner, Limits, Refused
from k8slearn.grading.nursery import Nursery
from k8slearn.grading.splice import Step
answers = sys.stdout
sys.stdout = sys.stderr
nurseries = {unsafe: Nursery.open([], unsafe=unsafe) for unsafe in (False, True)}

def running(marker):
    "Processes whose command line has the marker and that have not stopped."
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "cmdline").read_bytes().split(bytes(1)):
                found.append((process / "stat").read_text().rpartition(")")[2].split()[0])
        except OSError:
            pass
    return [state for state in found if state in "RS"]

class Desk:
    def __init__(self):
        self.asked = []

    def judge(self, exercise):
        self.asked.append(f"{exercise}, while something runs" if running(b"tends-the-cluster") else exercise)

    def begin(self, exercise):
        if exercise == "none":
            raise Refused("there is no such exercise")
        self.asked.append(f"begin {exercise}")

    def wait(self, duration):
        self.asked.append(f"wait {duration}")

    def settle(self):
        return True

for line in sys.stdin:
    order = json.loads(line)
    learner = Learner(nurseries[order["unsafe"]], Limits(order["seconds"], 100_000))
    desk = Desk()
    names = ("one", "two", "none")
    told = {"id": "a", "lang": "en", "seed": "7", "namespace": "a",
            "values": {name: {"port": 80} for name in names}, "tasks": {name: "do it" for name in names}}
    kubeconfig = "{clusters: [{name: a, cluster: {server: 'https://127.0.0.1'}}]," \
        "users: [{name: a, user: {token: a}}], contexts: [{name: a, context: {cluster: a, user: a}}]," \
        "current-context: a}"
    steps = tuple(Step(*step) for step in order["steps"])
    run = learner.run(steps, {"lesson": told, "kubeconfig": kubeconfig}, desk)
    learner.close()
    print(json.dumps({"judged": desk.asked, "ending": run.ending, "detail": run.detail, "errors": run.errors,
                      "tail": run.output_tail}), file=answers, flush=True)
"""

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, SECRET_TOKEN="of the instructor"),
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(params=["sandbox", "unsafe"])
def run(process: subprocess.Popen[str], request: pytest.FixtureRequest) -> Run:
    """Run cells (source, or an exercise's name after "check:")."""
    if request.param == "sandbox":
        request.getfixturevalue("sandbox")

    def run(*cells: str, seconds: float = 20) -> dict[str, Any]:
        steps = [
            ["check-" + cell[6:], "", cell[6:]]
            if cell.startswith("check:")
            else [f"answer-{number}", cell, None]
            for number, cell in enumerate(cells)
        ]
        assert process.stdin is not None and process.stdout is not None
        order = {"steps": steps, "seconds": seconds, "unsafe": request.param == "unsafe"}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return run


def test_cells_run_in_order_and_each_check_is_judged_once(run):
    outcome = run("x = 1", "check:one", "assert x == 1; print('sum', x + 1)", "check:two", "check:one")
    assert outcome["ending"] == "done"
    assert outcome["judged"] == ["one", "two"]
    assert outcome["errors"] == {}
    assert "sum 2" in outcome["tail"]


def test_cells_are_ipython_cells_with_magics_and_await(run):
    outcome = run(
        "%env FOO=bar", "import asyncio\nawait asyncio.sleep(0)", "!echo from the shell $FOO", "check:one"
    )
    assert outcome["errors"] == {} and outcome["judged"] == ["one"]
    assert "from the shell bar" in outcome["tail"]


def test_a_cell_that_raises_does_not_end_the_run(run):
    outcome = run("nonsense", "check:one", "x = (", "check:two")
    assert outcome["ending"] == "done" and outcome["judged"] == ["one", "two"]
    assert outcome["errors"]["answer-0"] == ["NameError", "name 'nonsense' is not defined"]
    assert outcome["errors"]["answer-2"][0] == "SyntaxError"


def test_an_endless_cell_is_a_timeout_and_what_came_before_is_judged(run):
    outcome = run("check:one", "import time\nwhile True: time.sleep(1)", "check:two", seconds=1)
    assert outcome["ending"] == "timeout" and outcome["judged"] == ["one"]


def test_a_cell_that_computes_for_ever_and_ignores_signals_is_a_timeout(run):
    ignore = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"
    assert run(ignore, seconds=1)["ending"] == "timeout"


def test_a_flood_of_output_is_stopped(run):
    outcome = run("while True: print('x' * 1000)", "check:one")
    assert outcome["ending"] == "output_limit" and outcome["judged"] == []
    assert len(outcome["tail"]) <= 4000


@pytest.mark.parametrize(
    ("cell", "detail"),
    [
        ("import os; os._exit(0)", "exit code 0"),
        ("import os; os._exit(7)", "exit code 7"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("import os; os.close(3)", ""),
    ],
)
def test_a_process_that_ends_itself_is_a_crash_with_its_cause(run, cell, detail):
    outcome = run("check:one", cell, "check:two")
    assert outcome["ending"] == "crashed" and outcome["judged"] == ["one"]
    assert detail in outcome["detail"]


@pytest.mark.parametrize("cell", ["exit()", "quit", "import sys; sys.exit(3)", "raise KeyboardInterrupt"])
def test_leaving_a_cell_early_leaves_only_that_cell(run, cell):
    outcome = run(cell, "check:one")
    assert outcome["ending"] == "done" and outcome["judged"] == ["one"]


@pytest.mark.parametrize(
    "line",
    [
        '{"passed": "one", "points": 99}',
        '{"answer": "one"}',
        '{"ask": "check", "of": "unknown"}',
        '{"error": 5}',
        "{}",
    ],
)
def test_a_forged_message_gives_nothing(run, line):
    outcome = run(f"import os; os.write(3, {line + chr(10)!r}.encode())", "check:one")
    assert outcome["judged"] in (["one"], [])
    assert outcome["ending"] in ("done", "crashed")


@pytest.mark.parametrize(
    "line",
    ["[]\n", "nonsense\n", "[" * 100_000 + "\n", "x" * 200_000],
    ids=["a list", "no JSON", "deep", "without end"],
)
def test_noise_on_the_channel_ends_the_run(run, line):
    outcome = run(
        f"import os\nos.write(3, {line[:1]!r}.encode() * {len(line)} + b'\\n')\nimport time\ntime.sleep(9)"
    )
    assert outcome["ending"] == "crashed"


def test_processes_left_behind_are_killed(run):
    outcome = run(
        "import subprocess\np = subprocess.Popen(['sh', '-c', 'sleep 300; :', 'was-left-behind'])",
        "check:one",
    )
    assert outcome["ending"] == "done"
    for _ in range(100):  # the system takes a moment to end a process that was killed
        if not any(map(_is_left_behind, Path("/proc").glob("[0-9]*"))):
            return
        time.sleep(0.05)
    pytest.fail("a process was left behind")


def _is_left_behind(process: Path) -> bool:
    try:
        return b"was-left-behind" in (process / "cmdline").read_bytes()
    except OSError:
        return False


def test_the_process_sees_no_secret_and_no_open_file_of_the_grader(run):
    outcome = run(
        "import os\nassert 'SECRET_TOKEN' not in os.environ",
        "assert len(set(os.listdir('/proc/self/fd')) - {'0', '1', '2', '3'}) <= 1",
        "check:one",
    )
    assert outcome["errors"] == {}


def test_input_is_empty_not_a_hang(run):
    assert run("input('name? ')", "check:one")["judged"] == ["one"]


def test_nothing_runs_while_the_exercise_is_judged_and_then_it_goes_on(run):
    outcome = run(
        "import subprocess\n"
        "p = subprocess.Popen(['sh', '-c', 'while true; do echo >>ticks; sleep .01; done', 'tends-the-cluster'])\n"
        "import threading, time\ndef tick():\n    while True: time.sleep(.001)\n"
        "threading.Thread(target=tick, daemon=True).start()",
        "import os\nwhile not os.path.exists('ticks'): time.sleep(.01)",
        "check:one",
        "before = os.path.getsize('ticks')\nwhile os.path.getsize('ticks') == before: time.sleep(.01)",
    )
    assert outcome["ending"] == "done" and outcome["errors"] == {}
    assert outcome["judged"] == ["one"]


@pytest.mark.parametrize("run", ["sandbox"], indirect=True)
def test_in_a_sandbox_a_daemon_that_left_its_session_stops_too(run):
    outcome = run(
        "import subprocess\n"
        "loop = ['sh', '-c', 'while true; do sleep .01; done', 'tends-the-cluster']\n"
        "p = subprocess.Popen(loop, start_new_session=True)",
        "check:one",
        "check:two",
    )
    assert outcome["judged"] == ["one", "two"]


def test_a_lesson_is_told_by_the_judge_and_has_scenes_and_time_from_it(run):
    outcome = run(
        "import k8slearn\nlesson = k8slearn.start('a')\nprint(lesson.values('one')['port'], lesson.task('two'))",
        "lesson.begin('two'); lesson.wait(5); lesson.cluster.clock.settle(); lesson.check('one'); lesson.hint('one')",
        "lesson.begin('none')",
        "lesson.values('three')",
        "check:two",
    )
    assert "80 do it" in outcome["tail"]
    assert outcome["judged"] == ["begin two", "wait 5", "two"]
    assert outcome["errors"]["answer-2"] == ["LessonError", "there is no such exercise"]
    assert outcome["errors"]["answer-3"][0] == "LessonError"
