"""Who did what to an object, and while working on what: the embedded cluster's trace as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from k8slearn.engines.remote_clock import TRACE, Powers
from k8slearn.errors import ClusterError, UnsupportedError


def concerning(kubeconfig: Path, reference: str, namespace: str) -> Iterator[str]:
    """Lines on ``reference`` (``deployment/web``), oldest first: what was done to it, and what was done because
    of it. Raises ClusterError for an unknown kind, UnsupportedError on a real cluster.
    """
    kind, _, name = reference.partition("/")
    if not name:
        raise ClusterError(f"{reference} is no object. Write KIND/NAME, e.g. deployment/web.")
    powers = Powers(kubeconfig)
    resource, namespaced = _resource(powers, kind)
    of = f"{resource} {namespace}/{name}" if namespaced else f"{resource} {name}"
    status, entries = powers.ask("GET", f"{TRACE}?of={quote(of)}")
    if status != 200:
        raise UnsupportedError("Only the embedded cluster keeps a trace of what its components do.")
    for entry in entries:
        when = datetime.fromtimestamp(entry["time"]).strftime("%H:%M:%S.%f")[:-3]
        why = f"  ({entry['why']})" if entry["why"] else ""
        because = "" if entry["reconciling"] in ("", entry["object"]) else f"  for {entry['reconciling']}"
        yield f"{when}  {entry['component']:<28} {entry['verb']:<14} {entry['object']}{because}{why}"


def _resource(powers: Powers, kind: str) -> tuple[str, bool]:
    """``deploy``, ``deployment`` or ``deployments`` → ``deployments.apps`` and that it is namespaced, by
    discovery."""
    _, groups = powers.ask("GET", "/apis")
    paths = ["/api/v1"]
    paths += [
        f"/apis/{group['preferredVersion']['groupVersion']}" for group in (groups or {}).get("groups", ())
    ]
    for path in paths:
        group = path.split("/")[2] if path.startswith("/apis") else ""
        _, found = powers.ask("GET", path)
        for resource in _named(found, kind):
            full = f"{resource['name']}.{group}" if group else resource["name"]
            return full, resource["namespaced"]
    raise ClusterError(f"The cluster has no kind {kind}. See: kubectl api-resources")


def _named(found: Any, kind: str) -> Iterator[dict[str, Any]]:
    for resource in (found or {}).get("resources", ()):
        if kind.lower() in (resource["name"], resource["singularName"], *resource.get("shortNames", ())):
            yield resource
