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


def test_knocking_tells_of_each_request_as_far_as_it_has_come(ctx: Context):
    ctx.replace(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx:1.29}]}"
    )
    with ctx.knocking(f"http://{ctx.ready_pod('web').status.pod_ip}/") as answered:
        ctx.watch_for(1)
        before = answered()
        ctx.core.delete_namespaced_pod("web", "default", grace_period_seconds=1)
        ctx.watch_for(3)
        after = answered()
    assert len(before) >= 8 and all(before)
    assert after[: len(before)] == before and not after[-1]


def test_knocking_at_a_door_that_nobody_opens_gives_no_verdict(ctx: Context):
    with (
        pytest.raises(ClusterError, match="did not get on within 60 seconds"),
        ctx.knocking("http://10.0.0.1/"),
    ):
        pass
