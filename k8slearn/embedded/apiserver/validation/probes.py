"""What is wrong with probes and lifecycle hooks. Upstream: ``validateProbe``, ``validateHandler``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    invalid,
    non_negative,
    not_supported,
    required,
)

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def validate_probe(
    path: str, field: str, probe: dict[str, Any], grace_seconds: int | None
) -> Iterator[FieldError]:
    """``field``: livenessProbe, readinessProbe or startupProbe of the container at ``path``."""
    at = f"{path}.{field}"
    yield from validate_handler(at, probe, grace_seconds)
    for number in _NUMBERS:
        yield from non_negative(f"{at}.{number}", probe.get(number))
    own_grace = probe.get("terminationGracePeriodSeconds")
    if own_grace is not None and own_grace <= 0:
        yield invalid(f"{at}.terminationGracePeriodSeconds", own_grace, "must be greater than 0")
    if field == "readinessProbe":
        if own_grace is not None:
            detail = "must not be set for readinessProbes"
            yield invalid(f"{at}.terminationGracePeriodSeconds", own_grace, detail)
    elif probe.get("successThreshold") != 1:
        yield invalid(f"{at}.successThreshold", probe.get("successThreshold"), "must be 1")


def validate_handler(path: str, handler: dict[str, Any], grace_seconds: int | None) -> Iterator[FieldError]:
    """Exactly one of exec, httpGet, tcpSocket, grpc (probes) or sleep (hooks)."""
    given = [name for name in _HANDLERS if handler.get(name) is not None]
    if not given:
        yield required(path, "must specify a handler type")
        return
    first, *others = given
    yield from _validate_action(f"{path}.{first}", first, handler[first], grace_seconds)
    for name in others:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")


def _validate_action(
    path: str, name: str, action: dict[str, Any], grace_seconds: int | None
) -> Iterator[FieldError]:
    if name == "exec":
        if not action.get("command"):
            yield required(f"{path}.command")
        return
    if name == "sleep":
        seconds = action.get("seconds") or 0
        if grace_seconds is not None and not 0 <= seconds <= grace_seconds:
            detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})"
            yield invalid(path, seconds, detail)
        return
    port = action.get("port") or 0
    yield from each_invalid(f"{path}.port", port, formats.port(port))
    if name == "httpGet":
        scheme = action.get("scheme", "")
        if scheme not in ("HTTP", "HTTPS"):
            yield not_supported(f"{path}.scheme", scheme, ("HTTP", "HTTPS"))
        for header in action.get("httpHeaders") or ():
            wrong = formats.http_header(header.get("name", ""))
            yield from each_invalid(f"{path}.httpHeaders", header.get("name", ""), wrong)
