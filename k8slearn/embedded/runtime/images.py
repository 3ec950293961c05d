"""The image catalogue: what a registry would give for a reference. What is not here does not exist."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from k8slearn.embedded.runtime.files import Directory

DEFAULT_REGISTRY = "docker.io"


@dataclass(frozen=True)
class Image:
    """An image's configuration and files. ``files`` is frozen: give it to ``FileSystem`` as it is."""

    reference: str
    """Canonical: docker.io/library/nginx:1.29."""
    files: Directory
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    user: int = 0
    """Numeric; 0 is root."""
    workdir: str = "/"
    size_bytes: int = 0
    stop_signal: str = "TERM"

    @cached_property
    def id(self) -> str:
        """The digest of the image's configuration, sha256:…: a function of the name alone."""
        return "sha256:" + hashlib.sha256(f"config {self.reference}".encode()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """What ``imageID`` of a container status shows: docker.io/library/nginx@sha256:…"""
        return (
            f"{repository(self.reference)}@sha256:"
            + hashlib.sha256(f"manifest {self.reference}".encode()).hexdigest()
        )

    def argv(self, command: list[str] | None, args: list[str] | None) -> list[str]:
        """What a container runs: ``command`` replaces the entrypoint and drops cmd, ``args`` replaces cmd."""
        if command:
            return [*command, *(args or [])]
        return [*self.entrypoint, *(args or self.cmd)]


def repository(canonical: str) -> str:
    """The name of an image without tag and digest: docker.io/library/nginx."""
    path = canonical.partition("@")[0]
    before, _, last = path.rpartition("/")
    return f"{before}/{last.partition(':')[0]}"


def canonical(reference: str) -> str:
    """The full name of an image: ``nginx`` is docker.io/library/nginx:latest, ``a/b:1`` docker.io/a/b:1."""
    registry, slash, rest = reference.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = DEFAULT_REGISTRY, reference
    if registry == DEFAULT_REGISTRY and "/" not in rest:
        rest = f"library/{rest}"
    if "@" not in rest and ":" not in rest.rpartition("/")[2]:
        rest += ":latest"
    return f"{registry}/{rest}"
