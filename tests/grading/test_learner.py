"""The judge's hold on a learner's process, with the cheats and breakdowns that it must survive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import json, sys, time
from pathlib import Path
from k8slearn.grading.learner import Learner, Limits
from k8slearn.grading.splice import Step
order = json.load(sys.stdin)
learner = Learner(Limits(seconds=order["seconds"], output_bytes=100_000))
judged = []
ticks = Path(order["folder"]) / "ticks"

def judge(exercise):
    time.sleep(0.05)  # the leader has stopped; what it has started stops when it is scheduled next
    before = ticks.stat().st_size if ticks.exists() else 0
    time.sleep(0.05)
    after = ticks.stat().st_size if ticks.exists() else 0
    judged.append(exercise if before == after else f"{exercise}, while the learner's process ran on")

steps = tuple(Step(*step) for step in order["steps"])
run = learner.run(steps, order["folder"], {"HOME": order["folder"], "K8SLEARN_STRICT": "1"}, judge)
learner.close()
print(json.dumps({"judged": judged, "ending": run.ending, "detail": run.detail, "errors": run.errors,
                  "tail": run.output_tail}))
"""


@pytest.fixture
def run(tmp_path: Path):
    """Run cells (source, or an exercise's name after "check:") in a process of their own kind."""

    def run(*cells: str, seconds: float = 10) -> dict:

        steps = [
            ["check-" + cell[6:], "", cell[6:]]
            if cell.startswith("check:")
            else [f"answer-{number}", cell, None]
            for number, cell in enumerate(cells)
        ]
        done = subprocess.run(
            [sys.executable, "-P", "-c", SCRIPT],
            input=json.dumps({"steps": steps, "folder": str(tmp_path), "seconds": seconds}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=dict(os.environ, SECRET_TOKEN="of the instructor"),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

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
    ['{"passed": "one", "points": 99}', '{"go": "one"}', '{"reached": "unknown"}', '{"error": 5}', "{}"],
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


def test_processes_left_behind_are_killed(run, tmp_path: Path):
    outcome = run(
        "import subprocess\np = subprocess.Popen(['sleep', '300'])\nopen('pid', 'w').write(str(p.pid))",
        "check:one",
    )
    assert outcome["ending"] == "done"
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        for _ in range(100):  # the system takes a moment to end a process that was killed
            _gone(pid)
            time.sleep(0.05)


def _gone(pid: int) -> None:
    """Raises ProcessLookupError when ``pid`` has ended (a zombie that init has not reaped yet has, too)."""
    os.kill(pid, 0)
    if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
        raise ProcessLookupError


def test_the_process_sees_no_secret_and_no_open_file_of_the_grader(run):
    outcome = run(
        "import os\nassert 'SECRET_TOKEN' not in os.environ",
        "assert sorted(set(os.listdir('/proc/self/fd')) - {'0','1','2','3'})[1:] == []",
        "check:one",
    )
    assert outcome["errors"] == {}


def test_input_is_empty_not_a_hang(run):
    assert run("input('name? ')", "check:one")["judged"] == ["one"]


def test_nothing_runs_while_the_exercise_is_judged_and_then_it_goes_on(run, tmp_path: Path):
    outcome = run(
        "import threading, time\nfile = open('ticks', 'ab', 0)\n"
        "def tick():\n    while True: file.write(b'x'); time.sleep(.001)\n"
        "threading.Thread(target=tick, daemon=True).start()\n"
        "import subprocess; subprocess.Popen(['sh', '-c', 'while true; do echo >>ticks; sleep .01; done'])",
        "time.sleep(.1)",
        "check:one",
        "before = file.tell(); time.sleep(.1); assert file.tell() > before",
    )
    assert outcome["ending"] == "done" and outcome["errors"] == {}
    assert outcome["judged"] == ["one"]
