"""The images of the lessons on a real cluster: built, pulled (through a mirror), kept as archives.

The embedded cluster's catalogue has the same names. ``K8SLEARN_REGISTRY`` names a mirror, as a classroom has one:
``mirror.school.example:5000`` (``http://…`` where it has no TLS).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from k8slearn import paths
from k8slearn.app.versions import VERSIONS
from k8slearn.engines.containers import PULL_TIMEOUT, ContainerEngine
from k8slearn.engines.engine import Progress
from k8slearn.errors import ClusterError, StorageError

NODE = "kindest/node:v1.37.0"
"""What a node of a kind cluster is made from, unless ``--image`` or K8SLEARN_KIND_IMAGE names another."""

METRICS_SERVER = "registry.k8s.io/metrics-server/metrics-server:v0.9.0"

PYTHON = "python:3.13-slim"
"""What the lessons' application is built on."""

APP = tuple(f"k8slearn/app:{version}" for version in VERSIONS)

OTHERS = (
    "busybox:1.37",
    "nginx:1.27",
    "nginx:1.28",
    "nginx:1.29",
    "redis:7",
    PYTHON,
    "registry.k8s.io/e2e-test-images/agnhost:2.53",
    METRICS_SERVER,
)

SOURCE_LABEL = "dev.k8slearn.source"
"""Says from which source an image of the application was built."""


def node_image(asked: str | None = None) -> str:
    return asked or os.environ.get("K8SLEARN_KIND_IMAGE") or NODE


def registry() -> str | None:
    """The mirror's address without ``https://``, None when there is none."""
    named = os.environ.get("K8SLEARN_REGISTRY")
    return named.rstrip("/").removeprefix("https://") if named else None


def mirrored(image: str, mirror: str) -> str:
    """The name of an image on a mirror, which keeps the path and not the host.

    >>> mirrored("nginx:1.29", "mirror:5000"), mirrored("registry.example/a/b:1", "mirror:5000")
    ('mirror:5000/library/nginx:1.29', 'mirror:5000/a/b:1')
    """
    host, slash, path = image.partition("/")
    if not slash:
        image = f"library/{image}"
    elif "." in host or ":" in host or host == "localhost":
        image = path
    return f"{mirror.removeprefix('http://')}/{image}"


def have(engine: ContainerEngine, image: str, progress: Progress) -> None:
    """Have an image here, pulled where it is missing. Raises ClusterError which names it, with what to do."""
    if image in engine.images():
        return
    mirror = registry()
    source = mirrored(image, mirror) if mirror else image
    progress.say(f"Pulling the image {source}")
    try:
        engine.run("pull", source, timeout=PULL_TIMEOUT)
        if source != image:
            engine.run("tag", source, image)
    except ClusterError as error:
        raise ClusterError(
            f"The image {image} could not be pulled{f' from {mirror}' if mirror else ''}. {error}. "
            "Is this machine online, and is the name right? Without a network: k8slearn images load DIR, with "
            "archives that k8slearn images save DIR made elsewhere. With a mirror: K8SLEARN_REGISTRY=its address"
        ) from error


def build(engine: ContainerEngine, progress: Progress, base: str | None = None) -> None:
    """Build all versions of the lessons' application, on the image ``base``. Raises ClusterError."""
    base = base or PYTHON
    have(engine, base, progress)
    dockerfile = paths.clusters() / "images" / "app" / "Dockerfile"
    with tempfile.TemporaryDirectory(prefix="k8slearn-build-") as folder:
        shutil.copytree(_source(), Path(folder) / "app", ignore=shutil.ignore_patterns("__pycache__"))
        for image, (version, fault) in zip(APP, VERSIONS.items(), strict=True):
            progress.say(f"Building the image {image}")
            arguments = {"BASE": base, "VERSION": version, "FAULT": fault}
            options = [
                word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")
            ]
            options += ["--label", f"{SOURCE_LABEL}={_source_hash()}", "--tag", image]
            engine.run("build", "--file", str(dockerfile), *options, folder, timeout=PULL_TIMEOUT)


def stale(engine: ContainerEngine) -> bool:
    """Whether a version of the application is missing here, or was built from another source than this one."""
    return not engine.images().keys() >= set(APP) or engine.labels(APP, SOURCE_LABEL) != {_source_hash()}


def save(engine: ContainerEngine, folder: Path, progress: Progress, node: str | None = None) -> list[Path]:
    """Keep all that a kind cluster and its lessons need as archives, one for each repository. Raises
    ClusterError when an image can be neither found nor pulled, StorageError when the folder is no place.
    """
    groups: dict[str, list[str]] = {}
    for image in (node_image(node), *OTHERS, *APP):
        groups.setdefault(image.rpartition(":")[0], []).append(image)
    if stale(engine):
        build(engine, progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved = []
        for repository, images in groups.items():
            for image in images:
                have(engine, image, progress)
            archive = folder / (re.sub(r"[^\w.-]+", "_", repository) + ".tar")
            progress.say(f"Saving {archive.name}")
            part = archive.with_suffix(".part")
            archive_of(engine, images, part)
            saved.append(part.replace(archive))
    except OSError as error:
        raise StorageError(
            f"The images cannot be saved in {folder}: {error.strerror}. Name another."
        ) from error
    return saved


def load(engine: ContainerEngine, folder: Path, progress: Progress) -> list[Path]:
    """Take in the archives of a folder. Raises ClusterError for one that is none, StorageError when none is there."""
    archives = sorted(folder.glob("*.tar"))
    if not archives:
        raise StorageError(
            f"There are no archives (*.tar) in {folder}. Make them on a machine that has the images, with: "
            "k8slearn images save DIR"
        )
    for archive in archives:
        progress.say(f"Loading {archive.name}")
        try:
            engine.run("load", "--input", str(archive), timeout=PULL_TIMEOUT)
        except ClusterError as error:
            raise ClusterError(
                f"{archive} could not be loaded. {error}. Copy it again, or make it anew: k8slearn images save DIR"
            ) from error
    return archives


def archive_of(engine: ContainerEngine, images: list[str], path: Path) -> None:
    several = ["--multi-image-archive"] if engine.name == "podman" and len(images) > 1 else []
    engine.run("save", *several, "--output", str(path), *images, timeout=PULL_TIMEOUT)


def _source() -> Path:
    return Path(paths.__file__).parent / "app"


def _source_hash() -> str:
    """Of the application's code and its Dockerfile."""
    files = [*sorted(_source().glob("*.py")), paths.clusters() / "images" / "app" / "Dockerfile"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
