"""``%kubectl get pods`` and ``%%apply`` (YAML in the cell): the real kubectl, in the lesson's namespace.

A notebook has no keyboard to offer to a running program and no use for one that never ends, so what would
wait for either is refused with what to write instead.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from k8slearn.course.texts import word
from k8slearn.engines import connect
from k8slearn.engines.cluster import Cluster
from k8slearn.errors import ClusterError

_SHELL_WORDS = {"|", ">", ">>", "<", "&&", "||", ";", "&"}

_WITH_INPUT = {"exec", "run", "attach", "debug"}
"""Commands that know ``-i`` and ``-t``."""


@magics_class
class KubectlMagics(Magics):
    """The magics of one IPython shell. Until ``use`` names a cluster they take the running one."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._cluster: Cluster | None = None
        self._namespace: str | None = None

    @classmethod
    def of(cls, shell: InteractiveShell) -> KubectlMagics:
        """Those that the extension ``k8slearn.lab`` registered with ``shell``."""
        registered = shell.magics_manager.registry[cls.__name__]
        assert isinstance(registered, KubectlMagics)
        return registered

    def use(self, cluster: Cluster, namespace: str) -> None:
        """Work on ``cluster``, in ``namespace`` unless a command names another."""
        self._cluster, self._namespace = cluster, namespace

    # IPython's own expansion takes every brace for Python; jsonpath, patches and templates are full of them.
    @no_var_expand
    @line_magic
    def kubectl(self, line: str) -> None:
        """Run kubectl. $name and {expression} stand for Python values, where they are some."""
        self._run(split(line, self._names()))

    @no_var_expand
    @cell_magic
    def apply(self, line: str, cell: str) -> None:
        """kubectl apply of the YAML in the cell; options go behind %%apply. {name} stands for a Python value."""
        self._run(["apply", "-f", "-", *split(line, self._names())], fill(cell, self._names()))

    def _run(self, arguments: list[str], input: str | None = None) -> None:
        problem = refusal(arguments)
        if problem:
            raise UsageError(problem)
        try:
            cluster = self._cluster = self._cluster or connect()
            done = cluster.kubectl(*arguments, input=input, namespace=self._namespace)
        except ClusterError as error:
            raise UsageError(str(error)) from error
        # A command that fails is often what a lesson wants to show: it prints and the notebook goes on.
        sys.stdout.write(done.stdout)
        sys.stdout.flush()
        sys.stderr.write(done.stderr)
        self._names()["_exit_code"] = done.returncode

    def _names(self) -> dict[str, Any]:
        assert self.shell is not None
        return self.shell.user_ns


def split(line: str, names: Mapping[str, Any]) -> list[str]:
    """The words of ``line``, with ``$name`` and ``{expression}`` filled in where they are Python values.

    A value is one word, whatever it holds. What is no Python value stays as it is, for kubectl.

    >>> split("scale $name --replicas={n + 1}", {"name": "deploy/web", "n": 2})
    ['scale', 'deploy/web', '--replicas=3']
    >>> split("-o jsonpath={.status.phase} $HOME", {})
    ['-o', 'jsonpath={.status.phase}', '$HOME']
    """
    values: list[str] = []

    def value(found: re.Match[str]) -> str:
        name, expression = found.groups()
        try:
            values.append(str(names[name] if name is not None else eval(expression, dict(names))))
        except Exception:
            return found[0]
        return f"\ue000{len(values) - 1}\ue001"  # private characters hold its place until quotes are read

    marked = re.sub(r"\$(\w+)|(?<!\{)\{([^{}]+)\}(?!\})", value, line)
    try:
        words = shlex.split(marked)
    except ValueError as error:
        raise UsageError(word("kubectl-quotes", problem=error, line=line)) from error
    return [re.sub("\ue000(\\d+)\ue001", lambda found: values[int(found[1])], one) for one in words]


def fill(manifest: str, names: Mapping[str, Any]) -> str:
    """A manifest with ``{name}`` filled in where it is the name of a Python text or number.

    All else of braces and dollars is YAML's, a template's or a shell's.

    >>> fill("{app: web, ports: [{port}]} ${port} {{port}}", {"port": 80, "web": 1})
    '{app: web, ports: [80]} ${port} {{port}}'
    """

    def value(found: re.Match[str]) -> str:
        known = names.get(found[1])
        return str(known) if isinstance(known, str | int | float) else found[0]

    return re.sub(r"(?<![{$])\{([A-Za-z_]\w*)\}(?!\})", value, manifest)


def refusal(arguments: list[str]) -> str:
    """Why a notebook cannot run this, and what to write instead; "" when it can."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own = arguments[:end]
    if not own:
        return word("kubectl-nothing")
    flags = [one for one in own if one.startswith("-")]
    command = next((one for one in own if not one.startswith("-")), "")
    if any(one in _SHELL_WORDS for one in own):
        return word("kubectl-shell")
    if command == "edit":
        return word("kubectl-edit")
    if command in _WITH_INPUT and any(_asks(flag, "it", ("--stdin", "--tty")) for flag in flags):
        return word("kubectl-input")
    if command in ("port-forward", "proxy", "attach"):
        return word("kubectl-stays", command=command)
    limited = any(flag.startswith("--request-timeout") for flag in flags)
    if (
        command in ("get", "events")
        and not limited
        and any(_asks(flag, "w", ("--watch", "--watch-only")) for flag in flags)
    ):
        return word("kubectl-watch", command=command)
    if command == "logs" and not limited and any(_asks(flag, "f", ("--follow",)) for flag in flags):
        return word("kubectl-follow")
    return ""


def _asks(flag: str, letters: str, names: tuple[str, ...]) -> bool:
    """Whether a flag is one of ``names`` (not ``=false``) or short flags with one of ``letters``."""
    if flag.startswith("--"):
        name, _, value = flag.partition("=")
        return name in names and value != "false"
    return len(flag) <= 3 and "=" not in flag and any(letter in flag for letter in letters)
