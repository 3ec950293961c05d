"""What the batch hands to the warm process, and that to a judge. Light to import: the batch needs no cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from k8slearn.grading.learner import Limits
from k8slearn.grading.outcome import Outcome, Status
from k8slearn.grading.splice import Handed, Spliced, Step


@dataclass(frozen=True)
class Task:
    """A submission that is ready to be judged. ``folder`` is this task's alone, and gone afterwards."""

    name: str
    learner: str
    lesson: str
    lang: str
    seed: str
    """What the learner's names and numbers are drawn from."""
    handed_in: str
    key: str
    folder: str
    spliced: Spliced
    limits: Limits

    def outcome(self, status: Status, detail: str, **more: Any) -> Outcome:
        about = (self.name, self.learner, self.lesson, status, detail, self.handed_in, self.key)
        return Outcome(*about, lang=self.lang, **more)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Task:
        cells = tuple(Step(**cell) for cell in data["spliced"]["steps"])
        handed = {exercise: Handed(how) for exercise, how in data["spliced"]["handed"].items()}
        limits = Limits(**data["limits"])
        return cls(**{**data, "spliced": Spliced(cells, handed), "limits": limits})
