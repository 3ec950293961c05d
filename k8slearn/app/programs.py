"""The programs by their names, and how each is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .host import Host
from .load import load
from .model import model, training
from .settings import WrongSetting
from .web import web
from .worker import worker

TERMINATED = 143
"""128 + SIGTERM: what a shell reports of a program that ended by it."""

PROGRAMS: dict[str, Callable[[Host, list[str]], Awaitable[int]]] = {
    "web": web,
    "model": model,
    "train": training,
    "worker": worker,
    "load": load,
}


async def run(host: Host, arguments: list[str]) -> int:
    """Run the program that ``arguments`` name (``web`` without any). The exit code; 2 for a wrong command line."""
    name, *rest = arguments or ["web"]
    program = PROGRAMS.get(name)
    if program is None:
        host.log(f"there is no program {name!r}; there are {', '.join(PROGRAMS)}")
        return 2
    # PID 1 of a container gets no SIGTERM that it does not handle; a program may set an action of its own.
    host.on_terminate(lambda: host.exit(TERMINATED))
    try:
        return await program(host, rest)
    except WrongSetting as error:
        host.log(f"wrong setting: {error}")
        return 2
    except Exception as error:
        host.log(f"fatal: {type(error).__name__}: {error}")
        return 1
