"""DaemonSets: a pod on every node that suits.

``daemonset`` says when to look and does what is to be done, ``placement`` which nodes suit and what a node's
pod looks like, ``surplus`` which pods a node has too many, ``update`` how a new template gets onto the nodes,
``status`` what is told.
"""

from k8slearn.embedded.controllers.daemonset.daemonset import DaemonSetController

__all__ = ["DaemonSetController"]
