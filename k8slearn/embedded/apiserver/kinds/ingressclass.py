"""IngressClass (networking.k8s.io/v1). https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns
from k8slearn.embedded.apiserver.validation.fields import immutable
from k8slearn.embedded.apiserver.validation.ingress import validate_class

DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _default(obj: Object) -> None:
    if (parameters := (obj.get("spec") or {}).get("parameters")) is not None:
        parameters.setdefault("scope", "Cluster")


def _name(obj: Object, now: float) -> str:
    metadata = obj["metadata"]
    marked = (metadata.get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    return metadata["name"] + (" (default)" if marked else "")


def _parameters(obj: Object, now: float) -> str:
    if (found := obj["spec"].get("parameters")) is None:
        return "<none>"
    kind = ".".join(filter(None, (found["kind"], found.get("apiGroup"))))
    return f"{kind}/{found['name']}"


KIND = Kind(
    kind="IngressClass",
    plural="ingressclasses",
    group="networking.k8s.io",
    namespaced=False,
    message="k8s.io.api.networking.v1.IngressClass",
    columns=columns(
        "ingressclasses.networking.k8s.io",
        {
            "Name": _name,
            "Controller": lambda obj, now: obj["spec"].get("controller", ""),
            "Parameters": _parameters,
            "Age": age,
        },
    ),
    default=_default,
    validate=lambda obj: validate_class(obj["spec"]),
    validate_update=lambda new, old: immutable(
        "spec.controller", new["spec"].get("controller", ""), old["spec"].get("controller", "")
    ),
    counts_generation=True,
)
