"""Where things are: lessons, the cluster's and the learner's state. In a checkout and in an installed wheel.

``K8SLEARN_HOME`` holds all state; without it, the platform's folder for user data.
"""

from __future__ import annotations

import os
from pathlib import Path

from k8slearn.errors import StorageError


def home() -> Path:
    """The folder of all state: a folder for each engine (``cluster/`` the embedded one's) and ``progress.json``."""
    if named := os.environ.get("K8SLEARN_HOME"):
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("k8slearn", appauthor=False)


def cluster_folder(name: str = "cluster") -> Path:
    """Where an engine keeps its cluster's files (``cluster``: the embedded one); made when it is not there.

    Raises StorageError.
    """
    folder = home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror}. "
            "Make its parent writable, or set K8SLEARN_HOME to a folder that is."
        ) from error
    return folder


def lessons() -> Path:
    """The folder of the lessons: ``lessons`` of a checkout, or the copy inside the installed package.

    Raises StorageError when neither is there.
    """
    return _shipped("lessons")


def clusters() -> Path:
    """The folder of kind's configurations, addons and images, like ``lessons``. Raises StorageError."""
    return _shipped("clusters")


def _shipped(name: str) -> Path:
    package = Path(__file__).parent
    for folder in (package.parent / name, package / f"_{name}"):
        if folder.is_dir():
            return folder
    raise StorageError(f"The {name} are missing beside {package}. Install k8slearn again.")
