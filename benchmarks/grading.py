"""How long an instructor waits."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Result, command, median
from k8slearn import paths

SUBMISSIONS = 20


def grade() -> Result:
    """Twenty solved submissions of a lesson, beside starting as many bare Python kernels' interpreters."""
    k8slearn = str(Path(sys.executable).with_name("k8slearn"))
    solved = paths.lessons() / "solutions" / "en" / "01-pods.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        submissions = Path(folder) / "submissions"
        submissions.mkdir()
        for number in range(SUBMISSIONS):
            shutil.copy(solved, submissions / f"learner-{number:02}.ipynb")
        grading = command(k8slearn, "grade", str(submissions), "--out", f"{folder}/marks")
        seconds = median(grading, 1)
    interpreter = median(command(sys.executable, "-c", "import IPython"), 3)
    return Result(
        f"grading {SUBMISSIONS} submissions",
        seconds,
        10.0,
        "python -c 'import IPython', as often",
        interpreter * SUBMISSIONS,
    )


BENCHMARKS = [grade]
