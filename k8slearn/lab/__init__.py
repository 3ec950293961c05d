"""What JupyterLab shows: the lesson with its views, the magics, the panel that a check shows.

``%load_ext k8slearn.lab`` is an IPython extension; ``k8slearn.start`` loads it by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register ``%kubectl`` and ``%%apply``, and teach the notebook to show checks and quizzes."""
    from IPython.core.formatters import DisplayFormatter

    from k8slearn.course.exercise import Result
    from k8slearn.course.quiz import Quiz
    from k8slearn.lab import panel, quizpanel
    from k8slearn.lab.magics import KubectlMagics

    shell.register_magics(KubectlMagics)
    assert isinstance(shell.display_formatter, DisplayFormatter)
    html = shell.display_formatter.formatters["text/html"]
    html.for_type(Result, panel.html)
    html.for_type(Quiz, quizpanel.html)
