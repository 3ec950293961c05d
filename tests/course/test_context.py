"""What a check's own pods come to: the learner is not to blame when they do not get on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import k8slearn
from k8slearn.course import Check, Context, Exercise
from k8slearn.course.texts import load
from k8slearn.engines import Cluster
from k8slearn.errors import ClusterError


@pytest.fixture
def ctx() -> Iterator[Context]:
    with k8slearn.embedded(nodes=1, seed=1) as cluster:
        yield Context(Cluster.of(cluster), "default")


def test_a_script_has_an_exit_code_and_what_it_printed(ctx: Context):
    assert (ctx.run("echo one; exit 3").code, ctx.run("echo one").output) == (3, "one")


@pytest.mark.parametrize("lang, said", [("en", "Nothing was judged"), ("zh", "这次没有评判")])
def test_a_cluster_that_cannot_run_the_checks_pod_gives_no_verdict(ctx: Context, lang: str, said: str):
    ctx.core.patch_node("control-plane", {"spec": {"unschedulable": True}})
    check = Check("ask")

    @check.step(points=1)
    def asks(ctx: Context) -> None:
        ctx.run("true")

    exercise = Exercise(check, "Ask", {"asks": "It asks"}, (), "", {}, load(lang))
    with pytest.raises(ClusterError, match=said) as raised:
        exercise.judge(ctx)
    assert "unschedulable" in str(raised.value)
    assert ctx.core.list_namespaced_pod("default").items == []


def test_a_script_that_does_not_end_gives_no_verdict(ctx: Context):
    with pytest.raises(ClusterError, match="within 5 seconds: Running"):
        ctx.run("sleep 60", timeout=5)
