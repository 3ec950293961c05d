"""Files of ``/etc`` that a pod's containers share and the kubelet manages: hosts, hostname, resolv.conf."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.network.names import DOMAIN
from k8slearn.embedded.network.resolver import resolver_config
from k8slearn.embedded.runtime.files import RegularFile

_POD_HOSTS = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""

_NODE_HOSTS = """\
# Kubernetes-managed hosts file (host network).
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""


def hostname(pod: dict[str, Any]) -> str:
    """What ``hostname`` prints in the pod: its own name unless it sets another, 63 characters at the most; on
    its node's network the node's name. With ``setHostnameAsFQDN`` the whole name, if it has one."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return spec["nodeName"]
    return (_full_name(pod) if spec.get("setHostnameAsFQDN") else "") or _short_name(pod)


def _short_name(pod: dict[str, Any]) -> str:
    return (pod["spec"].get("hostname") or pod["metadata"]["name"])[:63].rstrip("-.")


def _full_name(pod: dict[str, Any]) -> str:
    """``one.head.default.svc.cluster.local`` of a pod with a subdomain; "" without."""
    subdomain = pod["spec"].get("subdomain")
    return f"{_short_name(pod)}.{subdomain}.{pod['metadata']['namespace']}.svc.{DOMAIN}" if subdomain else ""


def etc_files(pod: dict[str, Any], ip: str) -> dict[str, RegularFile]:
    """Paths and files; they are one per pod, so that what a container writes to them the others see."""
    spec = pod["spec"]
    name = names = hostname(pod)
    if (full := _full_name(pod)) and not spec.get("hostNetwork"):
        names = f"{full}\t{_short_name(pod)}"
    hosts = f"{_NODE_HOSTS if spec.get('hostNetwork') else _POD_HOSTS}{ip}\t{names}\n"
    if aliases := spec.get("hostAliases"):
        lines = [f"{alias['ip']}\t" + "\t".join(alias.get("hostnames") or ()) for alias in aliases]
        hosts += "\n# Entries added by HostAliases.\n" + "\n".join(lines) + "\n"
    return {
        "/etc/hosts": RegularFile(hosts.encode()),
        "/etc/hostname": RegularFile(f"{name}\n".encode()),
        "/etc/resolv.conf": RegularFile(resolver_config(pod).text().encode()),
    }
