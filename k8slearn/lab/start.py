"""``k8slearn lab``: the cluster, the learner's own copy of the lessons, JupyterLab."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import click

from k8slearn import engines, paths
from k8slearn.course import texts
from k8slearn.course.loader import folders
from k8slearn.engines import progress
from k8slearn.engines.engine import Wish
from k8slearn.errors import LessonError, StorageError


def start_lab(folder: Path, lang: str, engine: str | None, *, open_browser: bool) -> None:
    """Become JupyterLab on ``folder``, with a cluster of ``engine`` running. Does not return.

    A file that is in ``folder`` already is the learner's and stays as it is. Raises StorageError when the
    lessons cannot be copied there, ClusterError when no cluster comes up.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise LessonError("JupyterLab is missing. Install it with: pip install jupyterlab")
    environment = {**os.environ, "K8SLEARN_LANG": lang}
    with progress.shown() as shown:
        found = engines.up(engine, Wish(), shown)
    environment["KUBECONFIG"] = found.kubeconfig  # for kubectl in JupyterLab's terminals
    click.echo(found.sentence)
    # JupyterLab would ask the internet for news and newer versions, which a classroom may not reach.
    _prepend(environment, "JUPYTER_CONFIG_PATH", Path(__file__).parent / "jupyter")
    _prepend(environment, "PATH", Path(sysconfig.get_path("scripts")))
    # A learner's own client must not look for this machine's cluster behind a proxy.
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, (environment.get(name), "127.0.0.1", "localhost")))
    copied = copy_lessons(folder, lang)
    first = min(folder.glob("[0-9][0-9]-*.ipynb"), default=None)
    click.echo(texts.load(lang).word("lessons-copied", folder=folder, count=len(copied)))
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.absolute()}"]
    command += [f"--LabApp.default_url=/lab/tree/{first.name}"] if first else []
    command += [] if open_browser else ["--no-browser"]
    # In a container the learner often is root; JupyterLab listens on loopback and asks for its token all the same.
    command += ["--allow-root"] if os.geteuid() == 0 else []
    os.execve(sys.executable, command, environment)


def _prepend(environment: dict[str, str], name: str, folder: Path) -> None:
    """Put ``folder`` first on a search path."""
    before = environment.get(name)
    environment[name] = f"{folder}{os.pathsep}{before}" if before else str(folder)


def copy_lessons(folder: Path, lang: str) -> list[Path]:
    """Copy the notebooks that ``folder`` does not have yet, and return the new ones.

    A lesson that has not been translated comes in English. Raises StorageError.
    """
    root = paths.lessons()
    notebooks = [root / one.language(lang) / f"{one.id}.ipynb" for one in folders()]
    new = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in notebooks:
            target = folder / notebook.name
            if not target.exists():
                shutil.copyfile(notebook, target)
                new.append(target)
    except OSError as error:
        raise StorageError(
            f"The lessons cannot be copied to {folder}: {error.strerror}. Name another folder: k8slearn lab DIR"
        ) from error
    return new
