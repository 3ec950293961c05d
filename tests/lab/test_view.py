"""A view without a browser: snapshots on demand, numbered differences, the picture that stays."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from kubernetes import client

import k8slearn
from k8slearn.lab.scene import apply
from k8slearn.lab.store import Changes
from k8slearn.lab.view import MapPicture, View, still


class Feed:
    """A store whose changes the test makes."""

    def __init__(self, changes):
        self.changes = changes
        self.listener = None

    def subscribe(self, listener):
        self.listener = listener
        listener(self.changes)

    def unsubscribe(self, listener):
        self.listener = None


class Sending(View):
    """Keeps what goes to the page."""

    def send(self, content, buffers=None):
        self.__dict__.setdefault("sent", []).append(content)


@pytest.fixture
def feed(make_pod, make_node):
    pods = {"a": make_pod("web-a", uid="a", node="worker-1")}
    return Feed(Changes({"nodes": {"n": make_node("worker-1")}, "pods": pods}))


@pytest.fixture
def view(feed):
    view = Sending(feed, MapPicture("shop", "en"))
    view.sent = []
    yield view
    view.close()


def test_a_page_that_follows_the_differences_sees_what_a_reloaded_page_sees(view, feed, make_pod):
    page = view.get_state()["snapshot"]
    feed.listener(Changes({"pods": {"b": make_pod("web-b", uid="b")}}))
    feed.listener(Changes({"pods": {"b": make_pod("web-b", uid="b", node="worker-1"), "a": None}}))
    scene = page["scene"]
    for number, message in enumerate(view.sent, page["seq"] + 1):
        assert message["seq"] == number
        scene = apply(scene, message["changes"])
    assert view.get_state()["snapshot"] == {"seq": view.sent[-1]["seq"], "scene": scene}


def test_a_page_that_missed_a_difference_gets_everything(view, feed):
    feed.listener(Changes({"pods": {"a": None}}))
    view._handle_custom_msg({"have": 0}, [])
    assert view.sent[-1]["snapshot"] == view.get_state()["snapshot"]


def test_a_page_that_is_up_to_date_gets_nothing(view):
    view._handle_custom_msg({"have": 0}, [])
    assert view.sent == []


def test_a_batch_that_changes_nothing_that_is_shown_is_not_sent(view, feed, make_pod):
    feed.listener(Changes({"pods": {"a": make_pod("web-a", uid="a", node="worker-1")}}))
    assert view.sent == []


def test_changes_are_said_for_screen_readers(view, feed, make_pod):
    feed.listener(Changes({"pods": {"a": make_pod("web-a", uid="a", node="worker-1", phase="Running")}}))
    assert view.sent[-1]["said"] == "web-a: Running, not Ready"
    feed.listener(Changes({"pods": {str(n): make_pod(f"web-{n}", uid=str(n)) for n in range(9)}}))
    assert view.sent[-1]["said"] == "9 pods changed"


def test_the_frozen_picture_is_an_svg_document_in_the_view_s_own_ids(view, feed):
    other = View(feed, MapPicture("shop", "en"))
    one, two = view.svg(), other.svg()
    other.close()
    assert ElementTree.fromstring(one).tag == "{http://www.w3.org/2000/svg}svg"
    assert one != two, "ids clash when two pictures are on a page"


def test_leaving_the_with_block_replaces_the_live_view_by_the_picture(feed, monkeypatch):
    updates = []

    class Handle:
        def update(self, data, raw):
            updates.append((data, raw))

    monkeypatch.setattr("k8slearn.lab.view.display", lambda *_, **__: Handle())
    with View(feed, MapPicture("shop", "en")) as view:
        view._ipython_display_()
        assert feed.listener is not None
    assert feed.listener is None
    ((data, raw),) = updates
    assert raw
    assert data["image/svg+xml"].startswith("<svg")
    assert data["text/plain"] == "Cluster map: pods: 1 Pending"


def test_a_still_shows_a_cluster_as_it_is_without_following_it():
    with k8slearn.embedded(nodes=1, seed=7) as cluster:
        pod = {"metadata": {"name": "alone"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
        client.CoreV1Api(cluster.api_client).create_namespaced_pod("default", pod)
        cluster.settle()
        picture = still(cluster.api_client, "default", "zh")
    ElementTree.fromstring(picture)
    assert "alone" in picture and "集群" in picture
