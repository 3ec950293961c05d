"""All lessons with their exercises and how far the learner is, as ``k8slearn lessons`` prints them."""

from __future__ import annotations

from k8slearn import paths
from k8slearn.course.loader import folders
from k8slearn.course.progress import Progress
from k8slearn.course.texts import load


def render(lang: str | None = None) -> str:
    """A line per lesson and one per exercise, ticked when it has passed."""
    progress = Progress(paths.home() / "progress.json")
    lines = []
    for folder in folders():
        spoken = folder.language(lang)
        exercises = folder.exercises(spoken).values()
        points = sum(progress.points(folder.id, one.id) for one in exercises)
        of = sum(one.points for one in exercises)
        score = load(spoken).word("score", title=folder.title(spoken), points=points, of=of)
        lines.append(f"{folder.id}  {score}")
        for one in exercises:
            mark = "✓" if progress.passed(folder.id, one.id) else "·"
            lines.append(f"    {mark} {one.id}: {one.title} ({one.points})")
    return "\n".join(lines)
