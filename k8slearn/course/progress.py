"""What a learner has passed: a small JSON file that every notebook and the command line share.

    {"version": 1, "lessons": {"01-pods": {"serve": {"passed": true, "points": 3, "hints": 1}}}}

It is replaced as a whole under a temporary name, so that whoever reads it, or is cut off while writing,
finds the old state or the new one and nothing between.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from k8slearn.course.texts import word
from k8slearn.errors import StorageError

VERSION = 1


class Progress:
    """The progress kept in the file ``path``, which is made when there is something to keep."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def passed(self, lesson: str, exercise: str) -> bool:
        return self._of(lesson, exercise).get("passed", False)

    def points(self, lesson: str, exercise: str) -> int:
        return self._of(lesson, exercise).get("points", 0)

    def hints(self, lesson: str, exercise: str) -> int:
        """How many hints have been given."""
        return self._of(lesson, exercise).get("hints", 0)

    def record_pass(self, lesson: str, exercise: str, points: int) -> None:
        self._change(lesson, exercise, passed=True, points=points)

    def record_hint(self, lesson: str, exercise: str, level: int) -> None:
        self._change(lesson, exercise, hints=level)

    def forget(self, lesson: str, exercise: str | None = None) -> None:
        """Forget one exercise, or all of a lesson.

        Raises StorageError, as every change does, when it cannot be written.
        """
        lessons = self._read()
        where, what = (lessons, lesson) if exercise is None else (lessons.get(lesson, {}), exercise)
        if where.pop(what, None) is not None:
            self._write(lessons)

    def _of(self, lesson: str, exercise: str) -> dict[str, Any]:
        return self._read().get(lesson, {}).get(exercise, {})

    def _change(self, lesson: str, exercise: str, **values: object) -> None:
        lessons = self._read()
        before = lessons.setdefault(lesson, {}).get(exercise, {})
        after = {**before, **values}
        if after != before:
            lessons[lesson][exercise] = after
            self._write(lessons)

    def _read(self) -> dict[str, dict[str, dict[str, Any]]]:
        try:
            return json.loads(self.path.read_bytes())["lessons"]
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(word("progress-unreadable", path=self.path, reason=error.strerror)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(word("progress-damaged", path=self.path, reason=error)) from error

    def _write(self, lessons: dict[str, Any]) -> None:
        text = json.dumps({"version": VERSION, "lessons": lessons}, indent=1, sort_keys=True) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StorageError(word("progress-unwritable", path=self.path, reason=error.strerror)) from error
