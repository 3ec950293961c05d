"""Files of ``/etc`` that a pod's containers share and the kubelet manages: hosts, hostname, resolv.conf."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.network.names import DNS_SERVICE_IP, DOMAIN, search_list
from k8slearn.embedded.runtime.files import RegularFile

_HOSTS = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
fe00::\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""


def hostname(pod: dict[str, Any]) -> str:
    """What ``hostname`` prints in the pod: its own name unless it sets another, 63 characters at the most."""
    return (pod["spec"].get("hostname") or pod["metadata"]["name"])[:63].rstrip("-.")


def etc_files(pod: dict[str, Any], ip: str) -> dict[str, RegularFile]:
    """Paths and files; they are one per pod, so that what a container writes to them the others see."""
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    name = hostname(pod)
    names = name
    if subdomain := spec.get("subdomain"):
        names = f"{name}.{subdomain}.{namespace}.svc.{DOMAIN}\t{name}"
    hosts = f"{_HOSTS}{ip}\t{names}\n"
    if aliases := spec.get("hostAliases"):
        lines = [f"{alias['ip']}\t" + "\t".join(alias.get("hostnames") or ()) for alias in aliases]
        hosts += "\n# Entries added by HostAliases.\n" + "\n".join(lines) + "\n"
    resolver = f"search {' '.join(search_list(namespace))}\nnameserver {DNS_SERVICE_IP}\noptions ndots:5\n"
    return {
        "/etc/hosts": RegularFile(hosts.encode()),
        "/etc/hostname": RegularFile(f"{name}\n".encode()),
        "/etc/resolv.conf": RegularFile(resolver.encode()),
    }
