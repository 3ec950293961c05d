"""What a component inside the cluster uses to work: API client, event recorder, work queue, controller.

In a real cluster this is client-go. Everything above this room (kubelets, scheduler, controllers) reads and
writes the cluster through ``Client`` only.
"""

from k8slearn.embedded.client.client import Client
from k8slearn.embedded.client.controller import Controller
from k8slearn.embedded.client.recorder import Recorder
from k8slearn.embedded.client.trace import Actor, Trace, TraceEntry
from k8slearn.embedded.client.workqueue import WorkQueue
from k8slearn.embedded.store import Change, Key, Object

__all__ = [
    "Actor",
    "Change",
    "Client",
    "Controller",
    "Key",
    "Object",
    "Recorder",
    "Trace",
    "TraceEntry",
    "WorkQueue",
]
