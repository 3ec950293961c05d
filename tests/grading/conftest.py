"""What the tests of grading share."""

from __future__ import annotations

import pytest

from k8slearn.errors import ClusterError
from k8slearn.grading import runner


@pytest.fixture(scope="session")
def sandbox() -> None:
    """Notebooks can be run apart here; where they cannot, the tests that need it are skipped and say why."""
    try:
        runner.check(runner.Place())
    except ClusterError as error:
        pytest.skip(str(error))
