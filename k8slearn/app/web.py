"""A web page: says which version it is and which pod answered.

Settings besides those of ``service.py``: GREETING (``hello``) or GREETING_FILE, WORK_SECONDS (CPU time that an
answer takes, 0), DELAY_SECONDS (waiting that an answer takes, 0). Paths: ``/``; ``/work?seconds=0.2`` (burn CPU);
``/slow?seconds=3`` (answer late, without work).
"""

from __future__ import annotations

from .host import Host, Request, Response, as_json, text
from .service import Service
from .settings import number, setting

LONGEST = 600.0
"""Seconds that one request may ask for."""


async def web(host: Host, arguments: list[str]) -> int:
    page = _Page(host)
    service = Service(host, page.answer)
    service.loaded = True
    page.version = service.version
    return await service.run()


class _Page:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.version = ""
        self._greeting()  # a file that is not there is found out at the start
        self.work = number(host, "WORK_SECONDS", 0)
        self.delay = number(host, "DELAY_SECONDS", 0)

    async def answer(self, request: Request) -> Response:
        host = self.host
        match request.method, request.path:
            case "GET", "/":
                await host.compute(self.work)
                await host.sleep(self.delay)
            case "GET", "/work":
                await host.compute(_seconds(request))
            case "GET", "/slow":
                await host.sleep(_seconds(request))
            case _:
                return text("not found", 404)
        greeting = self._greeting()
        return as_json({"app": "web", "version": self.version, "pod": host.name, "greeting": greeting})

    def _greeting(self) -> str:
        return setting(self.host, "GREETING", "hello")


def _seconds(request: Request) -> float:
    seconds = request.number("seconds", 1)
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"seconds may be 0 to {LONGEST:g}, not {seconds:g}")
    return seconds
