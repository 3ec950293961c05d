"""Who has which seed: a CSV with the columns ``learner`` and ``seed``, others being ignored.

    learner,seed
    alice,7f3a

``learner`` is the submission's file or folder name, ``seed`` the K8SLEARN_SEED that the learner worked with.
"""

from __future__ import annotations

import csv
from pathlib import Path

from k8slearn.errors import SubmissionError


def read(path: Path) -> dict[str, str]:
    """The seeds by learner. Raises SubmissionError, with the line, for a file that does not say them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets begin with a byte order mark
            rows = csv.DictReader(file)
            if not {"learner", "seed"} <= set(rows.fieldnames or ()):
                raise SubmissionError(f"{path}: the first line must name the columns learner and seed.")
            seeds: dict[str, str] = {}
            for row in rows:
                learner, seed = (row["learner"] or "").strip(), (row["seed"] or "").strip()
                if not learner or not seed:
                    raise SubmissionError(f"{path}:{rows.line_num}: a learner or a seed is missing.")
                if seeds.setdefault(learner, seed) != seed:
                    raise SubmissionError(
                        f"{path}:{rows.line_num}: {learner} has a seed already, another one."
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SubmissionError(f"{path} cannot be read as CSV: {error}") from error
    return seeds
