"""Inside the learner's process: run the spliced cells as a notebook would, and report where one is.

Nothing here decides a mark. The process holds no check, no administrator's credential and no other
learner's work; all it can do over its channel is ask. The channel carries JSON lines:

    judge → worker   {"steps": [["answer-first-pod", "…source…", null], ["check-first-pod", "", "first-pod"]],
                      "lesson": {"id": "01-pods", …}, "kubeconfig": "…", "home": "/home/learner", "cpu_seconds": 60}
    worker → judge   {"error": "answer-first-pod", "name": "NameError", "text": "name 'x' is not defined"}
    worker → judge   {"ask": "check", "of": "first-pod"}        and it waits, for this as for all it asks
    judge → worker   {"answer": null}
    worker → judge   {"ask": "begin", "of": "second-pod"}
    judge → worker   {"problem": "…"}                           it was refused, and why
    worker → judge   {"done": true}

Whoever forges such a line gets judged early or not at all, and never better.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import k8slearn
from k8slearn.engines.cluster import Cluster
from k8slearn.engines.kubectl import QUICK
from k8slearn.errors import LessonError
from k8slearn.grading.lesson import GradedLesson, JudgesClock
from k8slearn.grading.rehearsal import rehearse

CHANNEL = 3
"""The channel's file descriptor in the learner's process; 0 reads nothing, 1 and 2 are the output."""

INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")
"""What of the grader's environment learners' processes see: enough to run, no token, no kubeconfig."""

TEXT_LIMIT = 2_000
"""Characters of an exception's text that are passed on."""

_MB = 1_000_000


def warm_up() -> None:
    """Make the shell that all learners' processes are born with: most of what starting a notebook costs.

    It is an IPython shell as a kernel has it, less history and colours, and with the lab's magics.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from kubernetes import config  # noqa: F401 (for the forks)
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    with tempfile.TemporaryDirectory() as profile:
        os.environ["IPYTHONDIR"] = profile
        shell = InteractiveShell.instance(config=settings)
        del os.environ["IPYTHONDIR"]
    shell.run_line_magic("load_ext", "k8slearn.lab")
    shell.run_cell("None", silent=True)
    rehearse()


def main(channel: socket.socket, output: int, settle_in: Callable[[], None]) -> NoReturn:
    """The whole life of a freshly forked process. ``settle_in`` gives up what a learner may not have."""
    code = 1
    try:
        _cut_off(channel.detach(), output)
        settle_in()
        with socket.socket(fileno=CHANNEL) as own, own.makefile("rw", encoding="utf-8") as lines:
            if order := lines.readline():
                _run(json.loads(order), _Channel(lines))
                code = 0
    except BaseException as error:
        told = f"the notebook's process ends: {type(error).__name__}: {error}\n"
        os.write(2, told.encode(errors="replace"))
    finally:
        os._exit(code)


def _cut_off(channel: int, output: int) -> None:
    """Own session (so that one kill ends all of it) and no file of the grader's left open."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    channel, output = os.dup(channel), os.dup(output)  # above 3, so that no dup2 below hits one of them
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, CHANNEL, inheritable=False)
    for file in list(Path("/dev/fd").iterdir()):  # not all up to the limit: that may be a thousand million
        if int(file.name) > CHANNEL:
            with suppress(OSError):  # the listing's own is closed already
                os.close(int(file.name))
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", 1, "utf-8", "replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "replace", closefd=False)


class _Channel:
    """The worker's end: one question at a time, whichever thread of the learner's asks."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self._turn = threading.Lock()

    def tell(self, **message: Any) -> None:
        self._lines.write(json.dumps(message) + "\n")
        self._lines.flush()

    def ask(self, what: str, of: Any) -> Any:
        """The judge's answer. Raises LessonError when it refuses, EOFError when it has gone."""
        with self._turn:
            self.tell(ask=what, of=of)
            line = self._lines.readline()
        if not line:
            raise EOFError("the judge has gone")
        answer = json.loads(line)
        if "problem" in answer:
            raise LessonError(answer["problem"])
        return answer["answer"]


def _run(order: dict[str, Any], channel: _Channel) -> None:
    home = Path(order["home"])
    kubeconfig = home / ".kube" / "config"
    kubeconfig.parent.mkdir()
    kubeconfig.write_text(order["kubeconfig"])
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    os.environ.clear()
    os.environ.update(environment, **_environment(home, kubeconfig, order["lesson"]))
    tempfile.tempdir = None
    os.chdir(home)
    sys.path[:] = ["", *(entry for entry in sys.path if entry)]
    _confine(order["cpu_seconds"])
    shell = _enter_lesson(order["lesson"], kubeconfig, channel)
    for name, source, exercise in order["steps"]:
        if exercise is not None:
            channel.ask("check", exercise)
        elif (error := _run_cell(shell, source)) is not None:
            channel.tell(error=name, name=_name(error), text=_text(error))
    channel.tell(done=True)


def _environment(home: Path, kubeconfig: Path, lesson: dict[str, Any]) -> dict[str, str]:
    return {
        "HOME": str(home),
        "IPYTHONDIR": str(home / ".ipython"),
        "KUBECONFIG": str(kubeconfig),
        "K8SLEARN_KUBECONFIG": str(kubeconfig),
        "K8SLEARN_HOME": str(home / ".k8slearn"),
        "K8SLEARN_STRICT": "1",
        "K8SLEARN_LANG": lesson["lang"],
        "K8SLEARN_SEED": lesson["seed"],
        "NO_PROXY": "*",  # all is on loopback
        **QUICK,
    }


def _confine(cpu_seconds: int) -> None:
    """Limits that hold even for code that the wall clock cannot see.

    Address space, not memory, is what RLIMIT_AS counts: kubectl alone maps 1.3 GB, so 4 GB it is. On macOS
    every process has mapped hundreds of gigabytes when it starts, and setting less is an error.
    """
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 100 * _MB),
        (resource.RLIMIT_NOFILE, 1_024),
    ]
    if sys.platform != "darwin":
        limits.append((resource.RLIMIT_AS, 4_000 * _MB))
    for limit, most in limits:
        hard = resource.getrlimit(limit)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))


def _enter_lesson(told: dict[str, Any], kubeconfig: Path, channel: _Channel) -> Any:
    """The shell, in which ``k8slearn.start`` returns the lesson as it is while it is graded."""
    from IPython.core.interactiveshell import InteractiveShell
    from kubernetes import client, config

    from k8slearn.lab.magics import KubectlMagics

    configuration = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    api_client = client.ApiClient(configuration)
    cluster = Cluster(api_client, lambda: kubeconfig, JudgesClock(channel.ask))
    lesson = GradedLesson(told, cluster, channel.ask)
    k8slearn.start = lambda *_, **__: lesson  # type: ignore[assignment]
    shell = InteractiveShell.instance()
    KubectlMagics.of(shell).use(cluster, lesson.namespace)
    return shell


def _run_cell(shell: Any, source: str) -> BaseException | None:
    """Run one cell; like nbval, go on after one that fails, for the next exercises may still be right."""
    try:
        result = shell.run_cell(source, store_history=True)
        return result.error_before_exec or result.error_in_exec
    except Exception as error:
        return error


def _name(error: BaseException) -> str:
    """The class as people know it: Python 3.13 raises _IncompleteInputError, a SyntaxError, for ``x = (``."""
    return next(kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("_"))


def _text(error: BaseException) -> str:
    try:
        return str(error)[:TEXT_LIMIT]
    except Exception:
        return "(its text cannot be shown)"
