"""Grade a folder of learners' notebooks: ``grade(Path("submissions"), Path("marks"), jobs=2)``.

Outcomes are kept in ``OUT/outcomes.jsonl``, a line each, as they come. A batch that was broken off is taken
up by running it again: what is unchanged, in its answers and in the lesson, is not graded twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from k8slearn import paths
from k8slearn.course.loader import Folder, folders, learners_seed
from k8slearn.errors import StorageError, SubmissionError
from k8slearn.grading import late, report, roster, runner
from k8slearn.grading import notebook as notebooks
from k8slearn.grading.attempts import Rule, best, latest
from k8slearn.grading.learner import Limits
from k8slearn.grading.outcome import Outcome, Status
from k8slearn.grading.runner import Place
from k8slearn.grading.splice import splice
from k8slearn.grading.submission import Submission, find
from k8slearn.grading.task import Task
from k8slearn.kube.duration import human_duration

OUTCOMES = "outcomes.jsonl"
"""What is known of a batch: the newest line of a submission counts."""

EDITION = "1"
"""Counted up when graded submissions must be graded anew because the way of grading has changed."""


Progress = Callable[[Outcome, int], None]


@dataclass(frozen=True)
class Grades:
    """A graded batch: the outcomes that count.

    ``reused`` counts those that an earlier run of the batch had come to, ``superseded`` the attempts that a later
    or a better one took the place of.
    """

    outcomes: tuple[Outcome, ...]
    reused: int
    superseded: int

    def count(self, status: Status) -> int:
        return sum(outcome.status is status for outcome in self.outcomes)


def grade(
    submissions: Path,
    out: Path,
    jobs: int | None = None,
    *,
    seeds: Mapping[str, str] | None = None,
    attempts: Rule = Rule.LATEST,
    deadlines: late.Deadlines | None = None,
    limits: Limits = Limits(),  # noqa: B008 (immutable)
    resume: bool = True,
    unsafe: bool = False,
    progress: Progress = lambda outcome, left: None,
) -> Grades:
    """Grade all of ``submissions``, ``jobs`` at a time (default: two a core, for a
    notebook waits half of its time); the reports go to ``out``.

    ``seeds`` has, by learner, what their names and numbers are drawn from; without it all have the same. Whoever
    is in it and handed nothing in is missing. ``attempts`` says which of a learner's notebooks for one lesson
    counts, ``deadlines`` what lateness costs. Without ``resume`` nothing of an earlier run is kept; ``unsafe``:
    notebooks run without a sandbox.
    ``progress`` is told each outcome as it comes, and how many are left. Raises SubmissionError when there is
    nothing to grade or a learner has no seed, StorageError when ``out`` cannot be written, ClusterError when
    grading cannot start.
    """
    found = find(submissions)
    if seeds is not None:
        found += [Submission(one, one) for one in sorted(seeds.keys() - {one.learner for one in found})]
    if seeds is not None and (strangers := sorted({one.learner for one in found} - seeds.keys())):
        raise SubmissionError(
            f"The roster has no seed for {', '.join(strangers)}. Add a line for each: learner,seed"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not resume:
            (out / OUTCOMES).unlink(missing_ok=True)
        place = Place([path.resolve() for path in (paths.lessons(), submissions, out)], unsafe)
        jobs = jobs or 2 * (os.cpu_count() or 1)
        return _grade(found, out, jobs, place, limits, seeds, attempts, deadlines or {}, progress)
    except OSError as error:
        raise StorageError(
            f"The marks cannot be written to {out}: {error.strerror or error}. "
            "Free some space, or give another folder by --out."
        ) from error


def run(
    submissions: Path,
    out: Path,
    jobs: int | None,
    seed_from: Path | None,
    attempts: Rule,
    late_from: Path | None,
    *,
    resume: bool,
    unsafe: bool,
) -> Grades:
    """What ``k8slearn grade`` does: a line a submission as they come, then the table, on standard output."""
    from rich.console import Console

    say = _Teller().tell

    seeds = roster.read(seed_from) if seed_from is not None else None
    deadlines = late.read(late_from) if late_from is not None else None
    grades = grade(
        submissions,
        out,
        jobs,
        seeds=seeds,
        attempts=attempts,
        deadlines=deadlines,
        resume=resume,
        unsafe=unsafe,
        progress=say,
    )
    Console().print(report.table(grades.outcomes))
    again = f", {grades.reused} of them earlier" if grades.reused else ""
    print(f"{len(grades.outcomes)} submissions{again}.")
    if grades.superseded:
        print(
            f"{grades.superseded} other attempts do not count: the {attempts.value} one of each learner does."
        )
    print(f"Marks: {out / 'grades.csv'}. Overview: {out / report.OVERVIEW}. For learners: {out / 'feedback'}")
    if failed := grades.count(Status.INFRA_ERROR):
        print(f"{failed} could not be graded. Run the same command again to try only those.")
    return grades


class _Teller:
    """Prints a line for each outcome: its status, its name, and how long the rest may take."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told = 0

    def tell(self, outcome: Outcome, left: int) -> None:
        self._told += 1
        each = (time.monotonic() - self._began) / self._told
        rest = f"  ({left} left, about {human_duration(each * left)})" if left else ""
        line = f"{outcome.status.value:>12}  {report.printable(outcome.name)}{rest}"
        print(line, file=sys.stderr, flush=True)


# -- a batch ----------------------------------------------------------------------------------------


def _grade(
    found: list[Submission],
    out: Path,
    jobs: int,
    place: Place,
    limits: Limits,
    seeds: Mapping[str, str] | None,
    attempts: Rule,
    deadlines: late.Deadlines,
    progress: Progress,
) -> Grades:
    lessons = {folder.id: folder for folder in folders()}
    known = _known(out / OUTCOMES)
    outcomes: dict[str, Outcome] = {}
    counted: tuple[Outcome, ...] = ()
    tasks: list[Task] = []
    scratch = Path(tempfile.mkdtemp(prefix="k8slearn-grade-"))
    reused = judged = 0
    try:
        _end_last_line(out / OUTCOMES)
        with (out / OUTCOMES).open("a", encoding="utf-8") as ledger:

            def keep(outcome: Outcome) -> None:
                outcomes[outcome.name] = outcome
                ledger.write(json.dumps(outcome.to_json()) + "\n")
                ledger.flush()
                progress(outcome, len(tasks) - judged)

            prepared = []
            for number, submission in enumerate(found):
                seed = learners_seed() if seeds is None else seeds[submission.learner]
                prepared.append(_prepare(submission, lessons, limits, seed, scratch / str(number)))
            for one in latest(prepared) if attempts is Rule.LATEST else prepared:
                if isinstance(one, Outcome):
                    keep(one)
                elif (earlier := known.get(one.name)) and earlier.key == one.key:
                    outcomes[one.name] = earlier
                    reused += 1
                else:
                    tasks.append(one)
            with closing(runner.run(tasks, jobs, place)) as coming:
                for judged, outcome in enumerate(coming, 1):  # noqa: B007 (keep tells how many are left)
                    keep(outcome)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        ordered = [outcomes[submission.name] for submission in found if submission.name in outcomes]
        counted = tuple(best(late.applied(ordered, deadlines)))
        report.write(counted, out, {one.learner: one.person for one in found if one.person is not None})
    return Grades(counted, reused, len(found) - len(counted))


def _prepare(
    submission: Submission, lessons: dict[str, Folder], limits: Limits, seed: str, folder: Path
) -> Task | Outcome:
    """What is to be judged, or the outcome when there is nothing to judge."""
    about = (submission.name, submission.learner)
    if submission.file is None:
        return Outcome(*about, "", Status.MISSING, "No notebook was handed in.")
    handed_in = submission.handed_in
    try:
        notebook = notebooks.parse(submission.file.content())
        lesson = lessons[notebooks.lesson_of(notebook, submission.name.rpartition("/")[2], lessons)]
    except SubmissionError as error:
        return Outcome(*about, "", Status.MALFORMED, str(error), handed_in)
    lang = lesson.language(notebook.lang)
    pristine = paths.lessons() / lang / f"{lesson.id}.ipynb"
    spliced = splice(notebooks.parse(pristine.read_bytes()).cells, notebook.cells)
    judged_by = (pristine, lesson.path / "checks.py", lesson.path / f"exercises.{lang}.yaml")
    key = hashlib.sha256(repr((EDITION, limits, seed, spliced)).encode("utf-8", "backslashreplace"))
    for path in judged_by:
        key.update(path.read_bytes())
    return Task(*about, lesson.id, lang, seed, handed_in, key.hexdigest(), str(folder), spliced, limits)


def _end_last_line(path: Path) -> None:
    """A killed run may have left half a line: what is written next must not become its end."""
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        with path.open("a") as file:
            file.write("\n")


def _known(path: Path) -> dict[str, Outcome]:
    """What earlier runs came to, by name. A line that was cut off, or is of an older form, is not known."""
    known: dict[str, Outcome] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return known
    for line in lines:
        try:
            outcome = Outcome.from_json(json.loads(line))
        except (ValueError, TypeError, KeyError):
            continue
        if outcome.status is not Status.INFRA_ERROR:
            known[outcome.name] = outcome
    return known
