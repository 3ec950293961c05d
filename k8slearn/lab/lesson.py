"""A lesson in a notebook: the course's lesson with views, magics and panels. ``k8slearn.start`` opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.course.lesson import Lesson as CourseLesson
from k8slearn.engines import connect, current
from k8slearn.engines.remote_clock import RemoteClock

if TYPE_CHECKING:
    from k8slearn.lab.view import View

__all__ = ["Lesson", "start"]


class Lesson(CourseLesson):
    """The course's lesson, and what JupyterLab can show of its cluster."""

    def map(self) -> View:
        """The live cluster map: nodes, and this lesson's pods on them."""
        from k8slearn.lab import view

        return view.map(self.cluster.api_client, self.namespace, **self._look)

    @property
    def _look(self) -> dict[str, Any]:
        """How this lesson's views speak, and the virtual time that they can stop."""
        clock = self.cluster.clock
        return {"lang": self.lang, "clock": clock if isinstance(clock, RemoteClock) else None}


def start(name: str | int, *, lang: str | None = None) -> Lesson:
    """Open a lesson, by name or number, on the running cluster.

    In a notebook ``%kubectl`` and ``%%apply`` work in the lesson's namespace from then on, and so does kubectl
    in a terminal that uses the cluster's kubeconfig. Raises LessonError
    for an unknown lesson, ClusterError when no cluster is running.
    """
    from IPython.core.getipython import get_ipython

    lesson = Lesson(name, connect(), lang=lang)
    current().work_in(lesson.namespace)
    shell = get_ipython()
    if shell is not None:
        from k8slearn.lab.magics import KubectlMagics

        shell.run_line_magic("load_ext", "k8slearn.lab")
        KubectlMagics.of(shell).use(lesson.cluster, lesson.namespace)
    return lesson
