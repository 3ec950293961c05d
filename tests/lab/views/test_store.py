"""The store and its watch threads: batches, lost connections, versions that expired."""

from __future__ import annotations

import queue
import threading

import pytest

from k8slearn.lab.views.kinds import Watch
from k8slearn.lab.views.reflector import Expired, lines
from k8slearn.lab.views.store import Store, due

WAIT = 10.0
PODS = Watch("pods")


class Script:
    """A source that does what the test tells it: a list answers ``listing``, ``say`` feeds the watch."""

    def __init__(self, *objects):
        self.listing = list(objects)
        self.lists = 0
        self._said = queue.Queue()

    def list(self):
        self.lists += 1
        return list(self.listing), "1"

    def watch(self, version):
        while True:
            said = self._said.get(timeout=WAIT)
            if said is None:
                return
            if isinstance(said, Exception):
                raise said
            yield said

    def say(self, said):
        self._said.put(said)

    def close(self):
        self._said.put(None)


class Heard:
    """A listener that remembers, and lets a test wait for what it heard."""

    def __init__(self):
        self.batches = []
        self.objects = {}
        self.problem = None
        self._changed = threading.Condition()

    def __call__(self, changes):
        with self._changed:
            self.batches.append(changes)
            self.problem = changes.problem
            for kind, objects in changes.objects.items():
                for uid, obj in objects.items():
                    self.objects[kind, uid] = obj
            self._changed.notify_all()

    def until(self, condition):
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), WAIT), "it was never told"


def pod(uid, version="1"):
    return {"metadata": {"name": uid, "uid": uid, "resourceVersion": version}}


@pytest.fixture
def script():
    return Script(pod("a"))


@pytest.fixture
def store(script):
    return Store(lambda watch: script)


@pytest.fixture
def heard(store):
    heard = Heard()
    store.subscribe(heard, [PODS])
    yield heard
    store.unsubscribe(heard)


def test_a_change_after_a_quiet_time_leaves_at_once_and_then_five_batches_a_second_at_the_most():
    assert due(first_change=100.0, last_batch=0.0) == 100.05
    assert due(first_change=100.06, last_batch=100.05) == pytest.approx(100.25)


def test_the_first_picture_is_whole(heard):
    assert heard.batches[0].objects == {"pods": {"a": pod("a")}}
    assert heard.batches[0].problem == ""


def test_changes_come_as_they_happen(heard, script):
    script.say(("ADDED", pod("b", "2")))
    script.say(("DELETED", pod("a", "3")))
    heard.until(lambda heard: heard.objects.get(("pods", "a")) is None)
    assert heard.objects["pods", "b"] == pod("b", "2")


def test_changes_of_one_moment_come_together(heard, script):
    for number in range(50):
        script.say(("ADDED", pod(f"p{number}", str(number + 2))))
    heard.until(lambda heard: ("pods", "p49") in heard.objects)
    assert len(heard.batches) < 10


def test_a_lost_connection_is_said_and_what_was_missed_is_caught_up(heard, script):
    script.listing = [pod("b", "5")]
    script.say(ConnectionResetError())
    heard.until(lambda heard: heard.problem == "ConnectionResetError")
    heard.until(lambda heard: heard.problem == "" and ("pods", "b") in heard.objects)
    assert heard.objects["pods", "a"] is None


def test_an_expired_version_is_listed_anew_without_a_word(heard, script):
    script.listing = [pod("b", "5")]
    script.say(Expired())
    heard.until(lambda heard: ("pods", "b") in heard.objects)
    assert all(batch.problem == "" for batch in heard.batches)


def test_all_views_share_one_watch_and_the_last_to_leave_ends_it(store, script, heard):
    second = Heard()
    store.subscribe(second, [PODS])
    assert second.batches[0].objects == {"pods": {"a": pod("a")}}
    assert script.lists == 1
    store.unsubscribe(second)
    script.say(("ADDED", pod("b", "2")))
    heard.until(lambda heard: ("pods", "b") in heard.objects)
    assert ("pods", "b") not in second.objects


def test_a_kind_is_watched_from_the_first_view_that_wants_it_to_the_last():
    scripts = {"pods": Script(pod("a")), "nodes": Script(pod("n"))}
    store = Store(lambda watch: scripts[watch.kind])
    one, two = Heard(), Heard()
    store.subscribe(one, [PODS])
    assert scripts["nodes"].lists == 0
    store.subscribe(two, [PODS, Watch("nodes")])
    assert two.batches[0].objects == {"pods": {"a": pod("a")}, "nodes": {"n": pod("n")}}
    scripts["nodes"].say(ConnectionResetError())
    two.until(lambda heard: heard.problem == "ConnectionResetError")
    scripts["pods"].say(("ADDED", pod("b", "2")))
    one.until(lambda heard: ("pods", "b") in heard.objects)
    assert all(batch.problem == "" for batch in one.batches), "what it did not ask for"
    store.close()


def test_a_store_opens_again_after_its_last_view_was_closed(store, script):
    before = set(threading.enumerate())
    for lists in (1, 2):
        heard = Heard()
        store.subscribe(heard, [PODS])
        assert script.lists == lists
        store.unsubscribe(heard)
    for thread in set(threading.enumerate()) - before:
        thread.join(WAIT)
        assert not thread.is_alive(), thread.name


def test_a_line_may_be_cut_anywhere():
    assert list(lines(iter([b"ab", b"c\nd", b"\n\ne"]))) == [b"abc", b"d"]
