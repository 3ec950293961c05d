"""A pod's ``/etc/resolv.conf``: where it asks for names, and which names it asks for.

The kubelet writes it by the pod's ``dnsPolicy`` and ``dnsConfig``:
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k8slearn.embedded.network.names import DNS_SERVICE_IP, DOMAIN, HOST_RESOLVER


@dataclass(frozen=True)
class ResolverConfig:
    """``options`` as they are written: ``ndots:5``, ``edns0``."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def ndots(self) -> int:
        values = [option.partition(":")[2] for option in self.options if option.startswith("ndots:")]
        return int(values[-1]) if values and values[-1].isdigit() else 1

    def candidates(self, name: str) -> list[str]:
        """The full names a resolver tries for ``name``, in order: with less than ``ndots`` dots the search
        list first. With ``ndots:5``, ``web`` is ``web.shop.svc.cluster.local`` before anything else."""
        if name.endswith("."):
            return [name[:-1]]
        searched = [f"{name}.{suffix}" for suffix in self.search]
        return [*searched, name] if name.count(".") < self.ndots else [name, *searched]

    def text(self) -> str:
        lines = [f"search {' '.join(self.search)}"] if self.search else []
        lines += [f"nameserver {address}" for address in self.nameservers]
        lines += [f"options {' '.join(self.options)}"] if self.options else []
        return "".join(f"{line}\n" for line in lines)

    @staticmethod
    def parse(text: str) -> ResolverConfig:
        found: dict[str, list[str]] = {"nameserver": [], "search": [], "options": []}
        for line in text.splitlines():
            match line.split():
                case ["nameserver", address, *_]:
                    found["nameserver"].append(address)
                case ["search", *suffixes]:
                    found["search"] = suffixes
                case ["options", *options]:
                    found["options"] += options
        return ResolverConfig(*(tuple(values) for values in found.values()))


def resolver_config(pod: dict[str, Any]) -> ResolverConfig:
    """What the kubelet writes for ``pod``. On its node's network, ClusterFirst means Default."""
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    policy = spec.get("dnsPolicy", "ClusterFirst")
    if policy == "None":
        base = ResolverConfig()
    elif policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        base = ResolverConfig((HOST_RESOLVER,), (), ("ndots:0",))
    else:
        search = (f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN)
        base = ResolverConfig((DNS_SERVICE_IP,), search, ("ndots:5",))
    more = spec.get("dnsConfig") or {}
    options = {option.partition(":")[0]: option for option in base.options}
    for option in more.get("options") or ():
        value = option.get("value")
        options[option["name"]] = f"{option['name']}:{value}" if value else option["name"]
    return ResolverConfig(
        tuple(dict.fromkeys((*base.nameservers, *(more.get("nameservers") or ())))),
        tuple(dict.fromkeys((*base.search, *(more.get("searches") or ())))),
        tuple(options.values()),
    )
