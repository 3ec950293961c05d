"""Drawings as data: differences, and SVG that holds whatever a cluster may say."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.lab.views.map import Map
from k8slearn.lab.views.mapdrawing import MapDrawing
from k8slearn.lab.views.scene import apply, clip, difference, svg
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.words import Words

STORIES = st.dictionaries(st.sampled_from("pq"), st.sampled_from("mn"))
ELEMENTS = st.fixed_dictionaries({"tag": st.just("g"), "story": STORIES}, optional={"x": st.integers(0, 2)})
SCENES = st.dictionaries(st.sampled_from("abc"), ELEMENTS)


@given(SCENES, SCENES)
def test_a_difference_turns_the_one_into_the_other(before, after):
    assert apply(before, difference(before, after)) == after


@pytest.fixture
def scene_of(make_node):
    """``scene_of(pod, …)``: the map of one node and these pods."""

    def scene(*pods, problem="", lang="en"):
        state = Map("shop")
        objects = {
            "nodes": {"n": make_node("worker-1")},
            "pods": {pod["metadata"]["uid"]: pod for pod in pods},
        }
        state.apply(Changes(objects, problem))
        return MapDrawing(state, Words(lang)).scene()

    return scene


def test_hostile_names_stay_text(make_pod, scene_of):
    hostile = "</text><script>alert(1)</script>\"'&\x00\x1b"
    pod = make_pod(hostile, node="worker-1")
    pod["status"]["message"] = hostile
    document = svg(scene_of(pod), "p1", "")
    ElementTree.fromstring(document)
    assert "<script" not in document


def test_ids_are_unique_to_a_picture(make_pod, scene_of):
    document = svg(scene_of(make_pod(node="worker-1")), "p7", "")
    ids = re.findall(r' id="([^"]+)"', document)
    references = re.findall(r' href="#([^"]+)"', document)
    assert ids and len(ids) == len(set(ids))
    assert references and set(references) <= set(ids)
    assert all(name.startswith("p7-") for name in ids)


def test_every_pod_says_its_name_and_state_to_a_screen_reader(make_pod, scene_of):
    scene = scene_of(make_pod("web-1", node="worker-1", phase="Running", ready=True))
    assert scene["tile/1"]["aria-label"] == "web-1: Ready"


def test_why_a_pod_waits_stands_in_the_tray(make_pod, scene_of):
    pod = make_pod("big")
    message = "0/3 nodes are available: 3 Insufficient cpu."
    pod["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "message": message}]
    assert f"big: {message}" in svg(scene_of(pod), "p", "")


def test_a_lost_connection_is_said_in_the_picture(scene_of):
    assert "not live (MaxRetryError), trying again" in svg(scene_of(problem="MaxRetryError"), "p", "")


def test_the_map_speaks_chinese(scene_of):
    assert "集群地图" in svg(scene_of(lang="zh-CN"), "p", "")


def test_many_pods_are_drawn_small(make_pod, scene_of):
    many = [make_pod(f"web-{n}", uid=f"u{n}", node="worker-1") for n in range(31)]
    assert scene_of(*many)["dot/31"]["href"] == "#dot-pending"


def test_ten_per_cent_of_a_thousand_pods_change_in_less_than_15_kilobytes(make_pod):
    state = Map()
    names = [f"web-5ccbbdc6c5-{n:05}" for n in range(1000)]
    pods = {
        name: make_pod(name, uid=f"6f1c2d3e-0000-0000-0000-{name[-12:]}", node=f"worker-{n % 3}")
        for n, name in enumerate(names)
    }
    by_uid = {pod["metadata"]["uid"]: pod for pod in pods.values()}
    state.apply(Changes({"pods": by_uid}))
    drawing = MapDrawing(state, Words("en"))
    before = drawing.scene()
    running = {
        uid: {**pod, "status": make_pod(phase="Running")["status"]} for uid, pod in list(by_uid.items())[:100]
    }
    state.apply(Changes({"pods": running}))
    sent = json.dumps(difference(before, drawing.scene()), separators=(",", ":"))
    assert len(sent) <= 15_000


def test_texts_are_cut_by_what_they_take_up():
    assert clip("recommender", 8) == "recomme…"
    assert clip("推荐系统服务", 8) == "推荐系…"
    assert clip("web", 8) == "web"
