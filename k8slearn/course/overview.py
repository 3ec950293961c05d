"""All lessons with their exercises and how far the learner is, as ``k8slearn lessons`` prints them."""

from __future__ import annotations

from k8slearn import paths
from k8slearn.course.exercise import Result
from k8slearn.course.loader import folders
from k8slearn.course.progress import Progress
from k8slearn.course.texts import language, load


def render(lang: str | None = None, judged: dict[tuple[str, str], Result] | None = None) -> str:
    """A line per lesson and one per exercise, ticked when it has passed; then the sum, and what is next.

    ``judged`` are results of this moment by lesson and exercise: what they saw stands below the exercise.
    """
    progress = Progress(paths.home() / "progress.json")
    lang = language(lang)
    word = load(lang).word
    lines: list[str] = []
    all_points = all_of = 0
    following = ""
    for folder in folders():
        spoken = folder.language(lang)
        exercises = folder.exercises(spoken).values()
        points = sum(progress.points(folder.id, one.id) for one in exercises)
        of = sum(one.points for one in exercises)
        all_points, all_of = all_points + points, all_of + of
        passed = all(progress.passed(folder.id, one.id) for one in exercises)
        score = word("score", title=folder.title(spoken), points=points, of=of)
        lines.append(f"{'✓' if passed else ' '} {folder.id}  {score}")
        for one in exercises:
            done = progress.passed(folder.id, one.id)
            lines.append(f"      {'✓' if done else '·'} {one.id}: {one.title} ({one.points})")
            result = (judged or {}).get((folder.id, one.id))
            if result is not None and result.feedback is not None:
                seen = word("labelled", label=word("seen"), text=result.feedback.seen)
                lines.append(f"          {seen}")
            if not done and not following:
                following = word("next-exercise", exercise=f"{folder.name}/{one.id}", title=one.title)
    lines += ["", word("total", points=all_points, of=all_of), following or word("all-done")]
    return "\n".join(lines)
