"""``%kubectl`` and ``%%apply`` in an IPython shell, on a cluster that remembers what it was asked."""

from __future__ import annotations

import subprocess

import pytest
from IPython.core.error import UsageError

from k8slearn.errors import ClusterError
from k8slearn.lab.magics import KubectlMagics, refusal, split


class Asked:
    """Stands for ``engines.Cluster``."""

    def __init__(self):
        self.commands = []
        self.answer = subprocess.CompletedProcess([], 0, "pod/web created\n", "")

    def kubectl(self, *arguments, input=None, namespace=None):
        self.commands.append((arguments, input, namespace))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def cluster(shell):
    cluster = Asked()
    KubectlMagics.of(shell).use(cluster, "shop")
    return cluster


def test_kubectl_runs_in_the_lesson_s_namespace_and_prints(shell, cluster, capsys):
    shell.run_line_magic("kubectl", "get pods -o 'jsonpath={.items[*].metadata.name}'")
    assert cluster.commands == [(("get", "pods", "-o", "jsonpath={.items[*].metadata.name}"), None, "shop")]
    assert capsys.readouterr().out == "pod/web created\n"


def test_python_values_are_filled_in(shell, cluster):
    shell.user_ns.update(name="web", n=2)
    shell.run_line_magic("kubectl", "scale deploy/$name --replicas={n + 1}")
    assert cluster.commands[0][0] == ("scale", "deploy/web", "--replicas=3")


def test_a_command_that_fails_prints_its_error_and_the_notebook_goes_on(shell, cluster, capsys):
    cluster.answer = subprocess.CompletedProcess([], 1, "", 'pods "web" not found\n')
    shell.run_line_magic("kubectl", "get pod web")
    assert capsys.readouterr().err == 'pods "web" not found\n'
    assert shell.user_ns["_exit_code"] == 1


def test_apply_sends_the_cell_as_it_is(shell, cluster):
    cell = "metadata: {name: web, labels: {app: $app}}\n"
    shell.run_cell_magic("apply", "--dry-run=server", cell)
    assert cluster.commands == [(("apply", "-f", "-", "--dry-run=server"), cell, "shop")]


def test_no_cluster_is_said_without_a_traceback(shell, cluster):
    cluster.answer = ClusterError("No cluster is running.")
    with pytest.raises(UsageError, match="No cluster is running"):
        shell.run_line_magic("kubectl", "get pods")


def test_an_open_quote_is_said(shell, cluster):
    with pytest.raises(UsageError, match="Check the quotes"):
        shell.run_line_magic("kubectl", "get pods -l 'app=web")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("edit deploy/web", "%%apply"),
        ("exec -it web -- sh", "%kubectl exec POD -- ls /"),
        ("run box --image=busybox:1.37 --stdin --tty", "Leave out -i and -t"),
        ("port-forward web 8080:80", "terminal"),
        ("get pods -w", "--request-timeout=10s"),
        ("get pods --watch", "lesson.map()"),
        ("logs -f web", "--request-timeout=10s"),
        ("get pods | grep web", "no pipes"),
        ("", "%kubectl get pods"),
    ],
)
def test_what_a_notebook_cannot_run_is_refused_with_what_to_write_instead(line, advice):
    assert advice in refusal(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "get pods -o wide",
        "get pods -w --request-timeout=5s",
        "exec web -- sh -c 'ls -it | cat'",
        "exec web -- sh -it",
        "rollout status deploy/web",
        "logs web --follow=false",
        "apply -f web.yaml -n shop",
    ],
)
def test_everything_else_runs(line):
    assert refusal(line.split()) == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pod/$name", ["pod/web"]),
        ("{name}-{1 + 1}", ["web-2"]),
        ("--message=$text", ["--message=it's two words"]),
        ("$HOME", ["$HOME"]),
        ("jsonpath={.status.phase}", ["jsonpath={.status.phase}"]),
        ("""'{"spec":{"replicas":3}}'""", ['{"spec":{"replicas":3}}']),
        ("'{{.metadata.name}}'", ["{{.metadata.name}}"]),
        ("{unknown}", ["{unknown}"]),
    ],
)
def test_only_what_is_python_is_filled_in(line, words):
    assert split(line, {"name": "web", "text": "it's two words"}) == words
