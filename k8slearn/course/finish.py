"""What a learner is told when the last exercise of a lesson passes: what they can do now, and what is next."""

from __future__ import annotations

from dataclasses import dataclass

from k8slearn.course.loader import Folder, folders
from k8slearn.course.progress import Progress
from k8slearn.course.texts import Texts, load


@dataclass(frozen=True)
class Finish:
    """The end of a lesson. ``goal`` is what the lesson promised in its first cell."""

    title: str
    exercises: tuple[str, ...]
    points: int
    hints: int
    goal: str
    following: str
    """The title of the next lesson that is not done, "" when all are."""
    texts: Texts

    @property
    def next_step(self) -> str:
        word = self.texts.word
        return word("next-lesson", title=self.following) if self.following else word("all-done")

    def __str__(self) -> str:
        word = self.texts.word
        return "\n".join(
            [
                word("finished", title=self.title),
                *(f"  ✓ {title}" for title in self.exercises),
                word("finished-score", points=self.points, hints=self.hints),
                self.goal,
                self.next_step,
            ]
        )


def finish(folder: Folder, lang: str, seed: str, progress: Progress) -> Finish | None:
    """The end of a lesson, None while an exercise has not passed."""
    exercises = folder.exercises(lang, seed).values()
    if not all(progress.passed(folder.id, one.id) for one in exercises):
        return None
    following = following_lesson(folder, progress)
    return Finish(
        title=folder.title(lang),
        exercises=tuple(one.title for one in exercises),
        points=sum(progress.points(folder.id, one.id) for one in exercises),
        hints=sum(progress.hints(folder.id, one.id) for one in exercises),
        goal=folder.goal(lang),
        following=following.title(following.language(lang)) if following else "",
        texts=load(lang),
    )


def done(folder: Folder, progress: Progress) -> bool:
    """Whether all of a lesson's exercises have passed."""
    return all(progress.passed(folder.id, exercise) for exercise in folder.checks)


def following_lesson(folder: Folder, progress: Progress) -> Folder | None:
    """The first lesson after this one that is not done, else the first before it."""
    open_ones = [one for one in folders() if not done(one, progress)]
    return next((one for one in open_ones if one.number > folder.number), next(iter(open_ones), None))
