"""Files served over HTTP: what nginx, busybox httpd and python -m http.server have in common."""

from __future__ import annotations

from urllib.parse import unquote

from k8slearn.embedded.network import HttpResponse
from k8slearn.embedded.runtime.files import Directory, FileSystem, RegularFile

_TYPES = {
    "html": "text/html",
    "htm": "text/html",
    "txt": "text/plain",
    "json": "application/json",
    "css": "text/css",
    "js": "application/javascript",
    "png": "image/png",
    "svg": "image/svg+xml",
}


class MissingFile(Exception):
    """``status`` is 404, or 403 for a directory without an index; ``path`` is where it was looked for."""

    def __init__(self, status: int, path: str) -> None:
        super().__init__(path)
        self.status = status
        self.path = path


def fetch(files: FileSystem, root: str, path: str, *, default_type: str) -> tuple[RegularFile, str]:
    """The file at ``path`` (a request's, with its query) below ``root``, and its type. Raises MissingFile."""
    plain = unquote(path.partition("?")[0])
    where = f"{root.rstrip('/')}{plain}"
    node = files.lookup(where)
    if isinstance(node, Directory):
        where = f"{where.rstrip('/')}/index.html"
        node = files.lookup(where)
        if node is None:
            raise MissingFile(403, where)
    if not isinstance(node, RegularFile) or ".." in plain.split("/"):
        raise MissingFile(404, where)
    return node, _TYPES.get(where.rpartition(".")[2], default_type)


def text(status: int, body: str, kind: str = "text/plain") -> HttpResponse:
    encoded = body.encode()
    return HttpResponse(status, encoded, {"content-type": kind, "content-length": str(len(encoded))})
