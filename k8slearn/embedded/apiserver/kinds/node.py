"""Node. https://kubernetes.io/docs/concepts/architecture/nodes/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import Cell, age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import forbidden, invalid
from k8slearn.embedded.apiserver.validation.scheduling import validate_taints

ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE = "kubernetes.io/role"


def _default(obj: Object) -> None:
    obj.setdefault("spec", {})
    status = obj.get("status")
    if status and status.get("capacity") is not None and status.get("allocatable") is None:
        obj["status"] = {**status, "allocatable": status["capacity"]}


def _prepare_create(obj: Object) -> None:
    obj.setdefault("status", {})


def _validate(obj: Object) -> Iterator[FieldError]:
    # Upstream hangs the taints under metadata, although they are in spec.
    yield from validate_taints("metadata.taints", obj["spec"].get("taints") or ())


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    before, after = old.get("spec") or {}, new.get("spec") or {}
    if before.get("podCIDRs") and before["podCIDRs"] != after.get("podCIDRs"):
        yield forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid')
    if before.get("providerID") and before["providerID"] != after.get("providerID"):
        verb = "modified" if after.get("providerID") else "cleared"
        yield invalid("spec.providerID", None, f"field cannot be {verb} once set")


def _status(obj: Object, now: float) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    found = ["Ready" if c["status"] == "True" else "NotReady" for c in conditions if c["type"] == "Ready"]
    shown = found[-1:] or ["Unknown"]
    if obj["spec"].get("unschedulable"):
        shown.append("SchedulingDisabled")
    return ",".join(shown)


def _roles(obj: Object, now: float) -> str:
    roles: set[str] = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith(ROLE_PREFIX):
            roles.add(key.removeprefix(ROLE_PREFIX))
        elif key == _ROLE:
            roles.add(value)
    return ",".join(sorted(roles - {""})) or "<none>"


def _address(sort: str) -> Cell:
    def cell(obj: Object, now: float) -> str:
        addresses = (obj.get("status") or {}).get("addresses") or ()
        return next((a["address"] for a in addresses if a["type"] == sort), "<none>")

    return cell


def _info(field: str, missing: str = "<unknown>") -> Cell:
    return lambda obj, now: ((obj.get("status") or {}).get("nodeInfo") or {}).get(field) or missing


def _kernel(obj: Object, now: float) -> str:
    architecture = _info("architecture", "")(obj, now)
    kernel = _info("kernelVersion")(obj, now)
    return f"{kernel} ({architecture})" if architecture else kernel


KIND = Kind(
    kind="Node",
    plural="nodes",
    namespaced=False,
    short_names=("no",),
    message="k8s.io.api.core.v1.Node",
    columns=columns(
        "nodes",
        {
            "Name": name,
            "Status": _status,
            "Roles": _roles,
            "Age": age,
            "Version": _info("kubeletVersion", ""),
            "Internal-IP": _address("InternalIP"),
            "External-IP": _address("ExternalIP"),
            "OS-Image": _info("osImage"),
            "Kernel-Version": _kernel,
            "Container-Runtime": _info("containerRuntimeVersion"),
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    subresources=("proxy",),
    selectable_fields={"spec.unschedulable": lambda obj: str(bool(obj["spec"].get("unschedulable"))).lower()},
)
