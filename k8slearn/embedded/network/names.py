"""Cluster DNS: what a name means to a pod that asks. The rules are the Kubernetes page "DNS for Services and
Pods" and CoreDNS's ``kubernetes`` plugin; the search list is the kubelet's ``/etc/resolv.conf``.

    in namespace shop:  web                        -> the Service web of shop
                        web.bank                   -> the Service web of bank
                        web.bank.svc.cluster.local -> the same; a headless one gives its pods' addresses
                        db-0.db                    -> the pod with hostname db-0 of the headless Service db
"""

from __future__ import annotations

import ipaddress

from k8slearn.embedded.client import Client
from k8slearn.embedded.store import Object

DOMAIN = "cluster.local"
DNS_SERVICE_IP = "10.96.0.10"
"""The ClusterIP of kube-dns, as kubeadm sets it: what a pod's resolv.conf names."""


class UnknownHost(Exception):
    """No such name in the cluster's DNS (NXDOMAIN). Names outside the cluster are unknown too."""


def search_list(namespace: str) -> list[str]:
    """The ``search`` line of a pod's ``/etc/resolv.conf`` (``options ndots:5``)."""
    return [f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN]


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Names:
    """The cluster's name server: answers come from the Services and EndpointSlices as they are now."""

    def __init__(self, client: Client) -> None:
        self.client = client
        client.add_index("endpointslices.discovery.k8s.io", "service", _service_of_slice)
        client.add_index("services", "clusterIP", _cluster_ips)

    def lookup(self, namespace: str, name: str) -> tuple[str, list[str]]:
        """The full name that was found and its addresses, trying the search list of a pod in ``namespace``.

        Raises UnknownHost.
        """
        for candidate in candidates(namespace, name):
            addresses = self.records(candidate)
            if addresses:
                return candidate, addresses
        raise UnknownHost(name)

    def records(self, full_name: str) -> list[str]:
        """The A records of ``full_name``, which has no search list applied; [] when there are none."""
        suffix = f".svc.{DOMAIN}"
        if not full_name.endswith(suffix):
            return []
        labels = full_name[: -len(suffix)].split(".")
        if len(labels) not in (2, 3):
            return []
        *hostname, service_name, namespace = labels
        service = self.client.get("services", namespace, service_name)
        if service is None:
            return []
        cluster_ip = service["spec"].get("clusterIP", "")
        if cluster_ip and cluster_ip != "None":
            return [] if hostname else [cluster_ip]
        return self._headless(service, hostname[0] if hostname else None)

    def _headless(self, service: Object, hostname: str | None) -> list[str]:
        """Pod addresses: the ready ones, or all when the Service publishes addresses that are not ready."""
        every = service["spec"].get("publishNotReadyAddresses", False)
        return [
            address
            for endpoint in self.endpoints(service)
            if hostname is None or endpoint.get("hostname") == hostname
            if every or endpoint.get("conditions", {}).get("ready", True)
            for address in endpoint["addresses"]
        ]

    def services_at(self, address: str) -> list[Object]:
        """The Service whose ClusterIP ``address`` is."""
        return self.client.by_index("services", "clusterIP", address)

    def service_at(self, address: str) -> str | None:
        """The full name of the Service whose ClusterIP ``address`` is: its PTR record."""
        for service in self.services_at(address):
            return f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.{DOMAIN}"
        return None

    def slices(self, service: Object) -> list[Object]:
        metadata = service["metadata"]
        key = f"{metadata['namespace']}/{metadata['name']}"
        return self.client.by_index("endpointslices.discovery.k8s.io", "service", key)

    def endpoints(self, service: Object) -> list[Object]:
        return [endpoint for piece in self.slices(service) for endpoint in piece.get("endpoints") or []]


def candidates(namespace: str, name: str) -> list[str]:
    """The full names a resolver tries for ``name``, in order: with less than 5 dots the search list first."""
    if name.endswith("."):
        return [name[:-1]]
    searched = [f"{name}.{suffix}" for suffix in search_list(namespace)]
    return [*searched, name] if name.count(".") < 5 else [name, *searched]


def _cluster_ips(service: Object) -> list[str]:
    ip = service["spec"].get("clusterIP", "")
    return [ip] if ip and ip != "None" else []


def _service_of_slice(piece: Object) -> list[str]:
    metadata = piece["metadata"]
    service = metadata.get("labels", {}).get("kubernetes.io/service-name", "")
    return [f"{metadata['namespace']}/{service}"] if service else []
