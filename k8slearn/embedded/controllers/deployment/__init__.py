"""Deployments: a ReplicaSet per version of the pod template, and the way from one to the next.

``deployment`` decides what to do, ``sync`` does what all ways share, ``rolling`` and ``recreate`` are the two
ways, ``progress`` says how it goes, ``sizes`` and ``revision`` are the arithmetic.
"""

from k8slearn.embedded.controllers.deployment.deployment import DeploymentController

__all__ = ["DeploymentController"]
