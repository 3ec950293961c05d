"""The scheduler: which node a pod runs on.

``scheduler`` takes pod after pod, ``filter`` and ``spreading`` say which nodes can take it, ``score`` which
is best, ``cache`` knows what is on the nodes.
"""

from k8slearn.embedded.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
