"""The seven pictures' promises: any way to a state gives the picture of that state, the page and the kernel draw the
same, a living pod keeps its place, and nothing that a cluster says is markup."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from k8slearn.lab.views.pictures import picture
from k8slearn.lab.views.scene import apply, difference, svg
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.terminal import rendered
from k8slearn.lab.views.words import en, zh

ASKED = {
    "map": ("shop",),
    "rollout": ("web", "shop"),
    "traffic": ("web", "shop"),
    "timeline": ("shop",),
    "autoscaler": ("web", "shop"),
    "tree": ("deployment/web", "shop"),
    "diff": ("deployment/web", "shop"),
}
ORDERED = ("timeline", "tree", "diff")
"""Pictures that follow from the objects alone; in the others the slots tell who came first."""


def meta(uid, name, owner="", **more):
    owners = [{"kind": "Owner", "name": owner, "uid": owner, "controller": True}] if owner else []
    stamp = f"2026-01-01T00:00:{sum(map(ord, uid)) % 60:02}Z"
    return {
        "uid": uid,
        "name": name,
        "namespace": "shop",
        "resourceVersion": "1",
        "creationTimestamp": stamp,
        **({"ownerReferences": owners} if owners else {}),
        **more,
    }


def make(kind, index, variant):
    """An object of a kind: which one, and how it fares."""
    uid = f"{kind}-{index}"
    match kind:
        case "nodes":
            status = {"conditions": [{"type": "Ready", "status": ("True", "False")[variant % 2]}]}
            return {
                "metadata": {**meta(uid, f"worker-{index}"), "namespace": ""},
                "spec": {},
                "status": status,
            }
        case "deployments":
            if index:
                return {"metadata": meta(uid, "other"), "spec": {}, "status": {}}
            template = {"spec": {"containers": [{"name": "c", "image": f"web:{variant}"}]}}
            status = {
                "updatedReplicas": variant,
                "availableReplicas": variant,
                "replicas": 3,
                "observedGeneration": 2,
            }
            spec = {"replicas": 3, "paused": variant == 3, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}}
            fields = [{"manager": "kubectl", "time": "1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
            metadata = meta(uid, "web", generation=1 + variant % 3, managedFields=fields)
            return {"metadata": metadata, "spec": {**spec, "template": template}, "status": status}
        case "replicasets":
            annotations = {"deployment.kubernetes.io/revision": str(1 + variant)}
            metadata = meta(uid, f"web-{index}", owner="deployments-0", annotations=annotations)
            return {"metadata": metadata, "spec": {"replicas": variant}, "status": {"readyReplicas": variant}}
        case "pods":
            gone = {"deletionTimestamp": "2026-01-01T01:00:00Z"} if variant == 4 else {}
            metadata = meta(
                uid, f"web-{index % 3}-p{index}", f"replicasets-{index % 3}", labels={"app": "web"}, **gone
            )
            node = {"nodeName": f"worker-{index % 2}"} if variant else {}
            spec = {**node, "containers": [{"name": "c", "image": "web:1"}]}
            phase = ("Pending", "Running", "Running", "Failed", "Running")[variant]
            ready = {"type": "Ready", "status": "True" if variant == 2 else "False"}
            return {"metadata": metadata, "spec": spec, "status": {"phase": phase, "conditions": [ready]}}
        case "services":
            selector = {"app": "web" if variant < 3 else "wbe"}
            return {"metadata": meta(uid, ("web", "db")[index % 2]), "spec": {"selector": selector}}
        case "endpointslices":
            metadata = meta(uid, f"web-{index}", labels={"kubernetes.io/service-name": "web"})
            ends = [
                {
                    "addresses": [f"10.0.0.{n}"],
                    "conditions": {"ready": n != variant},
                    "targetRef": {"uid": f"pods-{n}"},
                }
                for n in range(variant)
            ]
            return {"metadata": metadata, "endpoints": ends}
        case "events":
            about = {
                "kind": "Pod",
                "name": f"web-{index % 3}-p{index}",
                "namespace": "shop",
                "uid": f"pods-{index}",
            }
            time = {"lastTimestamp": f"2026-01-01T00:01:{variant * 7:02}Z"}
            return {
                "metadata": meta(uid, uid),
                "involvedObject": about,
                "reason": "BackOff",
                "count": 1 + variant,
                **time,
            }
        case "horizontalpodautoscalers":
            metric = {"name": "cpu", "target": {"averageUtilization": 50}}
            now = {"resource": {"current": {"averageUtilization": 40 * variant}}}
            target = {"kind": "Deployment", "name": "web"}
            spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4}
            return {
                "metadata": meta(uid, "web" if not index else "other"),
                "spec": {**spec, "metrics": [{"type": "Resource", "resource": metric}]},
                "status": {
                    "currentReplicas": 2,
                    "desiredReplicas": variant,
                    "currentMetrics": [now] * (variant > 0),
                },
            }
        case "requests":
            answered = {f"web-{n % 3}-p{n}": variant * n for n in range(variant)}
            return {
                "metadata": meta(uid, f"users-{index}"),
                "target": "web",
                "answered": answered,
                "failed": {},
            }
    return None


KINDS = ("nodes", "deployments", "replicasets", "pods", "services", "endpointslices", "events", "requests")
HAPPENED = st.tuples(
    st.sampled_from([*KINDS, "pods", "pods", "horizontalpodautoscalers"]),
    st.integers(0, 4),
    st.one_of(st.none(), st.integers(0, 4)),
    st.booleans(),
)


def batches(events):
    """What happened, in batches as a store makes them; the last value says that a batch ends."""
    objects = {}
    for kind, index, variant, ends in events:
        if kind in ("deployments", "replicasets", "services", "horizontalpodautoscalers"):
            index %= 3
        obj = None if variant is None else make(kind, index, variant)
        objects.setdefault(kind, {})[f"{kind}-{index}"] = obj
        if ends:
            yield Changes(objects)
            objects = {}
    yield Changes(objects)


def wanted(shown, changes):
    """Of the changes those that the picture watches, as the store hands them on."""
    kinds = {watch.kind: watch for watch in shown.watches}
    objects = {kind: objects for kind, objects in changes.objects.items() if kind in kinds}
    for kind in objects:
        if name := getattr(kinds[kind], "name", ""):
            objects[kind] = {
                u: o for u, o in objects[kind].items() if o is None or o["metadata"]["name"] == name
            }
            objects[kind] = {u: o for u, o in objects[kind].items() if u == f"{kind}-0"}
    return Changes(objects, changes.problem)


def known(shown):
    """All that a picture knows, but for who sits where."""
    state = shown.state
    names = (
        "pods",
        "revisions",
        "numbers",
        "sentence",
        "clients",
        "selector",
        "metrics",
        "desired",
        "recommended",
    )
    told = {name: getattr(state, name) for name in names if hasattr(state, name)}
    if "pods" in told:
        told["pods"] = {uid: re.sub(r"slot=-?\d+", "", repr(pod)) for uid, pod in told["pods"].items()}
    return told


@pytest.mark.parametrize("kind", ASKED)
@settings(max_examples=40, deadline=None)
@given(events=st.lists(HAPPENED, max_size=40))
def test_any_sequence_of_events_gives_the_picture_that_a_fresh_list_gives(kind, events):
    shown = picture(kind, *ASKED[kind], lang="en")
    page = scene = shown.scene()
    objects = {}
    places = {}
    for changes in batches(events):
        shown.apply(wanted(shown, changes))
        scene, old = shown.scene(), scene
        page = apply(page, difference(old, scene))
        for name, changed in changes.objects.items():
            objects.setdefault(name, {}).update(changed)
        if kind in ("rollout", "traffic"):
            seats = [shown.state.seats] if kind == "traffic" else shown.state.slots.values()
            now = {
                uid: (slot, number)
                for number, s in enumerate(seats)
                for slot, uid in enumerate(s.slots)
                if uid
            }
            assert all(places[uid][0] == now[uid][0] for uid in places.keys() & now.keys()), (
                "a living pod moved"
            )
            places = now
    assert page == scene, "the page and the kernel draw the same"
    fresh = picture(kind, *ASKED[kind], lang="en")
    living = {
        name: {uid: obj for uid, obj in all.items() if obj is not None} for name, all in objects.items()
    }
    fresh.apply(wanted(fresh, Changes(living)))
    assert known(shown) == known(fresh)
    if kind in ORDERED:
        assert shown.scene() == fresh.scene()


HOSTILE = "</text><script>alert(1)</script>\"'&\x00[red]"


def hostile(value):
    """The same object with every name and message made hostile."""
    if isinstance(value, dict):
        spared = (
            "uid",
            "namespace",
            "creationTimestamp",
            "type",
            "status",
            "phase",
            "resourceVersion",
            "target",
            "app",
        )
        spared += (
            "lastTimestamp",
            "kind",
            "deletionTimestamp",
            "maxSurge",
            "deployment.kubernetes.io/revision",
        )
        return {
            key: item if key in spared or (key == "name" and item == "web") else hostile(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return HOSTILE + value if isinstance(value, str) else value


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_cluster_says_stays_text_in_the_page_on_paper_and_in_a_terminal(kind, lang):
    shown = picture(kind, *ASKED[kind], lang=lang)
    objects = {
        one: {f"{one}-{index}": hostile(make(one, index, 2)) for index in range(3)}
        for one in (*KINDS, "horizontalpodautoscalers")
    }
    for piece in objects["endpointslices"].values():
        piece["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
    shown.apply(wanted(shown, Changes(objects)))
    document = svg(shown.scene(), "p1", "")
    ElementTree.fromstring(document)
    assert "<script" not in document
    assert "alert(1)" in document or kind == "autoscaler"
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(rendered(shown))
    assert console.export_text()


@pytest.mark.parametrize("kind", ASKED)
def test_a_lost_cluster_is_said_and_what_there_was_stays(kind):
    shown = picture(kind, *ASKED[kind], lang="en")
    shown.apply(Changes({}, "ConnectionRefused"))
    assert "not live (ConnectionRefused)" in svg(shown.scene(), "p", "")
    shown.apply(Changes({}, ""))
    assert "not live" not in svg(shown.scene(), "p", "")


def test_both_languages_have_the_same_words():
    assert en.WORDS.keys() == zh.WORDS.keys()
    assert en.REASONS.keys() == zh.REASONS.keys()
    for key, text in en.WORDS.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", zh.WORDS[key])), key
