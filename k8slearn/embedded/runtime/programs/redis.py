"""Redis: a server with the common commands on strings and lists, and ``redis-cli``.

Data live in the server's memory; on TERM it saves them to ``dump.rdb`` in its directory and loads them from
there at the start, so that they survive a restart exactly when /data is a volume. (The file's format is not
Redis' own.)
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from k8slearn.embedded.network import AddressInUse, HttpRequest, NetworkError, UnknownHost
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.resolver import connect, resolve

PORT = 6379
VERSION = "7.4.2"
Answer = str | int | list[str] | None


class RedisError(Exception):
    """What a client sees after ``(error) ``."""


class Redis:
    """The data, and what listens on the port: it speaks no HTTP."""

    def __init__(self) -> None:
        self.data: dict[str, str | list[str]] = {}

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        reply(None)

    def command(self, words: list[str]) -> Answer:
        """Raises RedisError."""
        name, *args = words
        known = _COMMANDS.get(name.upper())
        if known is None:
            raise RedisError(
                f"ERR unknown command '{name}', with args beginning with: " + " ".join(map(repr, args))
            )
        least, most, run = known
        if not least <= len(args) <= most:
            raise RedisError(f"ERR wrong number of arguments for '{name.lower()}' command")
        return run(self, args)

    def string(self, key: str) -> str | None:
        value = self.data.get(key)
        if isinstance(value, list):
            raise RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return value

    def list(self, key: str) -> list[str]:
        value = self.data.get(key, [])
        if isinstance(value, str):
            raise RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return value


def _set(redis: Redis, args: list[str]) -> Answer:
    redis.data[args[0]] = args[1]
    return "OK"


def _delete(redis: Redis, args: list[str]) -> Answer:
    return sum(redis.data.pop(key, None) is not None for key in args)


def _increment(by: int) -> Callable[[Redis, list[str]], Answer]:
    def run(redis: Redis, args: list[str]) -> Answer:
        text = redis.string(args[0]) or "0"
        try:
            value = int(text) + by * int(args[1] if len(args) > 1 else 1)
        except ValueError:
            raise RedisError("ERR value is not an integer or out of range") from None
        redis.data[args[0]] = str(value)
        return value

    return run


def _push(left: bool) -> Callable[[Redis, list[str]], Answer]:
    def run(redis: Redis, args: list[str]) -> Answer:
        values = list(redis.list(args[0]))
        for value in args[1:]:
            values.insert(0 if left else len(values), value)
        redis.data[args[0]] = values
        return len(values)

    return run


def _pop(left: bool) -> Callable[[Redis, list[str]], Answer]:
    def run(redis: Redis, args: list[str]) -> Answer:
        values = list(redis.list(args[0]))
        if not values:
            return None
        value = values.pop(0 if left else -1)
        redis.data[args[0]] = values
        if not values:
            del redis.data[args[0]]
        return value

    return run


def _range(redis: Redis, args: list[str]) -> Answer:
    values = redis.list(args[0])
    start, stop = int(args[1]), int(args[2])
    return values[start : None if stop == -1 else stop + 1]


def _flush(redis: Redis, args: list[str]) -> Answer:
    redis.data.clear()
    return "OK"


_COMMANDS: dict[str, tuple[int, int, Callable[[Redis, list[str]], Answer]]] = {
    "PING": (0, 1, lambda redis, args: args[0] if args else "PONG"),
    "ECHO": (1, 1, lambda redis, args: args[0]),
    "SET": (2, 2, _set),
    "GET": (1, 1, lambda redis, args: redis.string(args[0])),
    "DEL": (1, 99, _delete),
    "EXISTS": (1, 99, lambda redis, args: sum(key in redis.data for key in args)),
    "INCR": (1, 1, _increment(1)),
    "INCRBY": (2, 2, _increment(1)),
    "DECR": (1, 1, _increment(-1)),
    "KEYS": (1, 1, lambda redis, args: [key for key in redis.data if fnmatchcase(key, args[0])]),
    "DBSIZE": (0, 0, lambda redis, args: len(redis.data)),
    "FLUSHALL": (0, 1, _flush),
    "LPUSH": (2, 99, _push(True)),
    "RPUSH": (2, 99, _push(False)),
    "LPOP": (1, 1, _pop(True)),
    "RPOP": (1, 1, _pop(False)),
    "LLEN": (1, 1, lambda redis, args: len(redis.list(args[0]))),
    "LRANGE": (3, 3, _range),
}


def redis_server(process: Process, args: list[str]) -> Steps:
    """``redis-server [--port N] [--save ""] [--dir DIR]``"""
    flags = {args[i].lstrip("-"): args[i + 1] for i in range(len(args) - 1) if args[i].startswith("--")}
    port = int(flags.get("port", PORT))
    path = process.path(flags.get("dir", ".").rstrip("/") + "/dump.rdb")
    redis = Redis()
    stopping: list[str] = []

    def log(mark: str, words: str) -> Steps:
        now = datetime.fromtimestamp(process.kernel.clock.now, UTC)
        milliseconds = now.microsecond // 1000
        line = f"{process.pid}:M {now:%d %b %Y %H:%M:%S}.{milliseconds:03} {mark} {words}\n"
        yield from process.write(1, line.encode())

    def caught() -> None:
        stopping.append("TERM")
        process.interrupt()

    try:
        process.listen(port, redis)
    except AddressInUse:
        yield from log(
            "#",
            f"Warning: Could not create server TCP listening socket *:{port}: bind: Address already in use",
        )
        return 1
    process.handlers["TERM"] = process.handlers["INT"] = caught
    yield from log("*", f"Redis version={VERSION}, bits=64, just started")
    if process.files.lookup(path) is not None:
        redis.data = json.loads(process.files.read(path))
        yield from log("*", f"Done loading RDB, keys loaded: {len(redis.data)}, keys expired: 0.")
    yield from log("*", "Ready to accept connections tcp")
    while not stopping:
        yield from process.pause()
    yield from log("*", "User requested shutdown...")
    if flags.get("save") != "":
        yield from log("*", "Saving the final RDB snapshot before exiting.")
        process.files.write(path, json.dumps(redis.data).encode())
        yield from log("*", "DB saved on disk")
    yield from log("#", "Redis is now ready to exit, bye bye...")
    return 0


def redis_cli(process: Process, args: list[str]) -> Steps:
    """``redis-cli [-h HOST] [-p PORT] COMMAND [ARG…]``, or commands from stdin, one a line."""
    host, port = "127.0.0.1", PORT
    words = list(args)
    while len(words) > 1 and words[0] in ("-h", "-p"):
        option, value = words.pop(0), words.pop(0)
        host, port = (value, port) if option == "-h" else (host, int(value))
    try:
        address = yield from resolve(process, host)
        connection = yield from connect(process, address, port)
    except (UnknownHost, NetworkError) as error:
        reason = "Name or service not known" if isinstance(error, UnknownHost) else str(error)
        yield from process.write(2, f"Could not connect to Redis at {host}:{port}: {reason}\n".encode())
        return 1
    listener = connection.listener
    if not isinstance(listener, Redis):
        yield from process.write(2, b"Error: Protocol error, got something that is not Redis\n")
        return 1
    if words:
        lines = [words]
    else:
        text = (yield from process.read_all(0)).decode(errors="replace")
        lines = [shlex.split(line) for line in text.splitlines() if line.strip()]
    for line in lines:
        try:
            yield from process.print(_shown(listener.command(line)))
        except RedisError as error:
            yield from process.print(f"(error) {error}")
    return 0


def _shown(answer: Answer) -> str:
    """As redis-cli prints to a pipe: raw."""
    if isinstance(answer, list):
        return "\n".join(answer)
    return "" if answer is None else str(answer)
