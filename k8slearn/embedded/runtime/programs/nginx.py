"""nginx: a web server of files, with its log lines, its signals and as much configuration as lessons need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

from k8slearn.embedded.network import (
    AddressInUse,
    HttpRequest,
    HttpResponse,
    NetworkError,
    UnknownHost,
)
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.runtime.cpu import REQUEST
from k8slearn.embedded.runtime.files import Program
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.nginx_config import ConfigError, Location, Server, load
from k8slearn.embedded.runtime.programs.options import Fault, Steps
from k8slearn.embedded.runtime.programs.site import MissingFile, fetch
from k8slearn.embedded.runtime.programs.system import KERNEL_RELEASE
from k8slearn.embedded.runtime.programs.web import parse_url
from k8slearn.embedded.runtime.resolver import address_of
from k8slearn.embedded.runtime.signals import NUMBERS

WORKER_MEMORY = 4 * 1024 * 1024
PROXY_TIMEOUT = 60.0

WELCOME = b"""<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
"""

DEFAULT_CONF = b"""server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
"""


def nginx(version: str) -> Program:
    """The executable of one version: ``nginx -g 'daemon off;'``, ``-t``, ``-v``, ``-s SIGNAL``."""

    def program(process: Process) -> Steps:
        return _main(process, version)

    return program


def _main(process: Process, version: str) -> Steps:
    args = process.argv[1:]
    if "-v" in args or "-V" in args:
        yield from process.write(2, f"nginx version: nginx/{version}\n".encode())
        return 0
    try:
        servers = load(process.files)
    except ConfigError as error:
        yield from process.write(2, f"nginx: [emerg] {error}\n".encode())
        return 1
    if "-t" in args:
        lines = ("the configuration file {} syntax is ok", "configuration file {} test is successful")
        for line in lines:
            yield from process.write(2, f"nginx: {line.format('/etc/nginx/nginx.conf')}\n".encode())
        return 0
    if "-s" in args:
        signal = {"stop": "TERM", "quit": "QUIT", "reload": "HUP"}.get(args[-1])
        master = process.kernel.main
        if signal is None or master is None:
            yield from process.write(2, f'nginx: invalid option: "-s {args[-1]}"\n'.encode())
            return 1
        process.kernel.signal(master, signal)
        return 0
    if any("daemon off" in arg for arg in args):
        return (yield from _Master(process, version, servers).run())
    child = process.spawn(["nginx"], lambda master: _Master(master, version, servers).run())
    yield from process.step()
    return child.status or 0


class _Master:
    def __init__(self, process: Process, version: str, servers: list[Server]) -> None:
        self.process = process
        self.version = version
        self.servers = servers
        self.signals: list[str] = []
        process.argv = ["nginx: master process", *process.argv]

    def run(self) -> Steps:
        process = self.process
        try:
            for server in self.servers:
                for port in server.ports:
                    process.listen(port, Site(process, self, port))
        except AddressInUse:
            self.log("emerg", f"bind() to 0.0.0.0:{port} failed (98: Address already in use)")
            return 1
        for signal in ("TERM", "INT", "QUIT", "HUP"):
            process.handlers[signal] = lambda signal=signal: self._caught(signal)
        self.log("notice", 'using the "epoll" event method')
        self.log("notice", f"nginx/{self.version}")
        self.log("notice", f"OS: Linux {KERNEL_RELEASE}")
        self.log("notice", "start worker processes")
        worker = process.spawn(["nginx: worker process"], _worker)
        self.log("notice", f"start worker process {worker.pid}")
        process.allocate(WORKER_MEMORY)
        while True:
            yield from process.pause()
            while self.signals:
                signal = self.signals.pop(0)
                if signal == "HUP":
                    self._reload()
                else:
                    self._stop(signal, worker)
                    return 0

    def _caught(self, signal: str) -> None:
        self.signals.append(signal)
        self.process.interrupt()

    def _stop(self, signal: str, worker: Process) -> None:
        words = "shutting down" if signal == "QUIT" else "exiting"
        self.log("notice", f"signal {NUMBERS[signal]} (SIG{signal}) received, {words}")
        self.log("notice", f"worker process {worker.pid} exited with code 0")
        self.log("notice", "exit")

    def _reload(self) -> None:
        self.log("notice", "signal 1 (SIGHUP) received, reconfiguring")
        try:
            self.servers = load(self.process.files)
        except ConfigError as error:
            self.log("emerg", str(error))

    def log(self, level: str, text: str) -> None:
        now = datetime.fromtimestamp(self.process.kernel.clock.now, UTC)
        pid = self.process.pid
        self.print(2, f"{now:%Y/%m/%d %H:%M:%S} [{level}] {pid}#{pid}: {text}\n")

    def print(self, fd: int, line: str) -> None:
        """To access.log and error.log, which the image links to the standard streams."""
        if fd in self.process.fds:
            self.process.fds[fd].write(line.encode())


def _worker(process: Process) -> Steps:
    while True:
        yield from process.pause()


def _line(request: HttpRequest) -> str:
    return f"{request.method} {request.path} HTTP/1.1"


class Site:
    """What listens on one port."""

    def __init__(self, process: Process, master: _Master, port: int) -> None:
        self.process = process
        self.master = master
        self.port = port

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        server = next((one for one in self.master.servers if self.port in one.ports), None)
        if server is None:
            reply(None)
            return
        location = server.location(request.path)
        if location.proxy is not None:
            self._proxy(location, request, lambda response: self._answer(request, response, reply))
        else:
            self._answer(request, self._respond(server, location, request), reply)

    def _answer(self, request: HttpRequest, response: HttpResponse, reply: Reply) -> None:
        self.process.kernel.cpu.charge(REQUEST)
        now = self.process.kernel.clock.now
        size = 0 if request.method == "HEAD" else len(response.body)
        agent, referer = (request.headers.get(name, "-") for name in ("user-agent", "referer"))
        forwarded = request.headers.get("x-forwarded-for", "-")
        moment = datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        self.master.print(
            1,
            f'{request.client} - - [{moment}] "{_line(request)}" {response.status} {size} '
            f'"{referer}" "{agent}" "{forwarded}"\n',
        )
        headers = {
            "server": f"nginx/{self.master.version}",
            "date": formatdate(now, usegmt=True),
            "content-length": str(len(response.body)),
            **response.headers,
        }
        reply(HttpResponse(response.status, b"" if request.method == "HEAD" else response.body, headers))

    def _respond(self, server: Server, location: Location, request: HttpRequest) -> HttpResponse:
        default_type = location.default_type or "application/octet-stream"
        if location.returned is not None:
            status, text = location.returned
            if status in (301, 302, 303, 307, 308):
                return HttpResponse(
                    status, self._page(status), {"content-type": "text/html", "location": text}
                )
            if not text and status >= 400:
                return self._error(status)
            return HttpResponse(status, text.encode(), {"content-type": default_type})
        if request.method not in ("GET", "HEAD"):
            return self._error(405)
        try:
            file, kind = fetch(
                self.process.files, location.root or server.root, request.path, default_type=default_type
            )
        except MissingFile as missing:
            words = (
                f'open() "{missing.path}" failed (2: No such file or directory)'
                if missing.status == 404
                else f'directory index of "{missing.path.removesuffix("index.html")}" is forbidden'
            )
            self.master.log(
                "error",
                f'{words}, client: {request.client}, server: localhost, request: "{_line(request)}", '
                f'host: "{request.headers.get("host", "")}"',
            )
            return self._error(missing.status)
        headers = {
            "content-type": kind,
            "last-modified": formatdate(file.modified, usegmt=True),
            "etag": f'"{int(file.modified):x}-{len(file.content):x}"',
            "accept-ranges": "bytes",
        }
        return HttpResponse(200, file.content, headers)

    def _error(self, status: int) -> HttpResponse:
        return HttpResponse(status, self._page(status), {"content-type": "text/html"})

    def _page(self, status: int) -> bytes:
        words = f"{status} {HttpResponse(status).reason}"
        return (
            f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n"
            f"<hr><center>nginx/{self.master.version}</center>\r\n</body>\r\n</html>\r\n"
        ).encode()

    def _proxy(self, location: Location, request: HttpRequest, done: Callable[[HttpResponse], None]) -> None:
        """Ask the upstream; 502 when it cannot be reached, 504 when it takes too long."""
        kernel = self.process.kernel

        def answered(outcome: HttpResponse | NetworkError) -> None:
            if isinstance(outcome, NetworkError):
                self.master.log("error", f"connect() failed ({outcome}) while connecting to upstream")
                done(self._error(504 if "timed out" in str(outcome) else 502))
            else:
                done(outcome)

        try:
            _, host, port, path = parse_url(location.proxy or "")
            ip = address_of(self.process, host)
        except (UnknownHost, Fault):
            self.master.log("error", f"host not found in upstream {location.proxy}")
            done(self._error(502))
            return
        forwarded = HttpRequest(
            request.method,
            request.path if path == "/" else path,
            {**request.headers, "host": host, "x-forwarded-for": request.client},
            request.body,
        )
        kernel.network.request(kernel.ip, ip, port, forwarded, answered, PROXY_TIMEOUT)
