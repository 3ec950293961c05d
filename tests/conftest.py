"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from k8slearn.engines.kubectl import QUICK

# A busy machine is slow in making examples, too; that says nothing about them.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def english() -> Iterator[None]:
    """Whatever the locale of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("K8SLEARN_LANG", "en")
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_kubectls() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUICK.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def shell() -> InteractiveShell:
    """IPython as in a notebook, with the lab's magics. A process can have one only."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "k8slearn.lab")
    return shell
