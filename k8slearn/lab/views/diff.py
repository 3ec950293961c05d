"""What is wanted and what is so: an object's spec beside its status, and who wrote each field.

Pure: changes in, records out; ``diffdrawing`` draws them. ``metadata.managedFields`` says which manager owns a field;
a field that nobody wrote has the value that the API server gives when none is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8slearn.lab.views.kinds import Ref
from k8slearn.lab.views.objects import conditions_told
from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.store import Changes

DEFAULTS: dict[str, tuple[object, ...]] = {
    "dnsPolicy": ("ClusterFirst",),
    "schedulerName": ("default-scheduler",),
    "securityContext": ({},),
    "resources": ({},),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "restartPolicy": ("Always",),
    "imagePullPolicy": ("IfNotPresent", "Always"),
    "protocol": ("TCP",),
    "progressDeadlineSeconds": (600,),
    "revisionHistoryLimit": (10,),
    "maxSurge": ("25%",),
    "maxUnavailable": ("25%",),
    "sessionAffinity": ("None",),
    "internalTrafficPolicy": ("Cluster",),
    "ipFamilyPolicy": ("SingleStack",),
    "podManagementPolicy": ("OrderedReady",),
    "completionMode": ("NonIndexed",),
    "podReplacementPolicy": ("TerminatingOrFailed",),
    "suspend": (False,),
    "backoffLimit": (6,),
    "enableServiceLinks": (True,),
    "preemptionPolicy": ("PreemptLowerPriority",),
    "successThreshold": (1,),
    "failureThreshold": (3,),
    "periodSeconds": (10,),
    "timeoutSeconds": (1,),
    "scheme": ("HTTP",),
    "concurrencyPolicy": ("Allow",),
    "successfulJobsHistoryLimit": (3,),
    "failedJobsHistoryLimit": (1,),
    "volumeMode": ("Filesystem",),
}
"""By the field's name: the values that the API server gives when none is written."""

_REPLICAS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
COUNTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "deployments": ("replicas", _REPLICAS),
    "statefulsets": ("replicas", _REPLICAS),
    "replicasets": ("replicas", ("replicas", "readyReplicas", "availableReplicas")),
    "jobs": ("completions", ("succeeded",)),
}
"""By kind: what is wanted in the spec, and what must become as much in the status (where zero is left out)."""


@dataclass(frozen=True)
class Line:
    """A line of the spec as YAML. ``managers`` own its field, in the order of their writes."""

    path: tuple[str, ...]
    text: str
    managers: tuple[str, ...]
    default: bool


@dataclass(frozen=True)
class Pair:
    """``actual`` of the status must become ``wanted`` of the spec."""

    field: str
    wanted: int
    actual: int


class Diff:
    """The state of one object, whole."""

    def __init__(self, ref: Ref, namespace: str) -> None:
        self.ref = ref
        self.namespace = namespace
        self.problem = ""
        self.exists = False
        self.generation: int | None = None
        self.observed: int | None = None
        self.spec: list[Line] = []
        self.status: list[str] = []
        """The lines of the status that are not among the pairs and conditions."""
        self.pairs: list[Pair] = []
        self.conditions: list[tuple[str, bool, str]] = []
        """Type, whether it is True, and its reason and message."""
        self.managers: list[str] = []
        """Who owns fields of the spec, in the order of their first line."""
        self.told = ""

    def apply(self, changes: Changes) -> None:
        """Take a batch in: only the last version of the object counts."""
        self.problem = changes.problem
        for obj in changes.objects.get(self.ref.kind.name, {}).values():
            self._take(obj or {})

    def _take(self, obj: Object) -> None:
        self.exists = bool(obj)
        spec, status, metadata = obj.get("spec", {}), obj.get("status", {}), obj.get("metadata", {})
        self.generation = metadata.get("generation")
        self.observed = status.get("observedGeneration")
        owners = _owners(metadata.get("managedFields") or [])
        self.spec = list(_lines(spec, (), 0, owners))
        self.managers = list(dict.fromkeys(manager for line in self.spec for manager in line.managers))
        wanted, counted = COUNTED.get(self.ref.kind.name, ("", ()))
        self.pairs = [Pair(name, spec[wanted], status.get(name, 0)) for name in counted if wanted in spec]
        shown = {"conditions", "observedGeneration", *(pair.field for pair in self.pairs)}
        rest = {name: value for name, value in status.items() if name not in shown}
        self.status = [line.text for line in _lines(rest, (), 0, {})]
        self.conditions = [
            (
                found["type"],
                found["status"] == "True",
                ": ".join(filter(None, map(found.get, ("reason", "message")))),
            )
            for found in status.get("conditions") or []
        ]
        self.told = conditions_told(obj)


def _lines(
    value: Any, path: tuple[str, ...], depth: int, owners: dict[tuple[str, ...], list[str]]
) -> Iterator[Line]:
    """The lines of a mapping as YAML has them; items of a list are marked by a dash."""
    indent = "  " * depth
    for name, item in value.items():
        at = (*path, name)
        managers = tuple(owners.get(at, ()))
        default = item in DEFAULTS.get(name, ()) or (
            name == "type" and item in ("RollingUpdate", "ClusterIP")
        )
        if isinstance(item, dict) and item:
            yield Line(at, f"{indent}{name}:", managers, False)
            yield from _lines(item, at, depth + 1, owners)
        elif isinstance(item, list) and item and all(isinstance(one, dict) for one in item):
            yield Line(at, f"{indent}{name}:", managers, False)
            for index, one in enumerate(item):
                for number, line in enumerate(_lines(one, (*at, _key(one, index)), depth + 1, owners)):
                    text = line.text if number else f"{indent}- {line.text.lstrip()}"
                    yield Line(line.path, text, line.managers, line.default)
        else:
            yield Line(at, f"{indent}{name}: {_plain(item)}", managers, default)


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    return str(value) if value != "" else '""'


_KEYS = ("containerPort", "port", "mountPath", "topologyKey", "name", "type", "ip", "key")
"""What tells the items of a list apart (``k:{"name":"web"}`` in managedFields), the most telling first."""


def _key(item: dict[str, Any], index: int) -> str:
    for name in _KEYS:
        if name in item:
            return f"{name}={item[name]}"
    return str(index)


def _owners(managed: list[dict[str, Any]]) -> dict[tuple[str, ...], list[str]]:
    """Who owns which field of the spec, from ``managedFields``."""
    owners: dict[tuple[str, ...], list[str]] = {}
    for entry in sorted(managed, key=lambda entry: entry.get("time", "")):
        for path in _paths((entry.get("fieldsV1") or {}).get("f:spec", {}), ()):
            names = owners.setdefault(path, [])
            if entry.get("manager") and entry["manager"] not in names:
                names.append(entry["manager"])
    return owners


def _paths(fields: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, inner in fields.items():
        if name == ".":
            continue
        kind, _, rest = name.partition(":")
        if kind == "f":
            at = (*path, rest)
        elif kind == "k":
            at = (*path, _key(json.loads(rest), 0))
        else:
            continue
        yield at
        yield from _paths(inner, at)
