"""Lessons as things to learn from: exercises, checks, hints, progress, and how sources become notebooks.

A lesson sees a cluster through its API only, and knows nothing of how it is shown. ``Check`` and ``Context``
are what a lesson's ``checks.py`` is written with; ``Lesson`` is what its notebook works with.
"""

from __future__ import annotations

from k8slearn.course.check import Check, Failed
from k8slearn.course.context import Context
from k8slearn.course.exercise import Exercise, Feedback, Result, Status, StepResult
from k8slearn.course.lesson import CheckFailed, Lesson
from k8slearn.course.progress import Progress

__all__ = [
    "Check",
    "CheckFailed",
    "Context",
    "Exercise",
    "Failed",
    "Feedback",
    "Lesson",
    "Progress",
    "Result",
    "Status",
    "StepResult",
]
