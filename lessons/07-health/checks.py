"""The judges of lesson 07-health: they hang programs, overload pods, end them, and look at what the cluster does."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.diagnose import Pod, owner, ready, restarts, trouble

PREDICT = '--post-data \'{"text": "the site is down"}\''

FOUND_OUT = 30
"""Seconds after which a program that hangs must have been restarted."""

OUT = 35
"""Seconds after which an overloaded pod must be out of service: the default probe takes 20 to 30."""

GONE = 20
"""Seconds that the end of a pod may take."""

SLACK = 2
"""Seconds that kubelet and API take besides."""

loading = Check("loading")
overload = Check("overload")
lies = Check("lies")
goodbye = Check("goodbye")


def application(
    name: str,
    program: str,
    port: int,
    server: dict[str, Any],
    *,
    replicas: int = 2,
    env: dict[str, object] | None = None,
    beside: list[dict[str, Any]] | None = None,
    spec: dict[str, Any] | None = None,
) -> str:
    """The manifests of a Deployment of the lessons' application, and of its Service. YAML takes JSON."""
    variables = {"PORT": port, "STOP": "rude", **(env or {})}
    container = {
        "name": "server",
        "image": "k8slearn/app:1.0",
        "args": [program],
        "env": [{"name": key, "value": str(value)} for key, value in variables.items()],
        **server,
    }
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container, *(beside or [])], **(spec or {})},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": port}]},
    }
    return f"{json.dumps(deployment)}\n---\n{json.dumps(service)}"


def http(path: str, port: int, **timing: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}, **timing}


# -- loading: killed before it can serve ---------------------------------------------------------------


@loading.values
def how_long(rng: Random) -> dict[str, object]:
    return {"seconds": rng.choice((16, 18, 20)), "port": rng.choice((8000, 8181, 9000))}


@loading.begin
def a_loop(ctx: Context) -> None:
    port = ctx.values["port"]
    server = {
        "livenessProbe": http("/healthz", port, periodSeconds=2, failureThreshold=3),
        "readinessProbe": http("/readyz", port, periodSeconds=1),
    }
    env = {"START_SECONDS": ctx.values["seconds"]}
    ctx.replace(application("assistant", "model", port, server, replicas=1, env=env))
    ctx.wait_until(lambda: any(restarts(pod) for pod in ctx.owned_pods("assistant")), 30)


@loading.step(points=2)
def serves(ctx: Context) -> None:
    seconds = ctx.values["seconds"]

    def killed_while_loading(pod: Pod) -> bool:
        """Whether its last life was shorter than loading takes, and the kubelet had ended it."""
        return not ready(pod) and bool(_condemned(ctx, pod)) and _last_life(pod) < seconds

    _rolled_out(ctx, "assistant", seconds + 35, killed_while_loading, "killed-loading")
    given = ctx.variable("assistant", "START_SECONDS")
    if given != str(seconds):
        ctx.fail("no-load", given=given or "-")
    _answers(ctx, "assistant")
    _liveness_fits(ctx, "assistant")


@loading.step(points=3)
def a_hung_one_is_restarted(ctx: Context) -> None:
    probe = _probe(ctx, "assistant", "liveness_probe") or ctx.fail("no-liveness")
    with ctx.own_pod(_twin(ctx, "assistant")) as name:
        if not ctx.wait_until(lambda: ready(_read(ctx, name)), ctx.values["seconds"] + 35):
            ctx.fail_for(_read(ctx, name))
        _post(ctx, _read(ctx, name), _port_of(ctx, "assistant"), "/hang", ctx.values["seconds"] + 10)
        if ctx.wait_until(lambda: not _runs(_read(ctx, name)), FOUND_OUT):
            return  # ended by the kubelet; what a Deployment's pod would start again
        if told := _condemned(ctx, _read(ctx, name)):
            ctx.fail("slow-to-end", within=FOUND_OUT, told=told)
    patience = probe.period_seconds * probe.failure_threshold
    late = max((probe.initial_delay_seconds or 0) - ctx.values["seconds"], 0)
    if patience + late > FOUND_OUT:
        ctx.fail("too-patient", within=FOUND_OUT, patience=patience, delay=probe.initial_delay_seconds or 0)
    ctx.fail("liveness-lies", within=FOUND_OUT, asks=_asks(probe))


def _last_life(pod: Pod) -> float:
    """How many seconds the container before this one ran."""
    for status in pod.status.container_statuses or []:
        ended = status.state.terminated or (status.last_state.terminated if status.last_state else None)
        if ended is not None:
            return (ended.finished_at - ended.started_at).total_seconds()
    return float("inf")


# -- overload: out of service and not dead -------------------------------------------------------------


@overload.values
def a_port(rng: Random) -> dict[str, object]:
    return {"port": rng.choice((8000, 8181, 9000))}


@overload.begin
def ranking_as_it_was(ctx: Context) -> None:
    port = ctx.values["port"]
    server = {"livenessProbe": http("/readyz", port, periodSeconds=3, failureThreshold=3)}
    ctx.replace(application("ranking", "model", port, server, replicas=3))
    ctx.wait_until(lambda: ctx.rolled_out("ranking"), 60)


@overload.step(points=1)
def answers(ctx: Context) -> None:
    _rolled_out(ctx, "ranking")
    _answers(ctx, "ranking")
    _liveness_fits(ctx, "ranking")


@overload.step(points=4)
def an_overloaded_pod_rests(ctx: Context) -> None:
    """One pod says that it is overloaded, for a while: no requests, no restart; and then it is back."""
    victim = next(iter(_ready_pods(ctx, "ranking")))
    name, before, port = victim.metadata.name, restarts(victim), _port_of(ctx, "ranking")

    def killed() -> bool:
        return restarts(_read(ctx, name)) > before

    _post(ctx, victim, port, "/ready/off")
    try:
        ctx.wait_until(lambda: killed() or not _gets_requests(ctx, "ranking", victim), OUT)
        if killed():
            ctx.fail("killed-for-it", pod=name, asks=_asks(_probe(ctx, "ranking", "liveness_probe")))
        if _gets_requests(ctx, "ranking", victim):
            _blame_readiness(ctx)
        _look_at_liveness(ctx, victim, killed)
    finally:
        _post(ctx, victim, port, "/ready/on")
    if not ctx.wait_until(lambda: _gets_requests(ctx, "ranking", victim), OUT):
        ctx.fail("stays-out", pod=name, seconds=OUT)


def _blame_readiness(ctx: Context) -> NoReturn:
    """Why the overloaded pod still gets requests."""
    probe = _probe(ctx, "ranking", "readiness_probe") or ctx.fail("no-readiness")
    patience = probe.period_seconds * probe.failure_threshold
    if patience >= OUT:
        ctx.fail("slow-to-leave", patience=patience, seconds=OUT)
    ctx.fail("asks-something-else", asks=_asks(probe), seconds=OUT)


def _look_at_liveness(ctx: Context, victim: Pod, killed: Callable[[], bool]) -> None:
    """A liveness probe that fails for overload has only not lost its patience yet."""
    probe = _probe(ctx, "ranking", "liveness_probe")
    if probe is None:
        return
    patience = min(probe.period_seconds * probe.failure_threshold + SLACK, OUT)
    if _liveness_answer(ctx, "ranking", victim) or ctx.wait_until(killed, 0 if probe.http_get else patience):
        ctx.fail("killed-for-it", pod=victim.metadata.name, asks=_asks(probe))


# -- lies: Ready, and it cannot answer -----------------------------------------------------------------


@lies.values
def a_lie(rng: Random) -> dict[str, object]:
    return {"lie": rng.choice(("tcp", "true", "path", "port")), "port": rng.choice((8000, 8181, 9000))}


@lies.begin
def search_looks_well(ctx: Context) -> None:
    port = ctx.values["port"]
    probe = {
        "tcp": {"tcpSocket": {"port": port}},
        "true": {"exec": {"command": ["true"]}},
        "path": {"httpGet": {"path": "/healthz", "port": port}},
        "port": {"httpGet": {"path": "/readyz", "port": 9100}},
    }[ctx.values["lie"]]
    exporter = {
        "name": "exporter",
        "image": "k8slearn/app:1.0",
        "env": [{"name": "PORT", "value": "9100"}, {"name": "STOP", "value": "rude"}],
    }
    server = {"readinessProbe": {**probe, "periodSeconds": 2}}
    ctx.replace(application("search", "model", port, server, env={"LOAD_SECONDS": 12}, beside=[exporter]))
    ctx.wait_until(lambda: ctx.rolled_out("search"), 60)
    ctx.watch_for(12)  # now these two really can answer


@lies.step(points=1)
def all_ready(ctx: Context) -> None:
    _rolled_out(ctx, "search", 50)
    if not any(one.readiness_probe or one.startup_probe for one in _containers(ctx, "search")):
        ctx.fail("no-probe")
    _answers(ctx, "search")


@lies.step(points=3)
def ready_means_loaded(ctx: Context) -> None:
    """A pod that takes a while to load its model, asked at once and often: only the question counts."""
    with ctx.own_pod(_quick(_twin(ctx, "search"), load_seconds=600)) as name:
        if not ctx.wait_until(lambda: _runs(_read(ctx, name)), 30):
            ctx.fail_for(_read(ctx, name))
        if ctx.wait_until(lambda: ready(_read(ctx, name)), 8):
            probes = [one.readiness_probe or one.startup_probe for one in _containers(ctx, "search")]
            asks = ", ".join(_asks(probe) for probe in probes if probe)
            ctx.fail("ready-too-early", asks=asks)


@lies.step(points=1)
def ready_follows(ctx: Context) -> None:
    """What was Ready once need not stay so."""
    with ctx.own_pod(_quick(_twin(ctx, "search"), load_seconds=0)) as name:
        if not ctx.wait_until(lambda: ready(_read(ctx, name)), 30):
            ctx.fail_for(_read(ctx, name))
        _post(ctx, _read(ctx, name), _port_of(ctx, "search"), "/ready/off")
        if not ctx.wait_until(lambda: not ready(_read(ctx, name)), 8):
            ctx.fail("only-at-start")


def _quick(spec: dict[str, Any], *, load_seconds: int) -> dict[str, Any]:
    """The same questions, asked without delay, each second; and another time that loading takes."""
    for one in spec["containers"]:
        kept = [variable for variable in one.get("env") or [] if variable["name"] != "LOAD_SECONDS"]
        one["env"] = [*kept, {"name": "LOAD_SECONDS", "value": str(load_seconds)}]
        one.pop("livenessProbe", None)
        for kind, failures in (("readinessProbe", 1), ("startupProbe", 600)):
            if kind in one:
                timing = {"initialDelaySeconds": 0, "periodSeconds": 1, "failureThreshold": failures}
                one[kind] = {**one[kind], **timing, "successThreshold": 1}
    return spec


# -- goodbye: a pod ends and nobody notices ------------------------------------------------------------


@goodbye.values
def an_answer_s_time(rng: Random) -> dict[str, object]:
    return {"seconds": rng.choice((4, 4.5)), "port": rng.choice((8000, 8181, 9000))}


@goodbye.begin
def summary_as_it_was(ctx: Context) -> None:
    port = ctx.values["port"]
    server = {"readinessProbe": http("/readyz", port, periodSeconds=1)}
    env = {"STOP": "graceful", "DELAY_SECONDS": ctx.values["seconds"]}
    spec = {"terminationGracePeriodSeconds": 1}
    ctx.replace(application("summary", "web", port, server, env=env, spec=spec))
    ctx.wait_until(lambda: ctx.rolled_out("summary"), 60)


@goodbye.step(points=1)
def summarises(ctx: Context) -> None:
    _rolled_out(ctx, "summary")
    asked = ctx.run_until_well("wget -qO- -T 5 http://summary/slow?seconds=0")
    if asked.code != 0:
        ctx.fail("refused", answer=asked.output[-200:])


@goodbye.step(points=4)
def nobody_notices(ctx: Context) -> None:
    """One pod is ended while it has requests; some more come to its own address in the first second."""
    victim = next(iter(_ready_pods(ctx, "summary")))
    name, address = victim.metadata.name, f"http://{victim.status.pod_ip}:{_port_of(ctx, 'summary')}"
    with ctx.traffic(f"http://summary/slow?seconds={ctx.values['seconds']}", 12) as traffic:
        with ctx.knocking(f"{address}/healthz") as answered:
            ctx.watch_for(2)
            ctx.core.delete_namespaced_pod(name, ctx.namespace)
            ctx.watch_for(1)
            asked = answered()
        in_time = ctx.wait_until(lambda: not _there(ctx, name), GONE + SLACK - 1)  # a second has passed
    ctx.wait_until(lambda: ctx.rolled_out("summary"), 60)
    seen = {"failed": traffic.failed, "requests": traffic.requests, "reasons": traffic.reasons}
    if "connection reset" in traffic.failures:
        grace = ctx.existing_deployment("summary").spec.template.spec.termination_grace_period_seconds
        ctx.fail("cut-off", grace=grace, **seen)
    if refused := asked.count(False):
        ctx.fail("closed-at-once", failed=refused, requests=len(asked))
    if traffic.failed:
        ctx.fail("nobody-left", **seen)
    if not in_time:
        ctx.fail("lingers", within=GONE)


def _there(ctx: Context, pod: str) -> bool:
    found = ctx.core.list_namespaced_pod(ctx.namespace, field_selector=f"metadata.name={pod}").items
    return bool(found)


# -- shared --------------------------------------------------------------------------------------------


def _containers(ctx: Context, name: str) -> list[Any]:
    return ctx.existing_deployment(name).spec.template.spec.containers


def _probe(ctx: Context, name: str, kind: str) -> Any | None:
    """The Deployment's first probe of a kind: ``liveness_probe``."""
    return next((found for one in _containers(ctx, name) if (found := getattr(one, kind))), None)


def _liveness_fits(ctx: Context, name: str) -> None:
    """A liveness probe that fails for a healthy program has only not ended it yet."""
    for pod in _ready_pods(ctx, name)[:1]:
        if told := _liveness_answer(ctx, name, pod):
            ctx.fail("liveness-wrong", asks=_asks(_probe(ctx, name, "liveness_probe")), told=told)


def _liveness_answer(ctx: Context, name: str, pod: Pod) -> str:
    """What the pod answers its liveness probe when that asks by HTTP and the answer is no good, else ""."""
    probe = _probe(ctx, name, "liveness_probe")
    if probe is None or not probe.http_get:
        return ""
    address = f"http://{pod.status.pod_ip}:{_number(ctx, name, probe.http_get.port)}{probe.http_get.path}"
    asked = ctx.run(f"wget -qO- -T 3 {address}")
    return asked.output[-200:] if asked.code != 0 else ""


def _number(ctx: Context, name: str, port: int | str) -> int | str:
    """A probe's port; a container's name for it stands for its number."""
    ports = [port for container in _containers(ctx, name) for port in container.ports or []]
    return next((one.container_port for one in ports if one.name == port), port)


def _asks(probe: Any) -> str:
    """What a probe does, in a few words of no language: ``GET :8080/healthz``."""
    if probe.http_get:
        return f"GET :{probe.http_get.port}{probe.http_get.path}"
    if probe.tcp_socket:
        return f"TCP :{probe.tcp_socket.port}"
    return f"exec {' '.join(probe._exec.command)}" if probe._exec else "gRPC"


def _seen(deployment: Any) -> bool:
    """Whether its controller has seen its last change."""
    return deployment.status.observed_generation == deployment.metadata.generation


def _rolled_out(
    ctx: Context,
    name: str,
    timeout: float = 40,
    hopeless: Callable[[Pod], bool] = lambda pod: False,
    killed: str = "killed",
) -> None:
    """Passes once the release is through; else the step fails with what keeps it.

    Nobody waits for a ``hopeless`` pod. ``killed`` is the feedback for one that a liveness probe has ended.
    """
    found = ctx.existing_deployment(name)
    if found.spec.replicas == 0:
        ctx.fail("no-replicas", deployment=name)

    def settled() -> bool:
        found = ctx.deployment(name)
        if found is None or not _seen(found):
            return False  # the pods that are there may still be those of the template before
        return ctx.rolled_out(name) or any(hopeless(pod) for pod in _newest_pods(ctx, name))

    ctx.wait_until(settled, 5 if found.spec.paused else timeout)
    if ctx.rolled_out(name):
        return
    if ctx.existing_deployment(name).spec.paused:
        ctx.fail("on-hold", deployment=name)
    _blame(ctx, name, killed)


def _blame(ctx: Context, name: str, killed: str) -> NoReturn:
    """What keeps the Deployment's release from being through."""
    unready = [pod for pod in _newest_pods(ctx, name) if not ready(pod)]
    for pod in unready:
        if told := _condemned(ctx, pod):
            key = "startup-too-short" if "startup probe" in told else killed
            ctx.fail(key, pod=pod.metadata.name, restarts=restarts(pod), told=told)
    for pod in unready:
        if trouble(pod) is None and (told := ctx.told(pod.metadata.name, "Unhealthy")):
            ctx.fail("probe-fails", pod=pod.metadata.name, told=told)
        ctx.fail_for(pod)
    ctx.fail("not-through", deployment=name)


def _condemned(ctx: Context, pod: Pod) -> str:
    """What the kubelet said when it ended a container of the pod for a probe, "" when it has not."""
    told = ctx.told(pod.metadata.name, "Killing")
    return told if " probe" in told else ""


def _newest_pods(ctx: Context, name: str) -> list[Pod]:
    """The Deployment's pods of its present template."""
    revision = (ctx.existing_deployment(name).metadata.annotations or {}).get(REVISION)
    newest = {
        one.metadata.name
        for one in ctx.apps.list_namespaced_replica_set(ctx.namespace).items
        if owner(one) == ("Deployment", name) and (one.metadata.annotations or {}).get(REVISION) == revision
    }
    return [pod for pod in ctx.owned_pods(name) if (owner(pod) or ("", ""))[1] in newest]


def _ready_pods(ctx: Context, name: str) -> list[Pod]:
    return [pod for pod in _newest_pods(ctx, name) if ready(pod)]


REVISION = "deployment.kubernetes.io/revision"


def _answers(ctx: Context, name: str) -> None:
    """The model behind the Service answers, at the latest when it has been loaded."""
    ask = f"wget -qO- -T 3 {PREDICT} http://{name}/predict"
    asked = ctx.run_until_well(ask, 20)
    if asked.code != 0:
        ctx.fail("refused", answer=asked.output[-200:])


def _post(ctx: Context, pod: Pod, port: int, path: str, patience: int = 3) -> None:
    """Tell a pod's program to do something: ``/hang``, ``/ready/off``."""
    ctx.run_until_well(f"wget -qO- -T 3 --post-data x http://{pod.status.pod_ip}:{port}{path}", patience)


def _slices(ctx: Context, service: str) -> list[Any]:
    selector = f"kubernetes.io/service-name={service}"
    return ctx.discovery.list_namespaced_endpoint_slice(ctx.namespace, label_selector=selector).items


def _port_of(ctx: Context, service: str) -> int:
    """Where the Service sends its requests."""
    return next(port.port for one in _slices(ctx, service) for port in one.ports or [])


def _gets_requests(ctx: Context, service: str, pod: Pod) -> bool:
    """Whether the Service sends requests to the pod."""
    return any(
        one.conditions.ready and one.target_ref and one.target_ref.name == pod.metadata.name
        for found in _slices(ctx, service)
        for one in found.endpoints or []
    )


def _twin(ctx: Context, name: str) -> dict[str, Any]:
    """The spec of the Deployment's pods, for one of the check's own: nobody sends it requests."""
    template = ctx.existing_deployment(name).spec.template
    return ctx.cluster.api_client.sanitize_for_serialization(template.spec)  # pyright: ignore


def _runs(pod: Pod) -> bool:
    statuses = pod.status.container_statuses or []
    return bool(statuses) and all(status.state.running for status in statuses)


def _read(ctx: Context, pod: str) -> Pod:
    return ctx.core.read_namespaced_pod(pod, ctx.namespace)
