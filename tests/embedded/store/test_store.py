"""The store keeps etcd's promises: one revision a write, watches in order, conflicts, compaction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.store import AlreadyExists, Compacted, Conflict, NotFound, Store


def configmap(name: str, **data: str) -> dict:
    return {"metadata": {"namespace": "default", "name": name}, "data": data}


def test_every_write_gets_the_next_revision_and_objects_carry_theirs():
    store = Store()
    store.create("configmaps", configmap("a"))
    store.create("configmaps", configmap("b"))
    updated = store.update("configmaps", configmap("a", k="1"))
    assert updated.object["metadata"]["resourceVersion"] == "3" == str(store.revision)


def test_a_stored_object_never_changes():
    store = Store()
    before = store.create("configmaps", configmap("a", k="1"))
    store.update("configmaps", configmap("a", k="2"))
    assert before.object["data"] == {"k": "1"}


def test_a_write_on_an_old_revision_is_a_conflict_and_changes_nothing():
    store = Store()
    old = store.create("configmaps", configmap("a")).revision
    store.update("configmaps", configmap("a", k="1"))
    with pytest.raises(Conflict):
        store.update("configmaps", configmap("a", k="2"), revision=old)
    assert store.get("configmaps", "default", "a").object["data"] == {"k": "1"}


def test_what_is_there_cannot_be_created_and_what_is_not_cannot_be_updated_or_deleted():
    store = Store()
    store.create("configmaps", configmap("a"))
    with pytest.raises(AlreadyExists):
        store.create("configmaps", configmap("a"))
    with pytest.raises(NotFound):
        store.update("configmaps", configmap("b"))
    with pytest.raises(NotFound):
        store.delete("configmaps", "default", "b")


def test_an_index_follows_every_write():
    store = Store()
    store.add_index("pods", "node", lambda pod: [pod["spec"]["node"]])
    pod = {"metadata": {"namespace": "default", "name": "p"}, "spec": {"node": "one"}}
    store.create("pods", pod)
    store.update("pods", {**pod, "spec": {"node": "two"}})
    assert store.by_index("pods", "node", "one") == []
    assert [s.key.name for s in store.by_index("pods", "node", "two")] == ["p"]
    store.delete("pods", "default", "p")
    assert store.by_index("pods", "node", "two") == []


def test_a_narrow_watch_sees_what_its_index_has_under_one_value_also_what_leaves_it():
    store = Store()
    store.add_index("pods", "node", lambda pod: [pod["spec"]["node"]])
    seen: list[tuple[str, str]] = []
    watch = store.watch(
        "pods", lambda c: seen.append((c.type, c.object["spec"]["node"])), only=("node", "one")
    )
    pod = {"metadata": {"namespace": "default", "name": "p"}, "spec": {"node": "two"}}
    store.create("pods", pod)
    store.update("pods", {**pod, "spec": {"node": "one"}})
    store.update("pods", pod)
    store.update("pods", {**pod, "spec": {"node": "three"}})
    assert seen == [("MODIFIED", "one"), ("MODIFIED", "two")]
    watch.stop()
    store.update("pods", {**pod, "spec": {"node": "one"}})
    assert len(seen) == 2


def test_a_watch_cannot_start_before_what_was_compacted():
    store = Store()
    store.create("configmaps", configmap("a"))
    store.create("configmaps", configmap("b"))
    store.compact(1)
    assert [c.stored.key.name for c in store.changes_since("configmaps", 1)] == ["b"]
    with pytest.raises(Compacted):
        store.changes_since("configmaps", 0)


operations = st.lists(st.tuples(st.sampled_from(["put", "delete"]), st.sampled_from("abc")), max_size=40)


@given(operations, st.integers(min_value=0, max_value=40))
def test_the_past_and_the_present_of_a_watch_together_give_the_store(steps: list, split: int):
    store, mirror, live = Store(), {}, []
    store.watch("configmaps", live.append)
    for number, (what, name) in enumerate(steps):
        exists = store.find("configmaps", "default", name) is not None
        if what == "put" and exists:
            store.update("configmaps", configmap(name, n=str(number)))
        elif what == "put":
            store.create("configmaps", configmap(name, n=str(number)))
        elif exists:
            store.delete("configmaps", "default", name)
    since = min(split, store.revision)
    past = [change for change in store.changes_since("configmaps", 0) if change.stored.revision <= since]
    for change in [*past, *store.changes_since("configmaps", since)]:
        if change.type == "DELETED":
            del mirror[change.stored.key]
        else:
            mirror[change.stored.key] = change.object
    assert [change.stored.revision for change in live] == list(range(1, store.revision + 1))
    assert mirror == {stored.key: stored.object for stored in store.list("configmaps")}
