"""Plain file servers: busybox ``httpd`` and ``python -m http.server``."""

from __future__ import annotations

from datetime import UTC, datetime

from k8slearn.embedded.network import AddressInUse, HttpRequest, HttpResponse
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.runtime.cpu import REQUEST
from k8slearn.embedded.runtime.files import Directory
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, options
from k8slearn.embedded.runtime.programs.site import MissingFile, fetch, text

NOT_SIMULATED = (
    "the embedded cluster simulates containers and does not run Python programs; "
    "only 'python -m http.server' is simulated. Run this lesson on the kind engine, or use sh"
)


def httpd(process: Process, args: list[str]) -> Steps:
    """``httpd [-f] [-p PORT] [-h DIR]``; without -f it goes to the background."""
    found, _ = options(args, "fiv", "pchu")
    port = int(found.get("p", "80").rpartition(":")[2])
    root = process.path(found.get("h", "."))
    if "f" in found:
        return (yield from _serve(process, port, _Files(process, root), "bind: Address already in use"))
    process.spawn(
        process.argv,
        lambda child: _serve(child, port, _Files(child, root), "bind: Address already in use"),
    )
    yield from process.step()
    return 0


def _serve(process: Process, port: int, listener: _Files | _PythonFiles, in_use: str) -> Steps:
    try:
        process.listen(port, listener)
    except AddressInUse:
        raise Fault(in_use) from None
    while True:
        yield from process.pause()


class _Files:
    def __init__(self, process: Process, root: str) -> None:
        self.process = process
        self.root = root

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        self.process.kernel.cpu.charge(REQUEST)
        try:
            file, kind = fetch(
                self.process.files, self.root, request.path, default_type="application/octet-stream"
            )
        except MissingFile:
            words = "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n"
            reply(text(404, words + "The requested URL was not found\n</BODY></HTML>\n", "text/html"))
            return
        headers = {"content-type": kind, "content-length": str(len(file.content))}
        reply(HttpResponse(200, file.content, headers))


def python(process: Process, args: list[str]) -> Steps:
    """``python -m http.server [PORT]``, ``python --version``; nothing else is simulated, and it says so."""
    if args in (["--version"], ["-V"]):
        yield from process.print("Python 3.13.5")
        return 0
    if args[:2] == ["-m", "http.server"]:
        words = [arg for arg in args[2:] if not arg.startswith("-")]
        port = int(words[0]) if words and words[0].isdigit() else 8000
        yield from process.print(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...")
        in_use = "OSError: [Errno 98] Address already in use"
        return (yield from _serve(process, port, _PythonFiles(process), in_use))
    if not args and not (yield from process.read(0)):
        return 0
    raise Fault(NOT_SIMULATED)


class _PythonFiles:
    """http.server: lists directories, logs each request on stderr."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        self.process.kernel.cpu.charge(REQUEST)
        response = self._respond(request.path)
        moment = datetime.fromtimestamp(self.process.kernel.clock.now, UTC).strftime("%d/%b/%Y %H:%M:%S")
        asked = f'"{request.method} {request.path} HTTP/1.1"'
        line = f"{request.client} - - [{moment}] {asked} {response.status} -\n"
        self.process.fds[2].write(line.encode())
        reply(response)

    def _respond(self, path: str) -> HttpResponse:
        files, root = self.process.files, self.process.cwd
        directory = files.lookup(f"{root.rstrip('/')}{path}")
        if isinstance(directory, Directory) and "index.html" not in directory.children:
            items = "".join(f'<li><a href="{name}">{name}</a></li>\n' for name in sorted(directory.children))
            return text(
                200,
                f"<!DOCTYPE HTML>\n<h1>Directory listing for {path}</h1>\n<ul>\n{items}</ul>\n",
                "text/html",
            )
        try:
            file, kind = fetch(files, root, path, default_type="application/octet-stream")
        except MissingFile:
            return text(
                404,
                "<h1>Error response</h1>\n<p>Error code: 404</p>\n<p>Message: File not found.</p>\n",
                "text/html",
            )
        return HttpResponse(
            200, file.content, {"content-type": kind, "content-length": str(len(file.content))}
        )
