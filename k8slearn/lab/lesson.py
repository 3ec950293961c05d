"""A lesson in a notebook: the course's lesson with views, magics and panels. ``k8slearn.start`` opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        return self._view("map")

    def rollout(self, name: str) -> View:
        """How a Deployment goes from one version to the next, live."""
        return self._view("rollout", name)

    def traffic(self, service: str) -> View:
        """A Service, the pods behind it, and the requests that were really sent to it."""
        return self._view("traffic", service)

    def timeline(self) -> View:
        """Who did what in this lesson's namespace, and where the notebook's cells ran."""
        return self._view("timeline")

    def autoscaler(self, name: str) -> View:
        """What a HorizontalPodAutoscaler measures, and what it makes of it."""
        return self._view("autoscaler", name)

    def tree(self, ref: str) -> View:
        """Who owns whom, from ``deployment/web`` down. Raises ClusterError for an object of no kind."""
        return self._view("tree", ref)

    def diff(self, ref: str) -> View:
        """What is wanted of ``deployment/web`` and what is so. Raises ClusterError for an object of no kind."""
        return self._view("diff", ref)

    def _view(self, kind: str, *what: str) -> View:
        """It speaks the lesson's language, and can stop time where time is virtual."""
        from k8slearn.lab import view

        found = self.cluster.clock
        clock = found if isinstance(found, RemoteClock) else None
        open_view = getattr(view, kind)
        return open_view(
            self.cluster.api_client, *what, namespace=self.namespace, lang=self.lang, clock=clock
        )


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
