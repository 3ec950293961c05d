"""The kinds that this API server serves: every module here that does not begin with an underscore is one.

A kind is a file that ends in ``KIND = Kind(…)``; adding a kind is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
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
    """All kinds, in discovery's order. ``kinds["deployments.apps"]`` is the Kind that the store holds under that
    name, or raises KeyError. Iterating gives every version that is served.

    Custom resources come and go: ``serve`` and ``withdraw``.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_name: dict[str, Kind] = {}
        self._by_path: dict[Resource, Kind] = {}
        self._watchers: list[Callable[[Kind], None]] = []
        self.changes = 0
        """Grows whenever what is served changes."""
        for kind in kinds:
            self._by_path[kind.group, kind.version, kind.plural] = kind
            self._by_name.setdefault(kind.stored.resource, kind.stored)
        self._sort()

    def __getitem__(self, resource: str) -> Kind:
        return self._by_name[resource]

    def __contains__(self, resource: str) -> bool:
        return resource in self._by_name

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_path.values())

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self._by_path.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Kind | None:
        """What an owner reference or a scale target means: the kind of that apiVersion."""
        return self._by_kind.get((api_version, kind))

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

    def stored(self) -> list[Kind]:
        """The kinds that the store holds objects of, each once: those of every version that is served."""
        return self._stored

    # -- custom resources -----------------------------------------------------------------------

    def serve(self, stored: Kind, versions: Iterable[Kind]) -> None:
        """Serve ``versions`` of the resource that is kept as ``stored``, and no others of it, from now on."""
        self.withdraw(stored.resource)
        self._by_path |= {(kind.group, kind.version, kind.plural): kind for kind in versions}
        new = stored.resource not in self._by_name
        self._by_name[stored.resource] = stored
        self._sort()
        if new:
            for notify in self._watchers:
                notify(stored)

    def withdraw(self, resource: str) -> None:
        """Serve no version of ``resource`` any more. ``kinds[resource]`` still says what it was."""
        self.changes += 1
        self._by_path = {
            path: kind for path, kind in self._by_path.items() if kind.stored.resource != resource
        }
        self._sort()

    def watch(self, notify: Callable[[Kind], None]) -> None:
        """``notify`` gets each kind that the store holds: those there are at once, others when they come."""
        self._watchers.append(notify)
        for kind in list(self._by_name.values()):
            notify(kind)

    def _sort(self) -> None:
        """By group, and in it the versions as ``kubectl`` prefers them; resources by name."""
        self._by_path = dict(sorted(self._by_path.items(), key=lambda item: _discovery_order(item[1])))
        self._stored = list({kind.stored.resource: kind.stored for kind in self}.values())
        self._by_kind = {(kind.api_version, kind.kind): kind for kind in self}


_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")


def version_order(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as Kubernetes prefers them: v2, v1, v2beta1, v1alpha1, then other names by the alphabet.

    >>> sorted(["v1beta1", "v10", "foo", "v2", "v1alpha1"], key=version_order)
    ['v10', 'v2', 'v1beta1', 'v1alpha1', 'foo']
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[match[2]]
    return (stage, -int(match[1]), -int(match[3] or 0), "")


_CUSTOM = GROUP_ORDER.index("metrics.k8s.io")
"""Groups of custom resources come before what is aggregated, by name."""


def _discovery_order(kind: Kind) -> tuple[int, int, str, tuple[int, int, int, str], str]:
    if kind.group in GROUP_ORDER:
        place = GROUP_ORDER.index(kind.group)
        return place, int(place >= _CUSTOM), kind.group, version_order(kind.version), kind.plural
    return _CUSTOM, 0, kind.group, version_order(kind.version), kind.plural


def load() -> Kinds:
    """The built-in kinds: a table of its own for each API server."""
    return Kinds(_built_in())


@cache
def _built_in() -> list[Kind]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return [importlib.import_module(f"{__name__}.{name}").KIND for name in sorted(names)]
