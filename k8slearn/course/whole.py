"""The whole course at once, for the fast track: judge all that has not passed yet, lesson by lesson."""

from __future__ import annotations

from k8slearn import paths
from k8slearn.course import namespaces
from k8slearn.course.exercise import Result
from k8slearn.course.finish import done
from k8slearn.course.lesson import CheckFailed, Lesson
from k8slearn.course.loader import folders
from k8slearn.course.progress import Progress
from k8slearn.engines.cluster import Cluster


def judge(cluster: Cluster) -> dict[tuple[str, str], Result]:
    """The results by lesson and exercise. A lesson whose namespace is not there has not been begun.

    What has passed is not judged again: it may be gone from the cluster for a good reason.
    """
    progress = Progress(paths.home() / "progress.json")
    results: dict[tuple[str, str], Result] = {}
    for folder in folders():
        if not cluster.namespace and not namespaces.exists(cluster, folder.namespace):
            continue
        lesson = Lesson(folder.id, cluster, progress=progress)
        for exercise in lesson.exercises:
            if not progress.passed(folder.id, exercise):
                try:
                    results[folder.id, exercise] = lesson.check(exercise)
                except CheckFailed as failed:
                    results[folder.id, exercise] = failed.result
    return results


def complete() -> bool:
    """Whether every exercise of every lesson has passed."""
    progress = Progress(paths.home() / "progress.json")
    return all(done(folder, progress) for folder in folders())
