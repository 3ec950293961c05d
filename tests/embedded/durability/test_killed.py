"""An acknowledged write survives ``kill -9`` at any moment."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import time
from pathlib import Path

import pytest

from k8slearn.embedded.store import Journal, Store

KILLS = 200


def test_what_was_acknowledged_is_there_after_each_of_two_hundred_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster is killed while it writes as fast as it can, goes on from what the disk holds, and so on."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    monkeypatch.syspath_prepend(Path(__file__).parent)
    writer = importlib.import_module("durable_writer")
    # The fork server of Python 3.11 looks for what it is to import here, and nowhere else.
    search = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(search))
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([writer.__name__])
    path = tmp_path / "journal"
    known: dict[int, str] = {}
    begin = acknowledged = 0
    for kill in range(KILLS):
        told, telling = processes.Pipe(duplex=False)
        child = processes.Process(target=writer.write_on, args=(str(path), telling, begin), daemon=True)
        child.start()
        telling.close()
        told.poll(20)  # it is at work
        time.sleep(chance.uniform(0, 0.02))
        child.kill()
        child.join()
        before = dict(known)
        try:
            while True:
                number, what = told.recv()
                known[number] = what
                acknowledged += 1
        except EOFError:
            pass
        assert len(known) > len(before), f"the writer has not written (seed {seed}, kill {kill})"
        found = {
            int(one.key.name[1:]): one.object["data"]["is"]
            for one in Store(Journal(path)).list("configmaps", "default")
            if one.key.name.startswith("n")
        }
        expected = {number: what for number, what in known.items() if what != "gone"}
        # The one write under way when it was killed may have happened or not.
        differing = {one for one in expected.keys() | found.keys() if expected.get(one) != found.get(one)}
        newest = max(known)
        assert differing <= {newest - 2, newest - 1, newest, newest + 1} and len(differing) <= 1, (
            f"lost or made up: {differing} of {len(known)} (seed {seed}, kill {kill})"
        )
        known = {**dict.fromkeys(known, "gone"), **found}
        begin = max(newest, *found) + 1
    assert path.stat().st_size < 20_000_000
    assert acknowledged > 3 * KILLS  # on a busy machine; ten times as many on a quiet one
