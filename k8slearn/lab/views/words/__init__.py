"""The few words that views say by themselves, in each language: a module each, with the same keys.

Names and messages of the cluster stay as they are; what its reasons mean is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.lab.views.words import en, zh

if TYPE_CHECKING:
    from k8slearn.lab.views.events import Told

_LANGUAGES = {"en": en, "zh": zh}


class Words:
    """``Words("zh")("others", count=3)``. ``zh-CN`` is ``zh``; a language without a table is English."""

    def __init__(self, lang: str) -> None:
        self.lang = lang.split("-")[0].split("_")[0].lower()
        if self.lang not in _LANGUAGES:
            self.lang = "en"
        self._table = _LANGUAGES[self.lang].WORDS
        self._reasons = _LANGUAGES[self.lang].REASONS

    def __call__(self, key: str, **values: object) -> str:
        return self._table[key].format(**values)

    def reason(self, reason: str) -> str:
        """A reason as the cluster says it, and what it means: ``BackOff (it waits before the next try)``."""
        meaning = self._reasons.get(reason)
        return f"{reason} ({meaning})" if meaning else reason

    def state(self, state: str, reason: str) -> str:
        """A pod's state and kubectl's word for it where that says more: ``Failing (CrashLoopBackOff)``."""
        named = self(state)
        return named if reason in ("Running", "Pending", "Terminating", named) else f"{named} ({reason})"

    def event(self, told: Told) -> str:
        """An event in a line."""
        times = f" ×{told.count}" if told.count > 1 else ""
        return f"{self.reason(told.reason)}{times}: {told.message}"
