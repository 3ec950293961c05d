"""What is said of pods in words: to a screen reader when they change, and in a line of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from k8slearn.lab.views.words import Words


class Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str: ...


def pods_said(before: Mapping[str, Named], now: Mapping[str, Named], words: Words) -> str:
    """What changed between two sets of pods by uid. Of more than three only the number is said: a screen reader
    that is told of a hundred pods one by one is of no use."""
    news = [words("pod-gone", name=pod.name) for uid, pod in before.items() if uid not in now]
    for uid, pod in now.items():
        old = before.get(uid)
        if old is None or (old is not pod and old.state != pod.state):
            news.append(words("pod-is", name=pod.name, state=words(pod.state)))
    return ", ".join(news) if len(news) <= 3 else words("many", count=len(news))


def counted(pods: Iterable[Named], words: Words) -> str:
    """``pods: 2 Ready, 1 Pending``."""
    counts = Counter(words(pod.state) for pod in pods)
    return f"{words('pods')}: {', '.join(f'{count} {state}' for state, count in counts.items()) or '0'}"
