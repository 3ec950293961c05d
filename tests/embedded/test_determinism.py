"""The simulation is a function of its seed and its requests."""

from __future__ import annotations

import ast
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import k8slearn
from k8slearn.embedded.cluster import Cluster

FORBIDDEN = {
    "threading",
    "socket",
    "asyncio",
    "time",
    "random",
    "secrets",
    "subprocess",
    "queue",
    "concurrent",
}
SIMULATED = ("store", "apiserver", "client", "network", "runtime", "kubelet", "scheduler", "controllers")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("scale"), st.integers(0, 8)),
        st.tuples(st.just("image"), st.sampled_from(["nginx:1.27", "nginx:1.28", "no-such-image:1"])),
        st.tuples(st.just("wait"), st.floats(0, 30)),
    ),
    max_size=6,
)


def everything(seed: int, todo: list) -> bytes:
    """A cluster's whole store after a few requests."""
    labels = {"app": "web"}
    with Cluster(3, seed=seed) as cluster:
        client = cluster.client
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]},
            },
        }
        client.create("deployments.apps", {"metadata": {"name": "web"}, "spec": spec})
        for what, value in todo:
            if what == "wait":
                cluster.clock.advance(value)
                continue
            web = orjson.loads(orjson.dumps(client.get("deployments.apps", "default", "web")))
            if what == "scale":
                web["spec"]["replicas"] = value
            else:
                web["spec"]["template"]["spec"]["containers"][0]["image"] = value
            client.update("deployments.apps", web)
        cluster.settle()
        store = cluster.store
        return b"\n".join(stored.encoded for resource in store.resources() for stored in store.list(resource))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), steps)
def test_the_same_seed_and_requests_give_the_same_store_byte_for_byte(seed: int, todo: list):
    assert everything(seed, todo) == everything(seed, todo)


def test_another_seed_gives_other_names():
    assert everything(1, []) != everything(2, [])


def modules() -> list[Path]:
    root = Path(k8slearn.__file__).parent / "embedded"
    return [root / "clock.py", *(path for room in SIMULATED for path in (root / room).rglob("*.py"))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_below_the_server_knows_threads_sockets_real_time_or_chance(path: Path):
    """``random`` may be imported for its type, and by the clock, which seeds it."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        bad = FORBIDDEN & {name.partition(".")[0] for name in names}
        if path.name == "clock.py":
            bad -= {"random"}
        assert not bad or id(node) in typing_only, f"{path}:{node.lineno} imports {bad}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("utcnow", "urandom", "uuid4", "uuid1"), f"{path}:{node.lineno}"
            if node.attr == "now" and isinstance(node.value, ast.Name):
                assert node.value.id != "datetime", f"{path}:{node.lineno} reads the wall clock"
