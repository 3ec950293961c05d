"""Node lifecycle: nodes that stopped to report are marked, and their pods with them."""

from k8slearn.embedded.controllers.nodelifecycle.nodelifecycle import NodeLifecycleController

__all__ = ["NodeLifecycleController"]
