"""Who can reach whom: pod addresses, Services, DNS, NetworkPolicies. What a cluster's CNI plugin, kube-proxy and
CoreDNS do.

It moves whole HTTP exchanges, not packets, and knows nothing of containers: whoever listens hands in a
``Listener``, whoever asks gives the pod address it asks from.
"""

from k8slearn.embedded.network.errors import (
    AddressInUse,
    ConnectionClosed,
    ConnectionRefused,
    NetworkError,
    RequestTimeout,
    UnknownHost,
    Unreachable,
)
from k8slearn.embedded.network.http import Connection, HttpRequest, HttpResponse, Listener
from k8slearn.embedded.network.network import LOOPBACK, Network

__all__ = [
    "LOOPBACK",
    "AddressInUse",
    "Connection",
    "ConnectionClosed",
    "ConnectionRefused",
    "HttpRequest",
    "HttpResponse",
    "Listener",
    "Network",
    "NetworkError",
    "RequestTimeout",
    "UnknownHost",
    "Unreachable",
]
