"""Images on a node: is it here, does it have to be pulled, can it be? Upstream: pkg/kubelet/images.

Every image of the catalogue counts as present on every node; with imagePullPolicy Always it is pulled all
the same. An image outside the catalogue does not exist: pulling it fails, and is tried again after 10, 20 …
300 seconds.
"""

from __future__ import annotations

import re
from typing import Any

from k8slearn.embedded.kubelet.backoff import BackOff
from k8slearn.embedded.kubelet.host import TRY_AGAIN, Host
from k8slearn.embedded.kubelet.record import Failure, Record
from k8slearn.embedded.kubelet.task import Steps
from k8slearn.embedded.runtime import canonical, find, has_repository

_REFERENCE = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[\w][\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?"
)


class Images:
    """The images of one pod's containers, as they come to the node."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._back_off = BackOff(host.clock)
        self._errors: dict[str, str] = {}
        self._failed_at: dict[str, float] = {}

    def ensure(self, pod: dict[str, Any], record: Record) -> Steps:
        """Bring the image of ``record`` to the node; returns Image, or Failure when it could not be had."""
        host, spec = self._host, record.spec
        name, policy = spec["image"], spec.get("imagePullPolicy", "IfNotPresent")

        def event(type: str, reason: str, message: str) -> None:
            host.events.event(pod, type, reason, message, record.field_path)

        if not _REFERENCE.fullmatch(name):
            message = f'Failed to apply default image tag "{name}": {_malformed(name)}'
            event("Warning", "InspectFailed", message)
            return Failure("InvalidImageName", message, host.between(*TRY_AGAIN))
        image = find(name)
        if policy == "Never" and image is None:
            message = f'Container image "{name}" is not present with pull policy of Never'
            event("Warning", "ErrImageNeverPull", message)
            return Failure("ErrImageNeverPull", message, host.between(*TRY_AGAIN))
        if image is not None and policy != "Always":
            event(
                "Normal",
                "Pulled",
                f'Container image "{name}" already present on machine and can be accessed by the pod',
            )
            return image
        if self._back_off.remaining(name, self._failed_at.get(name, 0.0)) > 0:
            message = f'Back-off pulling image "{name}"'
            event("Normal", "BackOff", message)
            why = f"{message}: ErrImagePull: {self._errors[name]}"
            return Failure("ImagePullBackOff", why, host.between(*TRY_AGAIN))
        event("Normal", "Pulling", f'Pulling image "{name}"')
        self._look_for_secrets(pod)
        # A registry says no at once; what it has takes its time to come.
        seconds = host.between(0.3, 0.9) if image is not None else host.between(0.01, 0.05)
        yield seconds
        if image is None:
            error = _no_such_image(name)
            self._errors[name] = error
            self._failed_at[name] = host.clock.now
            self._back_off.next(name, host.clock.now)
            event("Warning", "Failed", f'Failed to pull image "{name}": {error}')
            return Failure("ErrImagePull", error, host.between(*TRY_AGAIN))
        took = f"{seconds * 1000:.0f}ms"
        event(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{name}" in {took} ({took} including waiting). '
            f"Image size: {image.size_bytes} bytes.",
        )
        return image

    def _look_for_secrets(self, pod: dict[str, Any]) -> None:
        """A registry that wants no password does without the pod's imagePullSecrets; they are missed all the same."""
        names = [secret.get("name", "") for secret in pod["spec"].get("imagePullSecrets") or ()]
        namespace = pod["metadata"]["namespace"]
        missing = [name for name in names if self._host.client.get("secrets", namespace, name) is None]
        if missing:
            message = (
                f"Unable to retrieve some image pull secrets ({', '.join(missing)}); "
                "attempting to pull the image may not succeed."
            )
            self._host.events.event(pod, "Warning", "FailedToRetrieveImagePullSecret", message)


def _malformed(name: str) -> str:
    path = canonical(name).partition("/")[2] if name else ""
    what = "invalid reference format"
    if path != path.lower():
        what += f": repository name ({path.partition(':')[0]}) must be lowercase"
    return f'couldn\'t parse image name "{name}": {what}'


def _no_such_image(name: str) -> str:
    """As Docker Hub answers: of a repository that it does not have it says no more than of a private one."""
    reference = canonical(name)
    tried = f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": '
    if has_repository(name):
        return f"rpc error: code = NotFound desc = {tried}{reference}: not found"
    return (
        f"{tried}pull access denied, repository does not exist or may require authorization: "
        "server message: insufficient_scope: authorization failed"
    )
