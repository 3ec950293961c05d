"""Make the folder of a new lesson: an exercise, its check, its texts and a quiz in both languages, answers.

The skeleton is a lesson: it builds, and it passes the tests that every lesson must pass. Its author replaces
it piece by piece, and always has something that works.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from k8slearn import paths
from k8slearn.course.loader import folders
from k8slearn.errors import LessonError

_TEMPLATES = Path(__file__).with_name("skeleton_files")


def new(name: str) -> Path:
    """Make the lesson ``name`` (words with dashes) after the last one, or ``07-name`` with that number.

    Returns its folder. Raises LessonError for a name that is none or is taken.
    """
    found = re.fullmatch(r"(?:(\d\d)-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)", name)
    if found is None:
        raise LessonError(f"{name!r} is no name for a lesson. Use small letters and dashes, as in: node-loss")
    present = folders()
    number = int(found[1]) if found[1] else max((folder.number for folder in present), default=-1) + 1
    for folder in present:
        if folder.number == number or folder.name == found[2]:
            raise LessonError(f"There is a lesson {folder.id} already. Choose another name or number.")
    path = paths.lessons() / f"{number:02}-{found[2]}"
    path.mkdir()
    gaps = {"name": found[2], "title": found[2].replace("-", " ").capitalize()}
    for template in sorted(_TEMPLATES.iterdir()):
        text = template.read_text(encoding="utf-8")
        (path / template.name.removesuffix(".txt")).write_text(
            Template(text).safe_substitute(gaps), encoding="utf-8"
        )
    return path
