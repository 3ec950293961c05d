"""What is wrong with a container's environment variables. Upstream: ``ValidateEnv``, ``ValidateEnvFrom``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import each_invalid, invalid, not_supported, required

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
"""Fields of a pod that an environment variable may take its value from."""

RESOURCE_FIELDS = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_SUBSCRIPT = re.compile(r"(.+)\['(.*)'\]")


def validate_env(path: str, variables: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, variable in enumerate(variables):
        at, name = f"{path}[{index}]", variable.get("name", "")
        if not name:
            yield required(f"{at}.name")
        else:
            yield from each_invalid(f"{at}.name", name, formats.environment_name(name))
        if variable.get("valueFrom") is not None:
            yield from _validate_source(f"{at}.valueFrom", variable["valueFrom"], variable.get("value", ""))


def _validate_source(path: str, source: dict[str, Any], value: str) -> Iterator[FieldError]:
    given = [name for name in _SOURCES if source.get(name) is not None]
    for name in given:
        at, reference = f"{path}.{name}", source[name]
        if name == "fieldRef":
            yield from validate_field_ref(at, reference, ENV_FIELDS)
        elif name == "resourceFieldRef":
            yield from validate_resource_ref(at, reference)
        elif name in ("configMapKeyRef", "secretKeyRef"):
            yield from _validate_key_ref(at, reference)
    if not given:
        *firsts, last = (f"`{name}`" for name in _SOURCES)
        detail = f"must specify one of: {', '.join(firsts)} or {last}"
        yield invalid(path, "", detail)
    elif value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


def validate_field_ref(path: str, reference: dict[str, Any], fields: Sequence[str]) -> Iterator[FieldError]:
    """``metadata.name``, or with a subscript ``metadata.labels['app']``."""
    field = reference.get("fieldPath", "")
    if not field:
        yield required(f"{path}.fieldPath")
    elif match := _SUBSCRIPT.fullmatch(field):
        if match[1] in ("metadata.labels", "metadata.annotations"):
            yield from each_invalid(path, match[2], formats.label_key(match[2].lower()))
        else:
            detail = f"error converting fieldPath: field label does not support subscript: {field}"
            yield invalid(f"{path}.fieldPath", field, detail)
    elif (version := reference.get("apiVersion") or "v1") != "v1":
        detail = f"error converting fieldPath: unsupported pod version: {version}"
        yield invalid(f"{path}.fieldPath", field, detail)
    elif field in ("metadata.labels", "metadata.annotations") or field in ENV_FIELDS:
        if field not in fields:
            yield not_supported(f"{path}.fieldPath", field, fields)
    else:
        detail = f"error converting fieldPath: field label not supported: {field}"
        yield invalid(f"{path}.fieldPath", field, detail)


def validate_resource_ref(path: str, reference: dict[str, Any]) -> Iterator[FieldError]:
    resource = reference.get("resource", "")
    if not resource:
        yield required(f"{path}.resource")
    elif resource not in RESOURCE_FIELDS and ".hugepages-" not in resource:
        yield not_supported(f"{path}.resource", resource, RESOURCE_FIELDS)


def _validate_key_ref(path: str, reference: dict[str, Any]) -> Iterator[FieldError]:
    name, key = reference.get("name", ""), reference.get("key", "")
    yield from each_invalid(f"{path}.name", name, formats.dns_subdomain(name))
    if not key:
        yield required(f"{path}.key")
    else:
        yield from each_invalid(f"{path}.key", key, formats.config_key(key))


def validate_env_from(path: str, sources: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, source in enumerate(sources):
        at = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            yield from each_invalid(f"{at}.prefix", prefix, formats.environment_name(prefix))
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for name in given:
            referred = source[name].get("name", "")
            if not referred:
                yield required(f"{at}.{name}.name")
            else:
                wrong = formats.dns_subdomain(formats.prefix_of_name(referred))
                yield from each_invalid(f"{at}.{name}.name", referred, wrong)
        if not given:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid(path, "", "may not have more than one field specified at a time")
