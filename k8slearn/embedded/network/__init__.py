"""Who can reach whom: pod addresses, Services, DNS. What a cluster's CNI plugin, kube-proxy and CoreDNS do.

It moves whole HTTP exchanges, not packets, and knows nothing of containers: whoever listens hands in a
``Listener``, whoever asks gives the pod address it asks from.
"""

from k8slearn.embedded.network.http import HttpRequest, HttpResponse, Listener
from k8slearn.embedded.network.names import UnknownHost
from k8slearn.embedded.network.network import (
    AddressInUse,
    ConnectionRefused,
    Network,
    NetworkError,
    Unreachable,
)

__all__ = [
    "AddressInUse",
    "ConnectionRefused",
    "HttpRequest",
    "HttpResponse",
    "Listener",
    "Network",
    "NetworkError",
    "UnknownHost",
    "Unreachable",
]
