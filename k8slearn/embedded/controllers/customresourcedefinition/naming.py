"""Names: two definitions of a group must not have the same; the first one keeps it.

Upstream: ``controller/status/naming_controller.go`` of apiextensions-apiserver.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.apiextensions.serving import DEFINITIONS
from k8slearn.embedded.client import Change, Controller, Key, Object
from k8slearn.embedded.controllers import conditions

_FIELDS = {
    "plural": ("PluralConflict", "resources"),
    "singular": ("SingularConflict", "resources"),
    "shortNames": ("ShortNamesConflict", "resources"),
    "kind": ("KindConflict", "kinds"),
    "listKind": ("ListKindConflict", "kinds"),
}


class NamingConditionController(Controller):
    """Writes ``status.acceptedNames`` and the condition NamesAccepted, and prepares Established."""

    name = "naming-condition-controller"
    resource = DEFINITIONS

    def start(self) -> None:
        super().start()
        self.client.watch(DEFINITIONS, self._others)

    def _others(self, change: Change) -> None:
        """A name that was freed may be another definition's."""
        before = change.previous.object.get("status") if change.previous else None
        if change.type == "DELETED" or before != change.object.get("status"):
            for crd in self._of_group(change.object["spec"]["group"]):
                if crd["metadata"]["name"] != change.stored.key.name:
                    self.queue.add(Key("", crd["metadata"]["name"]))

    def _of_group(self, group: str) -> list[Object]:
        return [crd for crd in self.client.list(DEFINITIONS) if crd["spec"]["group"] == group]

    def reconcile(self, key: Key) -> None:
        crd = self.client.get(DEFINITIONS, *key)
        if crd is None or crd["spec"]["names"] == crd["status"].get("acceptedNames"):
            return
        accepted, naming = self._accepted(crd)
        found = crd["status"].get("conditions") or []
        known = conditions.find(found, "NamesAccepted")
        if accepted == crd["status"].get("acceptedNames") and _says_the_same(known, naming):
            return
        found = self._with(found, naming)
        established = conditions.find(found, "Established")
        if established is None or established["status"] != "True":
            if naming["status"] == "True":
                reason, message = "Installing", "the initial names have been accepted"
            else:
                reason, message = "NotAccepted", "not all names are accepted"
            found = self._with(found, _condition("Established", "False", reason, message))
        status = {**crd["status"], "conditions": found, "acceptedNames": accepted}
        self.client.update_status(DEFINITIONS, {**crd, "status": status})

    def _with(self, found: list[Object], new: Object) -> list[Object]:
        """In its place; the time is when its status changed."""
        known = conditions.find(found, new["type"])
        same = known is not None and known["status"] == new["status"]
        new = {
            **new,
            "lastTransitionTime": known["lastTransitionTime"] if same and known else self.clock.timestamp(),
        }
        if known is None:
            return [*found, new]
        return [new if condition is known else condition for condition in found]

    def _accepted(self, crd: Object) -> tuple[Object, Object]:
        """The names that it has from now on, and the condition that says so."""
        taken = self._taken(crd)
        asked, accepted = crd["spec"]["names"], dict(crd["status"].get("acceptedNames") or {})
        conflict: Object | None = None
        for field, (reason, among) in _FIELDS.items():
            wanted = asked.get(field)
            has = accepted.get(field) or ()
            single = isinstance(wanted, str)
            new = [wanted] if single else [word for word in wanted or () if word not in has]
            clashes = [word for word in new if word in taken[among] and word != has]
            if clashes:
                told = [f'"{word}" is already in use' for word in clashes]
                message = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
                conflict = _condition("NamesAccepted", "False", reason, message)
            elif wanted:
                accepted[field] = wanted
            else:
                accepted.pop(field, None)
        accepted.pop("categories", None)
        if asked.get("categories"):
            accepted["categories"] = asked["categories"]
        return accepted, conflict or _condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")

    def _taken(self, crd: Object) -> dict[str, set[Any]]:
        """The names that definitions of its group have, its own among them."""
        taken: dict[str, set[Any]] = {"resources": set(), "kinds": set()}
        for other in self._of_group(crd["spec"]["group"]):
            names = other["status"].get("acceptedNames") or {}
            taken["resources"] |= {
                names.get("plural"),
                names.get("singular"),
                *(names.get("shortNames") or ()),
            }
            taken["kinds"] |= {names.get("kind"), names.get("listKind")}
        return taken


def _condition(type: str, status: str, reason: str, message: str) -> Object:
    return {"type": type, "status": status, "lastTransitionTime": "", "reason": reason, "message": message}


def _says_the_same(known: Object | None, new: Object) -> bool:
    return known is not None and {**known, "lastTransitionTime": ""} == new
