"""What is wrong with an Ingress. Upstream: ``ValidateIngressSpec`` in ``pkg/apis/networking/validation``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from k8slearn.kube.names import dns_label, dns_subdomain

PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")

_LABELS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_WILDCARD = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist "
    "of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character "
    rf"(e.g. '*.example.com', regex used for validation is '\*\.{_LABELS}')"
)


def validate_ingress(spec: dict[str, Any]) -> Iterator[FieldError]:
    rules, backend = spec.get("rules") or (), spec.get("defaultBackend")
    if not rules and backend is None:
        yield invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if backend is not None:
        yield from _validate_backend("spec.defaultBackend", backend)
    for index, rule in enumerate(rules):
        yield from _validate_rule(f"spec.rules[{index}]", rule)
    name = spec.get("ingressClassName")
    if name is not None:
        yield from each_invalid("spec.ingressClassName", name, dns_subdomain(name))


def _validate_rule(path: str, rule: dict[str, Any]) -> Iterator[FieldError]:
    if host := rule.get("host"):
        yield from _validate_host(f"{path}.host", host)
    if "http" in rule:
        paths = rule["http"].get("paths") or ()
        if not paths:
            yield required(f"{path}.http.paths")
        for index, entry in enumerate(paths):
            yield from _validate_path(f"{path}.http.paths[{index}]", entry)


def _validate_host(path: str, host: str) -> Iterator[FieldError]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        yield invalid(path, host, "must be a DNS name, not an IP address")
        return
    if "*" in host:
        if not re.fullmatch(rf"\*\.{_LABELS}", host):
            yield invalid(path, host, _WILDCARD)
    else:
        yield from each_invalid(path, host, dns_subdomain(host))


def _validate_path(path: str, entry: dict[str, Any]) -> Iterator[FieldError]:
    sort, text = entry.get("pathType"), entry.get("path", "")
    if sort is None:
        yield required(f"{path}.pathType", "pathType must be specified")
    elif sort in ("Exact", "Prefix"):
        if not text.startswith("/"):
            yield invalid(f"{path}.path", text, "must be an absolute path")
        for part in ("//", "/./", "/../", "%2f", "%2F"):
            if part in text:
                yield invalid(f"{path}.path", text, f"must not contain '{part}'")
    elif sort != "ImplementationSpecific":
        yield not_supported(f"{path}.pathType", sort, PATH_TYPES)
    yield from _validate_backend(f"{path}.backend", entry.get("backend") or {})


def _validate_backend(path: str, backend: dict[str, Any]) -> Iterator[FieldError]:
    service, resource = backend.get("service"), backend.get("resource")
    if resource is not None and service is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif service is not None:
        yield from _validate_service(path, service)
    elif resource is None:
        yield invalid(path, "", "resource or service backend is required")


def _validate_service(path: str, service: dict[str, Any]) -> Iterator[FieldError]:
    name, port = service.get("name"), service.get("port") or {}
    if not name:
        yield required(f"{path}.service.name")
    else:
        yield from each_invalid(f"{path}.service.name", name, dns_label(name))
    if port.get("name") and port.get("number"):
        yield invalid(path, "", "cannot set both port name & port number")
    elif port.get("name"):
        faults = formats.port_name(port["name"])
        yield from each_invalid(f"{path}.service.port.name", port["name"], faults)
    elif port.get("number"):
        faults = formats.port_number(port["number"])
        yield from each_invalid(f"{path}.service.port.number", port["number"], faults)
    else:
        yield required(path, "port name or number is required")


# -- classes --------------------------------------------------------------------------------------

LONGEST_CONTROLLER = 250
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def validate_class(spec: dict[str, Any]) -> Iterator[FieldError]:
    controller = spec.get("controller", "")
    if len(controller) > LONGEST_CONTROLLER:
        yield too_long("spec.controller", LONGEST_CONTROLLER)
    yield from _validate_controller("spec.controller", controller)
    if (parameters := spec.get("parameters")) is not None:
        yield from _validate_parameters("spec.parameters", parameters)


def _validate_controller(path: str, value: str) -> Iterator[FieldError]:
    host, _, rest = value.partition("/")
    if not value:
        yield required(path)
    elif not host or not rest:
        yield invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        yield from each_invalid(path, host, formats.dns_subdomain(host))
        if not re.fullmatch(_HTTP_PATH, rest):
            yield invalid(path, rest, f"Invalid path (regex used for validation is '{_HTTP_PATH}')")


def _validate_parameters(path: str, parameters: dict[str, Any]) -> Iterator[FieldError]:
    if (group := parameters.get("apiGroup")) is not None:
        yield from each_invalid(f"{path}.apiGroup", group, formats.dns_subdomain(group))
    for field in ("kind", "name"):
        text = parameters.get(field, "")
        yield from each_invalid(f"{path}.{field}", text, formats.path_segment(text))
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope not in ("Cluster", "Namespace"):
        yield not_supported(f"{path}.scope", scope, ("Cluster", "Namespace"))
    elif scope == "Cluster" and namespace is not None:
        yield forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'")
    elif scope == "Namespace" and namespace is None:
        yield required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")
    elif namespace is not None:
        yield from each_invalid(f"{path}.namespace", namespace, formats.dns_label(namespace))
    # Declarative validation, new with 1.36, comes last.
    for field in ("kind", "name"):
        if not parameters.get(field):
            yield required(f"{path}.{field}")
