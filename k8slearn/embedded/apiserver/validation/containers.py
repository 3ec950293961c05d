"""What is wrong with containers. Upstream: ``validateContainers`` in ``pkg/apis/core/validation``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.environment import validate_env, validate_env_from
from k8slearn.embedded.apiserver.validation.fields import (
    choice,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.go_fields import go_form
from k8slearn.embedded.apiserver.validation.probes import validate_handler, validate_probe
from k8slearn.embedded.apiserver.validation.resources import validate_resources
from k8slearn.embedded.apiserver.validation.volumes import validate_relative_path

Container = dict[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")


class PodContext(NamedTuple):
    """What a container's validity depends on: its pod's volumes and grace period."""

    volumes: Collection[str]
    grace_seconds: int | None


def validate_containers(path: str, containers: Sequence[Container], pod: PodContext) -> Iterator[FieldError]:
    if not containers:
        yield required(path)
    names: set[str] = set()
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        yield from validate_container(at, container, pod)
        name = container.get("name", "")
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from _validate_lifecycle(at, container, pod)
        yield from _validate_restart_policy(at, container)
    yield from _host_port_conflicts(path, containers)


def validate_init_containers(
    path: str, containers: Sequence[Container], main: Sequence[Container], pod: PodContext
) -> Iterator[FieldError]:
    """Init containers; those with restartPolicy Always are sidecars, and may have probes."""
    names = {container.get("name", "") for container in main}
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        yield from validate_container(at, container, pod)
        yield from _validate_restart_policy(at, container)
        name = container.get("name", "")
        if name in names:
            yield duplicate(f"{at}.name", name)
        elif name:
            names.add(name)
        yield from _host_port_conflicts(path, [container])
        if container.get("restartPolicy") == "Always":
            yield from _validate_lifecycle(at, container, pod)
        else:
            for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(field) is not None:
                    detail = "may not be set for init containers without restartPolicy=Always"
                    yield forbidden(f"{at}.{field}", detail)


def validate_images_of_pod(path: str, containers: Sequence[Container]) -> Iterator[FieldError]:
    """What holds for a pod's images, not for a template's."""
    for index, container in enumerate(containers):
        image = container.get("image", "")
        if image != image.strip():
            yield invalid(f"{path}[{index}].image", image, "must not have leading or trailing whitespace")


def validate_container(path: str, container: Container, pod: PodContext) -> Iterator[FieldError]:
    """What holds for containers of every sort."""
    name = container.get("name", "")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from each_invalid(f"{path}.name", name, formats.dns_label(name))
    if not container.get("image"):
        yield required(f"{path}.image")
    yield from choice(
        f"{path}.terminationMessagePolicy",
        container.get("terminationMessagePolicy"),
        ("File", "FallbackToLogsOnError"),
    )
    yield from _validate_ports(f"{path}.ports", container.get("ports") or ())
    yield from validate_env(f"{path}.env", container.get("env") or ())
    yield from validate_env_from(f"{path}.envFrom", container.get("envFrom") or ())
    yield from _validate_mounts(f"{path}.volumeMounts", container.get("volumeMounts") or (), pod.volumes)
    yield from choice(
        f"{path}.imagePullPolicy", container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never")
    )
    yield from validate_resources(f"{path}.resources", container.get("resources") or {})
    yield from _validate_security_context(f"{path}.securityContext", container.get("securityContext") or {})


def _validate_ports(path: str, ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        if name := port.get("name"):
            wrong = formats.port_name(name)
            yield from each_invalid(f"{at}.name", name, wrong)
            if not wrong and name in names:
                yield duplicate(f"{at}.name", name)
            names.add(name)
        number = port.get("containerPort") or 0
        if not number:
            yield required(f"{at}.containerPort")
        else:
            yield from each_invalid(f"{at}.containerPort", number, formats.port_number(number))
        if host_port := port.get("hostPort"):
            yield from each_invalid(f"{at}.hostPort", host_port, formats.port_number(host_port))
        yield from choice(f"{at}.protocol", port.get("protocol"), PROTOCOLS)


def _host_port_conflicts(path: str, containers: Sequence[Container]) -> Iterator[FieldError]:
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            place = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if place in taken:
                yield duplicate(f"{path}[{index}].ports[{number}].hostPort", place)
            taken.add(place)


def _validate_mounts(
    path: str, mounts: Sequence[dict[str, Any]], volumes: Collection[str]
) -> Iterator[FieldError]:
    places: set[str] = set()
    for index, mount in enumerate(mounts):
        at = f"{path}[{index}]"
        name, place = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{at}.name")
        if name not in volumes:
            yield not_found(f"{at}.name", name)
        if not place:
            yield required(f"{at}.mountPath")
        if place in places:
            yield invalid(f"{at}.mountPath", place, "must be unique")
        places.add(place)
        for field in ("subPath", "subPathExpr"):
            if mount.get(field):
                yield from validate_relative_path(f"{path}.{field}", mount[field])
        if mount.get("subPath") and mount.get("subPathExpr"):
            detail = "subPathExpr and subPath are mutually exclusive"
            yield invalid(f"{at}.subPathExpr", mount["subPathExpr"], detail)


def _validate_lifecycle(path: str, container: Container, pod: PodContext) -> Iterator[FieldError]:
    lifecycle = container.get("lifecycle") or {}
    for hook in ("postStart", "preStop"):
        if lifecycle.get(hook) is not None:
            yield from validate_handler(f"{path}.lifecycle.{hook}", lifecycle[hook], pod.grace_seconds)
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(field) is not None:
            yield from validate_probe(path, field, container[field], pod.grace_seconds)


def _validate_restart_policy(path: str, container: Container) -> Iterator[FieldError]:
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules")
    if policy is None:
        if rules:
            detail = "must specify restartPolicy when restart rules are used"
            yield required(f"{path}.restartPolicy", detail)
    elif policy not in ("Always", "Never", "OnFailure"):
        yield not_supported(f"{path}.restartPolicy", policy, ("Always", "Never", "OnFailure"))


def _validate_security_context(path: str, context: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("runAsUser", "runAsGroup"):
        if (number := context.get(field)) is not None:
            yield from each_invalid(f"{path}.{field}", number, formats.user_id(number))
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid(path, go_form(context, "SecurityContext"), detail)
