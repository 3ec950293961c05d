"""StatefulSets: pods with names that stay, made and updated one after the other.

``statefulset`` says when to look, ``control`` what is done in one look, ``update`` which pods a rolling update
deletes, ``identity`` who a pod is, ``claims`` what it owns, ``status`` what is told of it.
"""

from k8slearn.embedded.controllers.statefulset.statefulset import StatefulSetController

__all__ = ["StatefulSetController"]
