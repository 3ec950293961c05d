"""Every error that k8slearn raises on purpose. Each message says what happened, where, and what to do next.

    K8slearnError
    ├── ClusterError          a cluster could not be started, found or reached
    ├── StorageError          the cluster's journal or a learner's file could not be read or written
    ├── UnsupportedError      this engine cannot do that, and why
    ├── LessonError           a lesson, exercise or its source is not as it must be
    └── SubmissionError       a submitted notebook cannot be graded as it is

What a Kubernetes API answers (404, 409, 422 …) is not in this tree: inside the embedded cluster it is
``embedded.apiserver.status.ApiError``, outside it the official client's ``ApiException``.
"""

from __future__ import annotations


class K8slearnError(Exception):
    """Base of all errors that k8slearn raises on purpose; it is shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook prints; the command line does the same."""
        return [f"{type(self).__name__}: {self}"]


class ClusterError(K8slearnError):
    """A cluster could not be started, found or reached."""


class StorageError(K8slearnError):
    """The cluster's journal or a learner's file could not be read or written."""


class UnsupportedError(K8slearnError):
    """This engine cannot do what was asked; the message says which one can."""


class LessonError(K8slearnError):
    """A lesson, an exercise or its source is not as it must be."""


class SubmissionError(K8slearnError):
    """A submitted notebook cannot be graded as it is."""
