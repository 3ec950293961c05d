"""The judges of lesson 01-pods: each looks at what the pods do, not at how they were written down."""

from __future__ import annotations

from k8slearn.course import Check, Context, Failed
from k8slearn.course.diagnose import trouble

TOKENIZER = """
apiVersion: v1
kind: Pod
metadata:
  name: tokenizer
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: tokenizer
    image: busybox:1.37
    command: [sh, -c]
    args:
    - |
      echo "tokenizer starting"
      if [ -z "$VOCAB" ]; then
        echo "FATAL: VOCAB is not set, I know small and base"; exit 3
      fi
      case "$VOCAB" in
        small|base) echo "vocabulary $VOCAB loaded, tokenizer ready" ;;
        *) echo "FATAL: no vocabulary called $VOCAB, I know small and base"; exit 4 ;;
      esac
      while true; do sleep 1; done
"""

EMBEDDER = """
apiVersion: v1
kind: Pod
metadata:
  name: embedder
spec:
  containers:
  - name: server
    image: nginx:1.92
"""

serve = Check("serve")
image = Check("image")
finish = Check("finish")
together = Check("together")
crash = Check("crash")


# -- serve: a pod that answers ----------------------------------------------------------------------


@serve.step(points=1)
def runs(ctx: Context) -> None:
    ctx.steady_pod("model")


@serve.step(points=2)
def answers(ctx: Context) -> None:
    _request(ctx, ctx.ready_pod("model").status.pod_ip)


# -- image: mend a wrong tag ------------------------------------------------------------------------


@image.begin
def typo(ctx: Context) -> None:
    ctx.replace(EMBEDDER)
    _show_trouble(ctx, "embedder")


@image.step(points=1)
def image_found(ctx: Context) -> None:
    ctx.steady_pod("embedder")


@image.step(points=2)
def embedder_answers(ctx: Context) -> None:
    _request(ctx, ctx.ready_pod("embedder").status.pod_ip)


# -- finish: a task that ends and stays ended -------------------------------------------------------


@finish.step(points=2)
def ends_well(ctx: Context) -> None:
    ctx.existing_pod("evaluate")
    ctx.wait_until(lambda: _settled(ctx), 20)
    pod = ctx.existing_pod("evaluate")
    if pod.status.phase == "Succeeded":
        return
    if pod.status.phase == "Running" and all(
        status.state.running and not status.restart_count for status in pod.status.container_statuses
    ):
        ctx.fail("still-running")
    ctx.fail_for(pod)


@finish.step(points=2)
def left_its_result(ctx: Context) -> None:
    log = ctx.log("evaluate", ctx.existing_pod("evaluate").spec.containers[0].name)
    if "accuracy 0.91" not in log:
        ctx.fail("no-result", log=log.strip()[-200:] or "(nothing)")


# -- together: two containers, one pod --------------------------------------------------------------


@together.step(points=1)
def two_containers(ctx: Context) -> None:
    pod = ctx.existing_pod("duo")
    sidecars = [one for one in pod.spec.init_containers or [] if one.restart_policy == "Always"]
    if len(pod.spec.containers) + len(sidecars) < 2:
        ctx.fail("one-container", container=pod.spec.containers[0].name)


@together.step(points=1)
def both_run(ctx: Context) -> None:
    try:
        # A server whose port is taken tries for some seconds before it gives up.
        ctx.steady_pod("duo", seconds=5)
    except Failed as failed:
        container = failed.values.get("container")
        if failed.key == "pod-ends":
            ctx.fail("writer-ends", **failed.values)
        if failed.key == "pod-crashes" and "in use" in ctx.log("duo", str(container)):
            ctx.fail("port-clash", container=container)
        raise


@together.step(points=3)
def shares_a_file(ctx: Context) -> None:
    address = ctx.ready_pod("duo").status.pod_ip
    fetch = f"wget -qO- -T 2 http://{address}/beat.txt"
    first = ctx.run_until_well(fetch)
    if "404" in first.output:
        ctx.fail("not-shared")
    if first.code != 0:
        ctx.fail("refused", answer=first.output)
    if not ctx.wait_until(lambda: ctx.run(fetch).output not in ("", first.output), 5):
        ctx.fail("stale", beat=first.output[:80] or "(nothing)")


# -- crash: a fault to find -------------------------------------------------------------------------


@crash.begin
def misconfigured(ctx: Context) -> None:
    ctx.replace(TOKENIZER)
    _show_trouble(ctx, "tokenizer")


@crash.step(points=2)
def stays_up(ctx: Context) -> None:
    try:
        ctx.steady_pod("tokenizer")
    except Failed as failed:
        if failed.key == "pod-crashes":
            ctx.fail("same-crash" if failed.values["code"] == 3 else "other-crash", **failed.values)
        raise


@crash.step(points=3)
def still_the_tokenizer(ctx: Context) -> None:
    pod = ctx.ready_pod("tokenizer")
    log = ctx.log("tokenizer", pod.spec.containers[0].name)
    if "tokenizer starting" not in log:
        ctx.fail("other-program", log=log.strip()[-200:] or "(nothing)")
    if "FATAL" in log or "tokenizer ready" not in log:
        ctx.fail("silenced", log=log.strip()[-200:])


# -- shared -----------------------------------------------------------------------------------------


def _show_trouble(ctx: Context, pod: str) -> None:
    """Let a scene's fault come to light, so that the learner's first look finds it."""
    ctx.wait_until(lambda: (found := ctx.pod(pod)) and trouble(found), 30)


def _request(ctx: Context, address: str) -> None:
    """Send a request from another pod, as a client would."""
    answer = ctx.run_until_well(f"wget -qO- -T 2 http://{address}/")
    if answer.code != 0:
        ctx.fail("refused", answer=answer.output)


def _settled(ctx: Context) -> bool:
    """Whether the task has come to an end, or been started again after one."""
    pod = ctx.pod("evaluate")
    if pod is None or pod.status.phase in ("Succeeded", "Failed"):
        return True
    statuses = pod.status.container_statuses or []
    return any(one.restart_count or (one.state.waiting and one.state.waiting.message) for one in statuses)
