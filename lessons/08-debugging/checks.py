"""The judges of lesson 08-debugging: does what was red run, stay and answer? Each fault is judged by itself.

In the finale several faults sit in one template, and the first hides the others. So each is tried on a copy of the
learner's template in which all the others are mended (``own_pod``); only the last step looks at the whole release.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.check import Failed
from k8slearn.course.diagnose import Pod, exit_code, owner, ready, restarts, told, trouble

Manifest = dict[str, Any]

STEADY = 3
"""Seconds for which nothing may end: longer than any of these programs takes to fail."""

RETRY = 20
"""Seconds within which the kubelet tries again to make a container whose ConfigMap has changed."""

MODEL_BYTES = 150_000_000
SHARDS = 9
GREETINGS = ("ahoy", "bonjour", "ciao", "hola", "moin", "namaste", "salaam", "shalom")
WEIGHTS = {"bias": -1.0986123, "words": {}}
"""A model that gives every message the probability 0.25; the one that a server trains itself never does."""

exit_codes = Check("exit-codes")
never_started = Check("never-started")
pending = Check("pending")
last_words = Check("last-words")
release = Check("release")


def deployment(
    name: str,
    container: Manifest,
    *,
    replicas: int = 1,
    labels: dict[str, str] | None = None,
    spec: Manifest | None = None,
) -> str:
    """The manifest of a Deployment; its container is called ``server``. YAML takes JSON."""
    pod = {"containers": [{"name": "server", "image": "k8slearn/app:1.1", **container}], **(spec or {})}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name, **(labels or {})}}, "spec": pod},
            },
        }
    )


def config_map(name: str, data: dict[str, str]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


def variables(**values: object) -> list[Manifest]:
    return [{"name": name, "value": str(value)} for name, value in values.items()]


def names(rng: Random, candidates: tuple[str, ...]) -> dict[str, object]:
    """Who has which fault: ``one``, ``two`` and so on, in the order of the steps."""
    shuffled = rng.sample(candidates, len(candidates))
    return dict(zip(("one", "two", "three", "four"), shuffled, strict=False))


# -- exit codes ----------------------------------------------------------------------------------------


@exit_codes.values
def four_names(rng: Random) -> dict[str, object]:
    return names(rng, ("embedder", "ranker", "tagger", "trainer"))


@exit_codes.begin
def four_that_end(ctx: Context) -> None:
    one, two, three, four = (ctx.values[key] for key in ("one", "two", "three", "four"))
    _remove_earlier_trainings(ctx)
    ctx.replace(config_map("weights", {"weights.json": json.dumps(WEIGHTS)}))
    mounted = {"name": "weights", "mountPath": "/weights"}
    ctx.replace(
        deployment(
            one,
            {
                "args": ["model"],
                "env": variables(MODEL_PATH="/models/weights.json"),
                "volumeMounts": [mounted],
            },
            spec={"volumes": [{"name": "weights", "configMap": {"name": "weights"}}]},
        )
    )
    ctx.replace(deployment(two, {"command": ["sh", "-c", "exec pyton3 -m app web"]}))
    hungry = {"env": variables(MODEL_BYTES=MODEL_BYTES), "resources": {"limits": {"memory": "100Mi"}}}
    ctx.replace(deployment(three, {"args": ["model"], **hungry}))
    ctx.replace(deployment(four, {"args": ["train", "/tmp/weights.json"]}))
    ctx.wait_until(lambda: all(_newest_trouble(ctx, one) for one in ctx.values.values()), 60)


@exit_codes.step(points=2, needs=())
def first_serves(ctx: Context) -> None:
    name = ctx.values["one"]
    answer = _prediction(ctx, _stays_up(ctx, name)[0])
    if answer["probability"] != 0.25:
        ctx.fail("other-model", deployment=name)


@exit_codes.step(points=2, needs=())
def second_serves(ctx: Context) -> None:
    _page(ctx, _stays_up(ctx, ctx.values["two"])[0])


@exit_codes.step(points=2, needs=())
def third_serves(ctx: Context) -> None:
    name = ctx.values["three"]
    pod = _stays_up(ctx, name)[0]
    _prediction(ctx, pod)
    env = pod.spec.containers[0].env or []
    size = next((one.value for one in env if one.name == "MODEL_BYTES"), None)
    if float(size or 0) < MODEL_BYTES:
        ctx.fail("smaller-model", deployment=name, size=size or 0, wanted=MODEL_BYTES)


@exit_codes.step(points=2, needs=())
def fourth_is_done(ctx: Context) -> None:
    name = ctx.values["four"]
    found = ctx.deployment(name)
    if found is not None and found.spec.replicas:
        ctx.wait_until(lambda: _newest_trouble(ctx, name) or ctx.rolled_out(name), 20)
        ctx.watch_for(STEADY)
        ctx.fail("kept-alive" if ctx.rolled_out(name) else "exit-0", deployment=name)
    ctx.wait_until(lambda: _trained(ctx) or _looping(ctx), 20 if _at_work(ctx) else 0)
    if _trained(ctx):
        return
    if looping := _looping(ctx):
        ctx.fail("exit-0", deployment=looping.metadata.name)
    for pod in _unowned_by_deployments(ctx):
        if trouble(pod):
            ctx.fail_for(pod)
    ctx.fail("not-run", deployment=name)


def _unowned_by_deployments(ctx: Context) -> list[Pod]:
    return [pod for pod in ctx.pods() if (owner(pod) or ("", ""))[0] != "ReplicaSet"]


def _trained(ctx: Context) -> bool:
    """Whether some pod has trained to the end, and is done."""
    done = (pod for pod in _unowned_by_deployments(ctx) if pod.status.phase == "Succeeded")
    return any("weights written" in ctx.log(pod.metadata.name) for pod in done)


def _looping(ctx: Context) -> Pod | None:
    """A pod that ends well and is started again all the same."""
    for pod in _unowned_by_deployments(ctx):
        found = trouble(pod)
        if found is not None and found.key == "pod-ends":
            return pod
    return None


def _at_work(ctx: Context) -> bool:
    jobs = ctx.cluster.batch.list_namespaced_job(ctx.namespace).items
    return bool(jobs or _unowned_by_deployments(ctx))


def _remove_earlier_trainings(ctx: Context) -> None:
    """What an earlier try has left besides Deployments."""
    jobs: list[Any] = ctx.cluster.batch.list_namespaced_job(ctx.namespace).items
    for job in jobs:
        ctx.cluster.batch.delete_namespaced_job(
            job.metadata.name, ctx.namespace, propagation_policy="Background"
        )
    for pod in _unowned_by_deployments(ctx):
        found = trouble(pod)
        if found is not None and found.key in ("pod-finished", "pod-ends"):
            ctx.core.delete_namespaced_pod(pod.metadata.name, ctx.namespace, grace_period_seconds=0)


# -- what never started --------------------------------------------------------------------------------


@never_started.values
def three_names(rng: Random) -> dict[str, object]:
    drawn = names(rng, ("captions", "glossary", "search"))
    return {**drawn, "greeting": rng.choice(GREETINGS)}


@never_started.begin
def three_that_wait(ctx: Context) -> None:
    one, two, three = (ctx.values[key] for key in ("one", "two", "three"))
    ctx.replace(config_map(f"{three}-settings", {"greetings": ctx.values["greeting"]}))
    reference = {"configMapKeyRef": {"name": f"{three}-settings", "key": "greeting"}}
    ctx.replace(deployment(one, {"image": "k8slearm/app:1.1"}))
    ctx.replace(deployment(two, {"image": "k8slearn/app:v1.1"}))
    ctx.replace(deployment(three, {"env": [{"name": "GREETING", "valueFrom": reference}]}))
    ctx.wait_until(lambda: all(_newest_trouble(ctx, name) for name in (one, two, three)), 60)


@never_started.step(points=1, needs=())
def first_has_its_image(ctx: Context) -> None:
    _in_version(ctx, ctx.values["one"])


@never_started.step(points=1, needs=())
def second_has_its_image(ctx: Context) -> None:
    _in_version(ctx, ctx.values["two"])


@never_started.step(points=2, needs=())
def third_has_its_setting(ctx: Context) -> None:
    name = ctx.values["three"]
    page = _in_version(ctx, name)
    if page["greeting"] != ctx.values["greeting"]:
        ctx.fail("other-greeting", deployment=name, said=page["greeting"])


def _in_version(ctx: Context, name: str) -> Manifest:
    """The page of the Deployment, which must be of version 1.1."""
    page = _page(ctx, _stays_up(ctx, name)[0])
    if page["version"] != "1.1":
        ctx.fail("other-version", deployment=name, version=page["version"], wanted="1.1")
    return page


# -- pending -------------------------------------------------------------------------------------------

ACCELERATOR = "accelerator"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@pending.values
def three_more_names(rng: Random) -> dict[str, object]:
    return names(rng, ("auditor", "forecast", "summary"))


@pending.begin
def three_without_a_node(ctx: Context) -> None:
    one, two, three = (ctx.values[key] for key in ("one", "two", "three"))
    _take_back_what_nodes_were_given(ctx)
    ctx.replace(deployment(one, {"resources": {"requests": {"memory": "64Ti"}}}))
    ctx.replace(deployment(two, {}, spec={"nodeSelector": {ACCELERATOR: "a100"}}))
    ctx.replace(deployment(three, {}, spec={"nodeSelector": {CONTROL_PLANE: ""}}))
    ctx.wait_until(lambda: all(_newest_trouble(ctx, name) for name in (one, two, three)), 20)


@pending.step(points=1, needs=())
def first_is_placed(ctx: Context) -> None:
    _placed(ctx, ctx.values["one"], "no-room")


@pending.step(points=1, needs=())
def second_is_placed(ctx: Context) -> None:
    _placed(ctx, ctx.values["two"], "no-such-node")


@pending.step(points=1, needs=())
def third_is_placed(ctx: Context) -> None:
    _placed(ctx, ctx.values["three"], "tainted")


def _placed(ctx: Context, name: str, otherwise: str) -> None:
    """The Deployment runs; where no node takes it ``otherwise`` is the feedback."""
    try:
        _stays_up(ctx, name)
    except Failed as failed:
        if failed.key != "pod-unschedulable":
            raise
        ctx.fail(otherwise, **failed.values)


def _take_back_what_nodes_were_given(ctx: Context) -> None:
    """An earlier try may have mended the nodes; whoever may not look at them has not."""
    from kubernetes.client.exceptions import ApiException

    core = ctx.core
    try:
        for node in core.list_node(label_selector=ACCELERATOR).items:
            core.patch_node(node.metadata.name, {"metadata": {"labels": {ACCELERATOR: None}}})
        pods = core.list_namespaced_pod("kube-system", label_selector="tier=control-plane").items
        true = {pod.spec.node_name for pod in pods}  # empty where others run the control plane
        for node in core.list_node(label_selector=CONTROL_PLANE).items if true else []:
            name, taints = node.metadata.name, node.spec.taints or []
            if name not in true:
                core.patch_node(name, {"metadata": {"labels": {CONTROL_PLANE: None}}})
            elif all(taint.key != CONTROL_PLANE for taint in taints):
                taint = {"key": CONTROL_PLANE, "effect": "NoSchedule"}
                core.patch_node(name, {"spec": {"taints": [*taints, taint]}})
    except ApiException as error:
        if error.status != 403:
            raise


# -- last words ----------------------------------------------------------------------------------------

IMPORTER = """\
for file in /data/shard-*; do
  name=$(basename $file)
  if [ "$name" = "$SKIP" ]; then echo "$name: left out"; continue; fi
  sleep 1
  rows=$(cat $file)
  case "$rows" in
    *end) echo "$name: $rows" ;;
    *) echo "fatal: $name is cut off"; exit 1 ;;
  esac
done
echo done
exec sleep 86400
"""


@last_words.values
def a_shard(rng: Random) -> dict[str, object]:
    return {"shard": f"shard-{rng.randint(3, 8)}"}


@last_words.begin
def an_importer(ctx: Context) -> None:
    shards = {f"shard-{number}": f"rows {117 + 13 * number} end" for number in range(1, SHARDS + 1)}
    ctx.replace(config_map("shards", shards | {ctx.values["shard"]: "rows 1"}))
    mounted = {"name": "data", "mountPath": "/data"}
    ctx.replace(
        deployment(
            "importer",
            {"image": "busybox:1.37", "command": ["sh", "-c", IMPORTER], "volumeMounts": [mounted]},
            spec={
                "terminationGracePeriodSeconds": 1,
                "volumes": [{"name": "data", "configMap": {"name": "shards"}}],
            },
        )
    )
    ctx.wait_until(lambda: _newest_trouble(ctx, "importer"), 60)


@last_words.step(points=2)
def stays(ctx: Context) -> None:
    _wanted(ctx, "importer")
    # What is mounted comes to a running pod within a minute or so, and the next try waits besides.
    patience = 20 if _damaged(ctx) else 90
    ctx.wait_until(lambda: _done(ctx) or (_damaged(ctx) and _newest_trouble(ctx, "importer")), patience)
    if not _done(ctx):
        if _newest_trouble(ctx, "importer") or not ctx.rolled_out("importer"):
            _blame(ctx, "importer")
        ctx.fail("not-done")
    if not ctx.wait_until(lambda: ctx.rolled_out("importer"), 10):
        _blame(ctx, "importer")


@last_words.step(points=2)
def all_but_one(ctx: Context) -> None:
    said = _importer_log(ctx)
    whole = len(re.findall(r"^shard-\d: rows \d+ end$", said, re.MULTILINE))
    if "fatal" in said:
        ctx.fail("swallowed")
    if whole < SHARDS - 1:
        ctx.fail("left-out", whole=whole, of=SHARDS)


def _damaged(ctx: Context) -> bool:
    """Whether the ConfigMap still holds a shard that is cut off."""
    maps = ctx.core.list_namespaced_config_map(ctx.namespace, field_selector="metadata.name=shards").items
    return any(not text.strip().endswith("end") for one in maps for text in (one.data or {}).values())


def _done(ctx: Context) -> bool:
    return _importer_log(ctx).endswith("done\n")


def _importer_log(ctx: Context) -> str:
    """Of the newest pod's container that runs, "" while there is none."""
    for pod in _newest_pods(ctx, "importer"):
        if ready(pod):
            return ctx.log(pod.metadata.name)
    return ""


# -- release: six faults -------------------------------------------------------------------------------

VERSION = "2.0"
GOOD_IMAGE = f"k8slearn/app:{VERSION}"
SLOW_START = 5
"""Seconds that the check's copy takes to start: a probe that tells the truth waits for it."""


@release.values
def a_release(rng: Random) -> dict[str, object]:
    return {
        "greeting": rng.choice(GREETINGS),
        "key": f"key-{rng.getrandbits(32):08x}",
        "port": rng.choice((8000, 8181, 9000)),
    }


@release.begin
def everything_red(ctx: Context) -> None:
    values = ctx.values
    for one in ctx.apps.list_namespaced_deployment(ctx.namespace).items:
        if "assistant" in (one.metadata.name.partition("-")[0], one.spec.template.metadata.labels.get("app")):
            ctx.apps.delete_namespaced_deployment(one.metadata.name, ctx.namespace)
    settings = {"GREETING": values["greeting"], "PORT": str(values["port"]), "WORK_SECONDS": "20ms"}
    ctx.replace(config_map("assistant-settings", settings))
    ctx.replace(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "assistant-key"},
                "stringData": {"token": values["key"]},
            }
        )
    )
    key = {"secretKeyRef": {"name": "assistant-key", "key": "api-key"}}
    container = {
        "image": "k8slearn/app:2.O",
        "envFrom": [{"configMapRef": {"name": "assistant-settings"}}],
        "env": [{"name": "API_KEY", "valueFrom": key}],
        "resources": {"requests": {"cpu": "250"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": values["port"]}, "periodSeconds": 1},
    }
    ctx.replace(deployment("assistant", container, replicas=2, labels={"release": VERSION}))
    ctx.replace(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "assistant", "labels": {"app": "assistant"}},
                "spec": {
                    "selector": {"app": "assistant", "release": "1.1"},
                    "ports": [{"port": 80, "targetPort": values["port"]}],
                },
            }
        )
    )
    ctx.wait_until(lambda: _newest_trouble(ctx, "assistant"), 20)


@release.step(points=0)
def is_there(ctx: Context) -> None:
    _workload(ctx)


@release.step(points=2, needs=("is-there",))
def finds_a_node(ctx: Context) -> None:
    spec = _template(ctx)["spec"]
    idle = {"image": "busybox:1.37", "command": ["sleep", "600"]}
    containers = [
        {"name": one["name"], "resources": one.get("resources", {}), **idle} for one in spec["containers"]
    ]
    placing = {**spec, "containers": containers, "volumes": [], "initContainers": []}
    with _unless_it_serves(ctx), ctx.own_pod(placing) as name:
        ctx.wait_for_own(name, lambda pod: pod.spec.node_name or trouble(pod))
        if not ctx.own(name).spec.node_name:
            ctx.fail("no-node", message=told(ctx.own(name)))


@release.step(points=2, needs=("is-there",))
def has_its_image(ctx: Context) -> None:
    spec = _template(ctx)["spec"]
    server = spec["containers"][0]
    kept = {one: server[one] for one in ("image", "imagePullPolicy") if one in server}
    secrets = {"imagePullSecrets": spec["imagePullSecrets"]} if "imagePullSecrets" in spec else {}
    asking = {"name": "copy", "command": ["printenv", "VERSION"], **kept}
    with ctx.own_pod({**secrets, "containers": [asking]}) as name:
        ended = _end(ctx, name)
        if ended is None:
            ctx.fail("no-image", image=server["image"])
        version = ctx.log(name).strip() if ended == 0 else "?"
    if version != VERSION:
        ctx.fail("other-version", deployment="assistant", version=version, wanted=VERSION)


@release.step(points=2, needs=("is-there",))
def has_its_key(ctx: Context) -> None:
    server = _template(ctx)["spec"]["containers"][0]
    telling = {"image": "busybox:1.37", "command": ["sh", "-c", 'printf "%s|" "$API_KEY"']}
    kept = {one: server[one] for one in ("env", "envFrom") if one in server}
    with ctx.own_pod({"containers": [{"name": "copy", **telling, **kept}]}) as name:
        if _end(ctx, name) is None:
            ctx.fail("no-key", message=told(ctx.own(name)))
        key = ctx.log(name).rpartition("|")[0]
    wanted = ctx.values["key"]
    if key != wanted:
        ctx.fail("other-key", length=len(key), wanted=len(wanted))
    if any(one["name"] == "API_KEY" and one.get("value") for one in server.get("env", [])):
        ctx.fail("key-in-the-open")


@release.step(points=2, needs=("is-there",))
def starts_with_its_settings(ctx: Context) -> None:
    with _unless_it_serves(ctx), ctx.own_pod({"containers": [_copy(ctx, API_KEY="-")]}) as name:
        port = _listening(ctx, name)
        if port is None:
            ctx.fail("wrong-setting", said=_said(ctx, name) or told(ctx.own(name)))
        (page,) = _ask(ctx, f"http://{ctx.own(name).status.pod_ip}:{port}/")
        if page.get("greeting") != ctx.values["greeting"]:
            ctx.fail("other-greeting", deployment="assistant", said=page.get("greeting", "-"))


@release.step(points=2, needs=("is-there",))
def becomes_ready_in_time(ctx: Context) -> None:
    """Ready when it serves and not before: on a copy that starts slowly."""
    sound = {"API_KEY": "-", "WORK_SECONDS": "0", "START_SECONDS": str(SLOW_START)}
    probing = {**_probes(ctx), **_copy(ctx, **sound)}
    with ctx.own_pod({"containers": [probing]}) as name:
        ctx.wait_for_own(name, lambda pod: _runs(pod) or trouble(pod))
        ctx.wait_until(lambda: ready(ctx.own(name)) or trouble(ctx.own(name)), SLOW_START + 20)
        pod = ctx.own(name)
        if not ready(pod):
            ctx.fail("probe-fails", told=ctx.told(name, "Unhealthy") or pod.status.phase)
        became = next(one for one in pod.status.conditions if one.type == "Ready").last_transition_time
        began = pod.status.container_statuses[0].state.running.started_at
        if (became - began).total_seconds() < SLOW_START - 2:
            server = pod.spec.containers[0]
            ctx.fail("probe-too-early" if server.readiness_probe or server.startup_probe else "probe-gone")


@release.step(points=2, needs=("is-there",))
def is_found_by_its_service(ctx: Context) -> None:
    selector = _selector(ctx)
    if selector is None:
        ctx.fail("no-service")
    labels = _template(ctx)["metadata"]["labels"]
    sound = _copy(ctx, API_KEY="-", WORK_SECONDS="0")
    with _unless_it_serves(ctx), ctx.own_pod({"containers": [sound]}, labels) as name:
        if _listening(ctx, name) is None:
            ctx.fail("refused", answer=_said(ctx, name) or told(ctx.own(name)))
        address = ctx.own(name).status.pod_ip
        if not ctx.wait_until(lambda: address in _endpoints(ctx), 4):
            ctx.fail("not-selected", selector=_pairs(selector), labels=_pairs(labels))
        _ask(ctx, "http://assistant/")


@release.step(
    points=3,
    needs=(
        "finds-a-node",
        "has-its-image",
        "has-its-key",
        "starts-with-its-settings",
        "becomes-ready-in-time",
        "is-found-by-its-service",
    ),
)
def serves_and_stays(ctx: Context) -> None:
    name = _workload(ctx).metadata.name
    _wanted(ctx, name)
    # A pod that was mended in its ConfigMap waits for its next try.
    ctx.wait_until(lambda: ctx.rolled_out(name), 60)
    _complete_or_blame(ctx, name)
    before = _behind_the_service(ctx)
    for pod in before:
        if not ready(pod):
            ctx.fail_for(pod)
        if owner(pod) is None:
            ctx.fail("bare-pod", pod=pod.metadata.name)
    for page in _ask(ctx, "http://assistant/", times=8):
        if not _right(ctx, page):
            ctx.fail("other-answer", page=json.dumps(page))
    ctx.watch_for(_patience(before))
    after = _behind_the_service(ctx)
    if _lives(before) != _lives(after) or not all(ready(pod) for pod in after):
        ctx.fail("unsteady", before=sum(_lives(before).values()), after=sum(_lives(after).values()))


# -- the release, as a whole and in parts --------------------------------------------------------------


def _workload(ctx: Context) -> Any:
    """The Deployment behind the Service; while there is none, the one that is called like it."""
    selector = (_selector(ctx) or {}).items()
    found = ctx.apps.list_namespaced_deployment(ctx.namespace).items
    behind = [one for one in found if selector and selector <= one.spec.template.metadata.labels.items()]
    behind.sort(key=lambda one: not one.status.ready_replicas)
    return next(iter(behind), None) or ctx.existing_deployment("assistant")


def _template(ctx: Context) -> Manifest:
    template: Any = ctx.cluster.api_client.sanitize_for_serialization(_workload(ctx).spec.template)
    return template


def _copy(ctx: Context, **settings: str) -> Manifest:
    """The learner's container: program and settings are theirs but for ``settings``, the rest is sound."""
    server = _template(ctx)["spec"]["containers"][0]
    kept = {one: server[one] for one in ("command", "args", "ports", "envFrom") if one in server}
    env = [one for one in server.get("env", []) if one["name"] not in settings]
    return {"name": "copy", "image": GOOD_IMAGE, **kept, "env": [*env, *variables(**settings)]}


def _probes(ctx: Context) -> Manifest:
    """What says when the learner's container is Ready; how long it may take for that is not the question."""
    server = _template(ctx)["spec"]["containers"][0]
    kept = {one: server[one] for one in ("readinessProbe", "startupProbe") if one in server}
    return {one: {**probe, "failureThreshold": 60} for one, probe in kept.items()}


@contextmanager
def _unless_it_serves(ctx: Context) -> Iterator[None]:
    """What a copy could not do does not matter when the release itself can: it has been mended in another way."""
    try:
        yield
    except Failed:
        if not _serves(ctx):
            raise


def _serves(ctx: Context) -> bool:
    """Whether the release answers as it should, all of its pods being Ready."""
    name = _workload(ctx).metadata.name
    ctx.wait_until(lambda: ctx.rolled_out(name) or _newest_trouble(ctx, name), 8)
    pods = _behind_the_service(ctx)
    if not pods or not all(ready(pod) for pod in pods):
        return False
    try:
        return all(_right(ctx, page) for page in _ask(ctx, "http://assistant/", times=4))
    except Failed:
        return False


def _right(ctx: Context, page: Manifest) -> bool:
    return (page.get("version"), page.get("greeting")) == (VERSION, ctx.values["greeting"])


def _selector(ctx: Context) -> dict[str, str] | None:
    """What the Service `assistant` asks for, None when there is no such Service."""
    found = ctx.core.list_namespaced_service(ctx.namespace, field_selector="metadata.name=assistant").items
    return (found[0].spec.selector or {}) if found else None


def _behind_the_service(ctx: Context) -> list[Pod]:
    selector = _selector(ctx)
    return ctx.pods(",".join(f"{key}={value}" for key, value in selector.items())) if selector else []


def _endpoints(ctx: Context) -> set[str]:
    """The addresses to which the Service `assistant` sends requests."""
    slices = ctx.discovery.list_namespaced_endpoint_slice(
        ctx.namespace, label_selector="kubernetes.io/service-name=assistant"
    ).items
    ends = (end for one in slices for end in one.endpoints or [] if end.conditions.ready)
    return {address for end in ends for address in end.addresses}


def _pairs(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items()) or "-"


def _lives(pods: list[Pod]) -> dict[str, int]:
    return {pod.metadata.uid: restarts(pod) for pod in pods}


def _patience(pods: list[Pod]) -> float:
    """Seconds after which a liveness probe that fails would have ended one of the pods."""
    probes = [one.liveness_probe for pod in pods for one in pod.spec.containers if one.liveness_probe]
    slowest = max((one.period_seconds * one.failure_threshold for one in probes), default=0)
    return STEADY + min(slowest, 40)


def _said(ctx: Context, name: str) -> str:
    """The last words of a pod's program, "" before it has started."""
    statuses = ctx.own(name).status.container_statuses or []
    begun = any(one.state.running or one.state.terminated for one in statuses)
    return ctx.log(name).strip()[-200:] if begun else ""


def _runs(pod: Pod) -> bool:
    return any(one.state.running for one in pod.status.container_statuses or [])


def _end(ctx: Context, name: str) -> int | None:
    """The exit code of a copy once it has ended, None when it cannot begin."""
    return exit_code(ctx.wait_for_own(name, lambda pod: exit_code(pod) is not None or trouble(pod)))


def _listening(ctx: Context, name: str) -> int | None:
    """The port on which a copy says it listens, None when it ends before or cannot begin."""

    def port() -> re.Match[str] | None:
        return re.search(r"listens on port (\d+)", _said(ctx, name))

    ctx.wait_for_own(name, lambda pod: _runs(pod) or trouble(pod))
    ctx.wait_until(lambda: port() or trouble(ctx.own(name)), 20)
    found = port()
    return int(found[1]) if found else None


# -- shared --------------------------------------------------------------------------------------------

BY_EXIT_CODE = {1: "exit-1", 127: "exit-127", 137: "exit-137"}
REVISION = "deployment.kubernetes.io/revision"


def _wanted(ctx: Context, name: str) -> None:
    """The Deployment is there and asks for pods."""
    found = ctx.existing_deployment(name)
    if not found.spec.replicas:
        ctx.fail("no-replicas", deployment=name)
    if found.spec.paused:
        ctx.fail("on-hold", deployment=name)


def _newest_pods(ctx: Context, name: str) -> list[Pod]:
    """The pods of the Deployment's present template; none before its controller has seen it."""
    found = ctx.deployment(name)
    if found is None or found.status.observed_generation != found.metadata.generation:
        return []
    revision = (found.metadata.annotations or {}).get(REVISION)
    sets = [
        one.metadata.name
        for one in ctx.apps.list_namespaced_replica_set(ctx.namespace).items
        if owner(one) == ("Deployment", name) and (one.metadata.annotations or {}).get(REVISION) == revision
    ]
    return [pod for pod in ctx.pods() if owner(pod) in [("ReplicaSet", one) for one in sets]]


def _newest_trouble(ctx: Context, name: str, key: str = "") -> bool:
    """Whether a pod of the present template has trouble: that one, or any."""
    found = [trouble(pod) for pod in _newest_pods(ctx, name)]
    return any(one is not None and key in ("", one.key) for one in found)


def _stays_up(ctx: Context, name: str) -> list[Pod]:
    """The pods of the Deployment, once all are there and have stayed for a while; else what keeps them."""
    _wanted(ctx, name)
    ctx.wait_until(lambda: ctx.rolled_out(name) or _newest_trouble(ctx, name), 60)
    if _newest_trouble(ctx, name, "pod-config"):
        ctx.wait_until(lambda: ctx.rolled_out(name), RETRY)
    _complete_or_blame(ctx, name)
    before = _lives(_newest_pods(ctx, name))
    ctx.watch_for(STEADY)
    _complete_or_blame(ctx, name)
    if _lives(_newest_pods(ctx, name)) != before:
        _blame(ctx, name)
    return _newest_pods(ctx, name)


def _complete_or_blame(ctx: Context, name: str) -> None:
    if not ctx.rolled_out(name):
        _blame(ctx, name)


def _blame(ctx: Context, name: str) -> NoReturn:
    """What keeps the Deployment's newest pods from being there, or from staying."""
    pods = _newest_pods(ctx, name)
    for pod in pods:
        if found := trouble(pod):
            key = BY_EXIT_CODE.get(found.values.get("code", 0), found.key)
            ctx.fail(key, deployment=name, pod=pod.metadata.name, **found.values)
    for pod in pods:
        if not ready(pod):
            if told := ctx.told(pod.metadata.name, "Unhealthy"):
                ctx.fail("probe-fails", told=told)
            ctx.fail_for(pod)
    status = ctx.existing_deployment(name).status
    ctx.fail("not-available", deployment=name, available=status.available_replicas or 0)


def _page(ctx: Context, pod: Pod) -> Manifest:
    """What the application of the pod answers."""
    (page,) = _ask(ctx, f"http://{pod.status.pod_ip}:8080/")
    return {"version": "?", "greeting": "?", **page}


def _prediction(ctx: Context, pod: Pod) -> Manifest:
    """What the model server of the pod answers."""
    question = json.dumps({"text": "the site is down"})
    (answer,) = _ask(ctx, f"--post-data '{question}' http://{pod.status.pod_ip}:8080/predict")
    return {"probability": None, **answer}


def _ask(ctx: Context, url: str, times: int = 1) -> list[Manifest]:
    """The answers to so many requests; what is not JSON is somebody else's page, and empty."""
    script = f"for i in $(seq {times}); do wget -qO- -T 3 {url} || exit 1; echo; done"
    asked = ctx.run_until_well(script)
    if asked.code != 0:
        ctx.fail("refused", answer=asked.output[-200:])
    lines = [line for line in asked.output.splitlines() if line]
    return [json.loads(line) if line.startswith("{") else {} for line in lines][:times] or [{}]
