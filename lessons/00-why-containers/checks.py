"""The judges of lesson 00-why-containers: two versions at once, what is whose, what a start takes, one address."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any, NoReturn

from k8slearn.course import Check, Context
from k8slearn.course.diagnose import Pod, ready, trouble

VERSIONS = (("1.0", "1.1"), ("1.1", "2.0"), ("2.0", "1.0"))
"""Of the tagger and of the summary; no two of them have one in common."""

OWN = {
    "environment": {"libraries"},
    "container": {"libraries", "files", "processes", "hostname"},
    "machine": {"libraries", "files", "processes", "hostname", "kernel"},
}
"""What each way to pack a program has for itself; the lesson's experiments show the first two."""

twins = Check("twins")
table = Check("table")
stopwatch = Check("stopwatch")
pair = Check("pair")


def pod(name: str, containers: list[dict[str, Any]], **spec: Any) -> str:
    """The manifest of a pod. YAML takes JSON."""
    body = {"terminationGracePeriodSeconds": 1, "containers": containers, **spec}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body})


# -- twins: two versions on one machine ----------------------------------------------------------------


@twins.values
def two_versions(rng: Random) -> dict[str, object]:
    tagger, summary = rng.choice(VERSIONS)
    return {"tagger": tagger, "summary": summary}


@twins.step(points=2)
def both_answer(ctx: Context) -> None:
    found = {name: ctx.steady_pod(name, 1) for name in ("tagger", "summary")}
    said = {name: _version_of(ctx, one) for name, one in found.items()}
    wanted = ctx.values
    if said["tagger"] == wanted["summary"] and said["summary"] == wanted["tagger"]:
        ctx.fail("swapped")
    for name, version in said.items():
        if version != wanted[name]:
            ctx.fail("other-version", pod=name, version=version, wanted=wanted[name])


@twins.step(points=1)
def each_its_own_image(ctx: Context) -> None:
    """A variable can make a program say another version; its files stay those of its image."""
    ids = {_image_id(ctx.ready_pod(name)) for name in ("tagger", "summary")}
    if len(ids) == 1:
        ctx.fail("one-image")


@twins.step(points=1)
def on_one_machine(ctx: Context) -> None:
    nodes = [ctx.ready_pod(name).spec.node_name for name in ("tagger", "summary")]
    if nodes[0] != nodes[1]:
        ctx.fail("two-machines", first=nodes[0], second=nodes[1])


# -- table: what is whose ------------------------------------------------------------------------------


@table.begin
def two_neighbours(ctx: Context) -> None:
    ctx.remove_config_map("table")
    ctx.replace(pod("blue", [{"name": "blue", "image": "busybox:1.37", "command": ["sleep", "86400"]}]))
    node = ctx.ready_pod("blue", 60).spec.node_name
    ctx.replace(pod("green", [{"name": "green", "image": "k8slearn/app:2.0"}], nodeName=node))
    ctx.ready_pod("green", 60)


@table.step(points=1)
def filled_in(ctx: Context) -> None:
    _own(ctx)


@table.step(points=1)
def environment_column(ctx: Context) -> None:
    said = _own(ctx)["environment"]
    if beyond := said - OWN["environment"]:
        ctx.fail("environment-beyond", beyond=", ".join(sorted(beyond)))
    if said != OWN["environment"]:
        ctx.fail("environment-nothing")


@table.step(points=2)
def container_column(ctx: Context) -> None:
    said = _own(ctx)["container"]
    if "kernel" in said:
        ctx.fail("container-kernel")
    if missing := OWN["container"] - said:
        ctx.fail("container-less", missing=", ".join(sorted(missing)))


@table.step(points=1)
def machine_column(ctx: Context) -> None:
    missing = OWN["machine"] - _own(ctx)["machine"]
    if "kernel" in missing:
        ctx.fail("machine-kernel")
    if missing:
        ctx.fail("machine-less", missing=", ".join(sorted(missing)))


def _own(ctx: Context) -> dict[str, set[str]]:
    """What the learner wrote into each column."""
    data = _data(ctx, "table")
    if absent := [column for column in OWN if column not in data]:
        ctx.fail("columns-missing", absent=", ".join(absent), keys=", ".join(data) or "-")
    said = {column: set(re.findall(r"[^\s,;，、]+", data[column].lower())) for column in OWN}
    unknown = set.union(*said.values()) - OWN["machine"]
    if unknown:
        ctx.fail("unknown-words", unknown=", ".join(sorted(unknown)))
    return said


# -- stopwatch: how long a start takes, and what runs --------------------------------------------------


@stopwatch.values
def an_image(rng: Random) -> dict[str, object]:
    return {"image": rng.choice(("nginx:1.27", "nginx:1.28", "redis:7", "k8slearn/app:1.1"))}


@stopwatch.step(points=1)
def runs(ctx: Context) -> None:
    found = ctx.ready_pod("stopwatch")
    image = found.spec.containers[0].image
    if not f"/{image}".endswith(f"/{ctx.values['image']}"):
        ctx.fail("other-image", image=image)


@stopwatch.step(points=2)
def seconds_are_right(ctx: Context) -> None:
    data = _data(ctx, "measured")
    number = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*s?(?:ec(?:onds?)?)?\s*", data.get("seconds", ""))
    if number is None:
        ctx.fail("no-seconds", keys=", ".join(f"{key}={value}" for key, value in data.items()) or "-")
    found = ctx.ready_pod("stopwatch")
    started = found.status.container_statuses[0].state.running.started_at
    took = (started - found.metadata.creation_timestamp).total_seconds()
    if abs(float(number[1]) - took) > 0.5:
        ctx.fail("other-seconds", said=number[1])


@stopwatch.step(points=2)
def id_is_right(ctx: Context) -> None:
    said = _data(ctx, "measured").get("id", "").strip()
    found = re.search(r"[0-9a-f]{64}$", said)
    if found is None and "sha256" not in said:
        ctx.fail("a-name" if said else "no-id", said=said)
    if found is None or found[0] not in _image_id(ctx.ready_pod("stopwatch")):
        ctx.fail("other-id")


# -- pair: a fault to find -----------------------------------------------------------------------------


@pair.values
def a_port(rng: Random) -> dict[str, object]:
    return {"port": rng.choice((8081, 8090, 9000))}


@pair.begin
def two_in_one_pod(ctx: Context) -> None:
    ctx.replace(
        pod(
            "pair",
            [{"name": "old", "image": "k8slearn/app:1.1"}, {"name": "new", "image": "k8slearn/app:2.0"}],
        )
    )
    ctx.wait_until(lambda: any(map(trouble, ctx.pods(field_selector="metadata.name=pair"))), 30)


@pair.step(points=1)
def both_run(ctx: Context) -> None:
    ctx.existing_pod("pair")
    ctx.wait_until(lambda: ready(ctx.existing_pod("pair")) or trouble(ctx.existing_pod("pair")), 30)
    ctx.watch_for(3)  # a port that is taken shows only once the program asks for it
    found = ctx.existing_pod("pair")
    for status in found.status.container_statuses or []:
        if not status.ready:
            _blame(ctx, found, status.name)
    if len(found.spec.containers) < 2:
        ctx.fail("one-left")


@pair.step(points=2)
def both_versions(ctx: Context) -> None:
    address, port = ctx.ready_pod("pair").status.pod_ip, ctx.values["port"]
    said = {one: _version_at(ctx, f"{address}:{one}") for one in (8080, port)}
    if None in said.values():
        silent = next(one for one, version in said.items() if version is None)
        ctx.fail("silent", silent=silent)
    if list(said.values()) != ["1.1", "2.0"]:
        ctx.fail("other-pair", first=said[8080], second=said[port])


def _blame(ctx: Context, found: Pod, container: str) -> NoReturn:
    """What keeps a container of the pod from running."""
    words = ""

    def port_taken() -> bool:
        nonlocal words
        words = _last_words(ctx, found.metadata.name, container)
        return "already in use" in words

    # Between two looks the container may have been started again, with an empty log.
    if ctx.wait_until(port_taken, 5):
        ctx.fail("port-taken", container=container, log=words.strip().splitlines()[-1])
    ctx.fail_for(found)


def _last_words(ctx: Context, name: str, container: str) -> str:
    """The log of the container's last run that has ended, empty when none has."""
    status = next(
        one for one in ctx.existing_pod(name).status.container_statuses or [] if one.name == container
    )
    before = status.last_state.terminated if status.last_state else None
    if not (status.state.terminated or before):
        return ""
    previous = status.state.terminated is None
    return ctx.core.read_namespaced_pod_log(name, ctx.namespace, container=container, previous=previous)


# -- shared --------------------------------------------------------------------------------------------


def _data(ctx: Context, name: str) -> dict[str, str]:
    """What the learner wrote down in a ConfigMap."""
    maps = ctx.core.list_namespaced_config_map(ctx.namespace, field_selector=f"metadata.name={name}").items
    if not maps:
        ctx.fail("not-written", name=name)
    return maps[0].data or {}


def _image_id(found: Pod) -> str:
    return found.status.container_statuses[0].image_id


def _version_of(ctx: Context, found: Pod) -> str:
    """The version that the pod's program says it is, on the port on which the application listens."""
    version = _version_at(ctx, f"{found.status.pod_ip}:8080")
    return version or ctx.fail("no-answer", pod=found.metadata.name)


def _version_at(ctx: Context, address: str) -> str | None:
    """What answers there, ``?`` for another program, None when nothing does."""
    answer = ctx.run_until_well(f"wget -qO- -T 3 http://{address}/", 8)
    if answer.code != 0:
        return None
    try:
        return str(json.loads(answer.output)["version"])
    except (ValueError, KeyError, TypeError):
        return "?"
