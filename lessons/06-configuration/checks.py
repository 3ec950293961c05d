"""The judges of lesson 06-configuration: they change settings and send tokens, and see what the pods answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.diagnose import Pod, owner, ready, trouble

MARK = "k8slearn.dev/look"
"""An annotation that a check changes: a kubelet brings a pod's volumes up to date when the pod changes."""

OTHER = "another-greeting"
"""What a check writes into a ConfigMap to see whether it comes out at the other end."""

GREETINGS = ("ahoy", "bonjour", "ciao", "hola", "moin", "namaste", "salaam", "shalom")

READY = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}

configure = Check("configure")
follow = Check("follow")
replace = Check("replace")
newline = Check("newline")
leak = Check("leak")


def application(
    name: str, *, program: str = "web", pod: dict[str, Any] | None = None, **container: Any
) -> str:
    """The manifest of a Deployment of the lessons' application. YAML takes JSON."""
    server = {"name": "server", "image": "k8slearn/app:1.1", "args": [program], "readinessProbe": READY}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{**server, **container}], **(pod or {})},
                },
            },
        }
    )


def settings(kind: str, name: str, data: dict[str, str], **fields: Any) -> str:
    """The manifest of a ConfigMap or a Secret."""
    field = "data" if kind == "ConfigMap" else "stringData"
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: data, **fields})


def a_greeting(rng: Random) -> dict[str, object]:
    before, after = rng.sample(GREETINGS, 2)
    return {"before": before, "greeting": after}


def a_token(rng: Random) -> dict[str, object]:
    """Hexadecimal, of a length that is valid base64 as it stands: a Secret takes it under ``data`` unencoded."""
    return {"token": f"{rng.getrandbits(64):016x}", "old": f"{rng.getrandbits(64):016x}"}


# -- configure: another greeting, the same image -------------------------------------------------------

configure.values(a_greeting)


@configure.begin
def a_banner(ctx: Context) -> None:
    ctx.remove_config_map("banner")
    ctx.replace(application("banner", env=[{"name": "GREETING", "value": ctx.values["before"]}]))
    ctx.wait_until(lambda: ctx.rolled_out("banner"), 60)


@configure.step(points=2)
def says_it(ctx: Context) -> None:
    _rolled_out(ctx, "banner")
    said = _said(ctx, _ready(ctx, "banner"))
    if said != {ctx.values["greeting"]}:
        _why_not_said(ctx, "banner", "banner", said)


@configure.step(points=1)
def by_the_map(ctx: Context) -> None:
    template = _template(ctx, "banner")
    if ctx.values["greeting"] in json.dumps(template):
        ctx.fail("literal", deployment="banner")
    if not ctx.core.list_namespaced_config_map(ctx.namespace, field_selector="metadata.name=banner").items:
        ctx.fail("no-map", name="banner")
    if ("ConfigMap", "banner") not in _sources(template):
        ctx.fail("not-wired", deployment="banner", name="banner")


@configure.step(points=1)
def the_next_one_too(ctx: Context) -> None:
    if ctx.core.read_namespaced_config_map("banner", ctx.namespace).immutable:
        return  # nobody can change it, the check neither
    with _other_words(ctx, "banner", instead_of=ctx.values["greeting"]):
        said = _said_by_one_more(ctx, _template(ctx, "banner"))
    if said != OTHER:
        ctx.fail("elsewhere", other=OTHER, said=said)


def _why_not_said(ctx: Context, deployment: str, name: str, said: set[str]) -> NoReturn:
    """What keeps the pods of ``deployment`` from saying what the ConfigMap ``name`` is to tell them."""
    values = {"deployment": deployment, "name": name, "said": ", ".join(sorted(said))}
    template = _template(ctx, deployment)
    found = ctx.core.list_namespaced_config_map(ctx.namespace, field_selector=f"metadata.name={name}").items
    if not found:
        ctx.fail("no-map", **values)
    if ("ConfigMap", name) not in _sources(template):
        ctx.fail("not-wired", **values)
    literal = _variable(template, "GREETING").get("value")
    if literal is not None and said == {literal}:
        ctx.fail("literal-wins", **values)
    written = [value.strip() for value in (found[0].data or {}).values()]
    values["keys"] = ", ".join(found[0].data or {}) or "-"
    if ctx.values["greeting"] not in written:
        ctx.fail("other-words", **values)
    if "hello" in said:
        ctx.fail("other-variable", **values)
    ctx.fail("not-restarted", **values)


# -- follow: a change that comes in by itself ----------------------------------------------------------

follow.values(a_greeting)


@follow.begin
def a_portal(ctx: Context) -> None:
    ctx.replace(settings("ConfigMap", "motd", {"greeting": ctx.values["before"]}))
    ctx.replace(
        application(
            "portal",
            env=[{"name": "GREETING_FILE", "value": "/etc/portal/greeting"}],
            volumeMounts=[{"name": "motd", "mountPath": "/etc/portal/greeting", "subPath": "greeting"}],
            pod={"volumes": [{"name": "motd", "configMap": {"name": "motd"}}]},
        )
    )
    ctx.wait_until(lambda: ctx.rolled_out("portal"), 60)


@follow.step(points=1)
def serves(ctx: Context) -> None:
    _rolled_out(ctx, "portal")
    _said(ctx, _ready(ctx, "portal"))


@follow.step(points=3)
def follows(ctx: Context) -> None:
    maps = ctx.core.list_namespaced_config_map(ctx.namespace, field_selector="metadata.name=motd").items
    if not maps:
        ctx.fail("no-map", name="motd")
    if maps[0].immutable:
        ctx.fail("cannot-change", name="motd")
    pods = _ready(ctx, "portal")
    certain = _never_follows(_template(ctx, "portal"), "motd")
    said: set[str] = set()
    with _marking(ctx, pods) as mark, _other_words(ctx, "motd"):
        # A kubelet may hear of the pod before it hears of the map: it is asked again.
        for _ in range(1 if certain else 4):
            mark()
            ctx.watch_for(2)
            said = _said(ctx, pods)
            if said == {OTHER}:
                return
    ctx.fail(certain or "stays", said=", ".join(sorted(said)), other=OTHER)


def _never_follows(template: dict[str, Any], name: str) -> str | None:
    """The feedback for a template whose greeting is fixed when its containers start, None when it may follow."""
    volumes = {volume["name"] for volume in template["spec"].get("volumes") or () if _names(volume, name)}
    containers = template["spec"]["containers"]
    mounts = [
        mount for one in containers for mount in one.get("volumeMounts") or () if mount["name"] in volumes
    ]
    file = _variable(template, "GREETING_FILE").get("value")
    if ("ConfigMap", name) not in _sources(template):
        return "not-from-motd"
    if not file:
        return "variable-stays"
    if mounts and all(mount.get("subPath") or mount.get("subPathExpr") for mount in mounts):
        return "sub-path"
    return None


# -- replace: what cannot be changed -------------------------------------------------------------------

replace.values(a_greeting)


@replace.begin
def a_ranker(ctx: Context) -> None:
    for one in ctx.core.list_namespaced_config_map(ctx.namespace).items:
        if one.metadata.name.startswith("ranker"):  # an earlier try
            ctx.core.delete_namespaced_config_map(one.metadata.name, ctx.namespace)
    ctx.replace(settings("ConfigMap", "ranker-1", {"GREETING": ctx.values["before"]}, immutable=True))
    ctx.replace(application("ranker", envFrom=[{"configMapRef": {"name": "ranker-1"}}]))
    ctx.wait_until(lambda: ctx.rolled_out("ranker"), 60)


@replace.step(points=1)
def old_one_stands(ctx: Context) -> None:
    maps = ctx.core.list_namespaced_config_map(ctx.namespace, field_selector="metadata.name=ranker-1").items
    if not maps or (maps[0].data, maps[0].immutable) != ({"GREETING": ctx.values["before"]}, True):
        ctx.fail("old-one-gone")


@replace.step(points=2)
def says_the_new(ctx: Context) -> None:
    _rolled_out(ctx, "ranker")
    said = _said(ctx, _ready(ctx, "ranker"))
    if said == {ctx.values["greeting"]}:
        return
    used = [name for kind, name in _sources(_template(ctx, "ranker")) if kind == "ConfigMap"]
    key = "says-the-old" if said == {ctx.values["before"]} else "says-another"
    ctx.fail(key, said=", ".join(sorted(said)), used=", ".join(used) or "-")


@replace.step(points=1)
def new_one_protected(ctx: Context) -> None:
    template = _template(ctx, "ranker")
    if ctx.values["greeting"] in json.dumps(template):
        ctx.fail("literal", deployment="ranker")
    for kind, name in _sources(template):
        found = _read(ctx, kind, name)
        if found is not None and not found.immutable:
            ctx.fail("not-protected", kind=kind, name=name)


@replace.step(points=1)
def way_back(ctx: Context) -> None:
    """A new pod of a release before says what it said then."""
    before = [
        _plain(ctx, one.spec.template)
        for one in ctx.apps.list_namespaced_replica_set(ctx.namespace).items
        if owner(one) == ("Deployment", "ranker") and not one.spec.replicas
    ]
    if not any(_said_by_one_more(ctx, template) == ctx.values["before"] for template in before):
        ctx.fail("no-history")


# -- newline: a fault to find --------------------------------------------------------------------------

newline.values(a_token)


@newline.begin
def a_scorer(ctx: Context) -> None:
    ctx.replace(settings("Secret", "scorer", {"token": f"{ctx.values['token']}\n"}))
    source = {"secretKeyRef": {"name": "scorer", "key": "token"}}
    ctx.replace(application("scorer", program="model", env=[{"name": "TOKEN", "valueFrom": source}]))
    ctx.wait_until(lambda: ctx.rolled_out("scorer"), 60)


@newline.step(points=3)
def lets_in(ctx: Context) -> None:
    _takes(ctx, "scorer", "/predict")


@newline.step(points=1)
def keeps_out(ctx: Context) -> None:
    _refuses(ctx, "scorer", "/predict", "")
    _refuses(ctx, "scorer", "/predict", ctx.values["token"][::-1])


@newline.step(points=1)
def from_a_secret(ctx: Context) -> None:
    template = _template(ctx, "scorer")
    if ctx.values["token"] in json.dumps(template):
        ctx.fail("literal", deployment="scorer")
    for kind, name in _sources(template):
        if kind == "ConfigMap" and ctx.values["token"] in json.dumps(_plain(ctx, _read(ctx, kind, name))):
            ctx.fail("in-a-map", name=name)


# -- leak: the key out of the image --------------------------------------------------------------------

leak.values(a_token)


@leak.begin
def a_gateway(ctx: Context) -> None:
    ctx.replace(application("gateway", env=[{"name": "TOKEN", "value": ctx.values["old"]}]))
    ctx.wait_until(lambda: ctx.rolled_out("gateway"), 60)


@leak.step(points=2)
def takes_the_new_key(ctx: Context) -> None:
    _takes(ctx, "gateway", "/")


@leak.step(points=1)
def refuses_others(ctx: Context) -> None:
    _refuses(ctx, "gateway", "/", "")
    _refuses(ctx, "gateway", "/", ctx.values["old"])


@leak.step(points=2)
def in_a_secret_only(ctx: Context) -> None:
    token = ctx.values["token"]
    forms = token, base64.b64encode(token.encode()).decode()
    readable: list[tuple[str, str, list[Any]]] = [
        ("in-the-open", "Deployment", ctx.apps.list_namespaced_deployment(ctx.namespace).items),
        ("in-the-history", "ReplicaSet", ctx.apps.list_namespaced_replica_set(ctx.namespace).items),
        ("in-the-open", "ConfigMap", ctx.core.list_namespaced_config_map(ctx.namespace).items),
        ("in-the-open", "Pod", ctx.pods()),
    ]
    for key, kind, things in readable:
        for thing in things:
            if any(form in json.dumps(_plain(ctx, thing)) for form in forms):
                ctx.fail(key, kind=kind, name=thing.metadata.name)


# -- tokens --------------------------------------------------------------------------------------------


def _takes(ctx: Context, name: str, path: str) -> None:
    """Passes when every pod of the Deployment answers a request with the right token."""
    _through(ctx, name)
    if not ctx.rolled_out(name):
        if (key := _wrong_token(ctx, name)) not in (None, "not-yet-read"):
            ctx.fail(key, deployment=name)  # a node may refuse to start a program with such a variable
        _blame(ctx, name)
    key, told = "", ""
    with _marking(ctx, _ready(ctx, name)) as mark:
        for _ in range(4):
            told = ", ".join(sorted(_answers(ctx, name, path, ctx.values["token"]) - {"answered"}))
            if not told:
                return
            key = (_wrong_token(ctx, name) or "not-the-token") if "401" in told else "no-answer"
            if key != "no-answer" and (key != "not-yet-read" or _variable(_template(ctx, name), "TOKEN")):
                break
            # A program takes a moment until it listens, the file of a volume until it follows its Secret.
            mark()
            ctx.watch_for(2)
    ctx.fail(key, deployment=name, answer=told)


def _wrong_token(ctx: Context, name: str) -> str | None:
    """What is wrong with the token in the Secrets that the Deployment's pods take settings from, if it shows."""
    token = ctx.values["token"].encode()
    template = _template(ctx, name)
    values = [
        base64.b64decode(value)
        for kind, source in _sources(template)
        if kind == "Secret" and (found := _read(ctx, kind, source))
        for value in (found.data or {}).values()
    ]
    if token in values:
        return "not-yet-read"
    for value in values:
        if value.strip() == token:
            return "newline"
        if value.strip() == base64.b64encode(token) or value.strip() == base64.b64encode(token + b"\n"):
            return "encoded-twice"
        if base64.b64encode(value) == token:
            return "not-encoded"
    return None


def _refuses(ctx: Context, name: str, path: str, token: str) -> None:
    """Passes when no pod of the Deployment answers a request with that token, or none."""
    if "answered" in _answers(ctx, name, path, token):
        ctx.fail("open", deployment=name)


def _answers(ctx: Context, name: str, path: str, token: str) -> set[str]:
    """What the Deployment's pods say to a request: ``answered``, or what wget says of the failure."""
    header = f"--header 'Authorization: Bearer {token}'" if token else ""
    body = """--post-data '{"text": "the site is down"}'""" if path == "/predict" else ""
    addresses = " ".join(pod.status.pod_ip for pod in _ready(ctx, name))
    ask = f"wget -qO/dev/null -T 3 {header} {body} http://$a:8080{path} 2>&1 && echo answered"
    return set(ctx.run(f"for a in {addresses}; do {ask}; done").output.splitlines())


# -- settings ------------------------------------------------------------------------------------------


def _template(ctx: Context, deployment: str) -> dict[str, Any]:
    return _plain(ctx, ctx.existing_deployment(deployment).spec.template)


def _plain(ctx: Context, thing: Any) -> Any:
    """The object as its JSON has it."""
    return ctx.cluster.api_client.sanitize_for_serialization(thing)


def _sources(template: dict[str, Any]) -> list[tuple[str, str]]:
    """Kind and name of all ConfigMaps and Secrets that a template's containers and volumes refer to."""
    found: list[tuple[str, str]] = []

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key in ("configMap", "configMapRef", "configMapKeyRef"):
                    found.append(("ConfigMap", inner["name"]))
                elif key in ("secret", "secretRef", "secretKeyRef"):
                    found.append(("Secret", inner.get("secretName") or inner["name"]))
                else:
                    walk(inner)

    walk(template["spec"])
    return found


def _names(volume: dict[str, Any], config_map: str) -> bool:
    """Whether a volume is made from the ConfigMap, alone or with others."""
    return ("ConfigMap", config_map) in _sources({"spec": volume})


def _variable(template: dict[str, Any], name: str) -> dict[str, Any]:
    """The entry of the first container's ``env``, empty when it has none of that name."""
    variables = template["spec"]["containers"][0].get("env") or ()
    return next((one for one in variables if one["name"] == name), {})


def _read(ctx: Context, kind: str, name: str) -> Any | None:
    """The ConfigMap or Secret; None when it is not there."""
    listed = ctx.core.list_namespaced_config_map if kind == "ConfigMap" else ctx.core.list_namespaced_secret
    return next(iter(listed(ctx.namespace, field_selector=f"metadata.name={name}").items), None)


@contextmanager
def _other_words(ctx: Context, name: str, instead_of: str = "") -> Iterator[None]:
    """While the block runs every value of the ConfigMap is another, or those that are ``instead_of``."""
    data = ctx.core.read_namespaced_config_map(name, ctx.namespace).data or {}
    other = {key: OTHER for key, value in data.items() if not instead_of or value.strip() == instead_of}
    ctx.core.patch_namespaced_config_map(name, ctx.namespace, {"data": other})
    try:
        yield
    finally:
        ctx.core.patch_namespaced_config_map(name, ctx.namespace, {"data": data})


@contextmanager
def _marking(ctx: Context, pods: list[Pod]) -> Iterator[Callable[[], None]]:
    """What it yields changes an annotation of the pods: their kubelets look at the sources of their volumes.

    Afterwards the annotation is gone again, and the volumes show what their sources hold then.
    """
    count = 0

    def mark(value: str | None) -> None:
        for pod in pods:
            change = {"metadata": {"annotations": {MARK: value}}}
            ctx.core.patch_namespaced_pod(pod.metadata.name, ctx.namespace, change)

    def once_more() -> None:
        nonlocal count
        count += 1
        mark(str(count))

    try:
        yield once_more
    finally:
        if count:
            mark(None)


# -- pods ----------------------------------------------------------------------------------------------


def _said(ctx: Context, pods: list[Pod]) -> set[str]:
    """What the pods greet with, without blanks around it."""
    addresses = " ".join(pod.status.pod_ip for pod in pods)
    asked = ctx.run_until_well(
        f"for a in {addresses}; do wget -qO- -T 3 http://$a:8080/ || exit 1; echo; done", 8
    )
    if asked.code != 0:
        ctx.fail("no-answer", answer=asked.output[-200:])
    pages = [json.loads(line) for line in asked.output.splitlines() if line.startswith("{")]
    return {str(page.get("greeting", "?")).strip() for page in pages}


def _said_by_one_more(ctx: Context, template: dict[str, Any]) -> str:
    """What a new pod of the template says, ``-`` when it does not start; it is gone afterwards."""
    with ctx.own_pod(template["spec"]) as name:
        ctx.wait_until(lambda: ready(ctx.own(name)) or trouble(ctx.own(name)), 30)
        return ", ".join(_said(ctx, [ctx.own(name)])) if ready(ctx.own(name)) else "-"


def _ready(ctx: Context, name: str) -> list[Pod]:
    """The Deployment's pods that are Ready: at least one, or the step fails with what keeps them from it.

    Without a probe a pod is Ready while its program starts, and a moment later it may have ended.
    """
    return ctx.ready_pods(name) or _blame(ctx, name)


def _through(ctx: Context, name: str) -> None:
    """Wait until the Deployment's release is through, or will not be so soon."""
    if ctx.existing_deployment(name).spec.replicas == 0:
        ctx.fail("no-replicas", deployment=name)
    ctx.wait_until(lambda: ctx.rolled_out(name) or _stuck(ctx, name), 60)
    if not ctx.rolled_out(name):
        ctx.wait_until(lambda: ctx.rolled_out(name), 15)  # what was missing may have come by now


def _stuck(ctx: Context, name: str) -> bool:
    pods = ctx.owned_pods(name)
    return any(
        trouble(pod) or (not ready(pod) and ctx.told(pod.metadata.name, "FailedMount")) for pod in pods
    )


def _rolled_out(ctx: Context, name: str) -> None:
    """Passes once the release is through; else the step fails with what keeps it."""
    _through(ctx, name)
    if not ctx.rolled_out(name):
        _blame(ctx, name)


def _blame(ctx: Context, name: str) -> NoReturn:
    for pod in ctx.owned_pods(name):
        if not ready(pod):
            if told := ctx.told(pod.metadata.name, "FailedMount"):
                ctx.fail("no-mount", pod=pod.metadata.name, told=told)
            ctx.fail_for(pod)
    ctx.fail("not-through", deployment=name)
