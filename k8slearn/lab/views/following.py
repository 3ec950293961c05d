"""What the reducers of one namespace have in common."""

from __future__ import annotations

from k8slearn.lab.views.events import Events
from k8slearn.lab.views.objects import Objects
from k8slearn.lab.views.store import Changes


class Following:
    """The objects of a namespace and what the events say of them, as far as a view has been told."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.objects = Objects(namespace)
        self.events = Events()

    @property
    def problem(self) -> str:
        return self.objects.problem

    def take(self, changes: Changes) -> None:
        """Take a batch of objects and events in."""
        self.objects.apply(changes)
        self.events.apply(changes)
