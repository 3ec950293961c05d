"""The judges of lesson 01-pods: each looks at what the pods do, not at how they were written down."""

from __future__ import annotations

import re
from random import Random
from textwrap import indent
from typing import Any

from k8slearn.course import Check, Context, Failed
from k8slearn.course.diagnose import Pod, exit_code, trouble

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

NGINX = re.compile(r"(^|/)nginx($|[:@])")
"""The image, from whichever registry."""

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
    pod = ctx.ready_pod("embedder")
    _request(ctx, pod.status.pod_ip)
    images = [one.image for one in pod.spec.containers]
    if not any(NGINX.search(one) for one in images):
        ctx.fail("other-server", image=images[0])


# -- finish: a task that ends and stays ended -------------------------------------------------------


@finish.values
def _finish_result(rng: Random) -> dict[str, object]:
    return {"result": f"accuracy {rng.choice(('0.79', '0.84', '0.87', '0.91', '0.94'))}"}


@finish.step(points=2)
def ends_well(ctx: Context) -> None:
    if not ctx.pod("evaluate") and ctx.pods("batch.kubernetes.io/job-name=evaluate"):
        ctx.fail("a-job")
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
    if ctx.values["result"] not in (" ".join(line.split()) for line in log.splitlines()):
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
    pod = ctx.ready_pod("duo")
    fetch = f"wget -qO- -T 2 http://{pod.status.pod_ip}/beat.txt"
    first = ctx.run_until_well(fetch)
    if "404" in first.output:
        ctx.fail("not-shared")
    if first.code != 0:
        ctx.fail("refused", answer=first.output)
    if not ctx.wait_until(lambda: ctx.run(fetch).output not in ("", first.output), 5):
        ctx.fail("stale", beat=first.output[:80] or "(nothing)")
    if not _shared_volumes(pod):
        ctx.fail("one-does-all")


def _shared_volumes(pod: Pod) -> set[str]:
    """The volumes that several containers mount, but for the credentials that each of them is given."""
    given = {one.name for one in pod.spec.volumes or [] if one.projected}
    mounted = [
        name
        for container in [*pod.spec.containers, *(pod.spec.init_containers or [])]
        for name in {mount.name for mount in container.volume_mounts or []}
    ]
    return {name for name in mounted if mounted.count(name) > 1} - given


# -- crash: a fault to find -------------------------------------------------------------------------

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
"""

PROGRAM = """\
echo "tokenizer starting"
if [ -z "$VARIABLE" ]; then
  echo "FATAL: VARIABLE is not set, I know FIRST and SECOND"; exit 3
fi
case "$VARIABLE" in
  FIRST|SECOND) echo "vocabulary $VARIABLE loaded, tokenizer ready" ;;
  *) echo "FATAL: no vocabulary called $VARIABLE, I know FIRST and SECOND"; exit 4 ;;
esac
while true; do sleep 1; done
"""

UNKNOWN_VOCABULARY = 4
"""The program's exit code when there is no vocabulary of the name that it was given."""


@crash.values
def _crash_variable(rng: Random) -> dict[str, object]:
    first, second = rng.choice((("small", "base"), ("tiny", "large"), ("basic", "full"), ("short", "long")))
    return {
        "variable": rng.choice(("VOCAB", "TOKENS", "ALPHABET", "WORDS")),
        "first": first,
        "second": second,
    }


@crash.begin
def misconfigured(ctx: Context) -> None:
    ctx.replace(TOKENIZER + indent(_program(ctx), " " * 6))
    _show_trouble(ctx, "tokenizer")


def _program(ctx: Context) -> str:
    names = {name.upper(): str(value) for name, value in ctx.values.items()}
    return re.sub("|".join(names), lambda found: names[found[0]], PROGRAM)


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
    """It runs the program, wherever that comes from and whatever stands around it, and the program is ready."""
    pod = ctx.ready_pod("tokenizer")
    container = pod.spec.containers[0]
    log = ctx.log("tokenizer", container.name)
    if not _says_the_program(ctx, container) and not _fails_as_the_program(ctx, pod):
        ctx.fail("other-program", log=log.strip()[-200:] or "(nothing)")
    if "FATAL" in log or "tokenizer ready" not in log:
        ctx.fail("silenced", log=log.strip()[-200:] or "(nothing)")


def _says_the_program(ctx: Context, container: Any) -> bool:
    """Whether the program stands in the command, with whatever is good in the variable's place."""
    variable, first, second = ctx.values.values()
    good = rf"(\${variable}|\$\{{{variable}\b[^}}]*\}}|{first}|{second})"
    program = re.escape(" ".join(_program(ctx).split())).replace(re.escape(f"${variable}"), good)
    words = " ".join([*(container.command or []), *(container.args or [])]).split()
    return re.search(program, " ".join(words)) is not None


def _fails_as_the_program(ctx: Context, pod: Pod) -> bool:
    """Whether the container, started with a vocabulary that does not exist, ends as the program would."""
    spec: Any = ctx.cluster.api_client.sanitize_for_serialization(pod.spec)
    container, variable = spec["containers"][0], ctx.values["variable"]
    kept = [one for one in container.get("env", []) if one["name"] != variable]
    container["env"] = [*kept, {"name": variable, "value": "unheard-of"}]
    with ctx.own_pod({**spec, "containers": [container]}) as name:
        ctx.wait_until(lambda: exit_code(ctx.own(name)) is not None, 5)
        return exit_code(ctx.own(name)) == UNKNOWN_VOCABULARY


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
