"""The kubelet: the life of a pod on a node.

It registers its Node and keeps it alive, and runs the pods bound to it: images, volumes, environment,
containers, probes, restarts, hooks, termination, and what the API server asks it for (logs, exec). It sees
the cluster through ``client`` only, and containers through ``runtime`` only.
"""

from k8slearn.embedded.kubelet.faults import NodeFaults
from k8slearn.embedded.kubelet.kubelet import Kubelet
from k8slearn.embedded.kubelet.node_status import CONTROL_PLANE_TAINT
from k8slearn.embedded.kubelet.subresources import connect

__all__ = ["CONTROL_PLANE_TAINT", "Kubelet", "NodeFaults", "connect"]
