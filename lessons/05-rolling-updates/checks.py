"""The judges of lesson 05-rolling-updates: they bring releases out under traffic and count what fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from random import Random
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.diagnose import Pod, owner, ready, trouble

MARK = "k8slearn.dev/check"
"""On the template of a release that a check brings out for a moment."""

RATE = 25
"""Requests a second. Answers of `chat` take 0.3 s, so that a pod of two has 4 under way whenever it is ended."""

SLOW_START = 7
"""Seconds that the check's own release of `chat` takes to start: longer than a usual preStop hook hides."""

GREETINGS = ("ahoy", "bonjour", "ciao", "hola", "moin", "namaste", "salaam", "shalom")

forecast = Check("forecast")
hotfix = Check("hotfix")
back = Check("back")
together = Check("together")
recreate = Check("recreate")
canary = Check("canary")


def application(
    name: str,
    version: str,
    *,
    replicas: int = 2,
    env: dict[str, object] | None = None,
    strategy: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    cause: str = "",
    container: dict[str, Any] | None = None,
) -> str:
    """The manifest of a Deployment of the lessons' application. YAML takes JSON."""
    labels = {"app": name, **(labels or {})}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "annotations": {"kubernetes.io/change-cause": cause} if cause else {}},
            "spec": {
                "replicas": replicas,
                **({"strategy": strategy} if strategy else {}),
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [
                            {
                                "name": "server",
                                "image": f"k8slearn/app:{version}",
                                "env": [
                                    {"name": key, "value": str(value)} for key, value in (env or {}).items()
                                ],
                                **({"readinessProbe": READY} if container is None else container),
                            }
                        ]
                    },
                },
            },
        }
    )


READY = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}


def service(name: str, selector: dict[str, str], port: int = 8080) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": selector, "ports": [{"port": 80, "targetPort": port}]},
        }
    )


# -- forecast: surge and unavailable, in numbers -------------------------------------------------------


@forecast.values
def some_percentages(rng: Random) -> dict[str, object]:
    """Each leaves a remainder, so that rounding matters, and each comes to other numbers than the others."""
    replicas, surge, unavailable = rng.choice(((5, 25, 30), (6, 30, 20), (7, 40, 45), (9, 20, 35)))
    return {"replicas": replicas, "surge": surge, "unavailable": unavailable}


@forecast.begin
def a_tagger(ctx: Context) -> None:
    ctx.remove_config_map("forecast")
    rolling = {"maxSurge": f"{ctx.values['surge']}%", "maxUnavailable": f"{ctx.values['unavailable']}%"}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    ctx.replace(application("tagger", "1.0", replicas=ctx.values["replicas"], strategy=strategy))
    ctx.wait_until(lambda: ctx.rolled_out("tagger"), 60)


@forecast.step(points=1)
def written_down(ctx: Context) -> None:
    _said(ctx)


@forecast.step(points=3)
def came_true(ctx: Context) -> None:
    ctx.existing_deployment("tagger")
    ctx.wait_until(lambda: ctx.rolled_out("tagger"), 10)
    replicas = ctx.values["replicas"]
    surge, unavailable = (ctx.values[name] * replicas / 100 for name in ("surge", "unavailable"))
    found = ctx.existing_deployment("tagger").spec
    rolling = found.strategy.rolling_update
    percentages = f"{ctx.values['surge']}%", f"{ctx.values['unavailable']}%"
    as_drawn = rolling is not None and (rolling.max_surge, rolling.max_unavailable) == percentages
    if not as_drawn or found.replicas != replicas or found.paused or not ctx.rolled_out("tagger"):
        ctx.fail("scene-changed")
    old, new = _said(ctx)
    with _another_release(ctx, "tagger", {"image": "k8slearn/app:2.2"}):
        expected = replicas - int(unavailable), ceil(surge) + int(unavailable)
        ctx.wait_until(lambda: _old_and_new(ctx, "tagger") == expected, 60)
        ctx.watch_for(2)
        seen = _old_and_new(ctx, "tagger")
    if (old, new) == seen:
        return
    values = {"old": old, "new": new}
    if (old, new) == (replicas - ceil(unavailable), int(surge) + ceil(unavailable)):
        ctx.fail("rounded-the-other-way", **values)
    if old == seen[0] and new == ceil(surge):
        ctx.fail("room-left", **values)
    if old == replicas:
        ctx.fail("all-stay", **values)
    ctx.fail("other-forecast", **values)


def _said(ctx: Context) -> tuple[int, int]:
    """What the learner has written down."""
    maps = ctx.core.list_namespaced_config_map(ctx.namespace, field_selector="metadata.name=forecast").items
    if not maps:
        ctx.fail("no-forecast")
    data = maps[0].data or {}
    try:
        return int(data["old"]), int(data["new"])
    except (KeyError, ValueError):
        ctx.fail("no-numbers", data=", ".join(f"{key}={value}" for key, value in data.items()) or "-")


def _old_and_new(ctx: Context, name: str) -> tuple[int, int]:
    """How many pods are there that serve, of an older release, and how many of the newest, serving or not."""
    newest = _newest_set(ctx, name)
    pods = ctx.owned_pods(name)
    of_newest = [pod for pod in pods if newest is not None and owner(pod) == ("ReplicaSet", newest)]
    return len([pod for pod in pods if ready(pod) and pod not in of_newest]), len(of_newest)


# -- hotfix: no failed request -------------------------------------------------------------------------


@hotfix.values
def a_port(rng: Random) -> dict[str, object]:
    return {"port": rng.choice((8000, 8181, 9000))}


@hotfix.begin
def chat_as_it_was(ctx: Context) -> None:
    port = ctx.values["port"]
    env = {"PORT": port, "START_SECONDS": 3, "DELAY_SECONDS": 0.3, "STOP": "rude"}
    ctx.replace(application("chat", "1.0", env=env, container={}))
    ctx.replace(service("chat", {"app": "chat"}, port))
    ctx.wait_until(lambda: ctx.rolled_out("chat"), 60)
    ctx.watch_for(4)  # these two pods listen from now on; the next ones will have to show when


@hotfix.step(points=1)
def serves(ctx: Context) -> None:
    _rolled_out(ctx, "chat")
    asked = ctx.run_until_well("for i in 1 2 3 4 5 6; do wget -qO- -T 3 http://chat/ || exit 1; echo; done")
    if asked.code != 0:
        ctx.fail("refused", answer=asked.output[-200:])
    versions = {page["version"] for page in _pages_in(asked.output)}
    if versions != {"1.1"}:
        ctx.fail("old-version", versions=", ".join(sorted(versions)))


@hotfix.step(points=2)
def starts_unnoticed(ctx: Context) -> None:
    replicas = ctx.existing_deployment("chat").spec.replicas
    try:
        with ctx.traffic("http://chat/", RATE) as traffic:
            _scale(ctx, "chat", replicas + 1)
            ctx.wait_until(lambda: _settled(ctx, "chat"), 240)
            ctx.watch_for(4)
        # What stood in the way for a moment may be over; being available takes its time after that.
        if not ctx.wait_until(lambda: ctx.rolled_out("chat"), 10):
            _blame(ctx, "chat")
    finally:
        _scale(ctx, "chat", replicas)
        ctx.wait_until(lambda: len(_all_pods(ctx, "chat")) == replicas, 40)
    if traffic.failed:
        key = "probe-too-early" if _has_probe(ctx) else "no-probe"
        ctx.fail(key, failed=traffic.failed, requests=traffic.requests, reasons=traffic.reasons)


@hotfix.step(points=2)
def ends_unnoticed(ctx: Context) -> None:
    """One pod is ended. Whoever still has its address may use it for a moment, and nobody is cut off."""
    victim, *others = ctx.ready_pods("chat")
    address = f"http://{victim.status.pod_ip}:{_port_of(ctx)}/healthz"
    with ctx.traffic("http://chat/", RATE) as traffic:
        with ctx.knocking(address) as answered:
            ctx.core.delete_namespaced_pod(victim.metadata.name, ctx.namespace)
            ctx.watch_for(1)
            asked = answered()
        ctx.wait_until(lambda: victim.metadata.name not in _all_pods(ctx, "chat"), 60)
    ctx.wait_until(lambda: ctx.rolled_out("chat"), 240)
    if traffic.failed:
        ctx.fail(
            "cut-off" if others else "only-one",
            failed=traffic.failed,
            requests=traffic.requests,
            reasons=traffic.reasons,
        )
    if refused := asked.count(False):
        ctx.fail("closed-at-once", failed=refused, requests=len(asked))


@hotfix.step(points=3)
def next_release_unnoticed(ctx: Context) -> None:
    slow = {"env": [{"name": "START_SECONDS", "value": str(SLOW_START)}]}
    with ctx.traffic("http://chat/", RATE) as traffic, _another_release(ctx, "chat", slow):
        ctx.wait_until(lambda: _settled(ctx, "chat"), 240)
        if not ctx.rolled_out("chat"):
            _blame(ctx, "chat")
    if traffic.failed:
        seen = {"failed": traffic.failed, "requests": traffic.requests, "reasons": traffic.reasons}
        ctx.fail("outage" if _has_probe(ctx) else "no-probe", seconds=SLOW_START, **seen)


def _has_probe(ctx: Context) -> bool:
    """Whether anything but the start of the process says when a pod is Ready."""
    spec = ctx.existing_deployment("chat").spec.template.spec
    return any(one.readiness_probe or one.startup_probe for one in spec.containers)


def _port_of(ctx: Context) -> int:
    """Where the Service sends its requests."""
    slices: Any = ctx.cluster.discovery.list_namespaced_endpoint_slice(
        ctx.namespace, label_selector="kubernetes.io/service-name=chat"
    ).items
    return next(port.port for one in slices for port in one.ports or [])


# -- back: a fault to find -----------------------------------------------------------------------------


@back.values
def a_history(rng: Random) -> dict[str, object]:
    releases = rng.choice((4, 5))
    return {"releases": releases, "greeting": rng.choice(GREETINGS)}


def _history(ctx: Context) -> list[tuple[str, str, str]]:
    """Version, greeting and change-cause of each release; the last but two is the last good one."""
    greeting = ctx.values["greeting"]
    good = [("1.0", "hi", "first release"), ("1.1", greeting, "new greeting")]
    if ctx.values["releases"] == 5:
        good = [("1.0", "hi", "first release"), ("1.1", "hello", "hello"), ("2.0", greeting, "new greeting")]
    return [*good, ("2.3", "welcome", "faster answers"), ("2.2", "welcome", "hot fix of faster answers")]


@back.begin
def four_releases(ctx: Context) -> None:
    for number, (version, greeting, cause) in enumerate(_history(ctx), 1):
        release = application("pricing", version, env={"GREETING": greeting}, cause=cause)
        if number == 1:
            ctx.replace(release)
            ctx.replace(service("pricing", {"app": "pricing"}))
        else:
            ctx.patch(release)
        ctx.wait_until(lambda: ctx.rolled_out("pricing"), 5 if version == "2.2" else 60)


@back.step(points=2)
def rolled_out(ctx: Context) -> None:
    found = _through(ctx, "pricing")
    if not ctx.rolled_out("pricing"):
        version = found.spec.template.spec.containers[0].image.rpartition(":")[2]
        ctx.fail("still-stuck", version=version, ready=len(ctx.ready_pods("pricing")))


@back.step(points=2)
def all_answered(ctx: Context) -> None:
    with ctx.traffic("http://pricing/", RATE) as traffic:
        ctx.watch_for(3)
    if traffic.failed:
        ctx.fail("errors", failed=traffic.failed, requests=traffic.requests, reasons=traffic.reasons)
    version, greeting, _ = _history(ctx)[-3]
    for page in _pages(ctx, "pricing"):
        if page["version"] != version:
            ctx.fail("other-release", version=page["version"])
        if page["greeting"] != greeting:
            ctx.fail("half-a-release", version=version, said=page["greeting"])


@back.step(points=1)
def no_outage(ctx: Context) -> None:
    if _revision(ctx, "pricing") <= ctx.values["releases"]:
        ctx.fail("made-anew")


# -- together: two changes, one release ----------------------------------------------------------------


@together.values
def two_changes(rng: Random) -> dict[str, object]:
    return {"version": rng.choice(("1.1", "2.0")), "greeting": rng.choice(GREETINGS)}


@together.begin
def captions(ctx: Context) -> None:
    ctx.replace(application("captions", "1.0", env={"GREETING": "hello"}))
    ctx.wait_until(lambda: ctx.rolled_out("captions"), 60)


@together.step(points=2)
def both_are_out(ctx: Context) -> None:
    _rolled_out(ctx, "captions")
    for page in _pages(ctx, "captions"):
        if (page["version"], page["greeting"]) != (ctx.values["version"], ctx.values["greeting"]):
            ctx.fail("not-both", seen_version=page["version"], seen_greeting=page["greeting"])


@together.step(points=2)
def one_release(ctx: Context) -> None:
    revision = _revision(ctx, "captions")
    if revision == 1:
        ctx.fail("made-anew")
    if revision > 2:
        ctx.fail("several-rollouts", count=revision - 1)


# -- recreate: never two releases at a time ------------------------------------------------------------


@recreate.begin
def an_indexer(ctx: Context) -> None:
    ctx.replace(
        application("indexer", "1.0", container={"lifecycle": {"preStop": {"sleep": {"seconds": 3}}}})
    )
    ctx.wait_until(lambda: ctx.rolled_out("indexer"), 60)


@recreate.step(points=1)
def runs(ctx: Context) -> None:
    _rolled_out(ctx, "indexer")
    _pages(ctx, "indexer")


@recreate.step(points=3)
def never_together(ctx: Context) -> None:
    before = set(_all_pods(ctx, "indexer"))
    overlaps = 0

    def replaced() -> bool:
        nonlocal overlaps
        pods = _all_pods(ctx, "indexer")
        old_runs = any(_runs(pod) for name, pod in pods.items() if name in before)
        overlaps += old_runs and bool(set(pods) - before)
        return ctx.rolled_out("indexer") and not set(pods) & before

    with _another_release(ctx, "indexer"):
        if not ctx.wait_until(replaced, 120):
            _blame(ctx, "indexer")
    strategy = ctx.existing_deployment("indexer").spec.strategy
    # Where the old pods end quickly an overlap may be too short to be seen; a rolling update never waits for them.
    if overlaps or strategy.type != "Recreate":
        rolling = strategy.rolling_update
        ctx.fail(
            "overlap",
            surge=rolling.max_surge if rolling else "-",
            unavailable=rolling.max_unavailable if rolling else "-",
        )


def _runs(pod: Pod) -> bool:
    return any(status.state.running for status in pod.status.container_statuses or [])


# -- canary: a share of the requests by labels ---------------------------------------------------------


@canary.values
def a_share(rng: Random) -> dict[str, object]:
    """One request in ``share`` for the canary: it takes stable / (share - 1) pods, 1 or 2 here."""
    stable, share = rng.choice(((3, 4), (4, 3)))
    return {"stable": stable, "share": share}


@canary.begin
def recommendations(ctx: Context) -> None:
    for one in ctx.apps.list_namespaced_deployment(ctx.namespace).items:
        if one.metadata.name.startswith("recommend-"):  # an earlier try
            ctx.apps.delete_namespaced_deployment(one.metadata.name, ctx.namespace)
    ctx.replace(
        application("recommend", "1.1", replicas=ctx.values["stable"], labels={"serves": "recommend"})
    )
    ctx.replace(service("recommend", {"serves": "recommend"}))
    ctx.wait_until(lambda: ctx.rolled_out("recommend"), 60)


@canary.step(points=1)
def old_version_stays(ctx: Context) -> None:
    _rolled_out(ctx, "recommend")
    versions = {page["version"] for page in _pages(ctx, "recommend")}
    if versions != {"1.1"}:
        ctx.fail("no-stable", versions=", ".join(sorted(versions)))


@canary.step(points=2)
def new_version_answers(ctx: Context) -> None:
    ctx.wait_until(lambda: all(ready(pod) or trouble(pod) for pod in _others(ctx)), 20)
    asked = _asked(ctx)
    own = {pod.metadata.name for pod in ctx.owned_pods("recommend")}
    found = [pod for pod in ctx.pods() if pod.metadata.name in asked.keys() - own]
    if not found:
        others = _others(ctx)
        if not others:
            ctx.fail("no-canary")
        for pod in others:
            if not ready(pod):
                ctx.fail_for(pod)
        ctx.fail("not-in-service", pod=others[0].metadata.name, requests=sum(asked.values()))
    for pod in found:
        if _deployment_of(ctx, pod) is None:
            ctx.fail("bare-canary", pod=pod.metadata.name)
    for page in _pages_of(ctx, found):
        if page["version"] != "2.0":
            ctx.fail("other-canary", version=page["version"])


@canary.step(points=2)
def share_is_right(ctx: Context) -> None:
    asked = set(_asked(ctx))
    canaries = asked - {pod.metadata.name for pod in ctx.owned_pods("recommend")}
    if len(canaries) * ctx.values["share"] != len(asked):
        ctx.fail("other-share", canaries=len(canaries), pods=len(asked))


def _asked(ctx: Context) -> dict[str, int]:
    """How many requests to the Service each pod answered; with 125 to a few pods, none is left out by chance."""
    with ctx.traffic("http://recommend/", RATE) as traffic:
        ctx.watch_for(5)
    if traffic.failed:
        for pod in _others(ctx):
            if trouble(pod):
                ctx.fail_for(pod)
        ctx.fail("errors", failed=traffic.failed, requests=traffic.requests, reasons=traffic.reasons)
    return traffic.pods


def _others(ctx: Context) -> list[Pod]:
    """Pods that look like a canary: named or labelled after `recommend`, and not that Deployment's."""
    own = {pod.metadata.name for pod in ctx.owned_pods("recommend")}
    return [
        pod
        for pod in ctx.pods()
        if pod.metadata.name not in own
        and any("recommend" in text for text in (pod.metadata.name, *(pod.metadata.labels or {}).values()))
    ]


def _deployment_of(ctx: Context, pod: Pod) -> str | None:
    kind, name = owner(pod) or ("", "")
    sets = ctx.apps.list_namespaced_replica_set(ctx.namespace, field_selector=f"metadata.name={name}").items
    if kind != "ReplicaSet" or not sets:
        return None
    kind, name = owner(sets[0]) or ("", "")
    return name if kind == "Deployment" else None


# -- shared --------------------------------------------------------------------------------------------


def _all_pods(ctx: Context, name: str) -> dict[str, Pod]:
    """All pods with the Deployment's label by name, those on their way out among them."""
    listed = ctx.core.list_namespaced_pod(ctx.namespace, label_selector=f"app={name}").items
    return {pod.metadata.name: pod for pod in listed}


def _through(ctx: Context, name: str) -> Any:
    """The Deployment once its release is through, or will not be so soon. Nobody holds it up."""
    ctx.existing_deployment(name)
    stuck = any(trouble(pod) for pod in ctx.owned_pods(name))
    ctx.wait_until(lambda: ctx.rolled_out(name), 10 if stuck else 80)
    found = ctx.existing_deployment(name)
    if found.spec.replicas == 0:
        ctx.fail("no-replicas", deployment=name)
    if found.spec.paused:
        ctx.fail("on-hold", deployment=name)
    return found


def _rolled_out(ctx: Context, name: str) -> None:
    """Passes once the release is through; else the step fails with what keeps it."""
    _through(ctx, name)
    if not ctx.rolled_out(name):
        _blame(ctx, name)


def _blame(ctx: Context, name: str) -> NoReturn:
    """What keeps the Deployment's release from being through."""
    for pod in ctx.owned_pods(name):
        if not ready(pod):
            if trouble(pod) is None and (told := ctx.told(pod.metadata.name, "Unhealthy")):
                ctx.fail("probe-fails", pod=pod.metadata.name, told=told)
            ctx.fail_for(pod)
    status = ctx.existing_deployment(name).status
    ctx.fail(
        "not-available", deployment=name, available=status.available_replicas or 0, there=status.replicas
    )


def _settled(ctx: Context, name: str) -> bool:
    """Whether the release is through, or waits for what will not come by waiting."""
    return ctx.rolled_out(name) or any(trouble(pod) for pod in ctx.owned_pods(name))


def _newest_set(ctx: Context, name: str) -> str | None:
    """The ReplicaSet that the Deployment's revision belongs to."""
    revision = str(_revision(ctx, name))
    for one in ctx.apps.list_namespaced_replica_set(ctx.namespace).items:
        annotations = one.metadata.annotations or {}
        if owner(one) == ("Deployment", name) and annotations.get(REVISION) == revision:
            return one.metadata.name
    return None


REVISION = "deployment.kubernetes.io/revision"


def _revision(ctx: Context, name: str) -> int:
    return int((ctx.existing_deployment(name).metadata.annotations or {}).get(REVISION, "0"))


def _scale(ctx: Context, name: str, replicas: int) -> None:
    ctx.apps.patch_namespaced_deployment_scale(name, ctx.namespace, {"spec": {"replicas": replicas}})


@contextmanager
def _another_release(ctx: Context, name: str, container: dict[str, Any] | None = None) -> Iterator[None]:
    """While the block runs the Deployment is at another release: the fields of ``container`` are changed.

    Afterwards it is at its own again, and that of the check has left its history.
    """
    template: Any = ctx.cluster.api_client.sanitize_for_serialization(
        ctx.existing_deployment(name).spec.template
    )
    changed = [{"name": one["name"], **(container or {})} for one in template["spec"]["containers"]]
    other = {"metadata": {"annotations": {MARK: "true"}}, "spec": {"containers": changed}}
    ctx.apps.patch_namespaced_deployment(name, ctx.namespace, {"spec": {"template": other}})
    try:
        yield
    finally:
        own = {"spec": {"template": {"$patch": "replace", **template}}}
        ctx.apps.patch_namespaced_deployment(name, ctx.namespace, own)
        ctx.wait_until(lambda: ctx.rolled_out(name), 240)
        for one in ctx.apps.list_namespaced_replica_set(ctx.namespace).items:
            annotations = one.spec.template.metadata.annotations or {}
            if MARK in annotations and owner(one) == ("Deployment", name):
                ctx.apps.delete_namespaced_replica_set(one.metadata.name, ctx.namespace)


def _pages(ctx: Context, name: str) -> list[dict[str, Any]]:
    """What each Ready pod of the Deployment answers."""
    return _pages_of(ctx, ctx.ready_pods(name))


def _pages_of(ctx: Context, pods: list[Pod]) -> list[dict[str, Any]]:
    addresses = " ".join(pod.status.pod_ip for pod in pods)
    fetch = f"for a in {addresses}; do wget -qO- -T 3 http://$a:8080/ || exit 1; echo; done"
    asked = ctx.run_until_well(fetch)
    if asked.code != 0:
        ctx.fail("refused", answer=asked.output[-200:])
    return _pages_in(asked.output)


def _pages_in(output: str) -> list[dict[str, Any]]:
    """The application's answers, one a line; whatever else is there is somebody else's page."""
    nothing = {"version": "?", "greeting": "?"}
    lines = [line for line in output.splitlines() if line]
    return [{**nothing, **json.loads(line)} if line.startswith("{") else nothing for line in lines]
