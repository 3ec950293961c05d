"""The kinds that this API server serves: every module here that does not begin with an underscore is one.

A kind is a file that ends in ``KIND = Kind(…)``; adding a kind is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from k8slearn.embedded.apiserver.kind import Kind

GROUP_ORDER = (
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "metrics.k8s.io",
)
"""The order of groups in a real server's discovery: kubectl gives a short name to the first that has it."""

Resource = tuple[str, str, str]


class Kinds:
    """All kinds, in discovery's order. ``kinds["deployments.apps"]`` is a Kind, or raises KeyError."""

    def __init__(self, kinds: list[Kind]) -> None:
        kinds = sorted(kinds, key=_discovery_order)
        self._by_name: dict[str, Kind] = {}
        self._by_path: dict[Resource, Kind] = {}
        for kind in kinds:
            self._by_name.setdefault(kind.resource, kind)
            self._by_path[kind.group, kind.version, kind.plural] = kind

    def __getitem__(self, resource: str) -> Kind:
        return self._by_name[resource]

    def __contains__(self, resource: str) -> bool:
        return resource in self._by_name

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_path.values())

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self._by_path.get((group, version, plural))

    def groups(self) -> dict[str, list[str]]:
        """Each group with its versions, the preferred one first; the core group is ""."""
        found: dict[str, list[str]] = {}
        for kind in self:
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found

    def of(self, group: str, version: str) -> list[Kind]:
        """The kinds of one version, by their plural names."""
        return [kind for kind in self if (kind.group, kind.version) == (group, version)]


def _discovery_order(kind: Kind) -> tuple[int, str, str, str]:
    known = kind.group in GROUP_ORDER
    place = GROUP_ORDER.index(kind.group) if known else len(GROUP_ORDER)
    return place, kind.group, kind.version, kind.plural


@cache
def load() -> Kinds:
    """Import every kind in this folder."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return Kinds([importlib.import_module(f"{__name__}.{name}").KIND for name in sorted(names)])
