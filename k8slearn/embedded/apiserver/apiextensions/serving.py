"""Which custom resources are served: those of the definitions in the store that are established.

Upstream: ``apiserver/customresource_handler.go`` and ``customresource_discovery_controller.go``.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.apiextensions.customkind import custom_kinds
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds import Kinds
from k8slearn.embedded.store import Change, Store

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class CustomResources:
    """Keeps ``kinds`` as the definitions in ``store`` say it, from now on and as of now."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._kinds = kinds
        for stored in store.list(DEFINITIONS):
            self._serve(stored.object)
        store.watch(DEFINITIONS, self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.type == "DELETED":
            self._kinds.withdraw(change.stored.key.name)
        elif change.previous is None or _relevant(change.object) != _relevant(change.previous.object):
            self._serve(change.object)

    def _serve(self, crd: Object) -> None:
        if is_true(crd, "Established"):
            self._kinds.serve(*custom_kinds(crd))
        elif crd["metadata"]["name"] in self._kinds:
            self._kinds.withdraw(crd["metadata"]["name"])


def _relevant(crd: Object) -> tuple[Object, Object, bool, bool]:
    names = crd.get("status", {}).get("acceptedNames") or {}
    return crd["spec"], names, is_true(crd, "Established"), "deletionTimestamp" in crd["metadata"]


def is_true(crd: Object, condition: str) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(c["type"] == condition and c["status"] == "True" for c in conditions)
