"""What learners handed in: found in a folder or a zip, whichever way it is laid out.

    SUBMISSIONS/alice.ipynb                                     one notebook a learner        learner "alice"
    SUBMISSIONS/bob/01-pods.ipynb                               a folder a learner            learner "bob"
    SUBMISSIONS/carol/ps1/01-pods.ipynb, …/timestamp.txt        nbgrader's submitted/         learner "carol"
    SUBMISSIONS/dave/                                           handed nothing in             learner "dave"
    SUBMISSIONS/Jane Doe_12345_assignsubmission_file/….ipynb    Moodle's export               learner "Jane Doe_12345"
    SUBMISSIONS/doejane_4711_998877_01-pods.ipynb               Canvas's export               learner "doejane_4711"

All may be mixed. Nothing but ``*.ipynb`` (and nbgrader's ``timestamp.txt``) is ever looked at, so a ``conftest.py``
or ``nbformat.py`` that came along does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from k8slearn.errors import SubmissionError
from k8slearn.grading.files import File, listing
from k8slearn.grading.naming import Person, owner

NOTEBOOK = ".ipynb"
TIMESTAMP = "timestamp.txt"
"""Where nbgrader notes when an assignment was handed in."""


@dataclass(frozen=True)
class Submission:
    """One notebook to grade, or (``file`` None) a learner who handed none in. No two have the same name."""

    name: str
    learner: str
    file: File | None = None
    handed_in: str = ""
    """When, as ISO 8601 in UTC; empty where that is not known."""
    person: Person | None = None
    """Who the learner is to the system whose export named them."""


def find(source: Path) -> list[Submission]:
    """All submissions in the folder or zip ``source``, ordered by name.

    Raises SubmissionError when ``source`` is neither or has nothing to grade.
    """
    listed = listing(source)
    noted = {file.parts[:-1]: time for file in listed.files if (time := _noted(file)) is not None}
    found = []
    for file in listed.files:
        if file.parts[-1].lower().endswith(NOTEBOOK):
            time = noted.get(file.parts[:-1]) or file.modified()
            handed_in = "" if time is None else time.astimezone(UTC).isoformat(timespec="seconds")
            found.append(replace(_named(file.parts), file=file, handed_in=handed_in))
    present = {one.learner for one in found}
    found += [one for one in map(_empty, listed.folders) if one.learner not in present]
    if not found:
        raise SubmissionError(
            f"{source} holds no notebook. Put them there as alice.ipynb or alice/01-pods.ipynb."
        )
    return _told_apart(sorted(found, key=lambda one: one.name))


def _named(parts: Sequence[str]) -> Submission:
    """Whose a file is, and what it is called below that.

    One whose name leads out of a zip (``../alice/x.ipynb``) is nobody's but its own.
    """
    whole = "/".join(parts).removesuffix(NOTEBOOK)
    if ".." in parts:
        return Submission(whole, whole)
    top, below = parts[0], parts[1:]
    if person := owner(top):
        name = "/".join(filter(None, (person.learner, person.file, *below))).removesuffix(NOTEBOOK)
        return Submission(name, person.learner, person=person)
    return Submission(whole, top if below else whole)


def _empty(folder: str) -> Submission:
    """The learner whose folder it is, with nothing in it."""
    person = owner(folder)
    return (
        Submission(folder, folder)
        if person is None
        else Submission(person.learner, person.learner, person=person)
    )


def _noted(file: File) -> datetime | None:
    """The time in nbgrader's timestamp.txt, as in ``2026-02-02 15:58:23.948203 Europe/Berlin``."""
    if file.parts[-1] != TIMESTAMP:
        return None
    with suppress(SubmissionError, ValueError, OverflowError, ZoneInfoNotFoundError):
        day, hour, *zone = file.content()[:100].decode().split()
        return datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=ZoneInfo(zone[0] if zone else "UTC"))
    return None


def _told_apart(found: Iterable[Submission]) -> list[Submission]:
    """A zip may hold a name twice: the second is called ``… (2)``."""
    names: dict[str, Submission] = {}
    for one in found:
        name, number = one.name, 2
        while name in names:
            name, number = f"{one.name} ({number})", number + 1
        names[name] = replace(one, name=name)
    return list(names.values())
