"""Commands about the system: hostname, id, whoami, date, uname, ps, kill."""

from __future__ import annotations

from datetime import UTC, datetime

from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.runtime.accounts import accounts, group_name, user_name
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, options
from k8slearn.embedded.runtime.signals import NUMBERS, signal_name

KERNEL_RELEASE = "6.12.0-k8slearn"
"""What uname shows: a kernel of the simulation's own."""


def hostname(process: Process, args: list[str]) -> Steps:
    name = process.kernel.hostname
    if "-i" in args:
        yield from process.print(process.kernel.ip)
    elif "-f" in args:
        yield from process.print(_full_hostname(process, name))
    else:
        yield from process.print(name)
    return 0


def _full_hostname(process: Process, name: str) -> str:
    """The first name that /etc/hosts has for this host: with a subdomain the pod's full name in DNS."""
    for line in process.files.read("/etc/hosts").decode(errors="replace").splitlines():
        _, *names = line.split("#")[0].split() or [""]
        if name in names:
            return names[0]
    return name


def id_(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "ugnG")
    uid, groups = process.uid, process.groups
    if rest:
        known = next((known for known in accounts(process.files) if known.name == rest[0]), None)
        if known is None:
            raise Fault(f"unknown user {rest[0]}")
        uid, groups = known.uid, (known.gid,)
    user, gid = user_name(process.files, uid), groups[0]
    ordered = sorted(groups)
    if "u" in found:
        yield from process.print(user if "n" in found else str(uid))
    elif "g" in found or "G" in found:
        shown = ordered if "G" in found else [gid]
        names = [group_name(process.files, one) if "n" in found else str(one) for one in shown]
        yield from process.print(" ".join(names))
    else:
        of_user = f"uid={uid}" + (f"({user})" if user != str(uid) else "")
        of_groups = ",".join(_named_group(process, one) for one in ordered)
        yield from process.print(f"{of_user} gid={_named_group(process, gid)} groups={of_groups}")
    return 0


def _named_group(process: Process, gid: int) -> str:
    """``0(root)``, or the number alone where nobody has given it a name."""
    name = group_name(process.files, gid)
    return f"{gid}({name})" if name != str(gid) else name


def whoami(process: Process, args: list[str]) -> Steps:
    name = user_name(process.files, process.uid)
    if name == str(process.uid):
        raise Fault(f"unknown uid {process.uid}")
    yield from process.print(name)
    return 0


def date(process: Process, args: list[str]) -> Steps:
    """``date [-u] [-d TIME] [+FORMAT]``; the time zone is UTC, TIME is @seconds or ISO 8601."""
    form = next((arg[1:] for arg in args if arg.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    found, _ = options([arg for arg in args if not arg.startswith("+")], "uR", "dI")
    seconds = process.kernel.clock.now
    if "d" in found:
        text = found["d"]
        try:
            seconds = float(text[1:]) if text.startswith("@") else parse_timestamp(text)
        except ValueError:
            raise Fault(f"invalid date '{text}'") from None
    now = datetime.fromtimestamp(seconds, UTC)
    fields = {
        "%e": f"{now.day:2}",
        "%s": str(int(seconds)),
        "%N": f"{now.microsecond * 1000:09}",
        "%Z": "UTC",
    }
    fields |= {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%R": "%H:%M", "%n": "\n"}
    for letter, value in fields.items():
        form = form.replace(letter, value)
    yield from process.print(now.strftime(form))
    return 0


def uname(process: Process, args: list[str]) -> Steps:
    found, _ = options(args, "asnrvmpio")
    known = {
        "s": "Linux",
        "n": process.kernel.hostname,
        "r": KERNEL_RELEASE,
        "v": "#1 SMP",
        "m": "x86_64",
        "o": "GNU/Linux",
    }
    letters = "snrvmo" if "a" in found else "".join(found) or "s"
    yield from process.print(" ".join(known[letter] for letter in known if letter in letters))
    return 0


def ps(process: Process, args: list[str]) -> Steps:
    yield from process.print("PID   USER     COMMAND")
    for pid, other in sorted(process.kernel.processes.items()):
        user = user_name(process.files, other.uid)
        yield from process.print(f"{pid:5} {user:8} {' '.join(other.argv)}")
    return 0


def kill(process: Process, args: list[str]) -> Steps:
    """``kill [-SIGNAL | -s SIGNAL] PID…``, ``kill -l [NUMBER]``"""
    rest = list(args)
    signal: str | None = "TERM"
    if rest[:1] == ["-l"]:
        if rest[1:]:
            yield from process.print(signal_name(rest[1]) or "")
        else:
            for name, number in NUMBERS.items():
                yield from process.print(f"{number:2}) {name}")
        return 0
    if rest and rest[0].startswith("-") and len(rest[0]) > 1:
        text = rest.pop(0)[1:]
        if text == "s" and rest:
            text = rest.pop(0)
        signal = None if text == "0" else signal_name(text)
        if signal is None and text != "0":
            yield from process.complain(f"bad signal name '{text}'")
            return 1
    if not rest:
        yield from process.complain("you need to specify whom to kill")
        return 1
    status = 0
    for text in rest:
        other = process.kernel.processes.get(int(text)) if text.isdigit() else None
        if other is None:
            words = (
                f"can't kill pid {text}: No such process" if text.isdigit() else f"invalid number '{text}'"
            )
            yield from process.complain(words)
            status = 1
        elif process.uid not in (0, other.uid):
            yield from process.complain(f"can't kill pid {text}: Operation not permitted")
            status = 1
        elif signal is not None:
            other.kernel.signal(other, signal)
    yield from process.step()
    return status
