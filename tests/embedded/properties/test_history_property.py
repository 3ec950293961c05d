"""The simulation is a function of its seed and its requests, over every write, and through the journal."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

steps = st.lists(
    st.one_of(
        st.tuples(st.just("scale"), st.integers(0, 4)),
        st.tuples(st.just("image"), st.sampled_from(["nginx:1.27", "nginx:1.28", "no-such-image:1"])),
        st.tuples(st.just("kill"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["crash", "recover"]), st.just("worker-1")),
        st.tuples(st.just("wait"), st.floats(0, 100)),
    ),
    max_size=6,
)


def live(storm, todo: list[tuple]) -> None:
    for step in todo:
        match step:
            case "scale", replicas:
                storm.change("deployments.apps", "web", replicas=replicas)
            case "image", image:
                storm.set_image("deployments.apps", "web", image)
            case "kill", number:
                storm.kill("web", number)
            case "wait", seconds:
                storm.clock.advance(seconds)
            case fault, node:
                storm.befall(fault, node)
    storm.settle()


def history(tools, seed: int, before: list[tuple], after: list[tuple]) -> tuple[str, list[str]]:
    """A digest of the journal, byte for byte, of a cluster that is closed and opened again in between; and what
    the second life's trace tells."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        with tools.Storm(seed, journal=journal) as storm:
            storm.make("deployments.apps", "web", replicas=2)
            live(storm, before)
        with tools.Storm(seed, journal=journal) as storm:
            live(storm, after)
            told = [entry["sentence"] for entry in storm.tell()]
        return hashlib.sha256(journal.read_bytes()).hexdigest(), told


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.integers(0, 999), steps, steps)
def test_the_same_seed_gives_the_same_history_also_through_the_journal(tools, seed, before, after):
    assert history(tools, seed, before, after) == history(tools, seed, before, after)


def test_another_seed_gives_another_history(tools):
    assert history(tools, 1, [], []) != history(tools, 2, [], [])
