"""Who can reach whom: pod addresses, Services, DNS, NetworkPolicies. What a cluster's CNI plugin, kube-proxy and
CoreDNS do.

It moves whole HTTP exchanges, not packets, and knows nothing of containers: whoever listens hands in a
``Listener``, whoever asks gives the pod address it asks from.
"""

from k8slearn.embedded.network.errors import (
    AddressInUse,
    ConnectionClosed,
    ConnectionRefused,
    ConnectTimeout,
    NetworkError,
    NotSecure,
    RequestTimeout,
    UnknownHost,
    Unreachable,
    UntrustedCertificate,
)
from k8slearn.embedded.network.http import (
    ANYBODY,
    Connection,
    HttpRequest,
    HttpResponse,
    Listener,
    SecureListener,
)
from k8slearn.embedded.network.network import LOOPBACK, Network

__all__ = [
    "ANYBODY",
    "LOOPBACK",
    "AddressInUse",
    "ConnectTimeout",
    "Connection",
    "ConnectionClosed",
    "ConnectionRefused",
    "HttpRequest",
    "HttpResponse",
    "Listener",
    "Network",
    "NetworkError",
    "NotSecure",
    "RequestTimeout",
    "SecureListener",
    "UnknownHost",
    "Unreachable",
    "UntrustedCertificate",
]
