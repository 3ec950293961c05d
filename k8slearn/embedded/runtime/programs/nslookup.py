"""busybox ``nslookup`` and ``getent hosts``.

nslookup asks for A and AAAA at once, under every name of the search list when the name has no dot, and prints all
that comes: so ``nslookup web`` shows the address, and complains about the search list's other names. (A real one
prints the answers as they arrive; here they come in the order of the questions.)
"""

from __future__ import annotations

from k8slearn.embedded.network import ConnectionRefused, NetworkError, UnknownHost
from k8slearn.embedded.network.names import Answer, Record, is_address, reverse_name
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError
from k8slearn.embedded.runtime.resolver import ask, resolve, resolver_config

TIMEOUT = 5.0
NO_SERVERS = ";; connection timed out; no servers could be reached\n\n"
TYPES = ("soa", "ns", "a", "aaaa", "cname", "mx", "txt", "ptr", "srv", "any")
NOT_FOUND = 2
"""getent's exit code for a name that there is not."""

_WORDS = {"CNAME": "canonical name", "NS": "nameserver", "PTR": "name", "SRV": "service", "TXT": "text"}


def nslookup(process: Process, args: list[str]) -> Steps:
    """``nslookup [-type=TYPE] NAME [SERVER]``"""
    types: list[str] = []
    words: list[str] = []
    for arg in args:
        option, _, value = arg.partition("=")
        if option in ("-type", "-querytype"):
            if value not in TYPES:
                raise Fault(f'invalid query type "{value}"')
            types.append(value.upper())
        elif arg.startswith("-"):
            raise UsageError(f"invalid option -- '{arg[1:2]}'")
        else:
            words.append(arg)
    if not words:
        raise UsageError
    config = resolver_config(process)
    servers = config.nameservers
    if words[1:]:
        try:
            servers = ((yield from resolve(process, words[1])),)
        except UnknownHost:
            raise Fault(f"bad address '{words[1]}'") from None
    name = words[0]
    if is_address(name):
        asked, types = [reverse_name(name)], types or ["PTR"]
    elif "." in name or words[1:]:
        asked = [name.removesuffix(".")]
    else:
        asked = [f"{name}.{suffix}" for suffix in config.search] or [name]
    try:
        answers = [(full, ask(process, servers, full, t)) for full in asked for t in types or ["A", "AAAA"]]
    except NetworkError as error:
        return (yield from _no_answer(process, servers, error))
    yield from process.print(f"Server:\t\t{servers[0]}\nAddress:\t{servers[0]}:53\n")
    for full, answer in answers:
        yield from process.print(_shown(full, answer))
    return 0 if all(answer.known for _, answer in answers) else 1


def _no_answer(process: Process, servers: tuple[str, ...], error: NetworkError) -> Steps:
    if not isinstance(error, ConnectionRefused):
        yield from process.sleep(TIMEOUT)
        yield from process.write(1, NO_SERVERS.encode())
        return 1
    yield from process.write(1, NO_SERVERS.encode())
    yield from process.complain(f"write to '{servers[-1]}': {error}")
    return 1


def _shown(name: str, answer: Answer) -> str:
    if not answer.known:
        return f"** server can't find {name}: NXDOMAIN\n"
    return "".join(f"{_line(record)}\n" for record in answer.records)


def _line(record: Record) -> str:
    if record.type == "A":
        return f"Name:\t{record.name}\nAddress: {record.value}"
    return f"{record.name}\t{_WORDS[record.type]} = {record.value}"


def getent(process: Process, args: list[str]) -> Steps:
    """``getent hosts NAME…``: the address that programs find, /etc/hosts included."""
    if args[:1] != ["hosts"] or not args[1:]:
        raise UsageError
    for name in args[1:]:
        try:
            address = yield from resolve(process, name)
        except UnknownHost:
            return NOT_FOUND
        yield from process.print(f"{address:15} {_canonical(process, name, address)}")
    return 0


def _canonical(process: Process, name: str, address: str) -> str:
    """The name in the search list under which it was found; its own for one of /etc/hosts."""
    config = resolver_config(process)
    for candidate in config.candidates(name):
        try:
            answer = ask(process, config.nameservers, candidate, "A")
        except NetworkError:
            break
        if address in answer.addresses:
            return answer.records[-1].name
    return name
