"""Is it the object that was meant? An object made anew under the same name has another uid."""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.status import conflict
from k8slearn.embedded.store import Object


def other_object(kind: Kind, old: Object, uid: str) -> str:
    """The words of the storage below: etcd's key, and the two identities."""
    found = old["metadata"]
    folder = _FOLDERS.get(kind.plural, kind.plural)
    key = "/".join(filter(None, ("/registry", folder, found.get("namespace"), found["name"])))
    return (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found['uid']}"
    )


_FOLDERS = {
    "endpoints": "services/endpoints",
    "ingresses": "ingress",
    "nodes": "minions",
    "services": "services/specs",
}
"""Where etcd has kinds that are not under their plural."""


def check_preconditions(kind: Kind, old: Object, wanted: dict[str, str]) -> None:
    """``DeleteOptions.preconditions``: delete this object and no other one of its name."""
    found = old["metadata"]
    for field, called, since in (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ):
        value = wanted.get(field)
        if value and value != found[field]:
            why = (
                f"the {called} in the precondition ({value}) does not match the {called} in record "
                f"({found[field]}). The object might have been {since}"
            )
            subject = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
            raise conflict(subject, found["name"], why)
