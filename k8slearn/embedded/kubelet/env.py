"""A container's environment. Upstream: ``makeEnvironmentVariables`` in pkg/kubelet/kubelet_pods.go.

Order: ``envFrom``, then ``env`` (which wins), then the variables of Services that nothing has set yet.
``$(NAME)`` stands for a variable set earlier in ``env`` or ``envFrom``, or of a Service; unknown ones stay as
they are, and ``$$(NAME)`` gives ``$(NAME)``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from k8slearn.embedded.client import Client
from k8slearn.embedded.kubelet import fields

Object = dict[str, Any]

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


class ConfigError(Exception):
    """The environment cannot be made: the message of CreateContainerConfigError."""


def environment(
    pod: Object, container: Object, client: Client, *, ip: str, host_ip: str, allocatable: dict[str, str]
) -> dict[str, str]:
    """What ``container`` of ``pod`` finds in its environment besides the image's. Raises ConfigError."""
    namespace = pod["metadata"]["namespace"]
    links = pod["spec"].get("enableServiceLinks", True)
    services = service_variables(client, namespace, links=links)
    result: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        prefix = source.get("prefix", "")
        for kind, reference in (
            ("configMap", source.get("configMapRef")),
            ("secret", source.get("secretRef")),
        ):
            if reference:
                data = _data(client, namespace, kind, reference)
                result |= {prefix + key: value for key, value in sorted((data or {}).items())}
    for variable in container.get("env") or ():
        name, origin = variable["name"], variable.get("valueFrom")
        if not origin:
            result[name] = expand(variable.get("value") or "", {**services, **result})
        elif reference := origin.get("fieldRef"):
            result[name] = fields.field(pod, reference["fieldPath"], ip=ip, host_ip=host_ip)
        elif reference := origin.get("resourceFieldRef"):
            owner = _container(pod, reference.get("containerName")) or container
            result[name] = fields.resource(
                owner, reference["resource"], reference.get("divisor"), allocatable
            )
        else:
            value = _key(client, namespace, origin)
            if value is not None:
                result[name] = value
    return {**result, **{name: value for name, value in services.items() if name not in result}}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """
    >>> expand("$(A)-$(B)-$$(A)", {"A": "1"})
    '1-$(B)-$(A)'
    """

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(one, text)


def service_variables(client: Client, namespace: str, *, links: bool) -> dict[str, str]:
    """The variables of every Service of ``namespace`` that has a ClusterIP (only with ``links``), and of
    ``default/kubernetes`` always: pkg/kubelet/envvars."""
    result: dict[str, str] = {}
    master = client.get("services", "default", "kubernetes")
    for service in [*([master] if master else []), *(client.list("services", namespace) if links else [])]:
        address = service["spec"].get("clusterIP", "")
        ports = service["spec"].get("ports") or []
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        result[f"{name}_SERVICE_HOST"] = address
        result[f"{name}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                result[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        for index, port in enumerate(ports):
            protocol, number = port.get("protocol", "TCP"), port["port"]
            link = f"{name}_PORT_{number}_{protocol}"
            url = f"{protocol.lower()}://{address}:{number}"
            if index == 0:
                result[f"{name}_PORT"] = url
            result[link] = url
            result[f"{link}_PROTO"] = protocol.lower()
            result[f"{link}_PORT"] = str(number)
            result[f"{link}_ADDR"] = address
    return result


def decoded(kind: str, obj: Object) -> dict[str, bytes]:
    """The keys of a ConfigMap or a Secret with their bytes."""
    if kind == "secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    texts = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    return texts | {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}


def _data(client: Client, namespace: str, kind: str, reference: Object) -> dict[str, str] | None:
    """The texts of a ConfigMap or Secret; None when it is missing and may be. Raises ConfigError."""
    name = reference.get("name", "")
    obj = client.get(f"{kind.lower()}s", namespace, name)
    if obj is not None:
        return {key: value.decode("utf-8", "replace") for key, value in decoded(kind, obj).items()}
    if reference.get("optional"):
        return None
    raise ConfigError(f'{kind.lower()} "{name}" not found')


def _key(client: Client, namespace: str, origin: Object) -> str | None:
    """The value of a configMapKeyRef or secretKeyRef; None when it is missing and may be."""
    kind = "configMap" if origin.get("configMapKeyRef") else "secret"
    reference = origin.get(f"{kind}KeyRef") or {}
    data = _data(client, namespace, kind, reference)
    if data is None:
        return None
    key = reference["key"]
    if key not in data and not reference.get("optional"):
        go_kind = kind[0].upper() + kind[1:]
        raise ConfigError(f"couldn't find key {key} in {go_kind} {namespace}/{reference['name']}")
    return data.get(key)


def _container(pod: Object, name: str | None) -> Object | None:
    spec = pod["spec"]
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        if container["name"] == name:
            return container
    return None
