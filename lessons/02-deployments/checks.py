"""The judges of lesson 02-deployments: they delete, count and ask, and watch what the cluster makes of it."""

from __future__ import annotations

from random import Random
from typing import Any

from k8slearn.course import Check, Context
from k8slearn.course.diagnose import Pod, owner, ready, trouble

heal = Check("heal")
scale = Check("scale")
quarantine = Check("quarantine")
rollout = Check("rollout")
paused = Check("paused")


def deployment(name: str, image: str, replicas: int) -> str:
    """The manifest of a Deployment of nginx servers, as a scene needs it."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: server
        image: {image}
"""


def image(name: str, image: str) -> str:
    """A patch that gives the Deployment's container another image."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  template:
    spec:
      containers:
      - name: server
        image: {image}
"""


# -- heal: a Deployment that brings its pods back -----------------------------------------------------


@heal.step(points=1)
def is_a_deployment(ctx: Context) -> None:
    _deployment(ctx, "gateway")


@heal.step(points=1)
def answers(ctx: Context) -> None:
    pods = _ready_pods(ctx, "gateway")
    _ask_all(ctx, pods)


@heal.step(points=2)
def comes_back(ctx: Context) -> None:
    victim = _ready_pods(ctx, "gateway")[0].metadata
    wanted = _deployment(ctx, "gateway").spec.replicas
    ctx.core.delete_namespaced_pod(victim.name, ctx.namespace, grace_period_seconds=1)

    def replaced() -> bool:
        pods = [pod for pod in ctx.owned_pods("gateway") if ready(pod)]
        return len(pods) >= wanted and all(pod.metadata.uid != victim.uid for pod in pods)

    if not ctx.wait_until(replaced, 60):
        ctx.fail("not-replaced", pod=victim.name)


# -- scale: as many as are wanted ---------------------------------------------------------------------


@scale.values
def _scale_count(rng: Random) -> dict[str, object]:
    return {"count": rng.choice((3, 4, 5, 6))}


@scale.begin
def one_ranker(ctx: Context) -> None:
    ctx.replace(deployment("ranker", "nginx:1.28", 1))
    ctx.wait_until(lambda: ctx.ready_pods("ranker"), 60)


@scale.step(points=2)
def all_ready(ctx: Context) -> None:
    count = ctx.values["count"]
    _deployment(ctx, "ranker")
    ctx.wait_until(lambda: ctx.rolled_out("ranker"), 20)
    ctx.watch_for(2)
    owned, wanted = ctx.ready_pods("ranker"), _deployment(ctx, "ranker").spec.replicas
    if len(owned) == wanted == count:
        return
    if unready := next((pod for pod in ctx.owned_pods("ranker") if not ready(pod)), None):
        ctx.fail_for(unready)
    if wanted == 0:
        ctx.fail("no-replicas", deployment="ranker")
    others = [pod.metadata.name for pod in ctx.pods() if pod.metadata.name.startswith("ranker")]
    strangers = sorted(set(others) - {pod.metadata.name for pod in owned})
    if strangers:
        ctx.fail("strangers", ready=len(owned), strangers=", ".join(strangers))
    ctx.fail("other-count", ready=len(owned), wanted=wanted)


@scale.step(points=1)
def all_answer(ctx: Context) -> None:
    _ask_all(ctx, ctx.ready_pods("ranker"))


@scale.step(points=1)
def stay_as_many(ctx: Context) -> None:
    pods = ctx.ready_pods("ranker")
    gone = [pod.metadata.uid for pod in pods[:2]]
    for pod in pods[:2]:
        ctx.core.delete_namespaced_pod(pod.metadata.name, ctx.namespace, grace_period_seconds=1)

    def whole_again() -> bool:
        uids = [pod.metadata.uid for pod in ctx.ready_pods("ranker")]
        return len(uids) == len(pods) and not set(uids) & set(gone)

    if not ctx.wait_until(whole_again, 60):
        ctx.fail("not-replaced", pod=pods[0].metadata.name)


# -- quarantine: take a pod out of service without killing it ------------------------------------------


@quarantine.begin
def three_scorers(ctx: Context) -> None:
    for pod in ctx.pods():
        if _made_by(pod, "scorer") and owner(pod) is None:
            ctx.core.delete_namespaced_pod(pod.metadata.name, ctx.namespace, grace_period_seconds=0)
    ctx.replace(deployment("scorer", "nginx:1.28", 3))
    ctx.wait_until(lambda: len(ctx.ready_pods("scorer")) == 3, 60)


@quarantine.step(points=2)
def one_is_free(ctx: Context) -> None:
    _deployment(ctx, "scorer")
    if ctx.wait_until(lambda: _free(ctx), 5):
        return
    copies = [pod.metadata.name for pod in ctx.pods() if owner(pod) is None and "scorer" in pod.metadata.name]
    if copies:
        ctx.fail("a-copy", pod=copies[0])
    labels = {key for pod in ctx.owned_pods("scorer") for key in pod.metadata.labels}
    if added := sorted(labels - {"app", "pod-template-hash"}):
        ctx.fail("label-added", label=added[0])
    ctx.fail("none-free", count=len(ctx.owned_pods("scorer")))


@quarantine.step(points=1)
def it_still_runs(ctx: Context) -> None:
    pod = _free(ctx)[0]
    _ask_all(ctx, [ctx.ready_pod(pod.metadata.name)])


@quarantine.step(points=1)
def three_serve(ctx: Context) -> None:
    if not ctx.wait_until(lambda: len(ctx.ready_pods("scorer")) == 3, 30):
        ctx.fail("not-three", count=len(ctx.ready_pods("scorer")))


# -- rollout: a bad image, half rolled out -------------------------------------------------------------


@rollout.begin
def bad_release(ctx: Context) -> None:
    ctx.replace(deployment("search", "nginx:1.28", 3))
    ctx.wait_until(lambda: len(ctx.ready_pods("search")) == 3, 60)
    ctx.patch(image("search", "nginx:1.92"))
    ctx.wait_until(lambda: any(trouble(pod) for pod in ctx.owned_pods("search")), 30)


@rollout.step(points=2)
def rolled_out(ctx: Context) -> None:
    _deployment(ctx, "search")
    ctx.wait_until(lambda: ctx.rolled_out("search"), 30)
    found = _deployment(ctx, "search")
    if found.spec.replicas == 0:
        ctx.fail("no-replicas", deployment="search")
    if ctx.rolled_out("search"):
        return
    if found.spec.paused:
        ctx.fail("on-hold")
    broken = next((pod for pod in ctx.owned_pods("search") if not ready(pod)), None)
    ctx.fail(
        "still-broken",
        image=found.spec.template.spec.containers[0].image,
        ready=len(ctx.ready_pods("search")),
        pod=broken.metadata.name if broken else "search-…",
    )


@rollout.step(points=1)
def three_answer(ctx: Context) -> None:
    pods = ctx.ready_pods("search")
    if len(pods) < 3:
        ctx.fail("too-few", count=len(pods))
    _ask_all(ctx, pods)


@rollout.step(points=2)
def no_outage(ctx: Context) -> None:
    """A new release has a higher revision than the bad one, the second; a new Deployment begins at 1."""
    revision = _deployment(ctx, "search").metadata.annotations.get("deployment.kubernetes.io/revision", "1")
    if int(revision) < 3:
        ctx.fail("made-anew")


# -- paused: a fault to find ---------------------------------------------------------------------------


@paused.begin
def on_hold(ctx: Context) -> None:
    ctx.replace(deployment("reranker", "nginx:1.27", 2))
    ctx.wait_until(lambda: len(ctx.ready_pods("reranker")) == 2, 60)
    ctx.patch("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: reranker}\nspec: {paused: true}")
    ctx.patch(image("reranker", "nginx:1.29"))


@paused.step(points=3)
def new_version_runs(ctx: Context) -> None:
    _deployment(ctx, "reranker")
    ctx.wait_until(lambda: _versions(ctx) == {"1.29"} and ctx.rolled_out("reranker"), 20)
    found, versions = _deployment(ctx, "reranker"), _versions(ctx)
    if found.spec.paused:
        ctx.fail("still-paused", versions=", ".join(sorted(versions)))
    if found.spec.replicas == 0:
        ctx.fail("no-replicas", deployment="reranker")
    for pod in ctx.owned_pods("reranker"):
        if not ready(pod):
            ctx.fail_for(pod)
    if versions != {"1.29"}:
        ctx.fail("old-version", versions=", ".join(sorted(versions)))


@paused.step(points=1)
def two_answer(ctx: Context) -> None:
    pods = ctx.ready_pods("reranker")
    if len(pods) < 2:
        ctx.fail("too-few", count=len(pods))
    _ask_all(ctx, pods)


# -- shared --------------------------------------------------------------------------------------------


def _deployment(ctx: Context, name: str) -> Any:
    """The Deployment, or a failed step that says what is there instead."""
    ctx.wait_until(lambda: ctx.deployment(name), 2)
    found = ctx.deployment(name)
    if found is None:
        sets = ctx.apps.list_namespaced_replica_set(ctx.namespace).items
        if ctx.pod(name) is not None:
            ctx.fail("bare-pod", deployment=name)
        if any(one.metadata.name == name for one in sets):
            ctx.fail("bare-replicaset", deployment=name)
        ctx.fail("no-deployment", deployment=name)
    return found


def _ready_pods(ctx: Context, name: str) -> list[Pod]:
    """The Deployment's pods, once all that it wants are Ready; there is at least one."""
    wanted = _deployment(ctx, name).spec.replicas
    if wanted == 0:
        ctx.fail("no-replicas", deployment=name)
    ctx.wait_until(lambda: len(ctx.owned_pods(name)) >= wanted, 10)
    return [ctx.steady_pod(pod.metadata.name, 1) for pod in ctx.owned_pods(name)]


def _ask_all(ctx: Context, pods: list[Pod]) -> None:
    """Send each pod a request, all of them from one other pod."""
    addresses = " ".join(pod.status.pod_ip for pod in pods)
    asked = ctx.run_until_well(f"for a in {addresses}; do wget -qO /dev/null -T 2 http://$a/ || exit 1; done")
    if asked.code != 0:
        ctx.fail("refused", answer=asked.output)


def _made_by(pod: Pod, name: str) -> bool:
    return (pod.metadata.generate_name or "").startswith(f"{name}-")


def _free(ctx: Context) -> list[Pod]:
    """Pods that the Deployment once made and that no longer belong to anybody."""
    return [pod for pod in ctx.pods() if _made_by(pod, "scorer") and owner(pod) is None]


def _versions(ctx: Context) -> set[str]:
    """The tags of the images that the Deployment's pods run, as the node reports them."""
    return {
        status.image.rpartition(":")[2]
        for pod in ctx.owned_pods("reranker")
        for status in pod.status.container_statuses or []
    }
