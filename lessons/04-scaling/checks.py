"""The judges of lesson 04-scaling: they send load, and look at how long answers take and what the autoscaler does."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.diagnose import ready, trouble
from k8slearn.kube.quantity import parse

WORK = 0.02
"""CPU seconds that an answer takes."""

LIMIT = "100m"
"""What a pod of the scenes may use: so it gives 5 answers a second, and no more."""

WORK_MILLI = 20
"""Millicores of CPU that one request a second takes."""

MONDAY = 12
"""Requests a second to `chat`."""

SHARING = 3
"""Pods that have to share Monday's load."""

QUICK = 1000
"""Milliseconds within which half of the answers must be there; a pod that keeps up needs some 200."""

METRICS = 75
"""Seconds that it may take until metrics of new pods have come to the autoscaler: two scrapes and a look."""

BACK = 60
"""Seconds after which the pods must be gone again once the load has fallen."""

by_hand = Check("by-hand")
autoscale = Check("autoscale")
unknown = Check("unknown")
sooner = Check("sooner")


def application(name: str, *, resources: dict[str, Any], beside: dict[str, Any] | None = None) -> str:
    """The manifests of a Deployment of one pod, and of its Service. YAML takes JSON."""
    server = {
        "name": "server",
        "image": "k8slearn/app:1.0",
        "env": [{"name": "WORK_SECONDS", "value": str(WORK)}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
        "resources": resources,
    }
    spec = {"terminationGracePeriodSeconds": 5, "containers": [server, *([beside] if beside else [])]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    return f"{json.dumps(deployment)}\n---\n{json.dumps(service)}"


def autoscaler(name: str, *, most: int, percent: int) -> str:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}
    return json.dumps(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": 1,
                "maxReplicas": most,
                "metrics": [{"type": "Resource", "resource": cpu}],
            },
        }
    )


# -- by-hand: as many as the load needs ----------------------------------------------------------------


@by_hand.values
def a_load(rng: Random) -> dict[str, object]:
    """Two or four pods keep up with ``rate`` at four fifths of what they can; half of them do not."""
    rate, most = rng.choice(((8, 3), (16, 6)))
    return {"rate": rate, "most": most}


@by_hand.begin
def translate_alone(ctx: Context) -> None:
    _remove_autoscalers(ctx, "translate")
    ctx.replace(application("translate", resources={"requests": {"cpu": "50m"}, "limits": {"cpu": LIMIT}}))
    ctx.wait_until(lambda: ctx.rolled_out("translate"), 60)


@by_hand.step(points=1)
def runs(ctx: Context) -> None:
    _rolled_out(ctx, "translate")
    work = ctx.variable("translate", "WORK_SECONDS")
    if work != str(WORK):
        ctx.fail("other-work", work=work or "-")


@by_hand.step(points=3)
def keeps_up(ctx: Context) -> None:
    _worked_off(ctx, "translate")
    with ctx.traffic("http://translate/", ctx.values["rate"]) as traffic:
        ctx.watch_for(15)
    seen = {"pods": len(traffic.pods), "failed": traffic.failed, "requests": traffic.requests}
    late = traffic.latency.get("p50", 0)
    if "connection refused" in traffic.failures or not traffic.pods:
        ctx.fail("refused", reasons=traffic.reasons, **seen)
    if traffic.failed or late > QUICK:
        ctx.fail("overloaded", p50=late, p95=traffic.latency.get("p95", 0), reasons=traffic.reasons, **seen)


@by_hand.step(points=1)
def not_more(ctx: Context) -> None:
    """Whosever they are: what counts is how many stand behind the Service."""
    selector = "kubernetes.io/service-name=translate"
    slices = ctx.discovery.list_namespaced_endpoint_slice(ctx.namespace, label_selector=selector).items
    pods = sum(one.conditions.ready for found in slices for one in found.endpoints or [])
    if pods > ctx.values["most"]:
        ctx.fail("too-many", pods=pods)


# -- autoscale: Monday nine o'clock --------------------------------------------------------------------


@autoscale.values
def a_monday(rng: Random) -> dict[str, object]:
    return {"most": rng.choice((4, 5, 6))}


@autoscale.begin
def chat_on_sunday(ctx: Context) -> None:
    _remove_autoscalers(ctx, "chat")
    ctx.replace(application("chat", resources={"requests": {"cpu": "1"}}))  # "to be on the safe side"
    ctx.wait_until(lambda: ctx.rolled_out("chat"), 60)


@autoscale.step(points=1)
def somebody_watches(ctx: Context) -> None:
    _rolled_out(ctx, "chat")
    found = _autoscaler(ctx, "chat")
    work = ctx.variable("chat", "WORK_SECONDS")
    if work != str(WORK):
        ctx.fail("other-work", work=work or "-")
    bounds = found.spec.min_replicas, found.spec.max_replicas
    if bounds != (1, ctx.values["most"]):
        ctx.fail("other-bounds", least=bounds[0], highest=bounds[1])


@autoscale.step(points=1)
def it_sees(ctx: Context) -> None:
    _sees(ctx, "chat")


@autoscale.step(points=3)
def it_grows(ctx: Context) -> None:
    """The load of a Monday: the autoscaler has to see that it is too much for two."""
    share = _wanted_use(ctx, "chat")
    if share is not None and share * (SHARING - 1) * Fraction(11, 10) >= MONDAY * WORK_MILLI:
        ctx.fail("never-grows", share=round(share), uses=MONDAY * WORK_MILLI, needed=SHARING)
    with ctx.traffic("http://chat/", MONDAY):
        wanted = ctx.wait_until(
            lambda: (_autoscaler(ctx, "chat").status.desired_replicas or 0) >= SHARING, METRICS
        )
        sees = _seen_by(_autoscaler(ctx, "chat"))
        there = wanted and ctx.wait_until(lambda: len(ctx.ready_pods("chat")) >= SHARING, 20)
        unready = [pod for pod in ctx.owned_pods("chat") if not ready(pod)]
    if not wanted:
        ctx.fail("stays-small", seconds=METRICS, sees=sees or "-")
    if not there:
        ctx.fail_for(unready[0])


def _wanted_use(ctx: Context, name: str) -> Fraction | None:
    """The CPU of each pod, in millicores, that the autoscaler aims at; None when it goes by something else."""
    metrics = _autoscaler(ctx, name).spec.metrics or []
    cpu = [one.resource or one.container_resource for one in metrics if one.type.endswith("Resource")]
    if len(metrics) != 1 or not cpu or cpu[0].name != "cpu":
        return None
    target = cpu[0].target
    if target.average_value:
        return parse(target.average_value) * 1000
    containers = ctx.existing_deployment(name).spec.template.spec.containers
    requests = [(one.resources.requests or {}).get("cpu", "0") for one in containers if one.resources]
    return sum((parse(one) for one in requests), Fraction(0)) * 1000 * target.average_utilization / 100


# -- unknown: a fault to find --------------------------------------------------------------------------


@unknown.values
def which(rng: Random) -> dict[str, object]:
    lacking = rng.choice(("server", "exporter"))
    return {"lacking": lacking, "percent": rng.choice((50, 60, 70))}


@unknown.begin
def ranking_blind(ctx: Context) -> None:
    _remove_autoscalers(ctx, "ranking")
    for one in ctx.core.list_namespaced_limit_range(ctx.namespace).items:
        ctx.core.delete_namespaced_limit_range(one.metadata.name, ctx.namespace)
    asked = {"requests": {"cpu": "50m"}}
    server, exporter = (asked if name != ctx.values["lacking"] else {} for name in ("server", "exporter"))
    beside = {
        "name": "exporter",
        "image": "k8slearn/app:1.0",
        "env": [{"name": "PORT", "value": "9100"}],
        "resources": exporter,
    }
    ctx.replace(application("ranking", resources=server, beside=beside))
    ctx.replace(autoscaler("ranking", most=4, percent=ctx.values["percent"]))
    ctx.wait_until(lambda: ctx.rolled_out("ranking") and _condition(ctx, "ranking", "ScalingActive"), 60)


@unknown.step(points=1)
def is_there(ctx: Context) -> None:
    _rolled_out(ctx, "ranking")
    _autoscaler(ctx, "ranking")


@unknown.step(points=3)
def knows_the_use(ctx: Context) -> None:
    _sees(ctx, "ranking")


# -- sooner: how long pods are kept --------------------------------------------------------------------


@sooner.begin
def summary_at_work(ctx: Context) -> None:
    """Two requests a second, for ever: 40m of CPU, 40 % of the request."""
    _remove_autoscalers(ctx, "summary")
    ctx.replace(application("summary", resources={"requests": {"cpu": "100m"}}))
    load = ["load", "http://summary/", "--rate", "2", "--seconds", "86400"]
    readers = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "readers"},
        "spec": {"containers": [{"name": "load", "image": "k8slearn/app:1.0", "args": load}]},
    }
    ctx.replace(json.dumps(readers))
    ctx.replace(autoscaler("summary", most=4, percent=50))
    ctx.wait_until(lambda: ctx.rolled_out("summary") and _seen_by(_autoscaler(ctx, "summary")), METRICS)


@sooner.step(points=1)
def still_scales(ctx: Context) -> None:
    _rolled_out(ctx, "summary")
    found = _autoscaler(ctx, "summary")
    if found.spec.min_replicas != 1 or found.spec.max_replicas < 4:
        ctx.fail("other-bounds", least=found.spec.min_replicas, highest=found.spec.max_replicas)
    _sees(ctx, "summary")


@sooner.step(points=3)
def gone_in_time(ctx: Context) -> None:
    """As if four times the load came and went: the target is a quarter for as long, and the load itself steady."""
    own: Any = ctx.cluster.api_client.sanitize_for_serialization(_autoscaler(ctx, "summary").spec.metrics)
    found = _autoscaler(ctx, "summary").spec
    down = found.behavior.scale_down if found.behavior else None
    window = down.stabilization_window_seconds if down else None
    if window is None or window > BACK:
        up = found.behavior.scale_up if found.behavior else None
        on_up = bool(up and up.stabilization_window_seconds)
        ctx.fail("wrong-direction" if on_up else "waits", window=300 if window is None else window)
    if down and down.select_policy != "Disabled" and (left := _left_by_rules(down)) > 1:
        ctx.fail("slow-rules", left=left, seconds=BACK)
    before = _replicas(ctx)
    try:
        _set_metrics(ctx, [_with_target(metric, Fraction(1, 5)) for metric in own])
        if not ctx.wait_until(lambda: _replicas(ctx) >= before + 2, METRICS):
            ctx.fail("stays-small", seconds=METRICS, sees=_seen_by(_autoscaler(ctx, "summary")))
        ctx.wait_until(lambda: ctx.rolled_out("summary"), 20)
    finally:
        _set_metrics(ctx, own)
    if not ctx.wait_until(lambda: _replicas(ctx) <= before, BACK):
        ctx.fail("too-slow", replicas=_replicas(ctx), seconds=BACK)


def _replicas(ctx: Context) -> int:
    return ctx.existing_deployment("summary").spec.replicas


def _left_by_rules(down: Any) -> int:
    """How many of four pods the policies leave BACK seconds after a long rush.

    The check's own rush is too short to show it: pods that came within a policy's period may go at once, too.
    """
    each = []
    for policy in down.policies or []:
        left, at = 4, down.stabilization_window_seconds
        while at <= BACK and left > 0:
            left = left - policy.value if policy.type == "Pods" else left * (100 - policy.value) // 100
            at += policy.period_seconds
        each.append(max(left, 0))
    return (max if down.select_policy == "Min" else min)(each, default=0)


def _set_metrics(ctx: Context, metrics: list[Any]) -> None:
    body = [{"op": "replace", "path": "/spec/metrics", "value": metrics}]
    name = _autoscaler(ctx, "summary").metadata.name
    ctx.cluster.autoscaling.patch_namespaced_horizontal_pod_autoscaler(name, ctx.namespace, body)


def _with_target(metric: dict[str, Any], share: Fraction) -> dict[str, Any]:
    """The metric with a part of its target."""
    field = "resource" if "resource" in metric else "containerResource"
    target = metric[field]["target"]
    if "averageUtilization" in target:
        less = {"averageUtilization": max(int(target["averageUtilization"] * share), 1)}
    else:
        less = {"averageValue": f"{max(int(parse(target['averageValue']) * 1000 * share), 1)}m"}
    return {**metric, field: {**metric[field], "target": {**target, **less}}}


# -- shared --------------------------------------------------------------------------------------------


def _autoscalers(ctx: Context) -> list[Any]:
    return ctx.cluster.autoscaling.list_namespaced_horizontal_pod_autoscaler(ctx.namespace).items


def _autoscaler(ctx: Context, deployment: str) -> Any:
    """The one that scales the Deployment."""
    found = _autoscalers(ctx)
    target = "Deployment", deployment
    own = [one for one in found if (one.spec.scale_target_ref.kind, one.spec.scale_target_ref.name) == target]
    if len(own) > 1:
        names = ", ".join(one.metadata.name for one in own)
        ctx.fail("several-autoscalers", deployment=deployment, names=names)
    if own:
        return own[0]
    if found:
        targets = [f"{one.spec.scale_target_ref.kind}/{one.spec.scale_target_ref.name}" for one in found]
        ctx.fail("other-target", deployment=deployment, others=", ".join(targets))
    return ctx.fail("no-autoscaler", deployment=deployment)


def _remove_autoscalers(ctx: Context, deployment: str) -> None:
    for one in _autoscalers(ctx):
        if one.spec.scale_target_ref.name == deployment:
            api = ctx.cluster.autoscaling
            api.delete_namespaced_horizontal_pod_autoscaler(one.metadata.name, ctx.namespace)


def _condition(ctx: Context, deployment: str, kind: str) -> Any | None:
    conditions = _autoscaler(ctx, deployment).status.conditions or []
    return next((one for one in conditions if one.type == kind), None)


def _seen_by(autoscaler: Any) -> str:
    """The metrics' values that an autoscaler knows, as ``40%``; "" while it knows none."""
    seen = []
    for one in autoscaler.status.current_metrics or []:
        metric = one.resource or one.container_resource
        if metric is not None:
            percent = metric.current.average_utilization
            seen.append(f"{percent}%" if percent is not None else metric.current.average_value)
    return ", ".join(seen)


def _sees(ctx: Context, deployment: str) -> None:
    """Passes once the autoscaler knows its metrics; else the step fails with what keeps it from that."""

    def sees() -> bool:
        active = _condition(ctx, deployment, "ScalingActive")
        return bool(active and active.status == "True" and _seen_by(_autoscaler(ctx, deployment)))

    def hopeless() -> bool:
        return bool(_without_request(ctx, deployment))

    ctx.wait_until(lambda: sees() or hopeless(), METRICS)
    if hopeless() or not sees():
        _blame(ctx, deployment)


def _without_request(ctx: Context, deployment: str) -> list[str]:
    """The containers whose share nobody knows, in pods that are there: what a percentage is a percentage of."""
    metrics = _autoscaler(ctx, deployment).spec.metrics or []
    whole = [one for one in metrics if one.type == "Resource" and one.resource.target.average_utilization]
    single = [
        one.container_resource.container
        for one in metrics
        if one.type == "ContainerResource" and one.container_resource.target.average_utilization
    ]
    return sorted(
        {
            container.name
            for pod in ctx.owned_pods(deployment)
            for container in pod.spec.containers
            if not (pod.spec.resources and (pod.spec.resources.requests or {}).get("cpu"))
            and (whole or container.name in single)
            and not (container.resources and (container.resources.requests or {}).get("cpu"))
        }
    )


def _default_request(ctx: Context) -> bool:
    """Whether a LimitRange gives new containers a request for CPU; a default limit is one, too."""
    ranges = ctx.core.list_namespaced_limit_range(ctx.namespace).items
    given = (
        part for one in ranges for item in one.spec.limits for part in (item.default_request, item.default)
    )
    return any("cpu" in (part or {}) for part in given)


def _blame(ctx: Context, deployment: str) -> NoReturn:
    """Why the autoscaler does not know what its pods use."""
    lacking = _without_request(ctx, deployment)
    if lacking and _default_request(ctx):
        ctx.fail("old-pods", containers=", ".join(lacking))
    if lacking:
        ctx.fail("no-request", containers=", ".join(lacking))
    active = _condition(ctx, deployment, "ScalingActive") or _condition(ctx, deployment, "AbleToScale")
    ctx.fail("no-metrics", told=active.message if active else "-")


def _worked_off(ctx: Context, name: str) -> None:
    """Wait until the pods have answered what came earlier: a load test leaves work behind that nobody waits for."""
    addresses = " ".join(pod.status.pod_ip for pod in ctx.ready_pods(name))
    ctx.run_until_well(f"for a in {addresses}; do wget -qO/dev/null -T 1 http://$a:8080/ || exit 1; done", 60)


def _rolled_out(ctx: Context, name: str) -> None:
    """Passes once all pods are there; else the step fails with what keeps them."""
    if ctx.existing_deployment(name).spec.replicas == 0:
        ctx.fail("no-replicas", deployment=name)
    stuck = any(trouble(pod) for pod in ctx.owned_pods(name))
    if ctx.wait_until(lambda: ctx.rolled_out(name), 5 if stuck else 40):
        return
    for pod in ctx.owned_pods(name):
        if not ready(pod):
            ctx.fail_for(pod)
    ctx.fail("not-through", deployment=name)
