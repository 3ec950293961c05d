"""What is wrong with ephemeral containers, the debug containers of a running pod.

Upstream: ``validateEphemeralContainers`` and ``ValidatePodEphemeralContainersUpdate`` in
``pkg/apis/core/validation``. They come by their own subresource only, and stay as they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.containers import Container, PodContext, validate_container
from k8slearn.embedded.apiserver.validation.fields import duplicate, forbidden, not_found
from k8slearn.embedded.apiserver.validation.go_fields import diff

PATH = "spec.ephemeralContainers"
NOT_FOR_THEM = "cannot be set for an Ephemeral Container"

_FORBIDDEN = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)


def validate_ephemeral_containers(
    path: str, containers: Sequence[Container], others: Sequence[Container], pod: PodContext
) -> Iterator[FieldError]:
    """``others`` are the pod's containers and init containers: no name is used twice, and a target is one of them."""
    targets = {container.get("name", "") for container in others}
    names = set(targets)
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        yield from validate_container(at, container, pod)
        name = container.get("name", "")
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        target = container.get("targetContainerName")
        if target and target not in targets:
            yield not_found(f"{at}.targetContainerName", target)
        for field in _FORBIDDEN:
            if container.get(field):
                yield forbidden(f"{at}.{field}", NOT_FOR_THEM)
        for number, mount in enumerate(container.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    yield forbidden(f"{at}.volumeMounts[{number}].{field}", NOT_FOR_THEM)


def no_ephemeral_containers(pod: dict[str, Any]) -> Iterator[FieldError]:
    if pod["spec"].get("ephemeralContainers"):
        yield forbidden(PATH, "cannot be set on create")


def validate_ephemeral_update(new: dict[str, Any], old: dict[str, Any]) -> Iterator[FieldError]:
    """Those that a pod has may neither go nor change."""
    now = {container["name"]: container for container in new["spec"].get("ephemeralContainers") or ()}
    for before in old["spec"].get("ephemeralContainers") or ():
        name = before["name"]
        after = now.get(name)
        if after is None:
            yield forbidden(PATH, f'existing ephemeral containers "{name}" may not be removed\n')
        elif after != before:
            change = diff(before, after, "EphemeralContainer")
            yield forbidden(PATH, f'existing ephemeral containers "{name}" may not be changed\n{change}')
