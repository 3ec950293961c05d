"""Tells a timeline when a cell of the notebook runs."""

from __future__ import annotations

import weakref
from datetime import UTC, datetime
from typing import Any

from k8slearn.lab.views.timeline import Cell
from k8slearn.lab.views.timelinedrawing import TimelinePicture


def in_notebook(picture: TimelinePicture) -> TimelinePicture:
    """``picture``, which is told of every cell from now on; where there is no notebook it is told nothing."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return picture
    state = weakref.ref(picture.state)

    def ran(info: Any) -> None:
        timeline = state()
        if timeline is None:
            shell.events.unregister("pre_run_cell", ran)
        elif info.raw_cell.strip():
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            timeline.ran(Cell(now, shell.execution_count, info.raw_cell.strip().splitlines()[0]))

    shell.events.register("pre_run_cell", ran)
    return picture
