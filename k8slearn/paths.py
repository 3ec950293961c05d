"""Where things are: lessons, the cluster's and the learner's state. In a checkout and in an installed wheel.

``K8SLEARN_HOME`` holds all state; without it, the platform's folder for user data.
"""

from __future__ import annotations

import os
from pathlib import Path

from k8slearn.errors import StorageError


def home() -> Path:
    """The folder of all state: ``cluster/`` (journal, credentials, kubeconfig) and ``progress.json``."""
    if named := os.environ.get("K8SLEARN_HOME"):
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("k8slearn", appauthor=False)


def cluster_folder() -> Path:
    """Where the background cluster keeps its files; made when it is not there. Raises StorageError."""
    folder = home() / "cluster"
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
    package = Path(__file__).parent
    for folder in (package.parent / "lessons", package / "_lessons"):
        if folder.is_dir():
            return folder
    raise StorageError(f"The lessons are missing beside {package}. Install k8slearn again.")
