"""Redirections: ``>``, ``<``, ``2>&1``, here-documents (POSIX 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from k8slearn.embedded.runtime.descriptors import Descriptor, OpenFile
from k8slearn.embedded.runtime.files import RegularFile
from k8slearn.embedded.runtime.shell.syntax import Redirect

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.shell.interpreter import Shell

Running = Generator[Any, Any, int]


class RedirectError(Exception):
    """A redirection that failed: the command is not run and has status 1."""


def with_redirects(shell: Shell, redirects: tuple[Redirect, ...], body: Callable[[], Running]) -> Running:
    """Run ``body`` with the redirections in effect; 1, with a message, when one of them fails."""
    if not redirects:
        return (yield from body())
    try:
        fds = yield from redirected(shell, redirects)
    except RedirectError as error:
        yield from shell.complain(str(error))
        return 1
    before, shell.process.fds = shell.process.fds, fds
    try:
        return (yield from body())
    finally:
        for descriptor in shell.process.fds.values():
            descriptor.release()
        shell.process.fds = before


def redirected(shell: Shell, redirects: tuple[Redirect, ...]) -> Generator[Any, Any, dict[int, Descriptor]]:
    """The process's descriptors with ``redirects`` applied; each is retained. Raises RedirectError."""
    fds = dict(shell.process.fds)
    for redirect in redirects:
        target = yield from shell.expander.text(redirect.target)
        if redirect.operator in ("<&", ">&"):
            if target == "-":
                fds.pop(redirect.fd, None)
                continue
            if not target.isdigit():
                raise RedirectError("syntax error: bad fd number")
            if int(target) not in fds:
                raise RedirectError(f"dup2({target},{redirect.fd}): Bad file descriptor")
            fds[redirect.fd] = fds[int(target)]
        elif redirect.operator == "<<":
            fds[redirect.fd] = OpenFile(RegularFile(target.encode()), readable=True)
        else:
            fds[redirect.fd] = _open(shell, target, redirect.operator)
    for descriptor in fds.values():
        descriptor.retain()
    return fds


def _open(shell: Shell, path: str, operator: str) -> Descriptor:
    mode = {"<": "r", ">": "w", ">|": "w", ">>": "a", "<>": "r+"}[operator]
    try:
        return shell.process.open(path, mode)
    except FileNotFoundError:
        what = "open" if mode == "r" else "create"
        reason = "no such file" if mode == "r" else "nonexistent directory"
        raise RedirectError(f"can't {what} {path}: {reason}") from None
    except OSError as error:
        what = "open" if mode == "r" else "create"
        raise RedirectError(f"can't {what} {path}: {error.strerror}") from None
