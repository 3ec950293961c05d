"""nginx's configuration: as much of it as the lessons' ConfigMaps use.

    server {
        listen 8080;
        root /usr/share/nginx/html;
        location /healthz { return 200 "ok\\n"; }
        location / { proxy_pass http://backend:8080; }
    }

A directive that the simulation does not know is an error that names it, as for the real nginx: nothing is
accepted and then ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from k8slearn.embedded.runtime.files import FileSystem

_TOKEN = re.compile(r"""\s*(?:\#[^\n]*\n?|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|(?:\\.|[^\s{};"'])+))""")
_WITHOUT_EFFECT = {"server_name", "access_log", "error_log", "index", "default_type", "charset", "sendfile"}


class ConfigError(Exception):
    """``str()`` is what follows ``nginx: [emerg] ``."""


class Directive(NamedTuple):
    words: list[str]
    body: list[Directive] | None
    line: int


@dataclass
class Location:
    path: str
    exact: bool = False
    root: str | None = None
    returned: tuple[int, str] | None = None
    proxy: str | None = None
    default_type: str | None = None


@dataclass
class Server:
    ports: list[int] = field(default_factory=list)
    root: str = "/etc/nginx/html"
    locations: list[Location] = field(default_factory=list)

    def location(self, path: str) -> Location:
        """The exact one, or the longest prefix of ``path``."""
        plain = path.partition("?")[0]
        exact = [one for one in self.locations if one.exact and one.path == plain]
        prefixes = [one for one in self.locations if not one.exact and plain.startswith(one.path)]
        return max(exact or prefixes, key=lambda one: len(one.path), default=Location("/"))


def load(files: FileSystem, directory: str = "/etc/nginx/conf.d") -> list[Server]:
    """The servers of ``directory``/*.conf. Raises ConfigError."""
    return [
        server
        for name in (files.listdir(directory) if files.lookup(directory) else [])
        if name.endswith(".conf")
        for server in _servers(files.read(f"{directory}/{name}"), f"{directory}/{name}")
    ]


@lru_cache(maxsize=64)
def _servers(content: bytes, path: str) -> list[Server]:
    """Remembered, since three hundred containers of a Deployment read the same file."""
    servers: list[Server] = []
    for directive in parse(content.decode(errors="replace"), path):
        if directive.words != ["server"] or directive.body is None:
            raise ConfigError(_unknown(directive, path))
        servers.append(_server(directive, path))
    return servers


def parse(text: str, path: str) -> list[Directive]:
    """Raises ConfigError."""
    tokens: list[tuple[str, int]] = []
    position, line = 0, 1
    while match := _TOKEN.match(text, position):
        line += text.count("\n", position, match.end())
        position = match.end()
        if match[1]:
            tokens.append((match[1], line))
    tokens.reverse()
    return _block(tokens, path, nested=False)


def _block(tokens: list[tuple[str, int]], path: str, *, nested: bool) -> list[Directive]:
    found: list[Directive] = []
    words: list[str] = []
    line = 1
    while tokens:
        token, line = tokens.pop()
        if token == "}":
            if words or not nested:
                raise ConfigError(f'unexpected "}}" in {path}:{line}')
            return found
        if token == ";":
            if not words:
                raise ConfigError(f'unexpected ";" in {path}:{line}')
            found.append(Directive(words, None, line))
            words = []
        elif token == "{":
            if not words:
                raise ConfigError(f'unexpected "{{" in {path}:{line}')
            found.append(Directive(words, _block(tokens, path, nested=True), line))
            words = []
        else:
            words.append(_unquoted(token))
    if nested or words:
        expected = '";" or "}"' if words else '"}"'
        raise ConfigError(f"unexpected end of file, expecting {expected} in {path}:{line}")
    return found


def _unquoted(token: str) -> str:
    if token[0] not in "\"'":
        return token
    return token[1:-1].replace("\\n", "\n").replace("\\t", "\t").replace("\\" + token[0], token[0])


def _server(directive: Directive, path: str) -> Server:
    server = Server()
    for inner in directive.body or []:
        name, *values = inner.words
        if name == "listen" and values:
            port = values[0].rpartition(":")[2]
            if not port.isdigit():
                raise ConfigError(f'invalid parameter "{values[0]}" in {path}:{inner.line}')
            if int(port) not in server.ports:
                server.ports.append(int(port))
        elif name == "root" and values:
            server.root = values[0]
        elif name == "location" and values:
            server.locations.append(_location(inner, path))
        elif name == "return" and values:
            server.locations.append(Location("/", returned=_return(values)))
        elif name != "error_page" and name not in _WITHOUT_EFFECT:
            raise ConfigError(_unknown(inner, path))
    server.ports = server.ports or [80]
    return server


def _location(directive: Directive, path: str) -> Location:
    *modifier, prefix = directive.words[1:]
    if modifier not in ([], ["="], ["^~"]):
        raise ConfigError(f"the simulation knows no regular-expression locations in {path}:{directive.line}")
    location = Location(prefix, exact=modifier == ["="])
    for inner in directive.body or []:
        name, *values = inner.words
        if name == "root" and values:
            location.root = values[0]
        elif name == "return" and values:
            location.returned = _return(values)
        elif name == "proxy_pass" and values:
            location.proxy = values[0]
        elif name == "default_type" and values:
            location.default_type = values[0]
        elif name != "proxy_set_header" and name not in _WITHOUT_EFFECT:
            raise ConfigError(_unknown(inner, path))
    return location


def _return(values: list[str]) -> tuple[int, str]:
    if values[0].isdigit():
        return int(values[0]), values[1] if len(values) > 1 else ""
    return 302, values[0]


def _unknown(directive: Directive, path: str) -> str:
    return f'directive "{directive.words[0]}" is not known to the simulation in {path}:{directive.line}'
