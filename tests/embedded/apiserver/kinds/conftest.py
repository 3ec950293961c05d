"""A registry with a namespace and its default account: the door through which kinds are tested."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Store

Object = dict[str, Any]


class Door:
    """Create and update objects in namespace ``ns``, and see what is said."""

    def __init__(self) -> None:
        self.store, self.clock = Store(), Clock(seed=1)
        self.registry = Registry(self.store, self.clock, load())
        self.registry.create("namespaces", {"metadata": {"name": "ns"}})
        self.registry.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "ns"}})

    def create(self, resource: str, name: str, /, **content: Any) -> Object:
        return self.registry.create(resource, {"metadata": {"name": name}, **content}, namespace="ns")

    def update(self, resource: str, obj: Object, /, **content: Any) -> Object:
        metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
        return self.registry.update(resource, {**obj, "metadata": metadata, **content})

    def refuses(self, call: Any, *args: Any, **content: Any) -> str:
        with pytest.raises(ApiError) as raised:
            call(*args, **content)
        return raised.value.message


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def other_door() -> Door:
    """A second world of the same seed."""
    return Door()
