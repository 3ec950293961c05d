"""Inside the learner's process: run the spliced cells as a notebook would, and report where one is.

Nothing here decides a mark. The process holds no check, no administrator's credential and no other
learner's work; all it can say over its channel is how far it got. The channel carries JSON lines:

    judge → worker   {"steps": [["answer-first-pod", "…source…", null], ["check-first-pod", "", "first-pod"]],
                      "folder": "/tmp/…", "environment": {"K8SLEARN_KUBECONFIG": "…"}, "cpu_seconds": 60}
    worker → judge   {"error": "answer-first-pod", "name": "NameError", "text": "name 'x' is not defined"}
    worker → judge   {"reached": "first-pod"}       and it waits
    judge → worker   {"go": "first-pod"}
    worker → judge   {"done": true}

Whoever forges such a line gets judged early or not at all, and never better.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

CHANNEL = 3
"""The channel's file descriptor in the learner's process; 0 reads nothing, 1 and 2 are the output."""

INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "NO_PROXY", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")
"""What of the grader's environment the learner's process sees: enough to run, no token, no kubeconfig."""

TEXT_LIMIT = 2_000
"""Characters of an exception's text that are passed on."""

_MB = 1_000_000


def main(channel: socket.socket, output: int) -> NoReturn:
    """The whole life of a freshly forked process; never returns to the code that forked it."""
    code = 1
    try:
        _cut_off(channel.detach(), output)
        with socket.socket(fileno=CHANNEL) as own, own.makefile("rw", encoding="utf-8") as lines:
            if order := lines.readline():
                _run(json.loads(order), lines)
                code = 0
    except BaseException as error:
        os.write(
            2, f"the notebook's process ends: {type(error).__name__}: {error}\n".encode(errors="replace")
        )
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
    os.dup2(channel, CHANNEL)
    for file in list(Path("/dev/fd").iterdir()):  # not all up to the limit: that may be a thousand million
        if int(file.name) > CHANNEL:
            with suppress(OSError):  # the listing's own is closed already
                os.close(int(file.name))
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", 1, "utf-8", "replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "replace", closefd=False)


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


def _run(order: dict[str, Any], lines: Any) -> None:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    os.environ.clear()
    os.environ.update(environment, **order["environment"])
    os.chdir(order["folder"])
    sys.path[:] = ["", *(entry for entry in sys.path if entry)]
    _confine(order["cpu_seconds"])

    def report(message: dict[str, Any]) -> None:
        lines.write(json.dumps(message) + "\n")
        lines.flush()

    shell = _shell()
    for name, source, exercise in order["steps"]:
        if exercise is not None:
            report({"reached": exercise})
            if not lines.readline():
                return  # the judge has gone
        elif (error := _run_cell(shell, source)) is not None:
            report({"error": name, "name": _name(error), "text": _text(error)})
    report({"done": True})


def _shell() -> Any:
    """An IPython shell as a kernel has it, less history and colours. Imported by the warm process already."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    return InteractiveShell.instance(config=config)


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
