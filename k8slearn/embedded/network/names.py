"""Cluster DNS: what names there are. The rules are the Kubernetes page "DNS for Services and Pods" and CoreDNS's
``kubernetes`` plugin.

    web.shop.svc.cluster.local             A    the Service's ClusterIP; a headless one: its ready pods
    db-0.db.shop.svc.cluster.local         A    the pod with hostname db-0 behind the Service db
    _http._tcp.web.shop.svc.cluster.local  SRV  the number of the port named http
    10-244-1-5.shop.pod.cluster.local      A    10.244.1.5, whether it is there or not
    5.1.244.10.in-addr.arpa                PTR  10-244-1-5.web.shop.svc.cluster.local
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from k8slearn.embedded.client import Client
from k8slearn.embedded.network.http import HttpRequest, Reply
from k8slearn.embedded.network.proxy import SLICES
from k8slearn.embedded.store import Object

DOMAIN = "cluster.local"
DNS_SERVICE_IP = "10.96.0.10"
"""The ClusterIP of kube-dns, as kubeadm sets it: what a pod's resolv.conf names."""

HOST_RESOLVER = "172.18.0.1"
"""The name server of the machine that runs the nodes. It knows no name: there is no world outside."""

_POD_NAME = re.compile(r"\d+-\d+-\d+-\d+")
_PROTOCOLS = {"_tcp": "TCP", "_udp": "UDP", "_sctp": "SCTP"}


@dataclass(frozen=True)
class Record:
    """``value`` is an address (A), a name (CNAME, NS, PTR), ``0 100 80 name`` (SRV) or a text (TXT)."""

    name: str
    type: str
    value: str


@dataclass(frozen=True)
class Answer:
    """``known`` False is NXDOMAIN: no such name. A name that is known may have no record of the type asked."""

    known: bool
    records: tuple[Record, ...] = ()

    @property
    def addresses(self) -> list[str]:
        return [record.value for record in self.records if record.type == "A"]


UNKNOWN = Answer(False)


class Zone:
    """A set of names; this one has none."""

    def query(self, name: str, type: str) -> Answer:
        """The records of ``type`` (A, AAAA, SRV, …) of a full name without its last dot."""
        return UNKNOWN


class NameServer:
    """What listens on port 53 and answers from ``zone``."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        """It speaks no HTTP."""
        reply(None)


class Names(Zone):
    """The cluster's zone: Services and EndpointSlices as they are now."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def query(self, name: str, type: str) -> Answer:
        labels = name.lower().split(".")
        if labels[-2:] == ["in-addr", "arpa"]:
            return _of_type(type, [Record(name, "PTR", target) for target in self._owners(labels[:-2])])
        if labels[-2:] != DOMAIN.split("."):
            return UNKNOWN
        match labels[:-2]:
            case []:
                return _of_type(type, [Record(name, "NS", f"kube-dns.kube-system.svc.{DOMAIN}")])
            case ["svc" | "pod"]:
                return Answer(True)
            case ["dns-version"]:
                return _of_type(type, [Record(name, "TXT", '"1.1.0"')])
            case [namespace, "svc" | "pod"]:
                return Answer(self._client.get("namespaces", "", namespace) is not None)
            case [pod, namespace, "pod"] if _POD_NAME.fullmatch(pod):
                known = self._client.get("namespaces", "", namespace) is not None
                return _of_type(type, [Record(name, "A", pod.replace("-", "."))]) if known else UNKNOWN
            case [*host, service, namespace, "svc"]:
                found = self._client.get("services", namespace, service)
                return self._of_service(name, type, host, found) if found else UNKNOWN
            case _:
                return UNKNOWN

    def _of_service(self, name: str, type: str, host: list[str], service: Object) -> Answer:
        """``host`` is what stands before the Service's name: [], [hostname] or [_port, _protocol]."""
        if service["spec"]["type"] == "ExternalName":
            return self._alias(name, type, service["spec"]["externalName"]) if not host else UNKNOWN
        full_name = _full_name(service)
        places: list[tuple[str, int, str]] = []  # name, port, address
        match host:
            case []:
                ports = None
            case [port, protocol] if port.startswith("_") and protocol in _PROTOCOLS:
                ports = (port[1:], _PROTOCOLS[protocol])
            case [_]:
                ports = None
            case _:
                return UNKNOWN
        cluster_ip = service["spec"].get("clusterIP")
        if cluster_ip != "None" and len(host) != 1:
            for entry in service["spec"].get("ports") or ():
                if ports in (None, (entry.get("name", ""), entry["protocol"])):
                    places.append((full_name, entry["port"], cluster_ip))
        else:
            for label, number, address, port_name, protocol in self._endpoints(service):
                if ports in (None, (port_name, protocol)) and (len(host) != 1 or host[0] == label):
                    places.append((f"{label}.{full_name}", number, address))
        weight = 100 // max(len({place[0] for place in places}), 1)
        records = [Record(name, "A", address) for address in dict.fromkeys(place[2] for place in places)]
        records += [
            Record(name, "SRV", f"0 {weight} {number} {target}") for target, number, _ in places if number
        ]
        return _of_type(type, records)

    def _alias(self, name: str, type: str, target: str) -> Answer:
        alias = Record(name, "CNAME", target)
        if type == "CNAME":
            return Answer(True, (alias,))
        return Answer(True, (alias, *self.query(target, type).records))

    def _endpoints(self, service: Object) -> Iterator[tuple[str, int, str, str, str]]:
        """Label, port (0: the slice has none), address, port's name and protocol of the ready endpoints."""
        metadata = service["metadata"]
        for piece in self._client.by_index(SLICES, "service", f"{metadata['namespace']}/{metadata['name']}"):
            for endpoint in piece.get("endpoints") or ():
                if not endpoint.get("conditions", {}).get("ready", True):
                    continue
                for address in endpoint["addresses"]:
                    label = endpoint.get("hostname") or address.replace(".", "-")
                    for port in piece.get("ports") or ({},):
                        yield (
                            label,
                            port.get("port", 0),
                            address,
                            port.get("name", ""),
                            port.get("protocol", ""),
                        )

    def _owners(self, reversed_bytes: list[str]) -> list[str]:
        """The names of the Services that have an address, or an endpoint with it."""
        address = ".".join(reversed(reversed_bytes))
        if services := self._client.by_index("services", "clusterIP", address):
            return [_full_name(service) for service in services]
        found: list[str] = []
        for piece in self._client.list(SLICES):
            service = piece["metadata"].get("labels", {}).get("kubernetes.io/service-name")
            for endpoint in piece.get("endpoints") or ():
                if service and address in endpoint["addresses"]:
                    label = endpoint.get("hostname") or address.replace(".", "-")
                    found.append(f"{label}.{service}.{piece['metadata']['namespace']}.svc.{DOMAIN}")
        return list(dict.fromkeys(found))


def _of_type(type: str, records: list[Record]) -> Answer:
    """NXDOMAIN when there is no record at all."""
    return Answer(bool(records), tuple(record for record in records if record.type == type))


def _full_name(service: Object) -> str:
    return f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.{DOMAIN}"


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def reverse_name(address: str) -> str:
    """The name that the PTR record of an IPv4 address has: 10.244.1.5 is 5.1.244.10.in-addr.arpa."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"
