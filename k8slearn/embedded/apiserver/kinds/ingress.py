"""Ingress. https://kubernetes.io/docs/concepts/services-networking/ingress/

As on a cluster without an ingress controller: it is stored, and nobody acts on it.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, first_three, name
from k8slearn.embedded.apiserver.validation.ingress import validate_ingress


def _hosts(obj: Object, now: float) -> str:
    rules = obj["spec"].get("rules") or ()
    return first_three([rule["host"] for rule in rules if rule.get("host")]) or "*"


def _addresses(obj: Object, now: float) -> str:
    points = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(point.get("ip") or point.get("hostname") or "" for point in points)


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"loadBalancer": {}}


KIND = Kind(
    kind="Ingress",
    plural="ingresses",
    group="networking.k8s.io",
    message="k8s.io.api.networking.v1.Ingress",
    short_names=("ing",),
    columns=columns(
        "ingresses.networking.k8s.io",
        {
            "Name": name,
            "Class": lambda obj, now: obj["spec"].get("ingressClassName") or "<none>",
            "Hosts": _hosts,
            "Address": _addresses,
            "Ports": lambda obj, now: "80, 443" if obj["spec"].get("tls") else "80",
            "Age": age,
        },
    ),
    prepare_create=_prepare_create,
    validate=lambda obj: validate_ingress(obj["spec"]),
    has_status=True,
    counts_generation=True,
)
