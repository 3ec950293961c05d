"""NetworkPolicy. https://kubernetes.io/docs/concepts/services-networking/network-policies/

It is enforced where connections are made: ``network/policy.py``.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.validation.networkpolicy import validate_network_policy
from k8slearn.kube.label_selectors import format_selector


def _default(obj: Object) -> None:
    """A policy concerns ingress in any case, egress when it has rules for it."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
        for port in rule.get("ports") or ():
            if port.get("protocol") is None:
                port["protocol"] = "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


KIND = Kind(
    kind="NetworkPolicy",
    plural="networkpolicies",
    group="networking.k8s.io",
    message="k8s.io.api.networking.v1.NetworkPolicy",
    short_names=("netpol",),
    columns=columns(
        "networkpolicies.networking.k8s.io",
        {
            "Name": name,
            "Pod-Selector": lambda obj, now: format_selector(obj["spec"]["podSelector"]) or "<none>",
            "Age": age,
        },
    ),
    default=_default,
    validate=lambda obj: validate_network_policy(obj["spec"]),
    counts_generation=True,
)
