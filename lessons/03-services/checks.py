"""The judges of lesson 03-services: they ask by name, from this namespace and from the shop's next door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.context import Ran
from k8slearn.course.diagnose import Pod, nearest, ready, trouble

expose = Check("expose")
selector = Check("selector")
unready = Check("unready")
ports = Check("ports")
headless = Check("headless")
front = Check("front")

SHOP = "shop"
"""The front end's team: its namespace stands beside the lesson's."""

DOCUMENTED = 8080
"""The containerPort in the scene of ``ports``; nothing listens there."""


def server(
    name: str, port: int, replicas: int, *, labels: str = "", probe: str = "/readyz", documented: int = 0
) -> str:
    """The manifest of a Deployment of model servers that listen on ``port``.

    ``probe`` is the path of the readiness probe ("": none), ``documented`` a containerPort (0: none).
    """
    manifest = f"""
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
      labels: {{app: {name}{labels}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: server
        image: k8slearn/app:1.0
        args: [model]
        env:
        - {{name: PORT, value: "{port}"}}
"""
    if documented:
        manifest += f"        ports:\n        - containerPort: {documented}\n"
    if probe:
        check = f"{{httpGet: {{path: {probe}, port: {port}}}, periodSeconds: 1}}"
        manifest += f"        readinessProbe: {check}\n"
    return manifest


def service(name: str, port: int, target: int, labels: str) -> str:
    return f"""
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{{labels}}}
  ports:
  - port: {port}
    targetPort: {target}
"""


# -- expose: a name for three pods ----------------------------------------------------------------------


@expose.values
def _expose_ports(rng: Any) -> dict[str, object]:
    return {"port": rng.choice((8000, 8080, 8500)), "listens": rng.choice((5000, 7000, 9000))}


@expose.begin
def a_model_without_a_name(ctx: Context) -> None:
    _without_service(ctx, "model")
    ctx.replace(server("model", ctx.values["listens"], 3))
    ctx.wait_until(lambda: len(ctx.ready_pods("model")) == 3, 60)
    ctx.beside(SHOP)


@expose.step(points=2)
def picks_its_pods(ctx: Context) -> None:
    _picks(ctx, "model", "model")


@expose.step(points=2)
def answers(ctx: Context) -> None:
    _reach(ctx, "model", ctx.values["port"])


@expose.step(points=1)
def takes_in_new_pods(ctx: Context) -> None:
    _takes_in(ctx, "model", "model")


# -- selector: nobody behind the name --------------------------------------------------------------------

TRAINER = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: trainer
spec:
  selector:
    matchLabels: {app: trainer}
  template:
    metadata:
      labels: {app: trainer, tier: model}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: trainer
        image: busybox:1.37
        command: [sleep, "86400"]
"""


@selector.begin
def no_endpoints(ctx: Context) -> None:
    ctx.replace(server("ranker", 8080, 2, labels=", tier: model") + "---" + TRAINER)
    ctx.replace(service("ranker", 80, 8080, "app: ranker, tier: models"))
    ctx.wait_until(lambda: len(ctx.ready_pods("ranker")) == 2 and ctx.ready_pods("trainer"), 60)
    ctx.beside(SHOP)


@selector.step(points=2)
def finds_its_pods(ctx: Context) -> None:
    _picks(ctx, "ranker", "ranker")


@selector.step(points=1)
def ranker_answers(ctx: Context) -> None:
    _reach(ctx, "ranker", 80)


@selector.step(points=2)
def finds_new_pods(ctx: Context) -> None:
    _takes_in(ctx, "ranker", "ranker")


# -- unready: pods that nobody asks ----------------------------------------------------------------------


@unready.begin
def wrong_probe(ctx: Context) -> None:
    ctx.replace(
        server("embedder", 8080, 2, probe="/ready") + "---" + service("embedder", 80, 8080, "app: embedder")
    )
    ctx.wait_until(lambda: _probe_says(ctx, "embedder"), 60)
    ctx.beside(SHOP)


@unready.step(points=1)
def pods_get_ready(ctx: Context) -> None:
    found = _service(ctx, "embedder")
    _deployment(ctx, "embedder")
    ctx.wait_until(lambda: _complete(ctx, "embedder"), 20)
    if _complete(ctx, "embedder"):
        return
    if found.spec.publish_not_ready_addresses:
        ctx.fail("published")
    pods = ctx.owned_pods("embedder")
    if not pods:
        ctx.fail("no-deployment", deployment="embedder")
    for pod in pods:
        if not ready(pod) and trouble(pod):
            ctx.fail_for(pod)
    ctx.fail("still-unready", message=_probe_says(ctx, "embedder") or "…")


@unready.step(points=1)
def embedder_answers(ctx: Context) -> None:
    _picks(ctx, "embedder", "embedder")
    _reach(ctx, "embedder", 80)


@unready.step(points=3)
def not_ready_is_heard(ctx: Context) -> None:
    """One server says that it is not ready, as it does while it loads: then nobody may send it requests."""
    pod = ctx.ready_pods("embedder")[0]
    address = pod.status.pod_ip
    door = f"http://{address}:{min(_target_ports(ctx, 'embedder'))}"
    _switch(ctx, f"{door}/ready/off")
    try:
        heard = ctx.wait_until(lambda: address not in _backends(ctx, "embedder"), 45)
    finally:
        _switch(ctx, f"{door}/ready/on")
        ctx.wait_until(lambda: address in _backends(ctx, "embedder"), 45)
    if heard:
        return
    if _service(ctx, "embedder").spec.publish_not_ready_addresses:
        ctx.fail("published")
    ctx.fail("not-heard", pod=pod.metadata.name)


# -- ports: three numbers, and which of them counts -------------------------------------------------------


@ports.values
def _ports_listens(rng: Any) -> dict[str, object]:
    return {"listens": rng.choice((5000, 7000, 9000))}


@ports.begin
def documented_wrongly(ctx: Context) -> None:
    # Without a probe the pods are Ready, and nothing but a request tells that the port is wrong.
    ctx.replace(server("reranker", ctx.values["listens"], 2, probe="", documented=DOCUMENTED))
    ctx.replace(service("reranker", 80, DOCUMENTED, "app: reranker"))
    ctx.wait_until(lambda: len(ctx.ready_pods("reranker")) == 2, 60)
    ctx.beside(SHOP)


@ports.step(points=1)
def offers_port_80(ctx: Context) -> None:
    _has_port(ctx, _service(ctx, "reranker"), 80)
    _picks(ctx, "reranker", "reranker")


@ports.step(points=3)
def reranker_answers(ctx: Context) -> None:
    _reach(ctx, "reranker", 80)


# -- headless: all addresses instead of one ---------------------------------------------------------------


@headless.values
def _headless_name(rng: Any) -> dict[str, object]:
    return {"name": rng.choice(("encoder-pods", "encoders", "all-encoders", "encoder-peers"))}


@headless.begin
def three_encoders(ctx: Context) -> None:
    _without_service(ctx, str(ctx.values["name"]))
    ctx.replace(server("encoder", 8080, 3) + "---" + service("encoder", 80, 8080, "app: encoder"))
    ctx.wait_until(lambda: len(ctx.ready_pods("encoder")) == 3, 60)


@headless.step(points=3)
def each_address(ctx: Context) -> None:
    name = str(ctx.values["name"])
    _picks(ctx, name, "encoder")
    pods = _addresses(ctx, "encoder")
    patience = 10 if _service(ctx, name).spec.cluster_ip == "None" else 0  # an address stays what it is
    if not ctx.wait_until(lambda: _looked_up(ctx, name) == pods, patience):
        ctx.fail("one-address", service=name, addresses=", ".join(sorted(_looked_up(ctx, name))) or "(none)")


@headless.step(points=2)
def follows_its_pods(ctx: Context) -> None:
    name = str(ctx.values["name"])
    with _newcomer(ctx, "encoder") as pod:
        address = pod.status.pod_ip
        if not ctx.wait_until(lambda: address in _backends(ctx, name), 10):
            _not_taken_in(ctx, name)
        if not ctx.wait_until(lambda: address in _looked_up(ctx, name), 20):
            ctx.fail(
                "one-address", service=name, addresses=", ".join(sorted(_looked_up(ctx, name))) or "(none)"
            )


# -- front: a fault to find -------------------------------------------------------------------------------

LISTENS = 5000
"""Where the classifier's pods listen; the front end was given this port."""

FRONT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: front
spec:
  selector:
    matchLabels: {app: front}
  template:
    metadata:
      labels: {app: front}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: front
        image: busybox:1.37
        env:
        - {name: MODEL_URL, value: "http://classifier:5000/predict"}
        command: [sh, -c]
        args:
        - |
          while true; do
            if answer=$(wget -qO- -T 2 --post-data '{"text": "the site is down"}' "$MODEL_URL" 2>&1); then
              echo "model answered: $answer"
            else
              echo "no model: $answer"
            fi
            sleep 1
          done
"""


@front.values
def _front_port(rng: Any) -> dict[str, object]:
    return {"port": rng.choice((8000, 8080, 8500, 9000))}


@front.begin
def far_from_its_model(ctx: Context) -> None:
    shop = ctx.beside(SHOP)
    _without_service(shop, "classifier")
    ctx.replace(
        server("classifier", LISTENS, 1)
        + "---"
        + service("classifier", ctx.values["port"], LISTENS, "app: classifier")
    )
    shop.replace(FRONT)
    ctx.wait_until(lambda: ctx.ready_pods("classifier") and _said(shop), 60)


@front.step(points=2)
def finds_a_model(ctx: Context) -> None:
    shop = ctx.beside(SHOP)
    if shop.deployment("front") is None:
        ctx.fail("no-front", shop=shop.namespace)
    ctx.wait_until(lambda: _complete(shop, "front") and "model answered" in _said(shop), 15)
    pods, line = shop.owned_pods("front"), _said(shop)
    if "model answered" in line:
        return
    for pod in pods:
        if trouble(pod):
            ctx.fail_for(pod)
    if not pods:
        ctx.fail("no-front", shop=shop.namespace)
    if "bad address" in line:
        ctx.fail("bad-address", line=line)
    ctx.fail("no-model", line=line or "(nothing)")


@front.step(points=1)
def it_is_the_classifier(ctx: Context) -> None:
    """Which pod has answered stands in the answer."""
    _deployment(ctx, "classifier")

    def one_of_its_pods() -> bool:
        return _answerer(ctx) in {pod.metadata.name for pod in ctx.ready_pods("classifier")}

    if not ctx.wait_until(one_of_its_pods, 10):
        ctx.fail("not-the-classifier", line=_said(ctx.beside(SHOP)))


@front.step(points=2)
def finds_new_pods_too(ctx: Context) -> None:
    """Of those that may answer one is chosen for each request, so a new one has its turn before long."""
    with _newcomer(ctx, "classifier") as pod:
        if not ctx.wait_until(lambda: _answerer(ctx) == pod.metadata.name, 40):
            ctx.fail("pinned", pod=pod.metadata.name, line=_said(ctx.beside(SHOP)))


# -- what a Service leads to ------------------------------------------------------------------------------


def _service(ctx: Context, name: str) -> Any:
    """The Service, or a failed step that says where it is instead."""
    ctx.wait_until(lambda: _find(ctx, name), 2)
    return _find(ctx, name) or _no_service(ctx, name)


def _no_service(ctx: Context, name: str) -> NoReturn:
    for other in (f"{ctx.namespace}-{SHOP}", "default"):
        if _find(ctx, name, other):
            ctx.fail("service-elsewhere", service=name, other=other)
    # A Service that goes with a Deployment is another exercise's, and no slip of the pen.
    deployments = {one.metadata.name for one in ctx.apps.list_namespaced_deployment(ctx.namespace).items}
    names = {one.metadata.name for one in ctx.core.list_namespaced_service(ctx.namespace).items}
    if near := nearest(name, sorted(names - deployments)):
        ctx.fail("service-misspelt", service=name, other=near)
    ctx.fail("no-service", service=name)


def _find(ctx: Context, name: str, namespace: str = "") -> Any | None:
    from kubernetes.client.exceptions import ApiException

    try:
        return ctx.core.read_namespaced_service(name, namespace or ctx.namespace)
    except ApiException as error:
        if error.status == 404 or (error.status == 403 and namespace):
            return None
        raise


def _without_service(ctx: Context, name: str) -> None:
    if _find(ctx, name):
        ctx.core.delete_namespaced_service(name, ctx.namespace)


def _slices(ctx: Context, name: str) -> list[Any]:
    label = f"kubernetes.io/service-name={name}"
    return ctx.discovery.list_namespaced_endpoint_slice(ctx.namespace, label_selector=label).items


def _backends(ctx: Context, name: str) -> set[str]:
    """The addresses that get the Service's requests."""
    return {
        address
        for one in _slices(ctx, name)
        for endpoint in one.endpoints or []
        if endpoint.conditions.ready is not False
        for address in endpoint.addresses
    }


def _target_ports(ctx: Context, name: str) -> set[int]:
    return {port.port for one in _slices(ctx, name) for port in one.ports or [] if port.port}


def _picks(ctx: Context, name: str, deployment: str) -> None:
    """The Service leads to the Deployment's Ready pods, to all of them and to no other."""
    found = _service(ctx, name)
    if found.spec.type == "ExternalName":
        ctx.fail("external-name", service=name, target=found.spec.external_name)
    _ready_pods(ctx, deployment)
    ctx.wait_until(lambda: _backends(ctx, name) == _addresses(ctx, deployment), 5)
    backends, own = _backends(ctx, name), _addresses(ctx, deployment)
    if backends == own:
        return
    asked = _as_text(found.spec.selector)
    if not asked and not backends:
        ctx.fail("no-selector", service=name)
    labels = _as_text(_deployment(ctx, deployment).spec.template.metadata.labels)
    if not backends:
        ctx.fail("nobody-matches", service=name, selector=asked, labels=labels)
    strangers = [pod.metadata.name for pod in ctx.pods() if pod.status.pod_ip in backends - own]
    if strangers:
        ctx.fail("strangers", service=name, selector=asked, strangers=", ".join(sorted(strangers)))
    missed = len(own - backends)
    ctx.fail("some-missed", service=name, selector=asked, missed=missed, count=len(own))


def _reach(ctx: Context, name: str, port: int) -> None:
    """Ask by name, from a pod of this namespace and from one of the shop's; each several times."""
    for asker, host in ((ctx, name), (ctx.beside(SHOP), f"{name}.{ctx.namespace}")):
        asked = _ask(asker, f"http://{host}:{port}/predict")
        if asked.code != 0:
            _explain(ctx, name, port, asked)


def _ask(ctx: Context, url: str) -> Ran:
    wget = f"""wget -qO- -T 2 --post-data '{{"text": "the site is down"}}' {url}"""
    return ctx.run_until_well(f"for i in 1 2 3 4; do {wget} || exit 1; done", 10)


def _explain(ctx: Context, name: str, port: int, asked: Ran) -> NoReturn:
    """Why the Service ``name`` gave no answer on ``port``, as far as the API tells."""
    found = _service(ctx, name)
    _has_port(ctx, found, port)
    if found.spec.cluster_ip == "None":
        ctx.fail("headless", service=name, port=port, answer=asked.output)
    targets = _target_ports(ctx, name)
    wanted = next((one.target_port for one in found.spec.ports if one.port == port), port)
    if not targets:
        ctx.fail("no-such-port-name", service=name, target=wanted)
    declared = [
        one.container_port
        for container in _deployment(ctx, name).spec.template.spec.containers
        for one in container.ports or []
    ]
    if name == "reranker" and declared != [DOCUMENTED]:
        documented = ", ".join(str(one) for one in declared) or "-"
        ctx.fail("only-documented", documented=documented, target=wanted, answer=asked.output)
    ctx.fail("refused", service=name, port=port, target=wanted, answer=asked.output)


def _has_port(ctx: Context, found: Any, port: int) -> None:
    offered = [one.port for one in found.spec.ports or []]
    if port not in offered:
        offers = ", ".join(str(one) for one in offered) or "-"
        ctx.fail("other-port", service=found.metadata.name, port=port, offers=offers)


def _takes_in(ctx: Context, name: str, deployment: str) -> None:
    """A pod of the next version would be among those that the Service leads to."""
    with _newcomer(ctx, deployment) as pod:
        if not ctx.wait_until(lambda: pod.status.pod_ip in _backends(ctx, name), 10):
            _not_taken_in(ctx, name)


def _not_taken_in(ctx: Context, name: str) -> NoReturn:
    asked = _service(ctx, name).spec.selector or {}
    if not asked:
        ctx.fail("no-selector", service=name)
    if "pod-template-hash" in asked:
        ctx.fail("tied-to-a-version", service=name, selector=_as_text(asked))
    ctx.fail("by-hand", service=name, selector=_as_text(asked))


@contextmanager
def _newcomer(ctx: Context, deployment: str) -> Iterator[Pod]:
    """A pod such as the Deployment's next version brings: its template's labels, and no hash of the old one's."""
    template = _deployment(ctx, deployment).spec.template
    spec: Any = ctx.cluster.api_client.sanitize_for_serialization(template.spec)
    with ctx.own_pod(spec, template.metadata.labels) as name:
        ctx.wait_until(lambda: ready(ctx.own(name)), 30)
        if not ready(ctx.own(name)):
            ctx.fail_for(ctx.own(name))
        yield ctx.own(name)


def _looked_up(ctx: Context, name: str) -> set[str]:
    """The IPv4 addresses that the name has in DNS."""
    told = ctx.run(f"nslookup -type=a {name}").output
    _, _, answer = told.partition("Name:")  # what comes before is the address of the DNS server
    return set(re.findall(r"Address:\s*(\d+\.\d+\.\d+\.\d+)\s*$", answer, re.MULTILINE))


# -- Deployments and their pods -----------------------------------------------------------------------------


def _deployment(ctx: Context, name: str) -> Any:
    found = ctx.deployment(name)
    if found is None:
        ctx.fail("no-deployment", deployment=name)
    return found


def _addresses(ctx: Context, deployment: str) -> set[str]:
    return {pod.status.pod_ip for pod in ctx.ready_pods(deployment)}


def _ready_pods(ctx: Context, deployment: str) -> list[Pod]:
    """The Deployment's pods, once its newest template is rolled out; there is at least one."""
    _deployment(ctx, deployment)
    ctx.wait_until(lambda: _complete(ctx, deployment), 30)
    pods = ctx.ready_pods(deployment)
    if not _complete(ctx, deployment) or not pods:
        for pod in ctx.owned_pods(deployment):
            if not ready(pod):
                ctx.fail_for(pod)
        ctx.fail("no-deployment", deployment=deployment)
    return pods


def _complete(ctx: Context, name: str) -> bool:
    """Whether every pod is of the newest template, and Ready."""
    found = ctx.deployment(name)
    if found is None or found.status.observed_generation != found.metadata.generation:
        return False
    counts = found.status.replicas, found.status.updated_replicas, found.status.ready_replicas
    return found.spec.replicas > 0 and all(count == found.spec.replicas for count in counts)


def _probe_says(ctx: Context, deployment: str) -> str:
    """The last word on a failed readiness probe of the Deployment's pods, "" when there is none."""
    names = {pod.metadata.name for pod in ctx.owned_pods(deployment)}
    events = ctx.core.list_namespaced_event(ctx.namespace, field_selector="reason=Unhealthy").items
    told = [one.message for one in events if one.involved_object.name in names and "Readiness" in one.message]
    return told[-1] if told else ""


def _switch(ctx: Context, url: str) -> None:
    """Tell a server that it is ready, or that it is not; it answers with what it is now."""
    ctx.run_until_well(f"wget -qO- -T 2 --post-data x {url}")


def _said(shop: Context) -> str:
    """The last line of the front end's newest log."""
    from kubernetes.client.exceptions import ApiException

    pods = sorted(shop.ready_pods("front"), key=lambda pod: pod.metadata.creation_timestamp)
    if not pods:
        return ""
    with suppress(ApiException):  # a container that has only just started has no log yet
        log = shop.core.read_namespaced_pod_log(pods[-1].metadata.name, shop.namespace, tail_lines=1)
        return log.strip()
    return ""


def _answerer(ctx: Context) -> str:
    """The pod that gave the front end its last answer, "" when there was none."""
    try:
        return json.loads(_said(ctx.beside(SHOP)).partition("model answered:")[2])["pod"]
    except (ValueError, KeyError, TypeError):
        return ""


def _as_text(labels: dict[str, str] | None) -> str:
    """As kubectl prints labels and selectors: ``app=ranker,tier=model``."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items()))
