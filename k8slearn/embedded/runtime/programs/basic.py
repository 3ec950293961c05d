"""Commands about words, the environment and other commands: echo, env, sleep, timeout, seq, xargs, …"""

from __future__ import annotations

from k8slearn.embedded.runtime.launch import LaunchError, find_program, search
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError, count, options
from k8slearn.embedded.runtime.programs.printf import Stop, unescape
from k8slearn.embedded.runtime.signals import signal_name

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def true(process: Process, args: list[str]) -> Steps:
    return 0
    yield


def false(process: Process, args: list[str]) -> Steps:
    return 1
    yield


def echo(process: Process, args: list[str]) -> Steps:
    """``-n`` no line feed, ``-e`` backslash sequences, ``-E`` none."""
    words = list(args)
    flags: set[str] = set()
    while words and len(words[0]) > 1 and words[0][0] == "-" and set(words[0][1:]) <= set("neE"):
        flags.update(words.pop(0)[1:])
    text = " ".join(words)
    end = "" if "n" in flags else "\n"
    if "e" in flags:
        try:
            text = unescape(text)
        except Stop as stop:
            text, end = stop.text, ""
    yield from process.write(1, (text + end).encode("utf-8", "surrogateescape"))
    return 0


def pwd(process: Process, args: list[str]) -> Steps:
    yield from process.print(process.cwd)
    return 0


def env(process: Process, args: list[str]) -> Steps:
    """``env [-i] [-u NAME] [NAME=value …] [COMMAND [ARG…]]``"""
    rest = list(args)
    environment = dict(process.env)
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        option = rest.pop(0)
        if option == "-i":
            environment.clear()
        elif option == "-u" and rest:
            environment.pop(rest.pop(0), None)
        else:
            raise UsageError(f"invalid option -- '{option[1]}'")
    while rest and "=" in rest[0]:
        name, _, value = rest.pop(0).partition("=")
        environment[name] = value
    if rest:
        return (yield from run(process, rest, environment))
    for name, value in environment.items():
        yield from process.print(f"{name}={value}")
    return 0


def run(process: Process, argv: list[str], environment: dict[str, str]) -> Steps:
    """Become another program, as env, timeout's child and xargs do. Raises Fault (126, 127)."""
    try:
        argv, program = find_program(process.files, argv, {**process.env, **environment}, process.cwd)
    except LaunchError as error:
        reason = "No such file or directory" if error.status == 127 else "Permission denied"
        raise Fault(f"can't execute '{argv[0]}': {reason}", status=error.status) from None
    process.argv = argv
    process.env = environment
    return (yield from program(process))


def printenv(process: Process, args: list[str]) -> Steps:
    if not args:
        return (yield from env(process, []))
    status = 0
    for name in args:
        if name in process.env:
            yield from process.print(process.env[name])
        else:
            status = 1
    return status


def duration(text: str) -> float:
    """``1.5``, ``10s``, ``2m``, ``1h`` in seconds. Raises Fault."""
    number, unit = (text[:-1], text[-1:]) if text[-1:].isalpha() else (text, "")
    try:
        return float(number) * _SECONDS[unit]
    except (ValueError, KeyError):
        raise Fault(f"invalid number '{text}'") from None


def sleep(process: Process, args: list[str]) -> Steps:
    if not args:
        raise UsageError
    if "infinity" in args or "inf" in args:
        yield from process.pause()
    yield from process.sleep(sum(duration(arg) for arg in args))
    return 0


def timeout(process: Process, args: list[str]) -> Steps:
    """``timeout [-s SIGNAL] SECONDS COMMAND [ARG…]``: 143 when the time was up, else the command's."""
    signal = "TERM"
    rest = list(args)
    while rest and rest[0].startswith("-") and len(rest) > 1:
        option, value = rest.pop(0), rest.pop(0)
        if option == "-s":
            signal = signal_name(value) or "TERM"
    if len(rest) < 2:
        raise UsageError
    kernel = process.kernel
    timer = kernel.clock.call_later(
        duration(rest[0]), lambda: kernel.signal(process, signal), background=True
    )
    try:
        return (yield from run(process, rest[1:], process.env))
    finally:
        timer.cancel()


def time(process: Process, args: list[str]) -> Steps:
    """``time COMMAND [ARG…]``: virtual seconds."""
    if not args:
        raise UsageError
    before = process.kernel.clock.now
    child = process.spawn(args, lambda other: run(other, args, other.env))
    status = yield from process.wait(child)
    minutes, seconds = divmod(process.kernel.clock.now - before, 60)
    text = f"real\t{int(minutes)}m {seconds:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n"
    yield from process.write(2, text.encode())
    return status


def yes(process: Process, args: list[str]) -> Steps:
    text = " ".join(args or ["y"])
    while True:
        yield from process.print(text)


def basename(process: Process, args: list[str]) -> Steps:
    if not args:
        raise UsageError
    name = args[0].rstrip("/").rpartition("/")[2] or "/"
    if len(args) > 1 and name != args[1]:
        name = name.removesuffix(args[1])
    yield from process.print(name)
    return 0


def dirname(process: Process, args: list[str]) -> Steps:
    if not args:
        raise UsageError
    head, slash, _ = args[0].rstrip("/").rpartition("/")
    yield from process.print(head or slash or ".")
    return 0


def which(process: Process, args: list[str]) -> Steps:
    status = 0
    for name in args:
        found = search(process.files, name, process.env.get("PATH", ""))
        if found is None:
            status = 1
        else:
            yield from process.print(found)
    return status


def seq(process: Process, args: list[str]) -> Steps:
    found, rest = options([f"\0{a}" if a[1:2].isdigit() else a for a in args], "w", "s")
    rest = [word.lstrip("\0") for word in rest]
    try:
        numbers = [float(word) if "." in word else int(word) for word in rest]
        first, step, last = {1: (1, 1, *numbers), 2: (*numbers[:1], 1, *numbers[1:]), 3: tuple(numbers)}[
            len(numbers)
        ]
    except (ValueError, KeyError):
        raise UsageError from None
    digits = max((len(word.partition(".")[2]) for word in rest), default=0)
    width = max(len(word) for word in rest) if "w" in found else 0
    separator = found.get("s", "\n")
    index, started = 0, False
    while step and (first + index * step - last) * (1 if step > 0 else -1) <= 1e-9:
        text = f"{first + index * step:0{width}.{digits}f}"
        yield from process.write(1, ((separator if started else "") + text).encode())
        started = True
        index += 1
    if started:
        yield from process.write(1, b"\n")
    return 0


def xargs(process: Process, args: list[str]) -> Steps:
    """``xargs [-n N] [COMMAND [ARG…]]``"""
    cut = 0
    while cut < len(args) and args[cut].startswith("-"):
        cut += 2 if args[cut] == "-n" else 1
    found, _ = options(args[:cut], "r", "n")
    rest = args[cut:]
    most = count(process, found["n"]) if "n" in found else 0
    command = rest or ["echo"]
    words = (yield from process.read_all(0)).decode(errors="replace").split()
    status = 0
    size = most or len(words) or 1
    for start in range(0, len(words), size):
        argv = command + words[start : start + size]
        child = process.spawn(argv, lambda other, argv=argv: run(other, argv, other.env))
        code = yield from process.wait(child)
        status = 123 if code else status
    return status
