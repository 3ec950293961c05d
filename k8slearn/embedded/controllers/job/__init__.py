"""Jobs: pods that run to their end, so many of them, so often.

``job`` is the controller, ``census`` counts the pods, ``verdict`` says whether the Job has ended, ``plan`` which
pods to make and to delete, ``tracking`` how each ended pod is counted exactly once.
"""

from k8slearn.embedded.controllers.job.job import JobController

__all__ = ["JobController"]
