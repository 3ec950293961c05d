"""Lease. https://kubernetes.io/docs/concepts/architecture/leases/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import invalid, non_negative


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    yield from non_negative("spec.leaseTransitions", spec.get("leaseTransitions"))


KIND = Kind(
    kind="Lease",
    plural="leases",
    group="coordination.k8s.io",
    message="k8s.io.api.coordination.v1.Lease",
    columns=columns(
        "leases.coordination.k8s.io",
        {
            "Name": name,
            "Holder": lambda obj, now: (obj.get("spec") or {}).get("holderIdentity") or "",
            "Age": age,
        },
    ),
    default=lambda obj: obj.setdefault("spec", {}),
    validate=_validate,
)
