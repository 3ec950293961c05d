"""busybox ``wget``."""

from __future__ import annotations

import re

from k8slearn.embedded.network import (
    ANYBODY,
    ConnectionClosed,
    HttpRequest,
    HttpResponse,
    NetworkError,
    NotSecure,
    RequestTimeout,
    UnknownHost,
)
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError
from k8slearn.embedded.runtime.resolver import connect, resolve

_URL = re.compile(r"(?:(https?)://)?(?:[^@/]*@)?([^:/?]+)(?::(\d+))?(/[^#]*|\?[^#]*)?(?:#.*)?")
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 10
PORTS = {"http": 80, "https": 443}


def parse_url(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, path. Raises Fault."""
    match = _URL.fullmatch(url)
    if match is None:
        raise Fault(f"bad URL: {url}")
    scheme = match[1] or "http"
    path = match[4] or "/"
    port = int(match[3]) if match[3] else PORTS[scheme]
    return scheme, match[2], port, path if path.startswith("/") else f"/{path}"


def wget(process: Process, args: list[str]) -> Steps:
    """``wget [-qS] [--spider] [-O FILE] [-T SEC] [--header H] [--post-data D] [-U AGENT] [-P DIR] URL…``"""
    found, urls = _wget_options(args)
    if not urls:
        raise UsageError
    for url in urls:
        yield from _Wget(process, found).fetch(url)
    return 0


def _wget_options(args: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    found: dict[str, list[str]] = {}
    urls: list[str] = []
    pending = list(args)
    while pending:
        arg = pending.pop(0)
        if arg.startswith("--"):
            name, equals, value = arg[2:].partition("=")
            if name in (
                "header",
                "post-data",
                "post-file",
                "timeout",
                "user-agent",
                "tries",
                "output-document",
            ):
                found.setdefault(name, []).append(value if equals else pending.pop(0) if pending else "")
            elif name in ("spider", "no-check-certificate", "quiet", "server-response", "no-verbose"):
                found[name] = []
            else:
                raise UsageError(f"unrecognized option '--{name}'")
        elif arg.startswith("-") and len(arg) > 1:
            for index, letter in enumerate(arg[1:], 2):
                if letter in "qScv":
                    found[letter] = []
                elif letter in "OTPUotY":
                    if not arg[index:] and not pending:
                        raise UsageError(f"option requires an argument -- '{letter}'")
                    found.setdefault(letter, []).append(arg[index:] or pending.pop(0))
                    break
                else:
                    raise UsageError(f"invalid option -- '{letter}'")
        else:
            urls.append(arg)
    for short, long in (("q", "quiet"), ("S", "server-response"), ("T", "timeout"), ("O", "output-document")):
        if long in found:
            found[short] = found.pop(long)
    return found, urls


class _Wget:
    def __init__(self, process: Process, found: dict[str, list[str]]) -> None:
        self.process = process
        self.found = found
        self.timeout = float(found["T"][-1]) if "T" in found else 900.0

    def fetch(self, url: str) -> Steps:
        """Raises Fault."""
        for _ in range(MOST_REDIRECTS):
            response = yield from self._ask(url)
            location = response.headers.get("location")
            if response.status in REDIRECTS and location:
                scheme, host, port, _ = parse_url(url)
                url = location if "://" in location else f"{scheme}://{host}:{port}{location}"
                continue
            if response.status >= 300:
                raise Fault(f"server returned error: {response.version} {response.status} {response.reason}")
            yield from self._save(url, response)
            return
        raise Fault("too many redirections")

    def _ask(self, url: str) -> Steps:
        """HttpResponse"""
        scheme, host, port, path = parse_url(url)
        try:
            ip = yield from resolve(self.process, host)
        except UnknownHost:
            raise Fault(f"bad address '{host}'") from None
        written = url.partition("://")[2] or url
        yield from self._say(f"Connecting to {written.partition('/')[0]} ({ip}:{port})")
        if scheme == "https" and "no-check-certificate" not in self.found:
            yield from self._connect(ip, port)
            yield from self.process.write(2, b"wget: note: TLS certificate validation not implemented\n")
            self.found["no-check-certificate"] = []  # it says so once
        headers = {
            "host": host + (f":{port}" if port != PORTS[scheme] else ""),
            "user-agent": "Wget",
            "connection": "close",
        }
        if "U" in self.found:
            headers["user-agent"] = self.found["U"][-1]
        for header in self.found.get("header", ()):
            name, _, value = header.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = b""
        if "post-data" in self.found:
            body = self.found["post-data"][-1].encode()
        elif "post-file" in self.found:
            body = self.process.files.read(self.process.path(self.found["post-file"][-1]))
        method = "POST" if "post-data" in self.found or "post-file" in self.found else "GET"
        request = HttpRequest(method, path, headers, body, trusted=ANYBODY if scheme == "https" else None)
        try:
            response = yield from self.process.request(ip, port, request, self.timeout)
        except RequestTimeout:
            raise Fault("download timed out") from None
        except NotSecure:
            raise Fault("TLS error from peer (alert code 80): internal error") from None
        except ConnectionClosed:
            raise Fault("error getting response: Connection reset by peer") from None
        except NetworkError as error:
            raise Fault(f"can't connect to remote host ({ip}): {error}") from None
        if "S" in self.found:
            yield from self._say(f"  {response.version} {response.status} {response.reason}")
            for name, value in response.headers.items():
                yield from self._say(f"  {'-'.join(word.capitalize() for word in name.split('-'))}: {value}")
            yield from self._say("  ")
        return response

    def _connect(self, ip: str, port: int) -> Steps:
        """See whether somebody listens. Raises Fault."""
        try:
            yield from connect(self.process, ip, port, self.timeout)
        except RequestTimeout:
            raise Fault("download timed out") from None
        except NetworkError as error:
            raise Fault(f"can't connect to remote host ({ip}): {error}") from None

    def _save(self, url: str, response: HttpResponse) -> Steps:
        if "spider" in self.found:
            yield from self._say("remote file exists")
            return
        output = self.found["O"][-1] if "O" in self.found else ""
        if output == "-":
            yield from self._say("writing to stdout")
            yield from self.process.write(1, response.body)
            yield from self._say(_progress("-", len(response.body)))
            yield from self._say("written to stdout")
            return
        name = output or parse_url(url)[3].partition("?")[0].rpartition("/")[2] or "index.html"
        if not output and self.process.files.lookup(self.process.path(name)) is not None:
            raise Fault(f"can't open '{name}': File exists")
        try:
            descriptor = self.process.open(name, "w")
        except OSError as error:
            raise Fault(f"can't open '{name}': {error.strerror}") from None
        yield from self._say(f"saving to '{name}'")
        descriptor.write(response.body)
        yield from self._say(_progress(name.rpartition("/")[2], len(response.body)))
        yield from self._say(f"'{name}' saved")

    def _say(self, text: str) -> Steps:
        if "q" not in self.found:
            yield from self.process.write(2, f"{text}\n".encode())


def _progress(name: str, size: int) -> str:
    shown = f"{size}" if size < 100000 else f"{size // 1024}k"
    return f"{name[:20]:20} 100% |********************************| {shown:>5}  0:00:00 ETA"
