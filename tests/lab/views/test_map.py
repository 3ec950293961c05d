"""The map's promises: any way to a state gives the picture of that state, and a living pod never moves."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.lab.views.map import TRAY, Map
from k8slearn.lab.views.mapdrawing import MapDrawing
from k8slearn.lab.views.scene import apply, difference
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.words import Words

NODES = ["control-plane", "worker-1", "worker-2", "worker-3"]

EVENTS = st.one_of(
    st.tuples(st.just("pod"), st.integers(0, 11), st.sampled_from(["shop", "kube-system"])),
    st.tuples(st.just("bind"), st.integers(0, 11), st.sampled_from(NODES)),
    st.tuples(st.just("phase"), st.integers(0, 11), st.sampled_from(["Running", "Succeeded", "Failed"])),
    st.tuples(st.just("remove"), st.integers(0, 11), st.none()),
    st.tuples(st.just("node"), st.sampled_from(NODES), st.booleans()),
    st.tuples(st.just("lose"), st.sampled_from(NODES), st.none()),
    st.tuples(st.just("batch"), st.none(), st.none()),
)


class World:
    """A cluster that obeys events, and tells what changed since it was asked last."""

    def __init__(self, make_pod, make_node):
        self.make_pod, self.make_node = make_pod, make_node
        self.objects = {"nodes": {}, "pods": {}}
        self.changed = {"nodes": {}, "pods": {}}
        self.born = 0

    def happen(self, event, which, what):
        kind, uid = ("nodes", f"node-{which}") if event in ("node", "lose") else ("pods", f"pod-{which}")
        old = self.objects[kind].get(uid)
        new = old
        if event == "pod" and old is None:
            self.born += 1
            new = self.make_pod(f"web-{which}", uid=uid, namespace=what, creationTimestamp=f"{self.born:04}")
        elif event == "bind" and old is not None and "nodeName" not in old["spec"]:
            new = {**old, "spec": {**old["spec"], "nodeName": what}}
        elif event == "phase" and old is not None:
            new = {**old, "status": {**old["status"], "phase": what}}
        elif event == "node":
            new = self.make_node(which, **({"unschedulable": True} if what else {}))
        elif event in ("remove", "lose"):
            new = None
        if new is not old:
            self.changed[kind][uid] = new
            self.objects[kind].pop(uid, None)
            if new is not None:
                self.objects[kind][uid] = new

    def batch(self):
        changed, self.changed = self.changed, {"nodes": {}, "pods": {}}
        return Changes(changed)


def picture(map):
    """All that a map shows, but for the slots."""
    return (
        {uid: replace(pod, slot=-1) for uid, pod in map.pods.items()},
        map.nodes,
        {name: map.usage(name) for name in map.nodes},
    )


@settings(max_examples=150, deadline=None)
@given(events=st.lists(EVENTS, max_size=60), namespace=st.sampled_from([None, "shop"]))
def test_any_sequence_of_events_gives_the_picture_of_a_fresh_list_and_no_living_pod_moves(
    make_pod, make_node, events, namespace
):
    world, map = World(make_pod, make_node), Map(namespace)
    drawing = MapDrawing(map, Words("en"))
    page = scene = drawing.scene()
    for event in [*events, ("batch", None, None)]:
        if event[0] != "batch":
            world.happen(*event)
            continue
        before = dict(map.pods)
        map.apply(world.batch())
        for uid, pod in map.pods.items():
            if uid in before and before[uid].node == pod.node:
                assert pod.slot == before[uid].slot, f"{pod.name} moved"
            assert map.slots[pod.node][pod.slot] == uid, "two pods in one slot"
        scene, old = drawing.scene(), scene
        page = apply(page, difference(old, scene))
    fresh = Map(namespace)
    fresh.apply(Changes(world.objects))
    assert picture(map) == picture(fresh)
    assert page == scene, "the page and the kernel draw the same"


def test_a_freed_slot_is_used_again_and_the_others_stay(make_pod):
    map = Map()
    uids = ["a", "b", "c"]
    map.apply(Changes({"pods": {uid: make_pod(uid, uid=uid, node="worker-1") for uid in uids}}))
    map.apply(Changes({"pods": {"b": None}}))
    map.apply(Changes({"pods": {"d": make_pod("d", uid="d", node="worker-1")}}))
    assert map.slots["worker-1"] == ["a", "d", "c"]


def test_a_pod_waits_in_the_tray_until_it_has_a_node(make_pod):
    map = Map()
    map.apply(Changes({"pods": {"a": make_pod(uid="a")}}))
    assert map.slots[TRAY] == ["a"]
    map.apply(Changes({"pods": {"a": make_pod(uid="a", node="worker-1")}}))
    assert map.slots[TRAY] == [None]
    assert map.slots["worker-1"] == ["a"]


def test_pods_of_other_namespaces_are_counted_and_their_requests_shown(make_pod, make_node):
    map = Map("shop")
    map.apply(
        Changes(
            {
                "nodes": {"n": make_node("worker-1")},
                "pods": {
                    "a": make_pod(uid="a", node="worker-1", cpu="250m"),
                    "b": make_pod(uid="b", node="worker-1", cpu="500m", namespace="kube-system"),
                },
            }
        )
    )
    usage = map.usage("worker-1")
    assert list(map.pods) == ["a"]
    assert (usage.shown, usage.others, usage.hidden) == (250, 500, 1)


def test_a_pod_that_has_ended_holds_no_cpu(make_pod):
    map = Map()
    map.apply(Changes({"pods": {"a": make_pod(uid="a", node="worker-1", phase="Succeeded")}}))
    assert map.usage("worker-1").shown == 0


def test_a_node_that_only_pods_speak_of_is_shown_as_gone(make_pod):
    map = Map()
    map.apply(Changes({"pods": {"a": make_pod(uid="a", node="worker-9")}}))
    assert not map.nodes["worker-9"].exists
    map.apply(Changes({"pods": {"a": None}}))
    assert map.nodes == {}


def test_nodes_keep_their_places_when_one_goes_and_another_comes(make_node):
    map = Map()
    map.apply(Changes({"nodes": {name: make_node(name) for name in ("w1", "w2", "w3")}}))
    map.apply(Changes({"nodes": {"w1": None}}))
    map.apply(Changes({"nodes": {"w0": make_node("w0")}}))
    assert map.node_slots == ["w0", "w2", "w3"]


def test_siblings_are_named_by_what_tells_them_apart(make_pod):
    owned = make_pod(
        "web-5ccbbdc6c5-2rt97",
        generateName="web-5ccbbdc6c5-",
        labels={"pod-template-hash": "5ccbbdc6c5"},
        ownerReferences=[{"kind": "ReplicaSet", "name": "web-5ccbbdc6c5", "controller": True}],
    )
    map = Map()
    map.apply(Changes({"pods": {"u1": owned, "u2": make_pod("toolbox", uid="u2")}}))
    assert (map.pods["u1"].app, map.pods["u1"].suffix) == ("web", "2rt97")
    assert (map.pods["u2"].app, map.pods["u2"].suffix) == ("toolbox", "")
