"""A view without a browser: snapshots on demand, numbered differences, the picture that stays."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from kubernetes import client

import k8slearn
from k8slearn.lab.view import still
from k8slearn.lab.views.mapdrawing import MapPicture
from k8slearn.lab.views.scene import apply
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.widget import View
from k8slearn.lab.views.words import Words


class Feed:
    """A store whose changes the test makes."""

    def __init__(self, changes):
        self.changes = changes
        self.listener = None

    def subscribe(self, listener, watches):
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
    view = Sending(feed, MapPicture("shop", Words("en")))
    view.sent = []
    yield view
    view.close()


def shown(snapshot):
    """The picture that a page makes of a snapshot."""
    scene = snapshot["base"]
    for _, changes, _ in snapshot["frames"]:
        scene = apply(scene, changes)
    return scene


def test_a_page_that_follows_the_differences_sees_what_a_reloaded_page_sees(view, feed, make_pod):
    page = view.get_state()["snapshot"]
    feed.listener(Changes({"pods": {"b": make_pod("web-b", uid="b")}}))
    feed.listener(Changes({"pods": {"b": make_pod("web-b", uid="b", node="worker-1"), "a": None}}))
    scene = shown(page)
    for number, message in enumerate(view.sent, page["seq"] + 1):
        assert message["seq"] == number
        scene = apply(scene, message["frame"][1])
    reloaded = view.get_state()["snapshot"]
    assert (reloaded["seq"], shown(reloaded)) == (view.sent[-1]["seq"], scene)


def test_the_picture_of_some_changes_ago_can_be_had(view, feed, make_pod):
    first = view.svg()
    feed.listener(Changes({"pods": {"b": make_pod("web-b", uid="b")}}))
    assert "web-b" in view.svg()
    assert "web-b" not in view.svg(back=1)
    assert view.svg(back=99).count("<g") == first.count("<g"), "the oldest there is"


def test_history_forgets_its_beginning_and_still_leads_to_the_present(view, feed, make_pod, monkeypatch):
    monkeypatch.setattr("k8slearn.lab.views.history.KEPT", 20)
    for number in range(30):
        feed.listener(
            Changes({"pods": {"b": make_pod("web-b", uid="b", cpu=f"{number + 1}m", node="worker-1")}})
        )
    snapshot = view.get_state()["snapshot"]
    assert len(snapshot["frames"]) < 20
    assert "30m" not in str(snapshot["base"])
    assert shown(snapshot) == view._scene


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
    other = View(feed, MapPicture("shop", Words("en")))
    one, two = view.svg(), other.svg()
    other.close()
    assert ElementTree.fromstring(one).tag == "{http://www.w3.org/2000/svg}svg"
    assert one != two, "ids clash when two pictures are on a page"


def test_leaving_the_with_block_replaces_the_live_view_by_the_picture(feed, monkeypatch):
    updates = []

    class Handle:
        def update(self, data, raw):
            updates.append((data, raw))

    monkeypatch.setattr("k8slearn.lab.views.widget.display", lambda *_, **__: Handle())
    with View(feed, MapPicture("shop", Words("en"))) as view:
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


def test_who_may_look_into_one_namespace_only_sees_that():
    with k8slearn.embedded(nodes=1, seed=7) as cluster:
        cluster.serve()
        core, rights = client.CoreV1Api(cluster.api_client), client.RbacAuthorizationV1Api(cluster.api_client)
        core.create_namespace({"metadata": {"name": "team"}})  # type: ignore[arg-type]
        binding = {
            "metadata": {"name": "anna"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "anna"}],
        }
        rights.create_namespaced_role_binding("team", binding)  # type: ignore[arg-type]
        labels = {"app": "web"}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]},
        }
        deployment = {
            "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        }
        client.AppsV1Api(cluster.api_client).create_namespaced_deployment("team", deployment)  # type: ignore[arg-type]
        cluster.clock.settle()
        with k8slearn.view.rollout(cluster.api_client_as("anna"), "web", "team") as view:
            picture = view.svg()
    assert "nginx:1.29" in picture
    assert "403" not in picture
